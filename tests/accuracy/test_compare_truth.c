/*
 * Comparisons against known truth, in virtual time: trials are made up from a seed, with the noise
 * and the drift that a shared machine has, and the verdicts counted. No clock, no load.
 */
#include "check.h"
#include "compare.h"
#include "random.h"
#include "stats.h"
#include "truth.h"

#include <math.h>

#define SEEDS 200
#define METRICS 5
#define NOISE 0.04 /* Of one trial, as a logarithm. */
#define DRIFT 0.30 /* Of the machine over the run. */
#define THRESHOLD 0.05

static double normal(struct random *random)
{
    /* Box and Muller (1958). */
    return sqrt(-2.0 * log(1.0 - random_unit(random))) *
           cos(2.0 * acos(-1.0) * random_unit(random));
}

/* A run of so many pairs whose second case takes `slower` times as long: the worst verdict of its
 * metrics after Holm's correction. */
static enum comparison_verdict run_of(uint64_t seed, uint32_t pairs, double slower)
{
    struct result_comparison rows[METRICS] = {0};
    double deviations[METRICS];
    double p_values[METRICS];
    double corrected[METRICS];
    enum comparison_verdict worst = COMPARISON_SAME;
    struct random random;

    random_seed(&random, random_derive(11, seed));
    for (uint32_t m = 0; m < METRICS; m++) {
        double a[32];
        double b[32];
        double d[32];

        for (uint32_t i = 0; i < pairs; i++) {
            double machine = exp(DRIFT * i / pairs + 0.1 * normal(&random));

            a[i] = machine * exp(NOISE * normal(&random));
            b[i] = machine * slower * exp(NOISE * normal(&random));
            d[i] = log(b[i] / a[i]);
        }
        rows[m].threshold = THRESHOLD;
        compare_pairs(a, b, pairs, &rows[m]);
        deviations[m] = stats_sd(d, pairs);
        p_values[m] = rows[m].p_value;
    }
    stats_holm(p_values, METRICS, corrected);
    for (uint32_t m = 0; m < METRICS; m++) {
        rows[m].p_value = corrected[m];
        compare_judge(&rows[m], false, deviations[m]);
        worst = rows[m].verdict == COMPARISON_WORSE ? COMPARISON_WORSE : worst;
    }
    return worst;
}

static uint32_t worse_of(uint32_t pairs, double slower)
{
    uint32_t worse = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        worse += run_of(seed, pairs, slower) == COMPARISON_WORSE ? 1 : 0;
    }
    return worse;
}

static void the_same_against_itself_raises_few_false_alarms(void **state)
{
    uint32_t worse = worse_of(5, 1.0);

    (void)state;
    assert_in_range(worse, 0, SEEDS / 20);
    truth("a build against itself, 5 pairs, called worse", "at most 5 % of 200", "%u of %u", worse,
          SEEDS);
}

static void a_fifth_more_service_time_is_found_with_five_pairs(void **state)
{
    uint32_t worse = worse_of(5, 1.2);

    (void)state;
    assert_in_range(worse, SEEDS * 95 / 100, SEEDS);
    truth("a build a fifth slower, 5 pairs, called worse", "at least 95 % of 200", "%u of %u",
          worse, SEEDS);
}

/* At the threshold itself each of the five intervals lies beyond it in 2.5 % of the runs: 12.5 % of
 * 200 runs are 25, give or take three standard deviations of 4.7. */
static void a_change_as_large_as_the_threshold_is_seldom_called_worse(void **state)
{
    uint32_t worse = worse_of(5, 1.0 + THRESHOLD);

    (void)state;
    assert_in_range(worse, 11, 39);
    truth("a change as large as the threshold, called worse", "25 of 200, give or take 14",
          "%u of %u", worse, SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_against_itself_raises_few_false_alarms),
        cmocka_unit_test(a_fifth_more_service_time_is_found_with_five_pairs),
        cmocka_unit_test(a_change_as_large_as_the_threshold_is_seldom_called_worse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
