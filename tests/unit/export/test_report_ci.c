/* What judging found, in the formats that CI systems and scripts read. */
#include "check.h"

#include "report_text.h"
#include "result_fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result *make(void)
{
    const struct fixture_options options = {
        .seconds = 10, .all_measured = true, .faults = false, .seed = 9};
    struct result *result = result_fixture(&options);

    result->verdict = VERDICT_PASS;
    return result;
}

/* The test case of that name, up to its end; the caller frees. */
static char *testcase(const struct result *result, const char *name)
{
    char *junit = report_text(result, "junit.xml");
    char wanted[256];
    char *found;
    char *end;

    (void)snprintf(wanted, sizeof wanted, " name=\"%s\">", name);
    assert_int_equal(report_text_count(junit, wanted), 1);
    found = strstr(junit, wanted);
    end = strstr(found, "</testcase>");
    assert_non_null(end);
    *end = '\0';
    found = strdup(found + strlen(wanted));
    free(junit);
    return found;
}

static void expect_case(const struct result *result, const char *name, const char *wanted)
{
    char *inside = testcase(result, name);

    assert_string_equal(inside, wanted);
    free(inside);
}

/* Whoever reads the pass in CI has to see that the host was known to be busy. */
static void junit_and_the_badge_say_that_the_self_check_only_warns(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    assert_true(result->findings.checks_count > 0);
    result->findings.checks[0].status = CHECK_INVALID;
    text = report_text(result, "junit.xml");
    assert_int_equal(report_text_count(text, "<property name=\"selfcheck\" value=\"strict\"/>"), 1);
    free(text);
    result->selfcheck_warns = true;
    text = report_text(result, "junit.xml");
    assert_int_equal(report_text_count(text, "<property name=\"selfcheck\" value=\"warn\"/>"), 1);
    assert_int_equal(report_text_count(text, "PASS (host busy)"), 1);
    free(text);
    text = report_text(result, "report.html");
    assert_int_equal(report_text_count(text, "PASS (host busy)</span>"), 1);
    free(text);
    text = report_text(result, "result.json");
    assert_int_equal(report_text_count(text, "\"selfcheck_mode\": \"warn\""), 1);
    free(text);
    result_free(result);
}

/* It was n/a, or nothing at all, in each of them. */
static void what_is_not_judged_shows_what_was_observed(void **state)
{
    struct result *result = make();
    struct result_objective *row = &result->objectives[0];
    char *text;

    (void)state;
    (void)strcpy(row->text, "e2e.p99 < 1ms");
    (void)strcpy(row->unit, "ns");
    (void)strcpy(row->reason, "self-check send_lag of agent-1: late");
    row->observed = 4490000.0;
    row->has_observed = true;
    row->met = MET_NOT_AVAILABLE;
    text = report_text(result, "junit.xml");
    assert_true(report_text_count(text, "4.49 ms: self-check send_lag") > 0);
    free(text);
    text = report_text(result, "result.json");
    assert_true(report_text_count(text, "\"observed\": 4490000") > 0);
    free(text);
    text = report_text(result, "report.html");
    assert_true(report_text_count(text, "? 4.49 ms, not judged") > 0);
    free(text);
    text = report_text(result, "summary.md");
    assert_true(report_text_count(text, "? 4.49 ms, not judged") > 0);
    free(text);
    text = report_text(result, "objectives.csv");
    assert_true(report_text_count(text, ",4490000") > 0);
    free(text);
    result_free(result);
}

#define SEARCH "search: the highest sustainable rate"

static struct result *make_searched(enum met met)
{
    struct result *result = make();

    result_fixture_search(result);
    result_fixture_keep(result, 0);
    (void)snprintf(result->objectives[0].text, NAME_BYTES, "sustainable rate &gt; 0/s");
    result->objectives[0].met = met;
    result->objectives_count = 1;
    return result;
}

