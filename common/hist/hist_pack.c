#include "hist.h"

#include "hist_inner.h"
#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The packed form: LEB128 of count, over_range, min, max and sum (up to 128 bits), then for each
 * bucket with counts, in rising order, LEB128 of its distance from the one before (the first: from
 * bucket 0, which is never used) and of its count. If samples are censored, a distance of 0 follows
 * and the same of them alone. Numbers are of least length, so that equal histograms are equal
 * bytes.
 */
#define SUM_LEB_BYTES INT64_C(19)
#define NUMBER_LEB_BYTES INT64_C(10)

static_assert((int64_t)HIST_PACKED_BYTES_MAX >= 4 * NUMBER_LEB_BYTES + SUM_LEB_BYTES + 1 +
                                                    2 * HIST_BUCKETS * (3 + NUMBER_LEB_BYTES),
              "the packed form of every histogram fits");

struct packer {
    uint8_t *at;
    const uint8_t *end;
    bool full;
};

static void put(struct packer *packer, hist_wide number)
{
    do {
        uint8_t more = number > 0x7f ? 0x80 : 0;

        if (packer->at == packer->end) {
            packer->full = true;
            return;
        }
        *packer->at++ = (uint8_t)(number & 0x7f) | more;
        number >>= 7;
    } while (number > 0);
}

static void put_buckets(struct packer *packer, const struct hist *hist, const int64_t *counts)
{
    uint32_t end = (uint32_t)hist_bucket(hist_clamped(hist->max_ns)) + 1;
    uint32_t before = 0;

    for (uint32_t i = (uint32_t)hist_bucket(hist_clamped(hist->min_ns)); i < end; i++) {
        if (counts[i] > 0) {
            put(packer, i - before);
            put(packer, (uint64_t)counts[i]);
            before = i;
        }
    }
}

int hist_pack(const struct hist *hist, void *buffer, size_t buffer_bytes)
{
    struct packer packer = {.at = buffer, .end = (const uint8_t *)buffer + buffer_bytes};

    if (hist->settled.bytes != NULL) {
        if (hist->settled.bytes_count > buffer_bytes) {
            return -ENOSPC;
        }
        memcpy(buffer, hist->settled.bytes, hist->settled.bytes_count);
        return (int)hist->settled.bytes_count;
    }
    put(&packer, hist->count);
    put(&packer, hist->over_range);
    put(&packer, hist->count == 0 ? 0 : (uint64_t)hist->min_ns);
    put(&packer, (uint64_t)hist->max_ns);
    put(&packer, hist->sum_ns);
    if (hist->count > 0) {
        put_buckets(&packer, hist, hist->counts);
    }
    if (hist->censored_count > 0) {
        put(&packer, 0);
        put_buckets(&packer, hist, hist->censored);
    }
    return packer.full ? -ENOSPC : (int)(packer.at - (uint8_t *)buffer);
}

/* So long it is at most: with few samples few buckets have some. */
static size_t packed_bytes_max(const struct hist *hist)
{
    uint64_t buckets = hist->count < HIST_BUCKETS ? hist->count : HIST_BUCKETS;

    buckets *= hist->censored_count > 0 ? 2 : 1;
    return (size_t)(4 * NUMBER_LEB_BYTES + SUM_LEB_BYTES + 1) +
           (size_t)buckets * (size_t)(3 + NUMBER_LEB_BYTES);
}

int hist_packed_of(const struct hist *hist, struct hist_packed *ret, struct errinfo *reterr)
{
    size_t room_bytes = packed_bytes_max(hist);
    uint8_t *room = malloc(room_bytes);
    uint8_t *bytes;
    int bytes_count;

    if (room == NULL) {
        return errinfo_nomem(reterr);
    }
    bytes_count = hist_pack(hist, room, room_bytes);
    ASSERT(bytes_count > 0);
    bytes = realloc(room, (size_t)bytes_count);
    *ret = (struct hist_packed){.bytes = bytes == NULL ? room : bytes,
                                .bytes_count = (size_t)bytes_count,
                                .count = hist->count,
                                .censored = hist->censored_count};
    return 0;
}

