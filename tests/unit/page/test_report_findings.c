#include "check.h"

#include "report_text.h"
#include "result_fixture.h"
#include "sentence.h"
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result *make(void)
{
    const struct fixture_options options = {
        .seconds = 10, .all_measured = true, .faults = false, .seed = 9};

    return result_fixture(&options);
}

/* Frees the result. */
static char *sentence_of(struct result *result)
{
    struct text out = {0};

    assert_int_equal(sentence_write(result, &out), 0);
    result_free(result);
    return text_take(&out);
}

static void a_headroom_that_could_not_be_measured_is_said_with_its_reason(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result->findings.checks = calloc(1, sizeof *result->findings.checks);
    assert_non_null(result->findings.checks);
    result->findings.checks_count = 1;
    (void)strcpy(result->findings.checks[0].check, "attained");
    text = report_text(result, "md");
    assert_null(strstr(text, "headroom"));
    free(text);
    (void)strcpy(result->cases[0].calibration.reason, "nothing got through");
    text = report_text(result, "md");
    report_text_has(text, "could not be measured: nothing got through.");
    free(text);
    result_free(result);
}

static void the_summary_tells_the_least_headroom(void **state)
{
    struct result *result = make();
    struct text out = {0};
    char *text;

    (void)state;
    result->cases[0].phases[0].measured = true;
    result->cases[0].phases[0].asked_peak_per_s = 1e6;
    result->cases[0].calibration.ceiling_per_s = 3.4e6;
    assert_int_equal(summary_write(result, 80, &out), 0);
    text = text_take(&out);
    report_text_has(text, "\n  headroom 3.4x: the generator alone reached 3.40M/s, into memory");
    free(text);
    result_free(result);
}

/* A verdict about counts holds, and the figures in the table beside it may be the generator's. */
static void a_pass_with_an_invalid_self_check_says_which_figures_to_doubt(void **state)
{
    struct result *result = make();
    struct text out = {0};
    char *text;

    (void)state;
    result_fixture_findings(result);
    result->findings.searches_count = 0;
    result->verdict = VERDICT_PASS;
    assert_int_equal(summary_write(result, 200, &out), 0);
    text = text_take(&out);
    report_text_has(text,
                    "\n  ! Latencies may be too high, because the load generator was overloaded");
    report_text_has(text, "agent-2 (97 %, limit 90 %): ");
    free(text);
    text = report_text(result, "html");
    report_text_has(
        text, "Self-check: Latencies may be too high, because the load generator was overloaded");
    free(text);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        result->findings.checks[i].status = CHECK_SUSPECT;
    }
    text = report_text(result, "html");
    assert_null(strstr(text, "Self-check: Latencies"));
    free(text);
    result_free(result);
}

static void a_run_without_findings_has_none_of_their_sections(void **state)
{
    static const char *const headings[] = {
        "Certainty of the objectives", "Highest sustainable rate", "Results against the baseline",
        "Results by case", "Findings and advice"};
    struct result *result = make();
    char *text = report_text(result, "md");

    (void)state;
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++) {
        assert_null(strstr(text, headings[i]));
    }
    free(text);
    result_free(result);
}

static void the_self_check_shows_what_failed_and_the_closest_of_the_rest(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    text = report_text(result, "md");
    report_text_has(text, "2 of 4 checks");
    report_text_has(text, "✗ invalid | 97 % | 90 % | agent-2");
    report_text_has(text, "✓ ok | 61.0 µs | 1.00 ms | agent-2");
    assert_null(strstr(text, "42.0 µs | 1.00 ms"));
    assert_true(strstr(text, "✗ invalid") < strstr(text, "⚠ suspect"));
    assert_true(strstr(text, "⚠ suspect") < strstr(text, "✓ ok"));
    free(text);
    result_free(result);
}

/* A run of hundreds of cases on dozens of agents has more rows than anybody reads. */
static void a_self_check_with_many_faults_shows_the_worst_and_counts_the_rest(void **state)
{
    struct result *result = make();
    struct findings *findings = &result->findings;
    const uint32_t count = 300;
    struct result_check *grown = realloc(findings->checks, count * sizeof *grown);
    char *text;

    (void)state;
    assert_non_null(grown);
    findings->checks = grown;
    memset(grown, 0, count * sizeof *grown);
    for (uint32_t i = 0; i < count; i++) {
        grown[i].status = i == count - 1 ? CHECK_INVALID : CHECK_SUSPECT;
        (void)snprintf(grown[i].check, sizeof grown[i].check, "signal");
        (void)snprintf(grown[i].text, sizeof grown[i].text, "fault %u.", i);
    }
    findings->checks_count = count;
    text = report_text(result, "md");
    report_text_has(text, "100 more that are not within their limits");
    report_text_has(text, "fault 299.");
    report_text_has(text, "fault 198.");
    assert_null(strstr(text, "fault 199."));
    free(text);
    result_free(result);
}

