/*
 * clients: which of its clients each target was driven by, where its backend has several: what they
 * cost and offer is not the same, so figures over one are no figures over another. Pure.
 */
#ifndef MILLRACE_CLIENTS_H
#define MILLRACE_CLIENTS_H

#include "result.h"
#include "text.h"

#include <stdbool.h>

/* "mqtt", or "mqtt/paho" where the client is known; in CLIENTS_DRIVER_BYTES. */
#define CLIENTS_DRIVER_BYTES (2 * NAME_BYTES)
const char *clients_driver(const struct result_case *result_case, char *text);

/* Whether both are of one backend, by different clients. */
bool clients_differ(const struct result_case *a, const struct result_case *b);

/* Whether there are two such cases that were measured. */
bool clients_mixed(const struct result *result);

/* One sentence on all targets that have a choice: "client own (Millrace 0.2.0) on mqtt; client paho
 * (paho.mqtt.c 1.3.11) on other: ...". False: there is nothing to say. */
bool clients_line(const struct result *result, struct text *out);

#endif
