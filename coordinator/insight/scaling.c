#include "scaling.h"

#include <stddef.h>

/* A law that is further from its points than trials are from each other is not theirs. */
#define LAW_FIT_ERROR_MAX 0.1

const char *scaling_key(uint32_t index)
{
    static const char *const keys[] = {"topology.producers", "topology.consumers"};

    return index < sizeof keys / sizeof keys[0] ? keys[index] : NULL;
}

static void fit(struct scaling *scaling)
{
    const struct points *points = &scaling->points;
    double clients[POINTS_MAX];
    double rates[POINTS_MAX];

    for (uint32_t i = 0; i < points->count; i++) {
        clients[i] = points->list[i].x;
        rates[i] = points->list[i].figure->median;
    }
    scaling->follows = points->count >= USL_POINTS_MIN &&
                       usl_fit(clients, rates, points->count, &scaling->law) &&
                       scaling->law.fit_error <= LAW_FIT_ERROR_MAX;
}

bool scaling_find(const struct result *result, const struct result_case *first,
                  const struct result_phase *phase, const char *key, struct scaling *ret)
{
    static const char *const metrics[] = {"received_rate", "acked_rate", NULL};
    bool found = false;

    /* At a rate that was asked for, more clients can't bring more. */
    for (const char *const *metric = metrics; !found && phase->is_max && *metric != NULL;
         metric++) {
        found = points_collect(result, first, key, phase->name, *metric, &ret->points) >=
                SCALING_POINTS_MIN;
    }
    if (!found) {
        return false;
    }
    ret->first = first;
    ret->phase = phase;
    ret->key = key;
    fit(ret);
    return true;
}
