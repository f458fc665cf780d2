/* hist_censored: samples of what never came. */
#include "hist.h"

#include "hist_inner.h"
#include "invariant.h"

/* An hour and more is an hour at least. It is no overflow: nobody measured a value that the
 * histogram could not take. */
static int64_t bounded(int64_t value_ns)
{
    if (value_ns < 0) {
        return 0;
    }
    return value_ns > HIST_NS_MAX ? HIST_NS_MAX : value_ns;
}

void hist_record_censored(struct hist *hist, int64_t value_ns, uint64_t count)
{
    int64_t bound_ns = bounded(value_ns);
    int32_t bucket = hist_bucket(hist_clamped(bound_ns));

    ASSERT(hist->censored != NULL && count <= HIST_COUNT_MAX);
    if (count == 0) {
        return;
    }
    hist->counts[bucket] += (int64_t)count;
    hist->censored[bucket] += (int64_t)count;
    hist->count += count;
    hist->censored_count += count;
    hist->sum_ns += (hist_wide)(uint64_t)bound_ns * count;
    hist->min_ns = bound_ns < hist->min_ns ? bound_ns : hist->min_ns;
    hist->max_ns = bound_ns > hist->max_ns ? bound_ns : hist->max_ns;
}

uint64_t hist_censored(const struct hist *hist)
{
    return hist->censored_count;
}

/* Were they all longer than anything measured, the values before them would move up in rank. */
int64_t hist_percentile_most(const struct hist *hist, double percentile)
{
    uint64_t rank;
    uint64_t seen = 0;

    if (hist->censored_count == 0) {
        return hist_percentile(hist, percentile);
    }
    ASSERT(percentile >= 0.0 && percentile <= 100.0);
    rank = hist_rank(percentile, hist->count);
    if (rank > hist->count - hist->censored_count) {
        return HIST_UNBOUNDED;
    }
    for (int32_t bucket = hist_bucket(hist_clamped(hist->min_ns));; bucket++) {
        ASSERT(bucket < HIST_BUCKETS);
        seen += (uint64_t)(hist->counts[bucket] - hist->censored[bucket]);
        if (seen >= rank) {
            int64_t most_ns = hist_value_of(hist, bucket);
            int64_t value_ns = hist_percentile(hist, percentile);

            return most_ns > value_ns ? most_ns : value_ns;
        }
    }
}
