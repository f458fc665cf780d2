#include "check.h"
#include "judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run of a baseline and another case, in which all else is well, with one metric that gates. */
struct bed {
    struct compare_terms compare;
    struct judge_terms terms;
    struct result *result;
};

static void add_case(struct result *result, const char *name)
{
    struct result_case *of = &result->cases[result->cases_count++];

    (void)snprintf(of->name, sizeof of->name, "%s", name);
    of->status = CASE_MEASURED;
    of->trials = calloc(1, sizeof *of->trials);
    of->phases = calloc(1, sizeof *of->phases);
    assert_true(of->trials != NULL && of->phases != NULL);
    of->trials_count = of->phases_count = 1;
    of->phases[0].delivery.sent = 100;
}

static void bed_init(struct bed *bed, const struct result_comparison *rows, uint32_t rows_count)
{
    memset(bed, 0, sizeof *bed);
    bed->result = calloc(1, sizeof *bed->result);
    assert_non_null(bed->result);
    bed->result->cases = calloc(2, sizeof *bed->result->cases);
    bed->result->findings.comparisons = calloc(rows_count + 1, sizeof *rows);
    assert_true(bed->result->cases != NULL && bed->result->findings.comparisons != NULL);
    add_case(bed->result, "base");
    add_case(bed->result, "other");
    for (uint32_t i = 0; i < rows_count; i++) {
        struct result_comparison *row = &bed->result->findings.comparisons[i];

        *row = rows[i];
        row->gates = true;
        (void)snprintf(row->case_name, NAME_BYTES, "other");
        (void)snprintf(row->baseline, NAME_BYTES, "base");
        (void)snprintf(row->phase, NAME_BYTES, "steady");
        (void)snprintf(row->metric, METRIC_BYTES, "received_rate");
    }
    bed->result->findings.comparisons_count = rows_count;
    assert_int_equal(metric_parse("received_rate", &bed->compare.worse[0].metric, NULL), 0);
    bed->compare.worse_count = 1;
    bed->terms.compare = &bed->compare;
}

static void judged(struct bed *bed, const struct judge_events *events, enum verdict verdict,
                   const char *code, const char *text)
{
    static const struct judge_events none;
    struct result *result = bed->result;

    assert_int_equal(judge_result(result, &bed->terms, events == NULL ? &none : events, NULL), 0);
    assert_int_equal(result->verdict, verdict);
    assert_string_equal(result->reasons_count > 0 ? result->reasons[0].code : "", code);
    if (result->reasons_count > 0) {
        assert_non_null(strstr(result->reasons[0].text, text));
    }
    result_free(result);
}

static void what_is_worse_is_a_regression_and_what_is_not_passes(void **state)
{
    const struct result_comparison worse = {
        .verdict = COMPARISON_WORSE, .pairs = 5, .ratio = 0.5, .low = 0.4, .high = 0.6};
    const struct result_comparison times = {
        .verdict = COMPARISON_WORSE, .pairs = 5, .ratio = 3.4, .low = 3.1, .high = 23.7};
    const struct result_comparison same = {
        .verdict = COMPARISON_SAME, .pairs = 5, .ratio = 1.0, .low = 0.99, .high = 1.01};
    const struct result_comparison unclear = {.verdict = COMPARISON_INCONCLUSIVE, .pairs = 2};
    struct bed bed;

    (void)state;
    bed_init(&bed, &worse, 1);
    judged(&bed, NULL, VERDICT_REGRESSION, "regression", "-50.0 %");
    bed_init(&bed, &times, 1);
    judged(&bed, NULL, VERDICT_REGRESSION, "regression", "3.4 times that of ");
    bed_init(&bed, &same, 1);
    judged(&bed, NULL, VERDICT_PASS, "", "");
    bed_init(&bed, &unclear, 1);
    judged(&bed, NULL, VERDICT_PASS, "", "");
}

/* Adds a check of one of the cases, which then stands with the other's rows. */
static void make_busy(struct bed *bed, const char *name, const char *check)
{
    struct findings *findings = &bed->result->findings;
    struct result_check *row;

    findings->checks = calloc(1, sizeof *findings->checks);
    assert_non_null(findings->checks);
    row = &findings->checks[findings->checks_count++];
    (void)snprintf(row->check, sizeof row->check, "%s", check);
    (void)snprintf(row->case_name, sizeof row->case_name, "%s", name);
    row->status = CHECK_INVALID;
    for (uint32_t i = 0; i < bed->result->cases_count; i++) {
        bed->result->cases[i].checks_count = strcmp(bed->result->cases[i].name, name) == 0 ? 1 : 0;
    }
}