static void a_search_is_a_test_case_with_both_bounds(void **state)
{
    struct result *result = make_searched(MET_YES);
    char *junit = report_text(result, "junit.xml");

    (void)state;
    expect_case(result, SEARCH,
                "<system-out>42,100/s held, 42,900/s did not: e2e.p99 &lt; 10ms was missed"
                "</system-out>");
    assert_null(strstr(junit, "sustainable rate &amp;")); /* It would be told twice. */
    free(junit);
    result_free(result);
}

static void a_search_fails_only_where_the_broker_held_no_rate(void **state)
{
    struct result *none = make_searched(MET_NO);
    struct result *unsettled = make_searched(MET_NOT_AVAILABLE);
    struct result *unfinished = make_searched(MET_NOT_AVAILABLE);

    (void)state;
    none->findings.searches[0].lower_per_s = 0.0;
    expect_case(none, SEARCH,
                "<failure type=\"search\" message=\"no rate held, 42,900/s did not: e2e.p99 &lt; "
                "10ms was missed\"/>");
    unsettled->findings.searches[0].upper_per_s = 0.0;
    expect_case(unsettled, SEARCH,
                "<error type=\"search\" message=\"42,100/s held: e2e.p99 &lt; 10ms was missed\"/>");
    unfinished->objectives_count = 0;
    unfinished->findings.searches[0].limit[0] = '\0';
    expect_case(unfinished, SEARCH,
                "<skipped type=\"unfinished\" message=\"42,100/s held, 42,900/s did not\"/>");
    result_free(none);
    result_free(unsettled);
    result_free(unfinished);
}

#define GATE "received_rate in steady not worse than rabbit-3.10"

/* The first comparison gates: received_rate fell by 12 %. */
static struct result *make_compared(enum verdict verdict)
{
    struct result *result = make();

    result_fixture_findings(result);
    result->verdict = verdict;
    for (uint32_t i = 0; i < result->findings.comparisons_count; i++) {
        (void)snprintf(result->findings.comparisons[i].baseline, NAME_BYTES, "rabbit-3.10");
    }
    return result;
}

static void a_comparison_that_gates_fails_when_it_is_worse(void **state)
{
    struct result *result = make_compared(VERDICT_REGRESSION);
    char *junit = report_text(result, "junit.xml");

    (void)state;
    expect_case(result, GATE,
                "<failure type=\"regression\" message=\"worse: -12.0 % (95 %: -15.0 % to -9.0 %) "
                "over 5 pairs of trials; 10 % is the limit\"/>");
    /* The others gate nothing. */
    assert_int_equal(report_text_count(junit, " not worse than "), 1);
    free(junit);
    result_free(result);
}

static void a_comparison_that_gates_passes_when_it_is_not_worse(void **state)
{
    struct result *result = make_compared(VERDICT_PASS);

    (void)state;
    result->findings.comparisons[0].verdict = COMPARISON_SAME;
    (void)snprintf(result->findings.comparisons[0].flow, NAME_BYTES, "orders");
    expect_case(result, "received_rate in steady by flow orders not worse than rabbit-3.10",
                "<system-out>same: -12.0 % (95 %: -15.0 % to -9.0 %) over 5 pairs of trials; 10 % "
                "is the limit</system-out>");
    result_free(result);
}

/* As the exit code has it: nothing that was not shown to be worse is a failure. */
static void a_comparison_that_can_not_tell_is_skipped_with_the_reason(void **state)
{
    struct result *result = make_compared(VERDICT_PASS);
    struct result_comparison *row = &result->findings.comparisons[0];

    (void)state;
    row->verdict = COMPARISON_INCONCLUSIVE;
    row->pairs_more = 7;
    expect_case(result, GATE,
                "<skipped type=\"inconclusive\" message=\"inconclusive: -12.0 % (95 %: -15.0 % to "
                "-9.0 %) over 5 pairs of trials; 10 % is the limit; about 7 more are needed\"/>");
    row->verdict = COMPARISON_NOT_AVAILABLE;
    row->pairs = 0;
    (void)snprintf(row->reason, REASON_BYTES, "the baseline was skipped");
    expect_case(result, GATE, "<skipped type=\"n/a\" message=\"the baseline was skipped\"/>");
    result_free(result);
}

