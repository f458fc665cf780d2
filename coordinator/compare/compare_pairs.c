/* The arithmetic of one comparison. */
#include "compare.h"

#include "invariant.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>

#define PAIRS_MORE_MAX 1000
#define SIGNIFICANT (1.0 - STATS_CONFIDENCE)

void compare_pairs(const double *a, const double *b, uint32_t n, struct result_comparison *ret)
{
    double sum = 0.0;
    double squares = 0.0;
    double mean;
    double error;
    double half;

    ASSERT(n > 0);
    for (uint32_t i = 0; i < n; i++) {
        sum += log(b[i] / a[i]);
    }
    mean = sum / n;
    for (uint32_t i = 0; i < n; i++) {
        double off = log(b[i] / a[i]) - mean;

        squares += off * off;
    }
    ret->pairs = n;
    ret->ratio = exp(mean);
    ret->low = (double)NAN;
    ret->high = (double)NAN;
    ret->p_value = 1.0;
    if (n < 2) {
        return;
    }
    error = sqrt(squares / (n - 1.0) / n);
    half = stats_t_quantile(0.5 + STATS_CONFIDENCE / 2.0, n - 1.0) * error;
    ret->low = exp(mean - half);
    ret->high = exp(mean + half);
    if (error > 0.0) {
        ret->p_value = stats_t_p_value(mean / error, n - 1.0);
    } else {
        ret->p_value = mean == 0.0 ? 1.0 : 0.0;
    }
}

/* How many pairs of such a spread it takes until the interval no longer reaches a threshold. */
static uint32_t pairs_needed(double sd, double distance)
{
    for (uint32_t n = 2; n <= PAIRS_MORE_MAX; n++) {
        double half = stats_t_quantile(0.5 + STATS_CONFIDENCE / 2.0, n - 1.0) * sd / sqrt(n);

        if (half < distance) {
            return n;
        }
    }
    return 0;
}

void compare_judge(struct result_comparison *row, bool higher_is_better, double sd)
{
    /* As logarithms both directions are alike; a rate that falls by a fifth is as far as one that
     * rises by a quarter. */
    double limit = log1p(row->threshold);
    double sign = higher_is_better ? -1.0 : 1.0; /* Above 0 is worse. */
    double mean = sign * log(row->ratio);
    double low = sign * log(higher_is_better ? row->high : row->low);
    double high = sign * log(higher_is_better ? row->low : row->high);
    bool is_real = row->p_value < SIGNIFICANT;
    uint32_t needed;

    row->pairs_more = 0;
    row->verdict = COMPARISON_INCONCLUSIVE;
    if (row->pairs >= 2 && low > limit && is_real) {
        row->verdict = COMPARISON_WORSE;
    } else if (row->pairs >= 2 && high < -limit && is_real) {
        row->verdict = COMPARISON_BETTER;
    } else if (row->pairs >= 2 && low > -limit && high < limit) {
        row->verdict = COMPARISON_SAME;
    } else if (row->pairs < 2) {
        row->pairs_more = 5 - row->pairs; /* Nothing is known of the spread: what is usual. */
    } else {
        needed = pairs_needed(sd, fabs(fabs(mean) - limit));
        row->pairs_more = needed > row->pairs ? needed - row->pairs : needed > 0 ? 1 : 0;
    }
}
