/*
 * hist: histograms of nanoseconds. The only door to HdrHistogram_c.
 *
 * 3 significant digits from 1 ns to 1 h. What lies beyond is clamped into the range and counted by
 * us (the library silently stores values its last bucket happens to cover). Beside the counts stand
 * exact sum, min and max: a bucket's middle is not a measured value. Values below zero are the
 * caller's to judge before (clock resolution).
 *
 * A sample may be censored: what it was of never came, and its value is how long that had been
 * waited for. Such samples are among all the others, and counted by bucket a second time, so that
 * a percentile can tell whether it is a value or only a lower bound.
 *
 * Not thread-safe: one writer; swap buffers to hand over. hist_record() never allocates or waits.
 */
#ifndef MILLRACE_HIST_H
#define MILLRACE_HIST_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HIST_NS_MAX (INT64_C(3600) * 1000000000)
#define HIST_SIGNIFICANT_DIGITS 3
#define HIST_COUNT_MAX (UINT64_C(1) << 56) /* Samples of one. */

struct hist;

/* 264 KiB of address space; untouched pages cost no memory. 0 or -ENOMEM; the caller owns *ret. */
int hist_new(struct hist **ret, struct errinfo *reterr);
void hist_free(struct hist *hist);

/* Empties it; costs nothing when it is empty already. */
void hist_reset(struct hist *hist);

/* Counts one value; 0 counts as 1 ns in its bucket but as 0 in sum and min. A value beyond
 * HIST_NS_MAX counts in the last bucket and as over_range; sum, min and max take it as it is.
 * Negative values are an ASSERT. */
void hist_record(struct hist *hist, int64_t value_ns);

/* Makes room for censored samples. 0, -ENOMEM. Costs address space until there are some. */
int hist_allow_censored(struct hist *hist, struct errinfo *reterr);

/* Counts one value, that was waited in vain for, so many times; after hist_allow_censored(). Taken
 * into 0 .. HIST_NS_MAX: it is a lower bound, and stays one. Never allocates. */
void hist_record_censored(struct hist *hist, int64_t value_ns, uint64_t count);

/*
 * For one of thousands that are only read from now on: keeps it packed, in some bytes a bucket, and
 * gives its pages back. It reads as before. What is added to it takes the pages again; it can't be
 * recorded into. One with censored samples stays as it is. 0, or -ENOMEM and it is as it was.
 */
int hist_settle(struct hist *hist, struct errinfo *reterr);

/* Adds all of from into hist. 0, or with hist untouched -ENOMEM (only for what is censored,
 * or was settled) or -EOVERFLOW: they would have more than HIST_COUNT_MAX samples. */
int hist_add(struct hist *hist, const struct hist *from, struct errinfo *reterr);

uint64_t hist_count(const struct hist *hist); /* Those that are censored are among them. */
uint64_t hist_censored(const struct hist *hist);
uint64_t hist_over_range(const struct hist *hist);
int64_t hist_min(const struct hist *hist); /* 0 if empty, likewise below. */
int64_t hist_max(const struct hist *hist);
double hist_mean(const struct hist *hist);
double hist_sum(const struct hist *hist);

/* percentile in [0, 100], by nearest rank; highest equivalent value, never above hist_max() nor
 * below hist_min(). 0 is hist_min(), 100 is hist_max(). */
int64_t hist_percentile(const struct hist *hist, double percentile);

/* The most that the percentile can be, were every censored sample as long as it likes: the same
 * value where none of them matters, HIST_UNBOUNDED where the percentile is among them. */
#define HIST_UNBOUNDED INT64_MAX
int64_t hist_percentile_most(const struct hist *hist, double percentile);

/* Calls visit for each bucket with counts, in rising order; value_ns is the bucket's highest
 * equivalent value, within hist_min() and hist_max(). */
void hist_each(const struct hist *hist,
               void (*visit)(void *context, int64_t value_ns, uint64_t count), void *context);

/*
 * Sparse wire form: count, over_range, min, max, sum, then (delta of bucket index, count) pairs as
 * LEB128; a delta of 0 begins the pairs of those that are censored, if any are. Ours, because the
 * V2 form loses max and mean. Returns bytes written into buffer, or
 * -ENOSPC. HIST_PACKED_BYTES_MAX always suffices.
 */
#define HIST_PACKED_BYTES_MAX (1024 * 1024)
int hist_pack(const struct hist *hist, void *buffer, size_t buffer_bytes);

/* A histogram in its packed form, whole and checked: it travels and is kept as these bytes, and is
 * added up from them. All zeros: there are no samples. */
struct hist_packed {
    uint8_t *bytes; /* Owned. */
    size_t bytes_count;
    uint64_t count; /* Samples; those that are censored are among them. */
    uint64_t censored;
};

/* 0 or -ENOMEM; *ret is the caller's, and what was in it is not freed. */
int hist_packed_of(const struct hist *hist, struct hist_packed *ret, struct errinfo *reterr);

/* A copy of bytes that came from elsewhere. Every byte is checked before memory is taken: -EBADMSG
 * for anything hist_pack() can't have made; -ENOMEM. */
int hist_packed_read(const void *bytes, size_t bytes_count, struct hist_packed *ret,
                     struct errinfo *reterr);

/* Frees the bytes and leaves one without samples. */
void hist_packed_done(struct hist_packed *packed);

/* As hist_add() and the functions on one, straight from the bytes. */
int hist_add_packed(struct hist *hist, const struct hist_packed *from, struct errinfo *reterr);
int64_t hist_packed_min(const struct hist_packed *packed);
int64_t hist_packed_max(const struct hist_packed *packed);
double hist_packed_sum(const struct hist_packed *packed);
int64_t hist_packed_percentile(const struct hist_packed *packed, double percentile);

/*
 * .hlog: HdrHistogram's interval log, V2 compressed with 8-byte words, that other tools open. One
 * header, then one line per histogram; start_ns is an offset from the header's time. tag must be
 * free of commas and spaces (-EINVAL). 0 or a negative errno of the stream.
 */
int hist_log_header(FILE *file, int64_t start_unix_ns, struct errinfo *reterr);
int hist_log_line(FILE *file, const char *tag, int64_t start_ns, int64_t length_ns,
                  const struct hist *hist, struct errinfo *reterr);

#endif