static void a_comparison_that_lacks_pairs_fails_where_it_was_judged(void **state)
{
    static const char wanted[] = "<%s type=\"no_samples\" message=\"inconclusive: -12.0 %% over 1 "
                                 "pair of trials; 10 %% is the limit; at least 2 pairs are "
                                 "needed\"/>";
    struct result *result = make_compared(VERDICT_FAIL);
    struct result_comparison *row = &result->findings.comparisons[0];
    char text[512];

    (void)state;
    row->verdict = COMPARISON_INCONCLUSIVE;
    row->pairs = 1;
    row->low = NAN;
    row->high = NAN;
    (void)snprintf(text, sizeof text, wanted, "skipped");
    expect_case(result, GATE, text); /* The run was ended before. */
    result_fixture_reason(result, "no_samples", row->case_name,
                          "received_rate in steady cannot be compared with rabbit-3.10: there is "
                          "one pair of trials");
    (void)snprintf(text, sizeof text, wanted, "failure");
    expect_case(result, GATE, text);
    result_free(result);
}

static void a_comparison_of_figures_that_are_not_valid_is_an_error(void **state)
{
    struct result *result = make_compared(VERDICT_INVALID);

    (void)state;
    result_fixture_reason(result, "invalid", result->findings.comparisons[0].case_name,
                          "received_rate against rabbit-3.10 is not reliable: self-check "
                          "load_thread_cpu: a load thread was busy");
    expect_case(result, GATE,
                "<error type=\"invalid\" message=\"received_rate against rabbit-3.10 is not "
                "reliable: self-check load_thread_cpu: a load thread was busy\"/>");
    result_free(result);
}

/* Not one of each agent and case: those are thousands. */
static void a_signal_of_the_self_check_is_one_test_case(void **state)
{
    struct result *result = make_compared(VERDICT_INVALID);
    char *junit = report_text(result, "junit.xml");

    (void)state;
    assert_int_equal(report_text_count(junit, "classname=\"self-check\""), 3);
    free(junit);
    expect_case(result, "send_lag", "");
    expect_case(result, "headroom",
                "<system-out>suspect: 1.6 (limit 2): the generator could make 1.6 times this "
                "rate</system-out>");
    expect_case(result, "load_thread_cpu",
                "<error type=\"invalid\" message=\"invalid: agent-2: 97 % (limit 90 %): a load "
                "thread was busy: use more agents or a lower rate\"/>");
    (void)snprintf(result->findings.checks[1].check, NAME_BYTES, "load_thread_cpu");
    result->findings.checks[1].status = CHECK_INVALID;
    (void)snprintf(result->findings.checks[0].check, NAME_BYTES, "load_thread_cpu");
    result->findings.checks[0].status = CHECK_SUSPECT;
    (void)snprintf(result->findings.checks[1].text, REASON_BYTES, "%s",
                   result->findings.checks[2].text);
    result->findings.checks[1].observed = 0.97;
    result->findings.checks[1].limit = 0.9;
    result->findings.checks[1].unit[0] = '\0';
    (void)snprintf(result->findings.checks[1].case_name, NAME_BYTES, "kafka");
    expect_case(result, "load_thread_cpu",
                "<error type=\"invalid\" message=\"invalid: agent-2, kafka: 97 % (limit 90 %): a "
                "load thread was busy: use more agents or a lower rate (and 1 more)\"/>");
    result_free(result);
}

