/*
 * plan_demand: what a case asks of its broker, held against what the broker says it takes. A broker
 * that takes less shows it in the middle of opening, or of the load, and often says nothing.
 *
 * Lower bounds: what is too much by them is too much for certain. Pure.
 */
#ifndef MILLRACE_PLAN_DEMAND_H
#define MILLRACE_PLAN_DEMAND_H

#include "broker_limits.h"
#include "control_messages.h"
#include "plan.h"

struct plan_demand {
    uint64_t connections;      /* Of all agents. */
    uint64_t host_connections; /* Of those on the host that was told the limits. */
    uint32_t message_bytes;    /* The largest message. */
};

/* Of a setup on a backend, with all agents on one host. */
struct plan_demand plan_demand_of(const struct scenario_setup *setup,
                                  const struct catalog_entry *entry);

/* What a look at the scenario's targets is to do: what the flows of all its setups ask for, at the
 * most. Without a name. */
struct look_request plan_look_of(const struct scenario *scenario);

/* Room for the sentence. */
#define PLAN_DEMAND_BYTES 256

/* 0; -EUSERS or -EMSGSIZE if one of the limits is too low, with "40 connections are needed, the
 * broker takes 20 (max.connections): raise it, or use fewer clients". */
int plan_demand_check(const struct plan_demand *demand, const struct broker_limits *limits,
                      char *ret);

#endif