void hist_packed_done(struct hist_packed *packed)
{
    free(packed->bytes);
    *packed = (struct hist_packed){.bytes = NULL};
}

struct unpacker {
    const uint8_t *at;
    const uint8_t *end;
    bool broken;
    bool censored; /* The buckets of those that are begin at `at`. */
};

/* A number of at most so many bits; one byte more than needed is as wrong as a cut-off one. */
static hist_wide take(struct unpacker *unpacker, unsigned bits)
{
    const uint8_t *at = unpacker->at;
    hist_wide number = 0;

    /* Most are that small. */
    if (at < unpacker->end && at[0] < 0x80) {
        unpacker->at += 1;
        return at[0];
    }
    if (unpacker->end - at > 1 && at[1] > 0 && at[1] < 0x80 && bits >= 14) {
        unpacker->at += 2;
        return (hist_wide)(at[0] & 0x7f) | (hist_wide)at[1] << 7;
    }
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte;

        if (unpacker->at == unpacker->end) {
            break;
        }
        byte = *unpacker->at++;
        if (bits - shift < 7 && (byte & 0x7f) >> (bits - shift) != 0) {
            break;
        }
        number |= (hist_wide)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            unpacker->broken = unpacker->broken || (byte == 0 && shift > 0);
            return number;
        }
    }
    unpacker->broken = true;
    return 0;
}

/* What a packed form says of itself, and what its buckets allow. */
struct summary {
    uint64_t count;
    uint64_t over_range;
    int64_t min_ns;
    int64_t max_ns;
    hist_wide sum_ns;
    int32_t first; /* Buckets of min and max. */
    int32_t last;
    uint64_t counted;
    hist_wide sum_ns_min;
    hist_wide sum_ns_max;
};

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool take_head(struct unpacker *unpacker, struct summary *summary)
{
    summary->count = (uint64_t)take(unpacker, 63);
    summary->over_range = (uint64_t)take(unpacker, 63);
    summary->min_ns = (int64_t)take(unpacker, 63);
    summary->max_ns = (int64_t)take(unpacker, 63);
    summary->sum_ns = take(unpacker, 128);
    summary->first = hist_bucket(hist_clamped(summary->min_ns));
    summary->last = hist_bucket(hist_clamped(summary->max_ns));
    if (unpacker->broken || summary->count > HIST_COUNT_MAX ||
        summary->over_range > summary->count || summary->min_ns > summary->max_ns) {
        return false;
    }
    if (summary->count == 0) {
        return summary->max_ns == 0 && summary->sum_ns == 0;
    }
    /* The largest value is beyond the range if any is, the least if all are. */
    return (summary->max_ns > HIST_NS_MAX) == (summary->over_range > 0) &&
           (summary->min_ns > HIST_NS_MAX) == (summary->over_range == summary->count);
}

/* Adds a bucket's count and how small and large the sum of its values can be. */
static bool count_bucket(struct summary *summary, int32_t bucket, uint64_t count)
{
    uint64_t over = bucket == summary->last ? summary->over_range : 0;
    int64_t least = larger(bucket == 1 ? 0 : hist_bucket_lowest(bucket), summary->min_ns);
    int64_t most = smaller(smaller(hist_bucket_highest(bucket), HIST_NS_MAX), summary->max_ns);

    if (count == 0 || count > summary->count - summary->counted || over > count) {
        return false;
    }
    summary->counted += count;
    if (count > over) {
        summary->sum_ns_min += (hist_wide)(uint64_t)least * (count - over);
        summary->sum_ns_max += (hist_wide)(uint64_t)most * (count - over);
    }
    summary->sum_ns_min += (hist_wide)(uint64_t)larger(HIST_NS_MAX + 1, summary->min_ns) * over;
    summary->sum_ns_max += (hist_wide)(uint64_t)summary->max_ns * over;
    return true;
}

