#include "check.h"
#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t allocations_left = UINT32_MAX; /* Until one fails. */

static bool fails(void)
{
    return allocations_left != UINT32_MAX && allocations_left-- == 0;
}

/* NOLINTBEGIN: the linker puts these in front of the allocator. */
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return fails() ? NULL : __real_realloc(memory, bytes);
}
/* NOLINTEND */

static void near(double got, double wanted, double within)
{
    if (!(fabs(got - wanted) <= within)) {
        fail_msg("%.9g, wanted %.9g", got, wanted);
    }
}

/* By hand: logarithms 0.1, 0.2, 0.3: mean 0.2, deviation 0.1, error 0.057735, t(2) 4.302653. */
static void the_ratio_is_geometric_with_a_paired_interval(void **state)
{
    const double a[] = {1.0, 10.0, 100.0};
    const double b[] = {exp(0.1), 10.0 * exp(0.2), 100.0 * exp(0.3)};
    struct result_comparison row = {0};

    (void)state;
    compare_pairs(a, b, 3, &row);
    near(row.ratio, exp(0.2), 1e-9);
    near(row.low, exp(0.2 - 0.248414), 1e-5);
    near(row.high, exp(0.2 + 0.248414), 1e-5);
    near(row.p_value, 0.0742, 1e-3); /* t = 3.4641 with 2 degrees. */
}

static struct result_comparison judged(double ratio, double half, double threshold,
                                       bool higher_is_better)
{
    struct result_comparison row = {.ratio = ratio,
                                    .low = ratio * exp(-half),
                                    .high = ratio * exp(half),
                                    .threshold = threshold,
                                    .p_value = half < fabs(log(ratio)) ? 0.001 : 0.5,
                                    .pairs = 5};

    /* The deviation that gives this interval with five pairs (t(4) 2.776445). */
    compare_judge(&row, higher_is_better, half * sqrt(5.0) / 2.776445);
    return row;
}

static void a_verdict_needs_the_whole_interval_on_one_side(void **state)
{
    (void)state;
    assert_int_equal(judged(1.3, 0.05, 0.1, false).verdict, COMPARISON_WORSE);
    assert_int_equal(judged(1.3, 0.30, 0.1, false).verdict, COMPARISON_INCONCLUSIVE);
    assert_int_equal(judged(1.02, 0.03, 0.1, false).verdict, COMPARISON_SAME);
    assert_int_equal(judged(1.05, 0.02, 0.1, false).verdict, COMPARISON_SAME);
    assert_int_equal(judged(0.7, 0.05, 0.1, false).verdict, COMPARISON_BETTER);
}

static void of_a_rate_less_is_worse(void **state)
{
    (void)state;
    assert_int_equal(judged(0.7, 0.05, 0.1, true).verdict, COMPARISON_WORSE);
    assert_int_equal(judged(1.3, 0.05, 0.1, true).verdict, COMPARISON_BETTER);
    assert_int_equal(judged(0.97, 0.03, 0.1, true).verdict, COMPARISON_SAME);
}

static void what_is_inconclusive_says_how_many_pairs_are_missing(void **state)
{
    struct result_comparison row = judged(1.3, 0.30, 0.1, false);
    double sd = 0.30 * sqrt(5.0) / 2.776445;
    double distance = log(1.3) - log(1.1);
    uint32_t total = row.pairs + row.pairs_more;

    (void)state;
    assert_true(row.pairs_more > 0);
    /* With z instead of t a few fewer would do, and not many more are asked for. */
    assert_true(total > 1.96 * 1.96 * sd * sd / (distance * distance));
    assert_true(total < 1.96 * 1.96 * sd * sd / (distance * distance) + 4);
    row = judged(1.1, 0.30, 0.1, false); /* On the limit: no number tells. */
    assert_int_equal(row.pairs_more, 0);
}

static void one_pair_is_inconclusive(void **state)
{
    const double a[] = {1.0};
    const double b[] = {3.0};
    struct result_comparison row = {.threshold = 0.1};

    (void)state;
    compare_pairs(a, b, 1, &row);
    compare_judge(&row, false, 0.0);
    assert_int_equal(row.verdict, COMPARISON_INCONCLUSIVE);
    assert_int_equal(row.pairs_more, 4);
    assert_true(isnan(row.low));
}

