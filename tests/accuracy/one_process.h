/*
 * one_process: a trial on the memory broker from assignment to result in this process: workers as
 * an agent has them, a collector, and the fold. What is missing of a run is the way over the
 * network.
 */
#ifndef MILLRACE_TEST_ONE_PROCESS_H
#define MILLRACE_TEST_ONE_PROCESS_H

#include "check.h"

#include "assignment.h"
#include "backend.h"
#include "mono.h"
#include "result.h"

struct one_process_spec {
    uint32_t partitions;
    uint32_t producers;
    uint32_t subscriptions;
    uint32_t consumers; /* Of each subscription. */
    struct delivery delivery;
    struct phase_load load;
    int64_t load_ns;
    int64_t coalesce_ns;           /* See phase_pacing. */
    const char *options[17];       /* Of the memory broker: key, value, ... NULL. */
    const struct backend_ops *ops; /* What the workers use; NULL: the memory broker as it is. */
    int64_t *ret_t0_ns;            /* mono_ns(); may be NULL. */
};

/* Of every stamp. */
#define ONE_PROCESS_TAG 99

/* The whole trial: the sum of its two phases, load and drain; the caller frees. */
struct result *one_process_run(const struct one_process_spec *spec);

/* Delivery of the load phase, after checking what holds in every result. */
const struct result_delivery *one_process_delivery(const struct result *result);
const struct result_phase *one_process_phase(const struct result *result);

#endif