/* One of the values is the least, one the largest: that narrows what the sum can be. */
static bool sum_is_possible(const struct summary *summary)
{
    bool over = summary->over_range > 0;
    bool all_over = summary->over_range == summary->count;
    int64_t last_least = over ? HIST_NS_MAX + 1 : hist_bucket_lowest(summary->last);
    int64_t first_most =
        all_over ? summary->max_ns : smaller(hist_bucket_highest(summary->first), HIST_NS_MAX);
    hist_wide sum_min = summary->sum_ns_min;
    hist_wide sum_max = summary->sum_ns_max;

    if (summary->last == 1) {
        last_least = 0;
    }
    sum_min += (uint64_t)(summary->max_ns - larger(last_least, summary->min_ns));
    sum_max -= (uint64_t)(smaller(first_most, summary->max_ns) - summary->min_ns);
    if (summary->count == 1) {
        return summary->min_ns == summary->max_ns && summary->sum_ns == (uint64_t)summary->max_ns;
    }
    return summary->sum_ns >= sum_min && summary->sum_ns <= sum_max;
}

/* The next bucket and its count; false: there is none, or it is damaged. */
static bool take_pair(struct unpacker *unpacker, int32_t last, int32_t *bucket, uint64_t *ret_count)
{
    uint64_t step;

    if (unpacker->at == unpacker->end) {
        return false;
    }
    step = (uint64_t)take(unpacker, 17);
    if (step == 0) { /* Once, at the end of the first list. */
        unpacker->broken = unpacker->broken || unpacker->censored;
        unpacker->censored = true;
        return false;
    }
    *ret_count = (uint64_t)take(unpacker, 63);
    unpacker->broken = unpacker->broken || step > (uint64_t)(last - *bucket);
    *bucket += unpacker->broken ? 0 : (int32_t)step;
    return !unpacker->broken;
}

/* Those that are censored, at the end; all walks over the buckets of all, which hold them. Returns
 * how many there are; UINT64_MAX: they can't be. */
static uint64_t take_censored(struct unpacker *unpacker, struct unpacker all,
                              const struct summary *summary)
{
    int32_t bucket = 0;
    int32_t of_all = 0;
    uint64_t censored = 0;
    uint64_t count = 0;
    uint64_t counted = 0;

    while (take_pair(unpacker, summary->last, &bucket, &count)) {
        while (of_all < bucket && take_pair(&all, summary->last, &of_all, &counted)) {
        }
        if (of_all != bucket || count == 0 || count > counted) {
            return UINT64_MAX;
        }
        censored += count;
    }
    return unpacker->broken || unpacker->at < unpacker->end || censored == 0 ? UINT64_MAX
                                                                             : censored;
}

/* Walks the buckets and checks them. */
static bool take_buckets(struct unpacker *unpacker, struct summary *summary)
{
    int32_t bucket = 0;
    uint64_t count = 0;

    while (take_pair(unpacker, summary->last, &bucket, &count)) {
        if ((summary->counted == 0 && bucket != summary->first) ||
            !count_bucket(summary, bucket, count)) {
            return false;
        }
    }
    if (unpacker->broken) {
        return false;
    }
    return summary->counted == summary->count && (bucket == summary->last || summary->count == 0) &&
           (summary->count == 0 || sum_is_possible(summary));
}

/* All that follows the head. Returns how many are censored, UINT64_MAX for what can't be. */
static uint64_t check_all(struct unpacker unpacker, struct summary summary)
{
    const struct unpacker buckets = unpacker;

    if (!take_buckets(&unpacker, &summary)) {
        return UINT64_MAX;
    }
    return unpacker.censored ? take_censored(&unpacker, buckets, &summary) : 0;
}

int hist_packed_read(const void *bytes, size_t bytes_count, struct hist_packed *ret,
                     struct errinfo *reterr)
{
    struct unpacker unpacker = {.at = bytes, .end = (const uint8_t *)bytes + bytes_count};
    struct summary summary = {0};
    uint64_t censored;
    uint8_t *copy;

