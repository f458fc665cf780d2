/*
 * thin: a trial's intervals as points for drawing. Neighbouring seconds are merged so that a chart
 * has at most THIN_POINTS_MAX of them: counts are summed, of p99, max and backlog the highest is
 * kept, so that no spike is lost; p50 is the mean weighted by samples (a line to look at, never a
 * figure that is quoted: percentiles come from the phase's histograms). Pure.
 */
#ifndef MILLRACE_THIN_H
#define MILLRACE_THIN_H

#include "result.h"

#define THIN_POINTS_MAX 600

struct thin_latency {
    uint64_t samples; /* 0: the other fields mean nothing. */
    double p50_ns;
    int64_t p99_ns;
    int64_t max_ns;
};

struct thin_point {
    double middle_s; /* Of its span, as offset from T0. */
    double length_s;
    uint64_t due, sent, acked, received, failed; /* failed: refused, unconfirmed or an error. */
    uint64_t backlog_max;
    bool complete; /* Every agent has reported all of it. */
    struct thin_latency e2e, publish, send_lag;
};

/* How many seconds a trial has intervals for. */
uint32_t thin_seconds(const struct result_trial *trial);

/* How many seconds become one point when the longest series has seconds_max of them. */
uint32_t thin_factor(uint32_t seconds_max, uint32_t points_max);

/* How many of the intervals, of which there is one at least, belong to the first one's point. */
uint32_t thin_group(const struct result_interval *intervals, uint32_t count, uint32_t factor);

/* Merges so many intervals into one point. */
struct thin_point thin_merge(const struct result_interval *intervals, uint32_t count);

#endif