static void a_signal_that_was_not_measured_is_skipped_with_the_reason(void **state)
{
    struct result *result = make_compared(VERDICT_PASS);

    (void)state;
    result->findings.checks[1].status = CHECK_NOT_MEASURED;
    result->findings.checks[1].observed = NAN;
    (void)snprintf(result->findings.checks[1].text, REASON_BYTES, "this host does not tell it");
    expect_case(result, "send_lag",
                "<skipped type=\"not measured\" message=\"not measured: agent-2: this host does "
                "not tell it\"/>");
    result_free(result);
}

/* No objective needed it: the exit code is 0, and a pipeline stays green. */
static void an_invalid_signal_of_a_run_that_passed_is_skipped(void **state)
{
    struct result *result = make_compared(VERDICT_PASS);
    char *inside = testcase(result, "load_thread_cpu");

    (void)state;
    assert_int_equal(strncmp(inside, "<skipped type=\"invalid\"", 23), 0);
    free(inside);
    result_free(result);
}

static void the_totals_of_junit_count_what_is_in_it(void **state)
{
    struct result *result = make_compared(VERDICT_INVALID);
    char *junit;
    char head[128];

    (void)state;
    result_fixture_search(result);
    junit = report_text(result, "junit.xml");
    (void)snprintf(head, sizeof head, "tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\"",
                   report_text_count(junit, "<testcase "), report_text_count(junit, "<failure "),
                   report_text_count(junit, "<error "), report_text_count(junit, "<skipped "));
    assert_non_null(strstr(junit, head));
    assert_true(report_text_count(junit, "<failure ") > 0 &&
                report_text_count(junit, "<error ") > 1);
    free(junit);
    result_free(result);
}

/* Fields of one record, by RFC 4180; *at moves behind it. */
static uint32_t csv_record(const char **at)
{
    uint32_t fields = 1;
    bool quoted = false;

    for (; **at != '\0'; (*at)++) {
        quoted ^= **at == '"';
        fields += **at == ',' && !quoted ? 1 : 0;
        if (strncmp(*at, "\r\n", 2) == 0 && !quoted) {
            *at += 2;
            break;
        }
    }
    return fields;
}

static void expect_table(const struct result *result, const char *file_name, uint32_t rows)
{
    char *csv = report_text(result, file_name);
    const char *at = csv;
    uint32_t wanted = csv_record(&at);
    uint32_t records = 0;

    assert_true(wanted > 5);
    while (*at != '\0') {
        assert_int_equal(csv_record(&at), wanted);
        records++;
    }
    assert_int_equal(records, rows);
    free(csv);
}

static void tables_of_findings_are_rectangular_whatever_is_in_them(void **state)
{
    static const char nasty[] = "a,\"b\"\r\nc";
    struct result *result = make_compared(VERDICT_FAIL);
    uint32_t figures = 0;

    (void)state;
    result_fixture_search(result);
    result_fixture_sweep(result);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        (void)snprintf(result->cases[i].name, NAME_BYTES, "%s", nasty);
        figures += result->cases[i].figures_count;
    }
    assert_true(figures > 0);
    (void)snprintf(result->findings.comparisons[0].reason, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->findings.searches[0].limit, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->findings.search_steps[0].reason, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->findings.checks[0].text, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->objectives[0].reason, REASON_BYTES, "%s", nasty);
    expect_table(result, "figures.csv", figures);
    expect_table(result, "objectives.csv", result->objectives_count);
    expect_table(result, "comparisons.csv", 3);
    expect_table(result, "searches.csv", 1);
    expect_table(result, "search_steps.csv", result->findings.search_steps_count);
    expect_table(result, "selfcheck.csv", 4);
    result_free(result);
}

static void tables_without_rows_have_their_head(void **state)
{
    static const char *const names[] = {"figures.csv",  "objectives.csv",   "comparisons.csv",
                                        "searches.csv", "search_steps.csv", "selfcheck.csv",
                                        "resumes.csv"};
    struct result *result = result_fixture_empty(VERDICT_PASS);

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect_table(result, names[i], 0);
    }
    result_free(result);
}

