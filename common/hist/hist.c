#include "hist.h"

#include "hist_inner.h"
#include "invariant.h"

#include <errno.h>
#include <hdr/hdr_histogram.h>
#include <stdlib.h>
#include <string.h>

int hist_new(struct hist **ret, struct errinfo *reterr)
{
    struct hist *hist = calloc(1, sizeof *hist);

    if (hist == NULL) {
        return errinfo_nomem(reterr);
    }
    hist->library = hist_library_new();
    if (hist->library == NULL) {
        free(hist);
        return errinfo_nomem(reterr);
    }
    ASSERT(hist->library->sub_bucket_half_count_magnitude == HIST_HALF_MAGNITUDE);
    ASSERT(hist->library->unit_magnitude == 0);
    ASSERT(hist->library->normalizing_index_offset == 0);
    hist->counts = hist->library->counts;
    hist->min_ns = INT64_MAX;
    *ret = hist;
    return 0;
}

void hist_free(struct hist *hist)
{
    if (hist != NULL) {
        hist_counts_free(hist);
        hist_packed_done(&hist->settled);
        free(hist);
    }
}

/* The library's own reset clears all 264 KiB, and with that makes every page a real one. */
void hist_reset(struct hist *hist)
{
    int32_t first;
    int32_t last;

    if (hist->count == 0) {
        return;
    }
    ASSERT(hist->counts != NULL);
    first = hist_bucket(hist_clamped(hist->min_ns));
    last = hist_bucket(hist_clamped(hist->max_ns));
    memset(hist->counts + first, 0, sizeof *hist->counts * (size_t)(last - first + 1));
    if (hist->censored_count > 0) {
        memset(hist->censored + first, 0, sizeof *hist->censored * (size_t)(last - first + 1));
        hist->censored_count = 0;
    }
    hist->count = 0;
    hist->over_range = 0;
    hist->min_ns = INT64_MAX;
    hist->max_ns = 0;
    hist->sum_ns = 0;
}

void hist_record(struct hist *hist, int64_t value_ns)
{
    ASSERT(value_ns >= 0);
    hist->counts[hist_bucket(hist_clamped(value_ns))]++;
    hist->count++;
    hist->over_range += value_ns > HIST_NS_MAX;
    hist->sum_ns += (uint64_t)value_ns;
    hist->min_ns = value_ns < hist->min_ns ? value_ns : hist->min_ns;
    hist->max_ns = value_ns > hist->max_ns ? value_ns : hist->max_ns;
}

int hist_add(struct hist *hist, const struct hist *from, struct errinfo *reterr)
{
    int32_t last;

    if (from->count == 0) {
        return 0;
    }
    if (from->settled.bytes != NULL) {
        return hist_add_packed(hist, &from->settled, reterr);
    }
    if (hist->count > HIST_COUNT_MAX || from->count > HIST_COUNT_MAX - hist->count) {
        return errinfo_set(reterr, -EOVERFLOW, "a histogram can't have more than 2^56 samples");
    }
    if (hist_unsettle(hist, reterr) < 0 ||
        (from->censored_count > 0 && hist_allow_censored(hist, reterr) < 0)) {
        return -ENOMEM;
    }
    last = hist_bucket(hist_clamped(from->max_ns));
    for (int32_t i = hist_bucket(hist_clamped(from->min_ns)); i <= last; i++) {
        hist->counts[i] += from->counts[i];
        if (from->censored_count > 0) {
            hist->censored[i] += from->censored[i];
        }
    }
    hist->censored_count += from->censored_count;
    hist->count += from->count;
    hist->over_range += from->over_range;
    hist->sum_ns += from->sum_ns;
    hist->min_ns = from->min_ns < hist->min_ns ? from->min_ns : hist->min_ns;
    hist->max_ns = from->max_ns > hist->max_ns ? from->max_ns : hist->max_ns;
    return 0;
}

int hist_add_packed(struct hist *hist, const struct hist_packed *from, struct errinfo *reterr)
{
    struct hist_head head;

    if (from->count == 0) {
        return 0;
    }
    if (hist->count > HIST_COUNT_MAX || from->count > HIST_COUNT_MAX - hist->count) {
        return errinfo_set(reterr, -EOVERFLOW, "a histogram can't have more than 2^56 samples");
    }
    if (hist_unsettle(hist, reterr) < 0 ||
        (from->censored > 0 && hist_allow_censored(hist, reterr) < 0)) {
        return -ENOMEM;
    }
    head = hist_packed_counts(from, hist->counts, hist->censored);
    hist->count += from->count;
    hist->censored_count += from->censored;
    hist->over_range += head.over_range;
    hist->sum_ns += head.sum_ns;
    hist->min_ns = head.min_ns < hist->min_ns ? head.min_ns : hist->min_ns;
    hist->max_ns = head.max_ns > hist->max_ns ? head.max_ns : hist->max_ns;
    return 0;
}

uint64_t hist_count(const struct hist *hist)
{
    return hist->count;
}

uint64_t hist_over_range(const struct hist *hist)
{
    return hist->over_range;
}

int64_t hist_min(const struct hist *hist)
{
    return hist->count == 0 ? 0 : hist->min_ns;
}

int64_t hist_max(const struct hist *hist)
{
    return hist->max_ns;
}

double hist_sum(const struct hist *hist)
{
    return (double)hist->sum_ns;
}

double hist_mean(const struct hist *hist)
{
    return hist->count == 0 ? 0.0 : (double)hist->sum_ns / (double)hist->count;
}

int64_t hist_percentile(const struct hist *hist, double percentile)
{
    uint64_t rank;
    uint64_t seen = 0;
    int32_t bucket;

    ASSERT(percentile >= 0.0 && percentile <= 100.0);
    if (hist->count == 0) {
        return 0;
    }
    if (hist->settled.bytes != NULL) {
        return hist_packed_percentile(&hist->settled, percentile);
    }
    if (percentile <= 0.0) {
        return hist->min_ns;
    }
    rank = hist_rank(percentile, hist->count);
    if (rank == hist->count) {
        return hist->max_ns;
    }
    bucket = hist_bucket(hist_clamped(hist->min_ns));
    for (;; bucket++) {
        ASSERT(bucket < HIST_BUCKETS);
        seen += (uint64_t)hist->counts[bucket];
        if (seen >= rank) {
            return hist_value_of(hist, bucket);
        }
    }
}

void hist_each(const struct hist *hist,
               void (*visit)(void *context, int64_t value_ns, uint64_t count), void *context)
{
    int32_t last;

    if (hist->count == 0) {
        return;
    }
    if (hist->settled.bytes != NULL) {
        hist_packed_each(&hist->settled, visit, context);
        return;
    }
    last = hist_bucket(hist_clamped(hist->max_ns));
    for (int32_t i = hist_bucket(hist_clamped(hist->min_ns)); i <= last; i++) {
        if (hist->counts[i] > 0) {
            visit(context, hist_value_of(hist, i), (uint64_t)hist->counts[i]);
        }
    }
}