/* A busy generator only lowers rates: it may have made one worse, and hidden that one is. */
static void a_busy_host_voids_the_side_that_it_may_have_made(void **state)
{
    static const struct {
        enum comparison_verdict found;
        const char *busy;
        const char *check;
        enum verdict verdict;
    } rows[] = {
        {COMPARISON_WORSE, "other", "run_queue_wait", VERDICT_INVALID},
        {COMPARISON_WORSE, "base", "run_queue_wait", VERDICT_REGRESSION},
        {COMPARISON_WORSE, "base", "snapshot_gaps", VERDICT_INVALID},
        {COMPARISON_SAME, "other", "run_queue_wait", VERDICT_PASS},
        {COMPARISON_SAME, "base", "run_queue_wait", VERDICT_INVALID},
        {COMPARISON_BETTER, "other", "snapshot_gaps", VERDICT_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct result_comparison row = {
            .verdict = rows[i].found, .pairs = 5, .ratio = 0.5, .low = 0.4, .high = 0.6};
        struct bed bed;

        bed_init(&bed, &row, 1);
        make_busy(&bed, rows[i].busy, rows[i].check);
        judged(&bed, NULL, rows[i].verdict,
               rows[i].verdict == VERDICT_PASS         ? ""
               : rows[i].verdict == VERDICT_REGRESSION ? "regression"
                                                       : "invalid",
               "against base");
        if (rows[i].found == COMPARISON_WORSE) {
            bed_init(&bed, &row, 1);
            make_busy(&bed, rows[i].busy, rows[i].check);
            bed.terms.selfcheck_warns = true;
            judged(&bed, NULL, VERDICT_REGRESSION, "regression", "against base");
        }
    }
}

static void without_a_pair_it_is_missed_not_passed(void **state)
{
    const struct result_comparison none = {.verdict = COMPARISON_INCONCLUSIVE,
                                           .ratio = (double)NAN,
                                           .reason = "it was 0, which has no ratio"};
    const struct result_comparison one = {.verdict = COMPARISON_INCONCLUSIVE, .pairs = 1};
    struct bed bed;

    (void)state;
    bed_init(&bed, &none, 1);
    judged(&bed, NULL, VERDICT_FAIL, "no_samples",
           "received_rate in steady cannot be compared with base: it was 0");
    bed_init(&bed, &one, 1);
    judged(&bed, NULL, VERDICT_FAIL, "no_samples", "There is one pair of trials");
}

/* What a case does not have is not asked of it, but somewhere it must have been. */
static void a_gate_that_was_nowhere_is_missed(void **state)
{
    struct result_comparison rows[2] = {
        {.verdict = COMPARISON_NOT_AVAILABLE, .reason = "there are no samples"},
        {.verdict = COMPARISON_SAME, .pairs = 5, .ratio = 1.0, .low = 0.99, .high = 1.01}};
    struct bed bed;

    (void)state;
    bed_init(&bed, rows, 2);
    judged(&bed, NULL, VERDICT_PASS, "", "");
    bed_init(&bed, rows, 1);
    judged(&bed, NULL, VERDICT_FAIL, "not_compared",
           "received_rate was compared in no case: there are no samples");
    bed_init(&bed, NULL, 0); /* The baseline was skipped. */
    judged(&bed, NULL, VERDICT_FAIL, "not_compared", "no case was measured beside its baseline");
}

static void a_run_that_did_not_come_to_its_end_has_missed_no_gate(void **state)
{
    const struct judge_events interrupted = {.interrupted = true};
    struct bed bed;

    (void)state;
    bed_init(&bed, NULL, 0);
    judged(&bed, &interrupted, VERDICT_INTERRUPTED, "interrupted", "by the user");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_worse_is_a_regression_and_what_is_not_passes),
        cmocka_unit_test(a_busy_host_voids_the_side_that_it_may_have_made),
        cmocka_unit_test(without_a_pair_it_is_missed_not_passed),
        cmocka_unit_test(a_gate_that_was_nowhere_is_missed),
        cmocka_unit_test(a_run_that_did_not_come_to_its_end_has_missed_no_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