static void a_comparison_tells_change_interval_and_how_many_pairs_are_missing(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    text = report_text(result, "md");
    report_text_has(text, "-12.0 % | -15.0 % to -9.0 %");
    report_text_has(text, "✗ worse: a regression");
    report_text_has(text, "? inconclusive (7 more pairs needed)");
    report_text_has(text, "1 more comparison without a clear change is in result.json");
    free(text);
    result_free(result);
}

static void an_insight_stands_with_its_rule_and_figures(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    text = report_text(result, "md");
    report_text_has(text, "above 4 KiB every further KiB adds 0.2 ms");
    report_text_has(text, "batch small messages below that size");
    report_text_has(text, "knee 4.00 KiB, p99 1.20 ms");
    /* It was told twice of which case it speaks, and "%" was written twice. */
    report_text_has(text, "\n- rabbit-3.10: acknowledged costs against baseline");
    report_text_has(text, "| e2e.p99 162.8 % |");
    report_text_has(text, "1 of 5 trials | 8.1 % | 14.5 %");
    free(text);
    result_free(result);
}

static void a_search_has_both_bounds_and_each_rate_it_tried(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_search(result);
    text = report_text(result, "md");
    report_text_has(text, "✓ found | 42,100/s | 42,900/s | 2 %");
    report_text_has(text, "✗ did not hold | e2e.p99 was 81 ms");
    report_text_has(text, "| 1 | 20,000/s");
    report_text_has(text, "3 (confirms)");
    report_text_has(text, "the load generator was late");
    free(text);
    result_free(result);
}

static void a_case_of_a_sweep_has_its_median_with_its_interval(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_sweep(result);
    text = report_text(result, "md");
    report_text_has(text, "2.00 ms (1.80 ms to 2.20 ms)");
    report_text_has(text, "6.00 ms (5.40 ms to 6.60 ms)");
    free(text);
    result_free(result);
}

static void the_sentence_of_a_search_is_the_rate_it_found(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_search(result);
    text = sentence_of(result);
    assert_string_equal(text, "PASS - 42,100/s is the highest rate memory sustains "
                              "(limited by: e2e.p99 < 10ms was missed)");
    free(text);
}

/* Not of the self-check of all its trials: overload is what a search is there to find. */
static void the_sentence_of_a_search_that_the_generator_ended_says_at_which_rate(void **state)
{
    struct result *result = make();
    struct result_search *search;
    char *text;

    (void)state;
    result_fixture_search(result);
    result->verdict = VERDICT_INVALID;
    search = &result->findings.searches[0];
    search->found = false;
    (void)snprintf(search->limit, sizeof search->limit,
                   "generator-limited at 43,000/s: self-check load_thread_cpu of agent-1");
    text = sentence_of(result);
    report_text_has(text, "NOT JUDGED - the search has no reliable answer. ");
    report_text_has(text, "sustains at least 42,100/s (generator-limited at 43,000/s: self-check");
    assert_null(strstr(text, "the load generator may have made"));
    free(text);
}

static void the_sentence_of_a_search_that_met_no_limit_is_a_lower_bound(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_search(result);
    result->findings.searches[0].found = false;
    (void)snprintf(result->findings.searches[0].limit, REASON_BYTES, "the largest rate held");
    text = sentence_of(result);
    assert_string_equal(text, "PASS - memory sustains at least 42,100/s (the largest rate held)");
    free(text);
}

static void the_sentence_of_a_comparison_is_the_difference_it_found(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    text = sentence_of(result);
    report_text_has(text,
                    "rabbit-3.10 costs 12.0 % (9.0 to 15.0 %) throughput; 1 of 3 comparisons are "
                    "inconclusive, nothing lost");
    free(text);
}

/* A sweep of five sizes on four brokers pushed all else off the first screen. */
static void many_cases_have_one_row_per_target_on_the_first_screen(void **state)
{
    struct result *result = make();
    const char *first_screen;
    char *text;
    char *end;

    (void)state;
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].phases_count; j++) {
            result->cases[i].phases[j].measured = true;
        }
    }
    result_fixture_sweep(result);
    text = report_text(result, "md");
    end = strstr(text, "\n## ");
    assert_non_null(end);
    *end = '\0';
    first_screen = text;
    report_text_has(first_screen, "rabbitmq (3 cases)");
    assert_null(strstr(first_screen, "payload.size="));
    report_text_has(first_screen, " to ");
    report_text_has(first_screen, "Objectives: in how many cases they were met");
    free(text);
    result_free(result);
}

static void a_change_of_many_times_is_told_as_a_factor(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    result->findings.comparisons[1].verdict = COMPARISON_WORSE;
    result->findings.comparisons[1].ratio = 3.4;
    result->findings.comparisons[1].low = 3.1;
    result->findings.comparisons[1].high = 12.3;
    text = report_text(result, "md");
    report_text_has(text, "e2e.p99 is 3.4 times as high on rabbit-3.10");
    report_text_has(text, "3.4 times | 3.1 times to 12 times");
    free(text);
    result_free(result);
}