static void expect_row(const struct result *result, const char *file_name, const char *row)
{
    char *csv = report_text(result, file_name);

    if (strstr(csv, row) == NULL) {
        fail_msg("\"%s\" is not in: %s", row, csv);
    }
    free(csv);
}

static void each_resumption_is_a_row(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_PASS);

    (void)state;
    result->resumes = calloc(1, sizeof *result->resumes);
    assert_non_null(result->resumes);
    result->resumes_count = 1;
    result->resumes[0] = (struct result_resume){.cause = RESUME_INTERRUPTED,
                                                .trial = 2,
                                                .trials_done = 2,
                                                .began_trial = true,
                                                .left_unix_ns = INT64_C(1770300210000000000),
                                                .resumed_unix_ns = INT64_C(1770300270000000000),
                                                .part_id = "20260205-140322-3f9a-r1",
                                                .agents_count = 3,
                                                .agents_new = 1};
    expect_table(result, "resumes.csv", 1);
    expect_row(result, "resumes.csv",
               "\r\ninterrupted,2,2,true,1770300210000000000,1770300270000000000,3,1,0,"
               "20260205-140322-3f9a-r1\r\n");
    result_free(result);
}

static void tables_hold_the_figures_of_the_findings(void **state)
{
    struct result *result = make_compared(VERDICT_PASS);
    struct result_comparison *row = &result->findings.comparisons[0];

    (void)state;
    result_fixture_search(result);
    (void)snprintf(row->case_name, NAME_BYTES, "kafka");
    expect_row(result, "comparisons.csv",
               "\r\nkafka,rabbit-3.10,steady,,received_rate,0.88,0.85,0.91,0.1,0.001,5,0,true,"
               "worse,\r\n");
    row->low = NAN;
    row->high = NAN;
    expect_row(result, "comparisons.csv", ",received_rate,0.88,,,0.1,");
    expect_row(result, "searches.csv", ",true,42100,42900,0.02,e2e.p99 < 10ms was missed\r\n");
    result->findings.searches[0].upper_per_s = 0.0;
    expect_row(result, "searches.csv", ",true,42100,,0.02,");
    expect_row(result, "search_steps.csv",
               ",0,false,good,20000,20000,20000,400000,1200000,900000,\r\n");
    expect_row(result, "selfcheck.csv", "\r\nload_thread_cpu,agent-2,,invalid,0.97,0.9,,a load");
    result_fixture_sweep(result);
    expect_row(result, "figures.csv", ",payload.size=1KiB,steady,,e2e.p99,3,");
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junit_and_the_badge_say_that_the_self_check_only_warns),
        cmocka_unit_test(what_is_not_judged_shows_what_was_observed),
        cmocka_unit_test(a_search_is_a_test_case_with_both_bounds),
        cmocka_unit_test(a_search_fails_only_where_the_broker_held_no_rate),
        cmocka_unit_test(a_comparison_that_gates_fails_when_it_is_worse),
        cmocka_unit_test(a_comparison_that_gates_passes_when_it_is_not_worse),
        cmocka_unit_test(a_comparison_that_can_not_tell_is_skipped_with_the_reason),
        cmocka_unit_test(a_comparison_that_lacks_pairs_fails_where_it_was_judged),
        cmocka_unit_test(a_comparison_of_figures_that_are_not_valid_is_an_error),
        cmocka_unit_test(a_signal_of_the_self_check_is_one_test_case),
        cmocka_unit_test(a_signal_that_was_not_measured_is_skipped_with_the_reason),
        cmocka_unit_test(an_invalid_signal_of_a_run_that_passed_is_skipped),
        cmocka_unit_test(the_totals_of_junit_count_what_is_in_it),
        cmocka_unit_test(tables_of_findings_are_rectangular_whatever_is_in_them),
        cmocka_unit_test(tables_without_rows_have_their_head),
        cmocka_unit_test(each_resumption_is_a_row),
        cmocka_unit_test(tables_hold_the_figures_of_the_findings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
