/* The badge and the short sentence of the first screen. */
#include "check.h"

#include "result_fixture.h"
#include "verdict_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result *make(bool faults)
{
    const struct fixture_options options = {
        .seconds = 60, .all_measured = true, .faults = faults, .seed = 9};

    return result_fixture(&options);
}

static uint32_t words_of(const char *text)
{
    uint32_t count = 0;

    for (size_t i = 0; text[i] != '\0'; i++) {
        count += text[i] != ' ' && (i == 0 || text[i - 1] == ' ') ? 1 : 0;
    }
    return count;
}

/* The caller frees it. */
static char *told(const struct result *result)
{
    struct text out = {0};
    struct text sentence = {0};

    assert_int_equal(verdict_text(result, &out), 0);
    verdict_sentence(result, &sentence);
    assert_non_null(sentence.bytes);
    assert_true(words_of(sentence.bytes) <= VERDICT_WORDS_MAX);
    text_done(&sentence);
    return text_take(&out);
}

static void expect(struct result *result, const char *wanted)
{
    char *text = told(result);

    assert_string_equal(text, wanted);
    free(text);
    result_free(result);
}

static void a_fail_tells_what_was_lost_the_outage_and_how_many_more(void **state)
{
    (void)state;
    expect(make(true), "FAIL - 42 messages were lost on rabbit-3.10, limit 0; rabbit-3.10 away "
                       "for 4.10 s; 2 more objectives were missed.");
}

static void a_run_that_sent_nothing_was_not_run(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_FAILED);

    (void)state;
    result_fixture_reason(result, "no_target", "", "agent-1 cannot log in at 127.0.0.1:5999");
    expect(result, "NOT RUN - agent-1 cannot log in at 127.0.0.1:5999.");
}

static void a_run_that_failed_under_load_is_incomplete(void **state)
{
    struct result *result = make(false);

    (void)state;
    result->verdict = VERDICT_FAILED;
    result_fixture_reason(result, "disk", "", "the disk is full: free some space");
    expect(result, "INCOMPLETE - the run ended early: the disk is full: free some space.");
}

/* They had the whole reason, of sixty words. */
static void of_a_long_reason_whole_clauses_are_told(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_FAILED);

    (void)state;
    result_fixture_reason(result, "x", "",
                          "the broker refused the topic: a b c d e f g h i j k l m n o p q r s t u "
                          "v w x y z; and this is not told either");
    expect(result, "NOT RUN - the broker refused the topic.");
}

static void a_reason_without_clauses_that_fit_is_told_below(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_FAILED);

    (void)state;
    result_fixture_reason(result, "x", "",
                          "a b c d e f g h i j k l m n o p q r s t u v w x y z and still goes on");
    expect(result, "NOT RUN - no message was sent.");
}

static void a_pass_on_a_busy_host_says_so_on_its_badge(void **state)
{
    struct result *result = make(false);
    char *text;

    (void)state;
    result_fixture_findings(result);
    result->verdict = VERDICT_PASS;
    result->findings.checks[0].status = CHECK_INVALID;
    assert_string_equal(verdict_badge(result), "PASS (host busy)");
    text = told(result);
    assert_non_null(strstr(text, "throughput -12.0 % on rabbit-3.10"));
    free(text);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        result->findings.checks[i].status = CHECK_OK;
    }
    assert_string_equal(verdict_badge(result), "PASS");
    result_free(result);
}

static void badges_of_the_other_verdicts(void **state)
{
    struct result *result = make(false);

    (void)state;
    result->verdict = VERDICT_INVALID;
    assert_string_equal(verdict_badge(result), "NOT JUDGED");
    result->verdict = VERDICT_REGRESSION;
    assert_string_equal(verdict_badge(result), "REGRESSION");
    result->cut_off = true;
    assert_string_equal(verdict_badge(result), "INCOMPLETE");
    result->verdict = VERDICT_INTERRUPTED;
    assert_string_equal(verdict_badge(result), "STOPPED");
    result_free(result);
}

static void a_search_tells_the_rate_that_holds(void **state)
{
    struct result *result = make(false);
    char *text;

    (void)state;
    result_fixture_search(result);
    result->verdict = VERDICT_PASS;
    text = told(result);
    assert_non_null(strstr(text, "memory sustains 42,100/s"));
    free(text);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fail_tells_what_was_lost_the_outage_and_how_many_more),
        cmocka_unit_test(a_run_that_sent_nothing_was_not_run),
        cmocka_unit_test(a_run_that_failed_under_load_is_incomplete),
        cmocka_unit_test(of_a_long_reason_whole_clauses_are_told),
        cmocka_unit_test(a_reason_without_clauses_that_fit_is_told_below),
        cmocka_unit_test(a_pass_on_a_busy_host_says_so_on_its_badge),
        cmocka_unit_test(badges_of_the_other_verdicts),
        cmocka_unit_test(a_search_tells_the_rate_that_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
