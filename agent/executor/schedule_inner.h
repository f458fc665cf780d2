/*
 * schedule_inner: where a producer is within the phases of a segment, and when its next message is
 * due. Pure: told the time.
 *
 * A phase's messages are those due within it, also when they are sent late; the next phase begins
 * for this producer once they are sent. In a phase with a number of messages it has its share of
 * them, and is over once they are sent. Where the phase says so, messages that are too late by
 * the time they are asked for are skipped instead.
 */
#ifndef MILLRACE_SCHEDULE_INNER_H
#define MILLRACE_SCHEDULE_INNER_H

#include "assignment.h"
#include "pacer_inner.h"

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_NEVER_NS INT64_MAX
/* So many are skipped at most before the worker does something else: with an end far away and a
 * high rate it would be away for long. */
#define SCHEDULE_SKIPS_MAX 4096
/* Messages that came due so shortly before a stop are still sent after it: a worker looks at its
 * schedules a few times in a millisecond. What is owed for longer is given up. */
#define SCHEDULE_GRACE_NS INT64_C(1000000)

struct schedule {
    const struct assignment *assignment;
    uint32_t flow;
    uint32_t producers_count;
    uint32_t producer;
    uint32_t phase_first;
    uint32_t phase_last;
    uint32_t phase;           /* Whose messages are being sent. */
    int64_t segment_start_ns; /* mono_ns() */
    int64_t phase_start_ns;   /* mono_ns() */
    int64_t phase_end_ns;
    int64_t stop_ns;
    bool over;        /* Nothing is left to send in this segment. */
    bool given_up;    /* And what was not sent was told. */
    uint64_t share;   /* Messages that this producer sends in the phase. */
    uint64_t sent;    /* Of these; those that were skipped are among them. */
    uint64_t skipped; /* In the phase, since schedule_take_skipped(). */
    struct pacer pacer;
    int64_t accounted_ns; /* What came due before was counted. */
    /* Poisson arrivals have no formula for what came due: a second pacer walks after the first. */
    struct pacer counting;
    uint32_t counting_phase; /* PHASES_MAX: none yet. */
    uint64_t counted;        /* Of the counting pacer's messages. */
};

void schedule_init(struct schedule *schedule, const struct assignment *assignment,
                   const struct assigned_producer *producer);

/* Begins a segment at start_ns (mono_ns()). */
void schedule_start(struct schedule *schedule, uint32_t phase_first, uint32_t phase_last,
                    int64_t start_ns);

/* Nothing is due from stop_ns on; what is owed from before it is given up but for the last. */
void schedule_stop(struct schedule *schedule, int64_t stop_ns);

enum load schedule_load(const struct schedule *schedule);

/* Moves on to the phase that has the next message; returns when the next message is due (with
 * LOAD_MAX: now_ns), or when to look again, or SCHEDULE_NEVER_NS when the segment is over for this
 * producer. *ret_due says which. */
int64_t schedule_next_ns(struct schedule *schedule, int64_t now_ns, bool *ret_due);

/* How many messages of schedule->phase were skipped since the last call; after each
 * schedule_next_ns(). */
uint64_t schedule_take_skipped(struct schedule *schedule);

/* What is told of messages that will never be sent. */
struct schedule_owed {
    void *context;
    void (*skipped)(void *context, uint32_t phase, uint64_t n);
    /* n of them were due, the last of them at due_ns. */
    void (*owed)(void *context, uint32_t phase, int64_t due_ns, uint64_t n);
    uint64_t singly_max; /* Up to so many are told one by one, more of a phase in groups. */
};

/* Gives up what came due before until_ns and was not sent: tells of it, once, and ends the segment
 * for this producer. What came due (schedule_account()) is then what was sent, skipped or owed. A
 * group spans a thousandth of the time that is owed; messages of Poisson arrivals, which have to be
 * counted one by one, are told so. */
void schedule_give_up(struct schedule *schedule, int64_t until_ns,
                      const struct schedule_owed *owed);

/* The message that schedule_next_ns() named was sent. */
void schedule_sent(struct schedule *schedule);

/* Calls count(context, phase, n) for what came due by the plan since the last call, until now_ns;
 * LOAD_RATE only. */
void schedule_account(struct schedule *schedule, int64_t now_ns,
                      void (*count)(void *context, uint32_t phase, uint64_t n), void *context);

#endif
