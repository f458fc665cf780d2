/*
 * lag_count_inner: how late the messages of an interval were sent, counted by size of the lag, for
 * one percentile of one worker.
 *
 * A histogram of 4 KiB: sixteen steps per doubling, so what it says is at most 6 % too much. Pure;
 * one per worker.
 */
#ifndef MILLRACE_LAG_COUNT_INNER_H
#define MILLRACE_LAG_COUNT_INNER_H

#include <stdint.h>

#define LAG_COUNT_STEPS 1024

struct lag_count {
    uint32_t counts[LAG_COUNT_STEPS];
    uint64_t total;
};

/* A negative lag counts as none. */
void lag_count_add(struct lag_count *lag, int64_t lag_ns);

/* The lag that 99 of 100 messages kept below; 0 without any. Empties it. */
int64_t lag_count_take_p99(struct lag_count *lag);

#endif
