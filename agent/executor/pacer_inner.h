/*
 * pacer_inner: says when each message of one producer is due.
 *
 * The schedule is fixed by its configuration and never looks at completions. A pacer that waited
 * for the broker would stop sending exactly while the broker is slow, and the slow period would be
 * missing from the histogram (coordinated omission).
 *
 * Constant gaps: message j of a flow is due at start + floor(j x per_ns / messages); producer k of
 * n takes every n-th of them from the k-th on, so that n producers interleave evenly. Integer
 * arithmetic with a carry: no rounded interval adds up. Aligned producers all take the messages of
 * producer 0.
 *
 * With a curve message j is due when the integral of the rate reaches j (see load_curve.h).
 *
 * Poisson: each producer has exponential gaps of its own at 1/n of the rate, from a generator
 * seeded for it; the sum of n such processes is one of the whole rate. With a curve the gaps are
 * taken in messages and carried through the curve's inverse (Cinlar, Introduction to Stochastic
 * Processes, 1975, 4.7: time change of a Poisson process).
 *
 * Pure: no clock, no input or output. One pacer per producer; not safe to share.
 */
#ifndef MILLRACE_PACER_INNER_H
#define MILLRACE_PACER_INNER_H

#include "assignment.h"
#include "random.h"

#include <stdbool.h>
#include <stdint.h>

struct pacer_config {
    int64_t start_ns;        /* When the flow's first message is due. */
    struct rate rate;        /* Of the whole flow; messages > 0. Not used with a curve. */
    struct load_curve curve; /* points_count 0: the rate is constant. */
    enum arrivals arrivals;
    uint64_t seed;            /* Poisson: of this producer and phase. */
    uint32_t producers_count; /* n, > 0. */
    uint32_t producer;        /* k, below n. */
};

struct pacer {
    int64_t due_ns; /* Of the next message. */
    uint64_t index; /* Its number among this producer's. */
    bool even;      /* Constant gaps at a constant rate: what the next four are for. */
    int64_t step_ns;
    uint64_t step_rest; /* In 1/messages of a nanosecond. */
    uint64_t rest;
    uint64_t messages;
    bool poisson;
    double gap_ns; /* Poisson at a constant rate: the mean one. */
    double fraction_ns;
    struct random random;
    struct load_curve curve;
    int64_t start_ns;
    curve_position position; /* In the flow's curve. */
    curve_position position_step;
    struct curve_cursor cursor;
};

void pacer_init(struct pacer *pacer, const struct pacer_config *config);

/* Due time of the next message, without stepping. */
static inline int64_t pacer_due_ns(const struct pacer *pacer)
{
    return pacer->due_ns;
}

/* For all but even pacers. */
void pacer_step_uneven(struct pacer *pacer);

/* Steps to the message after it. */
static inline void pacer_step(struct pacer *pacer)
{
    pacer->index++;
    if (!pacer->even) {
        pacer_step_uneven(pacer);
        return;
    }
    pacer->due_ns += pacer->step_ns;
    pacer->rest += pacer->step_rest;
    if (pacer->rest >= pacer->messages) {
        pacer->rest -= pacer->messages;
        pacer->due_ns++;
    }
}

/* How many messages of this producer are due before at_ns. Not for Poisson arrivals, which have to
 * be walked through. */
uint64_t pacer_count_before(const struct pacer_config *config, int64_t at_ns);

#endif
