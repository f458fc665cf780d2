#include "check.h"
#include "noise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS 5

/* A case whose trials received at those rates. */
static struct result *new_result(const double *rates, uint32_t trials)
{
    struct result *result = calloc(1, sizeof *result);
    struct result_case *of;

    assert_non_null(result);
    of = result->cases = calloc(1, sizeof *of);
    assert_non_null(of);
    result->cases_count = 1;
    (void)snprintf(of->name, sizeof of->name, "one");
    of->phases = calloc(1, sizeof *of->phases);
    of->trials = calloc(trials, sizeof *of->trials);
    assert_true(of->phases != NULL && of->trials != NULL);
    of->phases_count = 1;
    of->trials_count = trials;
    (void)snprintf(of->phases[0].name, NAME_BYTES, "steady");
    of->phases[0].measured = true;
    for (uint32_t t = 0; t < trials; t++) {
        of->trials[t].phases = calloc(1, sizeof *of->phases);
        assert_non_null(of->trials[t].phases);
        of->trials[t].phases_count = 1;
        of->trials[t].phases[0] = of->phases[0];
        of->trials[t].phases[0].duration_ns = 1000000000;
        of->trials[t].phases[0].received_per_s = rates[t];
        of->trials[t].phases[0].delivery.duplicated = t;
    }
    return result;
}

static void find(struct result *result, const char *text)
{
    struct objective objective;
    const struct judge_terms terms = {.objectives = &objective, .objectives_count = 1};

    memset(&objective, 0, sizeof objective);
    assert_int_equal(objective_parse(text, &objective, NULL), 0);
    assert_int_equal(noise_find(result, &terms, NULL), 0);
}

static void spread_and_misses_are_those_of_the_trials(void **state)
{
    const double rates[TRIALS] = {90.0, 95.0, 100.0, 105.0, 110.0};
    struct result *result = new_result(rates, TRIALS);
    const struct result_noise *row;

    (void)state;
    find(result, "received_rate > 94/s");
    assert_int_equal(result->findings.noise_count, 1);
    row = &result->findings.noise[0];
    assert_string_equal(row->objective, "received_rate > 94/s");
    assert_string_equal(row->phase, "steady");
    assert_int_equal(row->trials, TRIALS);
    assert_int_equal(row->failed, 1);
    assert_true(fabs(row->spread - sqrt(62.5) / 100.0) < 1e-12);
    assert_true(fabs(row->detectable - noise_detectable(row->spread, TRIALS)) < 1e-12);
    result_free(result);
}

static void a_count_is_one_over_all_phases(void **state)
{
    const double rates[TRIALS] = {1.0, 1.0, 1.0, 1.0, 1.0};
    struct result *result = new_result(rates, TRIALS);

    (void)state;
    find(result, "duplicated <= 2");
    assert_int_equal(result->findings.noise_count, 1);
    assert_string_equal(result->findings.noise[0].phase, "");
    assert_int_equal(result->findings.noise[0].failed, 2);
    result_free(result);
}

static void one_trial_has_no_noise(void **state)
{
    const double rate = 1.0;
    struct result *result = new_result(&rate, 1);

    (void)state;
    find(result, "received_rate > 94/s");
    assert_int_equal(result->findings.noise_count, 0);
    result_free(result);
}

/* With 5 trials each, 8 degrees: t is 2.306004 and 0.888890 in printed tables. */
static void the_smallest_change_follows_from_spread_and_number_of_trials(void **state)
{
    (void)state;
    assert_true(fabs(noise_detectable(0.1, 5) - (2.306004 + 0.888890) * 0.1 * sqrt(0.4)) < 1e-6);
    assert_true(noise_detectable(0.1, 20) < noise_detectable(0.1, 5) / 2.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spread_and_misses_are_those_of_the_trials),
        cmocka_unit_test(a_count_is_one_over_all_phases),
        cmocka_unit_test(one_trial_has_no_noise),
        cmocka_unit_test(the_smallest_change_follows_from_spread_and_number_of_trials),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
