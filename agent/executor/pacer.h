/*
 * pacer: says when each message of one producer is due.
 *
 * The schedule is fixed by its configuration and never looks at completions. A pacer that waited
 * for the broker would stop sending exactly while the broker is slow, and the slow period would be
 * missing from the histogram (coordinated omission).
 *
 * Message j of a flow is due at start + floor(j x per_ns / messages); producer k of n takes every
 * n-th of them from the k-th on, so that n producers interleave evenly. Integer arithmetic with a
 * carry: no rounded interval adds up.
 *
 * Pure: no clock, no input or output. One pacer per producer; not safe to share.
 */
#ifndef MILLRACE_PACER_H
#define MILLRACE_PACER_H

#include "units.h"

#include <stdint.h>

struct pacer_config {
    int64_t start_ns;         /* When the flow's first message is due. */
    struct rate rate;         /* Of the whole flow; messages > 0. */
    uint32_t producers_count; /* n, > 0. */
    uint32_t producer;        /* k, below n. */
};

struct pacer {
    int64_t due_ns; /* Of the next message. */
    int64_t step_ns;
    uint64_t step_rest; /* In 1/messages of a nanosecond. */
    uint64_t rest;
    uint64_t messages;
};

void pacer_init(struct pacer *pacer, const struct pacer_config *config);

/* Due time of the next message, without stepping. */
static inline int64_t pacer_due_ns(const struct pacer *pacer)
{
    return pacer->due_ns;
}

/* Steps to the message after it. */
static inline void pacer_step(struct pacer *pacer)
{
    pacer->due_ns += pacer->step_ns;
    pacer->rest += pacer->step_rest;
    if (pacer->rest >= pacer->messages) {
        pacer->rest -= pacer->messages;
        pacer->due_ns++;
    }
}

/* How many messages of this producer are due before at_ns. */
uint64_t pacer_count_before(const struct pacer_config *config, int64_t at_ns);

#endif
