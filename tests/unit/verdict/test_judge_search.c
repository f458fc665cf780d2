#include "check.h"
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A run whose one case was searched with that outcome. */
static struct result *new_result(bool found, double lower, double upper, enum step_outcome last)
{
    struct result *result = calloc(1, sizeof *result);
    struct findings *findings = &result->findings;

    assert_non_null(result);
    result->cases = calloc(1, sizeof *result->cases);
    findings->searches = calloc(1, sizeof *findings->searches);
    findings->search_steps = calloc(1, sizeof *findings->search_steps);
    assert_true(result->cases != NULL && findings->searches != NULL &&
                findings->search_steps != NULL);
    result->cases_count = findings->searches_count = findings->search_steps_count = 1;
    (void)snprintf(result->cases[0].name, NAME_BYTES, "one");
    result->cases[0].status = CASE_MEASURED;
    result->cases[0].trials = calloc(1, sizeof *result->cases[0].trials);
    assert_non_null(result->cases[0].trials);
    result->cases[0].trials_count = 1;
    findings->searches[0] = (struct result_search){.case_name = "one",
                                                   .found = found,
                                                   .lower_per_s = lower,
                                                   .upper_per_s = upper,
                                                   .limit = "the backlog grew"};
    findings->search_steps[0] = (struct result_search_step){.case_name = "one", .outcome = last};
    return result;
}

static void judged(struct result *result, enum verdict verdict, enum met met, const char *code)
{
    static const struct judge_events none;
    static const struct judge_terms terms;

    assert_int_equal(judge_result(result, &terms, &none, NULL), 0);
    assert_int_equal(result->verdict, verdict);
    assert_int_equal(result->objectives_count, 1);
    assert_int_equal(result->objectives[0].met, met);
    assert_string_equal(result->reasons_count > 0 ? result->reasons[0].code : "", code);
    result_free(result);
}

static void a_search_with_both_bounds_passes(void **state)
{
    (void)state;
    judged(new_result(true, 1000.0, 1010.0, STEP_BAD), VERDICT_PASS, MET_YES, "");
}

static void a_range_that_holds_to_its_end_passes(void **state)
{
    (void)state;
    judged(new_result(false, 5000.0, 0.0, STEP_GOOD), VERDICT_PASS, MET_YES, "");
}

static void a_search_in_which_nothing_held_fails(void **state)
{
    (void)state;
    judged(new_result(false, 0.0, 100.0, STEP_BAD), VERDICT_FAIL, MET_NO, "no_rate_held");
}

static void a_search_that_the_generator_ended_is_invalid(void **state)
{
    (void)state;
    judged(new_result(false, 1000.0, 0.0, STEP_VOID), VERDICT_INVALID, MET_NOT_AVAILABLE,
           "generator_limited");
}

static void a_search_whose_trials_contradict_each_other_is_invalid(void **state)
{
    (void)state;
    judged(new_result(false, 1000.0, 1010.0, STEP_BAD), VERDICT_INVALID, MET_NOT_AVAILABLE,
           "search_unsettled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_with_both_bounds_passes),
        cmocka_unit_test(a_range_that_holds_to_its_end_passes),
        cmocka_unit_test(a_search_in_which_nothing_held_fails),
        cmocka_unit_test(a_search_that_the_generator_ended_is_invalid),
        cmocka_unit_test(a_search_whose_trials_contradict_each_other_is_invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
