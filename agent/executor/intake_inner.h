/*
 * intake_inner: how many messages the consumers of a group may take now, in a phase that pauses,
 * limits or slows them.
 *
 * A limit is a bucket of tokens: what could not be taken for want of messages is made up for in a
 * short burst at most. Thinking consumers are busy for a while with each message; the clock of each
 * starts when it takes one, so nothing is made up for. Consumers of one group are polled together
 * and thus share one intake.
 *
 * Pure: told the time.
 */
#ifndef MILLRACE_INTAKE_INNER_H
#define MILLRACE_INTAKE_INNER_H

#include "assignment.h"

#include <stdint.h>

#define INTAKE_NEVER_NS INT64_MAX

struct intake {
    enum consume_pace pace;
    double gap_ns;    /* Between two messages. */
    double burst;     /* Messages at once, 1 or more. */
    int64_t since_ns; /* next_ns counts from here: the phase's start, as seen. */
    double next_ns;   /* When one more may be taken. */
};

/* A phase begins for a group of consumers_count (> 0) consumers, of subscriptions that have
 * subscription_consumers (> 0) each. */
void intake_begin(struct intake *intake, const struct phase_consume *consume,
                  uint32_t consumers_count, uint32_t subscription_consumers, int64_t now_ns);

/* How many may be taken; UINT32_MAX if there is no limit. */
uint32_t intake_room(const struct intake *intake, int64_t now_ns);

/* So many were. */
void intake_take(struct intake *intake, uint32_t count, int64_t now_ns);

/* From when on there is room; INTAKE_NEVER_NS: not in this phase. */
int64_t intake_next_ns(const struct intake *intake);

#endif