/* Of two pairs: "-100.0 % to 2021419771514 times". */
static void a_bound_beyond_all_measure_is_told_as_that(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    result->findings.comparisons[1].low = 1e-12;
    result->findings.comparisons[1].high = 2021419771514.0;
    text = report_text(result, "md");
    report_text_has(text, "-100.0 % to over 1000 times");
    free(text);
    result_free(result);
}

/* "asked 0/s, sent 0/s" is no answer to how fast a backlog was emptied. */
static void a_phase_that_only_receives_has_the_rate_that_was_received(void **state)
{
    struct result *result = make();
    struct result_phase *drain = NULL;
    struct text out = {0};
    char *text;

    (void)state;
    for (uint32_t i = 0; i < result->cases[0].phases_count && drain == NULL; i++) {
        bool is_drain = strcmp(result->cases[0].phases[i].name, "drain") == 0;

        drain = is_drain ? &result->cases[0].phases[i] : NULL;
    }
    assert_non_null(drain);
    drain->measured = true;
    drain->asked_per_s = 0.0;
    drain->sent_per_s = 0.0;
    drain->received_per_s = 2890000.0;
    text = report_text(result, "md");
    report_text_has(text, "| drain | – | 2.89M/s received |");
    free(text);
    assert_int_equal(summary_write(result, 120, &out), 0);
    text = text_take(&out);
    report_text_has(text, " 2.89M/s recv ");
    free(text);
    result_free(result);
}

/* "memory/messages=10", "memory/messages=50" and so on were wider than the screen. */
static void objectives_of_one_targets_cases_are_named_without_it(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    text = report_text(result, "md");
    report_text_has(text, "| objective | phase | memory | rabbit-3.10 | kafka |");
    free(text);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        (void)snprintf(result->cases[i].target, NAME_BYTES, "memory");
        (void)snprintf(result->cases[i].name, NAME_BYTES, "memory/size=%u", i);
    }
    text = report_text(result, "md");
    report_text_has(text, "| objective | phase | size=0 | size=1 | size=2 |");
    free(text);
    result_free(result);
}

static void the_sentence_of_an_invalid_run_says_why_and_what_to_change(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    result->verdict = VERDICT_INVALID;
    text = sentence_of(result);
    report_text_has(
        text, "NOT JUDGED - Latencies may be too high, because the load generator was overloaded. "
              "agent-2 (97 %, limit 90 %): ");
    free(text);
}

static void a_regression_is_told_beside_objectives_that_were_missed(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result->verdict = VERDICT_FAIL;
    result->objectives[0].met = MET_NO;
    result_fixture_reason(result, "regression", "memory", "publish.p99 in steady is +50.0 %");
    text = sentence_of(result);
    report_text_has(text, "; regression: publish.p99 in steady is +50.0 % (memory)");
    free(text);
}

static void the_sentence_of_a_sweep_tells_the_range_of_its_cases(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_sweep(result);
    text = sentence_of(result);
    report_text_has(text, "p99 end to end 95.7 µs to 12.0 ms (rabbitmq), ");
    assert_null(strstr(text, "payload.size="));
    report_text_has(text, "in 4 cases on 2 brokers");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_headroom_that_could_not_be_measured_is_said_with_its_reason),
        cmocka_unit_test(the_summary_tells_the_least_headroom),
        cmocka_unit_test(a_pass_with_an_invalid_self_check_says_which_figures_to_doubt),
        cmocka_unit_test(a_run_without_findings_has_none_of_their_sections),
        cmocka_unit_test(the_self_check_shows_what_failed_and_the_closest_of_the_rest),
        cmocka_unit_test(a_self_check_with_many_faults_shows_the_worst_and_counts_the_rest),
        cmocka_unit_test(a_comparison_tells_change_interval_and_how_many_pairs_are_missing),
        cmocka_unit_test(an_insight_stands_with_its_rule_and_figures),
        cmocka_unit_test(a_search_has_both_bounds_and_each_rate_it_tried),
        cmocka_unit_test(a_case_of_a_sweep_has_its_median_with_its_interval),
        cmocka_unit_test(the_sentence_of_a_search_is_the_rate_it_found),
        cmocka_unit_test(the_sentence_of_a_search_that_the_generator_ended_says_at_which_rate),
        cmocka_unit_test(the_sentence_of_a_search_that_met_no_limit_is_a_lower_bound),
        cmocka_unit_test(the_sentence_of_a_comparison_is_the_difference_it_found),
        cmocka_unit_test(many_cases_have_one_row_per_target_on_the_first_screen),
        cmocka_unit_test(a_change_of_many_times_is_told_as_a_factor),
        cmocka_unit_test(a_bound_beyond_all_measure_is_told_as_that),
        cmocka_unit_test(a_phase_that_only_receives_has_the_rate_that_was_received),
        cmocka_unit_test(objectives_of_one_targets_cases_are_named_without_it),
        cmocka_unit_test(the_sentence_of_an_invalid_run_says_why_and_what_to_change),
        cmocka_unit_test(a_regression_is_told_beside_objectives_that_were_missed),
        cmocka_unit_test(the_sentence_of_a_sweep_tells_the_range_of_its_cases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