#define TRIALS 5

/* Cases "base" and "slow", five trials each, in one measured phase; rates by trial. */
static struct result *new_result(const double *base, const double *slow)
{
    struct result *result = calloc(1, sizeof *result);

    assert_non_null(result);
    result->cases = calloc(2, sizeof *result->cases);
    assert_non_null(result->cases);
    result->cases_count = 2;
    for (int c = 0; c < 2; c++) {
        struct result_case *of = &result->cases[c];

        (void)snprintf(of->name, sizeof of->name, "x/%s", c == 0 ? "base" : "slow");
        (void)snprintf(of->variant, sizeof of->variant, "%s", c == 0 ? "base" : "slow");
        (void)snprintf(of->target, sizeof of->target, "x");
        of->phases = calloc(1, sizeof *of->phases);
        of->trials = calloc(TRIALS, sizeof *of->trials);
        assert_non_null(of->phases);
        assert_non_null(of->trials);
        of->phases_count = 1;
        of->phases[0].measured = true;
        (void)strcpy(of->phases[0].name, "steady");
        of->trials_count = TRIALS;
        for (int t = 0; t < TRIALS; t++) {
            /* The second case's trials ran in the opposite order. */
            of->trials[t].repetition = (uint32_t)(c == 0 ? t : TRIALS - 1 - t);
            of->trials[t].phases = calloc(1, sizeof *of->trials[t].phases);
            assert_non_null(of->trials[t].phases);
            of->trials[t].phases_count = 1;
            of->trials[t].phases[0] = of->phases[0];
            of->trials[t].phases[0].duration_ns = INTERVAL_NS;
            of->trials[t].phases[0].received_per_s =
                (c == 0 ? base : slow)[of->trials[t].repetition];
        }
    }
    return result;
}

static void trials_of_a_repetition_are_a_pair(void **state)
{
    /* The machine drifts by a factor of five; the cost is 20 % in each pair. */
    const double base[] = {100.0, 200.0, 300.0, 400.0, 500.0};
    const double slow[] = {80.5, 160.0, 241.0, 319.0, 400.0};
    struct result *result = new_result(base, slow);
    struct compare_terms terms = {.baseline = "base", .worse_count = 1};
    const struct result_comparison *row;

    (void)state;
    assert_int_equal(metric_parse("received_rate", &terms.worse[0].metric, NULL), 0);
    terms.worse[0].threshold = 0.1;
    assert_int_equal(compare_result(result, &terms, NULL), 0);
    assert_int_equal(result->findings.comparisons_count, 1);
    row = &result->findings.comparisons[0];
    assert_string_equal(row->case_name, "x/slow");
    assert_string_equal(row->baseline, "x/base");
    assert_int_equal(row->pairs, 5);
    assert_true(row->gates);
    near(row->ratio, 0.8, 0.005);
    assert_int_equal(row->verdict, COMPARISON_WORSE);
    result_free(result);
}

/* A broker that delivers nothing would otherwise be one of which nothing is said. */
static void a_metric_that_gates_has_its_row_also_without_pairs(void **state)
{
    const double base[] = {100.0, 100.0, 100.0, 100.0, 100.0};
    const double none[] = {0.0, 0.0, 0.0, 0.0, 0.0};
    struct result *result = new_result(base, none);
    struct compare_terms terms = {.baseline = "base", .worse_count = 2};
    const struct result_comparison *rows;

    (void)state;
    for (int c = 0; c < 2; c++) {
        for (int t = 0; t < TRIALS; t++) {
            result->cases[c].trials[t].phases[0].delivery.sent = 100;
        }
    }
    assert_int_equal(metric_parse("received_rate", &terms.worse[0].metric, NULL), 0);
    assert_int_equal(metric_parse("e2e.p99", &terms.worse[1].metric, NULL), 0);
    assert_int_equal(compare_result(result, &terms, NULL), 0);
    assert_int_equal(result->findings.comparisons_count, 2); /* Not those that nobody asked for. */
    rows = result->findings.comparisons;
    assert_int_equal(rows[0].verdict, COMPARISON_INCONCLUSIVE);
    assert_int_equal(rows[0].pairs, 0);
    assert_true(isnan(rows[0].ratio) && isnan(rows[0].low) && isnan(rows[0].high));
    assert_string_equal(rows[0].reason, "it was 0, which has no ratio");
    assert_int_equal(rows[1].verdict, COMPARISON_NOT_AVAILABLE);
    assert_string_equal(rows[1].reason, "there are no samples");
    result_free(result);
}

