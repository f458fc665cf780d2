#include "made_up.h"

#include <string.h>

static void with_tail(struct result_phase *phase, int64_t tail_ns)
{
    made_up_samples(phase, SERIES_E2E, 1000000, 20000);
    made_up_samples(phase, SERIES_E2E, tail_ns, 100);
}

static void a_result_without_anything_has_no_insights(void **state)
{
    struct result *result = made_up(30);

    (void)state;
    assert_int_equal(insight_find(result, NULL), 0);
    assert_int_equal(result->findings.insights_count, 0);
    result_free(result);
}

static void looking_again_replaces_what_was_found(void **state)
{
    struct result *result = made_up(30);

    (void)state;
    with_tail(made_up_merged(result), 50000000);
    assert_non_null(insight_of(result, "tail_far_from_median"));
    assert_int_equal(result->findings.insights_count, 1);
    assert_non_null(insight_of(result, "tail_far_from_median"));
    assert_int_equal(result->findings.insights_count, 1);
    assert_string_equal(result->findings.insights[0].case_name, "case-0");
    result_free(result);
}

static void a_case_that_was_not_measured_has_none(void **state)
{
    struct result *result = made_up(30);

    (void)state;
    with_tail(made_up_merged(result), 50000000);
    result->cases[0].status = CASE_FAILED;
    assert_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

/* A sweep would bury its report under the same sentence. */
static void of_many_like_it_the_heaviest_are_kept(void **state)
{
    struct result *result = made_up(30);
    const struct result_insight *insights;

    (void)state;
    with_tail(made_up_merged(result), 50000000);
    for (int64_t i = 1; i < 6; i++) {
        with_tail(&made_up_case(result, 30)->phases[0], 50000000 + i * 10000000);
    }
    insights = insight_of(result, "tail_far_from_median");
    assert_int_equal(result->findings.insights_count, 3);
    assert_string_equal(insights[0].case_name, "case-5");
    assert_string_equal(insights[2].case_name, "case-3");
    assert_null(strstr(insights[1].text, " more)"));
    assert_non_null(strstr(insights[2].text, "(and 3 more)"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_without_anything_has_no_insights),
        cmocka_unit_test(looking_again_replaces_what_was_found),
        cmocka_unit_test(a_case_that_was_not_measured_has_none),
        cmocka_unit_test(of_many_like_it_the_heaviest_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
