#include "made_up.h"

#include <stdlib.h>
#include <string.h>

struct tried {
    double per_s;
    enum step_outcome outcome;
};

/* A search of "case-0" to 2 % that tried those rates. */
static struct result *searched(const struct tried *tried, uint32_t count)
{
    struct result *result = made_up(10);
    struct findings *findings = &result->findings;

    findings->searches = calloc(1, sizeof *findings->searches);
    findings->search_steps = calloc(count, sizeof *findings->search_steps);
    assert_non_null(findings->searches);
    assert_non_null(findings->search_steps);
    strcpy(findings->searches[0].case_name, "case-0");
    findings->searches[0].width = 0.02;
    findings->searches_count = 1;
    for (uint32_t i = 0; i < count; i++) {
        strcpy(findings->search_steps[i].case_name, "case-0");
        findings->search_steps[i].asked_per_s = tried[i].per_s;
        findings->search_steps[i].outcome = tried[i].outcome;
    }
    findings->search_steps_count = count;
    return result;
}

static void a_rate_that_failed_far_below_one_that_held_is_said(void **state)
{
    static const struct tried tried[] = {
        {10000, STEP_GOOD}, {20000, STEP_BAD},  {14000, STEP_GOOD},
        {24000, STEP_GOOD}, {40000, STEP_VOID}, {21000, STEP_VOID},
    };
    struct result *result = searched(tried, 6);
    const struct result_insight *insight = insight_of(result, "search_unsteady");

    (void)state;
    assert_non_null(insight);
    assert_string_equal(insight->case_name, "case-0");
    assert_non_null(strstr(insight->text, "from 20,000/s to 24,000/s 1 of 2 trials held"));
    assert_true(figure_of(insight, "failed_lowest") == 20000.0);
    assert_true(figure_of(insight, "held_highest") == 24000.0);
    assert_non_null(strstr(insight->advice, "search.trial"));
    result_free(result);
}

static void trials_that_disagree_at_the_bound_only_say_nothing(void **state)
{
    static const struct tried tried[] = {
        {10000, STEP_GOOD}, {20000, STEP_BAD}, {20000, STEP_GOOD}, {20300, STEP_GOOD}};
    struct result *result = searched(tried, 4);

    (void)state;
    assert_null(insight_of(result, "search_unsteady"));
    result_free(result);
}

static void a_search_in_order_says_nothing(void **state)
{
    static const struct tried in_order[] = {
        {10000, STEP_GOOD}, {20000, STEP_BAD}, {14000, STEP_GOOD}};
    static const struct tried all_held[] = {{10000, STEP_GOOD}, {20000, STEP_GOOD}};
    static const struct tried none_held[] = {{10000, STEP_BAD}, {20000, STEP_VOID}};
    struct result *result = searched(in_order, 3);

    (void)state;
    assert_null(insight_of(result, "search_unsteady"));
    result_free(result);
    result = searched(all_held, 2);
    assert_null(insight_of(result, "search_unsteady"));
    result_free(result);
    result = searched(none_held, 2);
    assert_null(insight_of(result, "search_unsteady"));
    result_free(result);
}

static void steps_of_another_case_are_not_its_own(void **state)
{
    static const struct tried tried[] = {{10000, STEP_GOOD}, {20000, STEP_GOOD}, {10000, STEP_BAD}};
    struct result *result = searched(tried, 3);

    (void)state;
    strcpy(result->findings.search_steps[2].case_name, "case-1");
    assert_null(insight_of(result, "search_unsteady"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_that_failed_far_below_one_that_held_is_said),
        cmocka_unit_test(trials_that_disagree_at_the_bound_only_say_nothing),
        cmocka_unit_test(a_search_in_order_says_nothing),
        cmocka_unit_test(steps_of_another_case_are_not_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