    if (!take_head(&unpacker, &summary)) {
        return errinfo_set(reterr, -EBADMSG, "packed histogram: its head is damaged");
    }
    censored = check_all(unpacker, summary);
    if (censored == UINT64_MAX) {
        return errinfo_set(reterr, -EBADMSG, "packed histogram: its buckets are damaged");
    }
    copy = malloc(bytes_count);
    if (copy == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(copy, bytes, bytes_count);
    *ret = (struct hist_packed){
        .bytes = copy, .bytes_count = bytes_count, .count = summary.count, .censored = censored};
    return 0;
}

/* A number of a form that was checked: nothing is asked of it any more. */
static inline uint64_t next_number(const uint8_t **at)
{
    const uint8_t *byte = *at;
    uint64_t number = *byte & 0x7f;

    for (unsigned shift = 7; (*byte & 0x80) != 0; shift += 7) {
        byte++;
        number |= (uint64_t)(*byte & 0x7f) << shift;
    }
    *at = byte + 1;
    return number;
}

/* The pairs of a form that was checked, into counts: up to the distance of 0, or to the end. */
static const uint8_t *add_pairs(const uint8_t *at, const uint8_t *end, int64_t *counts)
{
    uint64_t bucket = 0;

    while (at < end) {
        uint64_t step = next_number(&at);

        if (step == 0) {
            break;
        }
        bucket += step;
        ASSERT(bucket < HIST_BUCKETS);
        counts[bucket] += (int64_t)next_number(&at);
    }
    return at;
}

/* The head of a form that was checked; the buckets follow in *ret_buckets. */
static struct summary head_of(const struct hist_packed *packed, struct unpacker *ret_buckets)
{
    struct summary summary = {0};

    *ret_buckets =
        (struct unpacker){.at = packed->bytes, .end = packed->bytes + packed->bytes_count};
    ASSERT(take_head(ret_buckets, &summary));
    return summary;
}

struct hist_head hist_packed_counts(const struct hist_packed *packed, int64_t *counts,
                                    int64_t *censored)
{
    struct unpacker unpacker;
    struct summary summary = head_of(packed, &unpacker);
    const uint8_t *at = add_pairs(unpacker.at, unpacker.end, counts);

    if (censored != NULL && packed->censored > 0) {
        (void)add_pairs(at, unpacker.end, censored);
    }
    return (struct hist_head){.over_range = summary.over_range,
                              .min_ns = summary.min_ns,
                              .max_ns = summary.max_ns,
                              .sum_ns = summary.sum_ns};
}

int64_t hist_packed_min(const struct hist_packed *packed)
{
    struct unpacker buckets;

    return packed->count == 0 ? 0 : head_of(packed, &buckets).min_ns;
}

int64_t hist_packed_max(const struct hist_packed *packed)
{
    struct unpacker buckets;

    return packed->count == 0 ? 0 : head_of(packed, &buckets).max_ns;
}

double hist_packed_sum(const struct hist_packed *packed)
{
    struct unpacker buckets;

    return packed->count == 0 ? 0.0 : (double)head_of(packed, &buckets).sum_ns;
}

/* As hist_value_of(). */
static int64_t value_of(const struct summary *summary, int32_t bucket)
{
    return smaller(larger(hist_bucket_highest(bucket), summary->min_ns), summary->max_ns);
}

int64_t hist_packed_percentile(const struct hist_packed *packed, double percentile)
{
    struct unpacker unpacker;
    struct summary summary;
    uint64_t rank;
    uint64_t seen = 0;
    int32_t bucket = 0;

    ASSERT(percentile >= 0.0 && percentile <= 100.0);
    if (packed->count == 0) {
        return 0;
    }
    summary = head_of(packed, &unpacker);
    rank = hist_rank(percentile, summary.count);
    if (percentile <= 0.0 || rank == summary.count) {
        return percentile <= 0.0 ? summary.min_ns : summary.max_ns;
    }
    while (seen < rank) {
        bucket += (int32_t)next_number(&unpacker.at);
        seen += next_number(&unpacker.at);
    }
    return value_of(&summary, bucket);
}

void hist_packed_each(const struct hist_packed *packed,
                      void (*visit)(void *context, int64_t value_ns, uint64_t count), void *context)
{
    struct unpacker unpacker;
    struct summary summary = head_of(packed, &unpacker);
    int32_t bucket = 0;

    while (unpacker.at < unpacker.end) {
        uint64_t step = next_number(&unpacker.at);

        if (step == 0) {
            break;
        }
        bucket += (int32_t)step;
        visit(context, value_of(&summary, bucket), next_number(&unpacker.at));
    }
}
