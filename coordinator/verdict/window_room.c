#include "window_room_inner.h"

#include <math.h>

struct within {
    const struct objective *objective;
    uint64_t count;
};

static void add_within(void *context, int64_t value_ns, uint64_t count)
{
    struct within *within = context;

    within->count += objective_holds(within->objective, (double)value_ns) ? count : 0;
}

uint64_t window_room(const struct objective *objective, const struct hist *hist)
{
    const struct metric *metric = &objective->metric;
    struct within within = {.objective = objective};
    double count;
    double most;

    if (metric->kind != METRIC_LATENCY || objective->relation == RELATION_GREATER ||
        objective->relation == RELATION_GREATER_OR_EQUAL || metric->stat == STAT_MIN) {
        return WINDOW_ROOM_ENDLESS;
    }
    if (hist == NULL || metric->stat != STAT_PERCENTILE || metric->percentile <= 0.0) {
        return 0;
    }
    hist_each(hist, add_within, &within);
    /* The percentile is one of those within the limit while that share of all is no more of them.
     */
    count = (double)hist_count(hist);
    most = ((double)within.count - (double)hist_censored(hist)) * 100.0 / metric->percentile;
    return most > count ? (uint64_t)floor((most - count) * (1.0 - 1e-9)) : 0;
}