/* Of the second case a third of the messages never came: a ratio of lower bounds could be any. */
static void latencies_that_are_lower_bounds_are_not_compared(void **state)
{
    const double same[] = {100.0, 100.0, 100.0, 100.0, 100.0};
    struct result *result = new_result(same, same);
    struct compare_terms terms = {.baseline = "base", .worse_count = 1};
    const struct result_comparison *row;

    (void)state;
    for (int c = 0; c < 2; c++) {
        for (int t = 0; t < TRIALS; t++) {
            struct hist **e2e = &result->cases[c].trials[t].phases[0].latency[SERIES_E2E];

            assert_int_equal(hist_new(e2e, NULL), 0);
            assert_int_equal(hist_allow_censored(*e2e, NULL), 0);
            for (int i = 0; i < 1000; i++) {
                hist_record(*e2e, 1000000);
            }
            hist_record_censored(*e2e, 1000000, c == 1 ? 500 : 0);
        }
    }
    assert_int_equal(metric_parse("e2e.p99", &terms.worse[0].metric, NULL), 0);
    terms.worse[0].threshold = 0.1;
    assert_int_equal(compare_result(result, &terms, NULL), 0);
    row = NULL;
    for (uint32_t i = 0; i < result->findings.comparisons_count; i++) {
        if (strcmp(result->findings.comparisons[i].metric, "e2e.p99") == 0) {
            row = &result->findings.comparisons[i];
        }
    }
    assert_non_null(row);
    assert_int_equal(row->verdict, COMPARISON_INCONCLUSIVE);
    assert_non_null(strstr(row->reason, "messages never came"));
    result_free(result);
}

static void without_a_baseline_nothing_is_compared(void **state)
{
    const double rates[] = {1.0, 1.0, 1.0, 1.0, 1.0};
    struct result *result = new_result(rates, rates);
    const struct compare_terms terms = {.baseline = ""};

    (void)state;
    assert_int_equal(compare_result(result, &terms, NULL), 0);
    assert_int_equal(result->findings.comparisons_count, 0);
    result_free(result);
}

/* An address was made from that of the p-values before it was known to be one, which UBSan refuses.
 */
static void memory_that_runs_out_is_told(void **state)
{
    const double rates[] = {1.0, 1.0, 1.0, 1.0, 1.0};
    struct result *result = new_result(rates, rates);
    const struct compare_terms terms = {.baseline = "base"};
    uint32_t failed = 0;
    int r = -ENOMEM;

    (void)state;
    while (r < 0) {
        struct errinfo error = {""};

        allocations_left = failed;
        r = compare_result(result, &terms, &error);
        allocations_left = UINT32_MAX;
        if (r < 0) {
            assert_int_equal(r, -ENOMEM);
            assert_string_equal(error.text, "out of memory");
            assert_int_equal(result->findings.comparisons_count, 0);
            failed++;
        }
    }
    assert_true(failed >= 7);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ratio_is_geometric_with_a_paired_interval),
        cmocka_unit_test(a_verdict_needs_the_whole_interval_on_one_side),
        cmocka_unit_test(of_a_rate_less_is_worse),
        cmocka_unit_test(what_is_inconclusive_says_how_many_pairs_are_missing),
        cmocka_unit_test(one_pair_is_inconclusive),
        cmocka_unit_test(trials_of_a_repetition_are_a_pair),
        cmocka_unit_test(a_metric_that_gates_has_its_row_also_without_pairs),
        cmocka_unit_test(latencies_that_are_lower_bounds_are_not_compared),
        cmocka_unit_test(without_a_baseline_nothing_is_compared),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
