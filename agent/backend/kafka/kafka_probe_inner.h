/*
 * kafka_probe_inner: can a target be reached, and if not, why. Private to the Kafka driver; blocks
 * until the deadline.
 */
#ifndef MILLRACE_KAFKA_PROBE_INNER_H
#define MILLRACE_KAFKA_PROBE_INNER_H

#include "backend.h"

/* See backend_ops.probe. */
int kafka_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
                struct errinfo *reterr);

#endif
