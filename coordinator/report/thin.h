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
    struct thin_latency e2e, publish, send_lag;
};

/* How many neighbours become one point when the longest series has intervals_max of them. */
uint32_t thin_factor(uint32_t intervals_max, uint32_t points_max);

/* Merges intervals [first, first + count) into one point. */
struct thin_point thin_merge(const struct result_interval *intervals, uint32_t count);

#endif
