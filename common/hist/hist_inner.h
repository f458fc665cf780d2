/*
 * hist_inner: the inside of a histogram, for the files of this module only.
 *
 * The counts array is the library's own, so that it can encode it; the arithmetic of its buckets
 * stands here once more, inlined, with the layout fixed at compile time: recording is the hottest
 * call of an agent. hist_new() ASSERTs that the library agrees. HdrHistogram's layout: below 2048
 * one bucket per value, from there 1024 buckets per power of two.
 */
#ifndef MILLRACE_HIST_INNER_H
#define MILLRACE_HIST_INNER_H

#include "hist.h"
#include "invariant.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 hist_wide;

#define HIST_HALF_MAGNITUDE 10
#define HIST_HALF (INT64_C(1) << HIST_HALF_MAGNITUDE)
#define HIST_OCTAVES 32
#define HIST_BUCKETS ((HIST_OCTAVES + 1) * HIST_HALF)
#define HIST_COUNTS_BYTES (HIST_BUCKETS * sizeof(int64_t))

static_assert(HIST_NS_MAX < (2 * HIST_HALF) << (HIST_OCTAVES - 1), "the last octave has the hour");
static_assert(HIST_NS_MAX >= HIST_HALF << (HIST_OCTAVES - 1), "no octave is empty");

struct hdr_histogram;

struct hist {
    int64_t *counts; /* Of library. */
    uint64_t count;
    uint64_t over_range;
    int64_t min_ns; /* INT64_MAX if empty. Exact, also beyond the range. */
    int64_t max_ns;
    hist_wide sum_ns;
    struct hdr_histogram *library;
    int64_t *censored; /* Of counts, by bucket; NULL: there can be none. */
    uint64_t censored_count;
    struct hist_packed settled; /* With bytes: these instead of counts and library. */
};

/* The library's part, with room for its counts; NULL: no memory. */
struct hdr_histogram *hist_library_new(void);

/* Gives the room of the counts back; what was counted is gone. */
void hist_counts_free(struct hist *hist);

/* Ends being settled. 0, or -ENOMEM and it is as it was. */
int hist_unsettle(struct hist *hist, struct errinfo *reterr);

/* What a packed form with samples says of all of them. */
struct hist_head {
    uint64_t over_range;
    int64_t min_ns;
    int64_t max_ns;
    hist_wide sum_ns;
};

/* Adds the counts by bucket, and those that are censored once more by themselves; censored may be
 * NULL. */
struct hist_head hist_packed_counts(const struct hist_packed *packed, int64_t *counts,
                                    int64_t *censored);

/* Calls visit for each bucket, as hist_each(). */
void hist_packed_each(const struct hist_packed *packed,
                      void (*visit)(void *context, int64_t value_ns, uint64_t count),
                      void *context);

/*
 * How many values are at or below the percentile; at least 1. The nearest rank, as HdrHistogram's
 * Java original takes it. The C library rounds to the nearer whole number instead, which makes the
 * p91 of ten values the ninth. One step down first, so that 99.9 % of 1000 is not 999.0000000001.
 */
static inline uint64_t hist_rank(double percentile, uint64_t count)
{
    double rank = ceil(nextafter(percentile, 0.0) * (double)count / 100.0);

    if (rank < 1.0) {
        return 1;
    }
    return rank >= (double)count ? count : (uint64_t)rank;
}

/* Where a value is counted: 0 with 1, what is beyond the range with its end. */
static inline int64_t hist_clamped(int64_t value_ns)
{
    if (value_ns < 1) {
        return 1;
    }
    return value_ns > HIST_NS_MAX ? HIST_NS_MAX : value_ns;
}

/* value_ns in [1, HIST_NS_MAX]. */
static inline int32_t hist_bucket(int64_t value_ns)
{
    int octave = 64 - (HIST_HALF_MAGNITUDE + 1) -
                 __builtin_clzll((uint64_t)value_ns | (uint64_t)(2 * HIST_HALF - 1));

    return (int32_t)(((int64_t)octave << HIST_HALF_MAGNITUDE) + (value_ns >> octave));
}

static inline int64_t hist_bucket_lowest(int32_t bucket)
{
    ASSERT(bucket >= 0 && bucket <= HIST_BUCKETS);
    if (bucket < 2 * HIST_HALF) {
        return bucket;
    }
    return ((bucket & (HIST_HALF - 1)) + HIST_HALF) << ((bucket >> HIST_HALF_MAGNITUDE) - 1);
}

static inline int64_t hist_bucket_highest(int32_t bucket)
{
    return hist_bucket_lowest(bucket + 1) - 1;
}

/* A bucket's highest value, within what was measured. */
static inline int64_t hist_value_of(const struct hist *hist, int32_t bucket)
{
    int64_t value_ns = hist_bucket_highest(bucket);

    if (value_ns < hist->min_ns) {
        return hist->min_ns;
    }
    return value_ns > hist->max_ns ? hist->max_ns : value_ns;
}

#endif
