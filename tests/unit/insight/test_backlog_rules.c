#include "made_up.h"

#include <stdlib.h>
#include <string.h>

static struct result *with_backlog(uint32_t seconds, double per_s, double noise)
{
    struct result *result = made_up(seconds);
    struct result_trial *trial = made_up_trial(result);

    trial->phases[0].acked_per_s = 10000.0;
    trial->phases[0].received_per_s = 10000.0 - per_s;
    for (uint32_t i = 0; i < seconds; i++) {
        trial->intervals[i].backlog =
            (uint64_t)(2.0 * noise + per_s * (i + 1) + noise * made_up_noise(i));
    }
    return result;
}

static void a_backlog_that_grows_is_told(void **state)
{
    struct result *result = with_backlog(30, 500.0, 100.0);
    const struct result_insight *insight = insight_of(result, "backlog_growing");

    (void)state;
    assert_near(figure_of(insight, "growth"), 500.0, 0.02);
    assert_near(figure_of(insight, "received_rate"), 9500.0, 0.0);
    assert_non_null(strstr(insight->text, "95.0 %"));
    assert_true(strlen(insight->advice) > 0);
    result_free(result);
}

static void a_backlog_that_comes_and_goes_is_not_told(void **state)
{
    struct result *noise = with_backlog(30, 0.0, 5000.0);
    struct result *slow = with_backlog(30, 5.0, 0.0); /* 0.05 % of the rate. */
    struct result *brief = with_backlog(5, 500.0, 0.0);

    (void)state;
    assert_null(insight_of(noise, "backlog_growing"));
    assert_null(insight_of(slow, "backlog_growing"));
    assert_null(insight_of(brief, "backlog_growing"));
    result_free(noise);
    result_free(slow);
    result_free(brief);
}

static void a_backlog_that_nobody_consumes_is_not_told(void **state)
{
    struct result *result = with_backlog(30, 500.0, 0.0);

    (void)state;
    made_up_trial(result)->phases[0].received_per_s = 0.0;
    assert_null(insight_of(result, "backlog_growing"));
    result_free(result);
}

/* A backlog of that size that came up in ten seconds, of which left remain after so many more. */
static struct result *with_drain(uint64_t backlog, uint64_t left, uint32_t seconds, double built)
{
    struct result *result = made_up(10);
    struct result_trial *trial;

    made_up_drain(result, seconds);
    trial = made_up_trial(result);
    trial->phases[0].acked_per_s = built;
    trial->phases[0].due = 1;
    trial->phases[1].received_per_s = (double)(backlog - left) / seconds;
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        trial->intervals[i].backlog =
            i < 10 ? backlog * (i + 1) / 10 : backlog - (backlog - left) * (i - 9) / seconds;
    }
    return result;
}

static void time_to_empty_a_backlog_is_told(void **state)
{
    struct result *result = with_drain(40000, 0, 4, 2500.0);
    const struct result_insight *insight = insight_of(result, "backlog_emptied");

    (void)state;
    assert_near(figure_of(insight, "backlog"), 40000.0, 0.0);
    assert_near(figure_of(insight, "left"), 0.0, 0.0);
    assert_near(figure_of(insight, "seconds"), 4.0, 0.0);
    assert_near(figure_of(insight, "drained"), 10000.0, 0.0);
    assert_near(figure_of(insight, "catch_up_ratio"), 2500.0 / 7500.0, 1e-6);
    assert_non_null(strstr(insight->text, "empty after 4.00 s"));
    assert_non_null(strstr(insight->advice, "each minute without consumers takes 20.0 s to catch"));
    result_free(result);
}

static void consumers_that_can_not_catch_up_are_told(void **state)
{
    struct result *result = with_drain(40000, 0, 4, 20000.0);

    (void)state;
    assert_non_null(strstr(insight_of(result, "backlog_emptied")->advice, "never become empty"));
    result_free(result);
}

/* Each message took two seconds, at 10k/s. They said that a minute takes 7.88 minutes to catch up
 * with, though consumers were never behind. */
static void messages_on_their_way_are_no_backlog(void **state)
{
    struct result *result = with_drain(20000, 0, 2, 8870.0);
    struct result_trial *trial = made_up_trial(result);

    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        trial->intervals[i].backlog = i == 0 ? 10000 : 20000;
    }
    assert_null(insight_of(result, "backlog_emptied"));
    result_free(result);
}

/* What came in afterwards has nothing to do with it. */
static void catching_up_is_told_for_the_phase_that_built_the_backlog(void **state)
{
    struct result *result = with_drain(40000, 0, 4, 2500.0);
    struct result_trial *trial = made_up_trial(result);
    struct result_phase *grown = realloc(trial->phases, 3 * sizeof *grown);

    (void)state;
    assert_non_null(grown);
    trial->phases = grown;
    trial->phases_count = 3;
    grown[2] = grown[1];
    grown[1] = grown[0];
    grown[0].duration_ns = 8 * INTERVAL_NS;
    grown[1].start_ns = 8 * INTERVAL_NS;
    grown[1].duration_ns = 2 * INTERVAL_NS;
    grown[1].acked_per_s = 10.0;
    for (uint32_t i = 0; i < 10; i++) {
        trial->intervals[i].backlog = i < 8 ? 5000 * (i + 1) : 40000;
    }
    result->cases[0].phases = realloc(result->cases[0].phases, 3 * sizeof *grown);
    assert_non_null(result->cases[0].phases);
    result->cases[0].phases[2] = result->cases[0].phases[1];
    result->cases[0].phases_count = 3;
    assert_near(figure_of(insight_of(result, "backlog_emptied"), "built"), 2500.0, 0.0);
    result_free(result);
}

static void consumers_that_barely_catch_up_are_told_in_minutes(void **state)
{
    struct result *result = with_drain(40000, 0, 4, 8873.0);

    (void)state;
    assert_non_null(strstr(insight_of(result, "backlog_emptied")->advice, "takes 7 min 52 s to"));
    result_free(result);
}

static void a_backlog_that_is_left_is_told(void **state)
{
    struct result *result = with_drain(40000, 10000, 5, 0.0);
    const struct result_insight *insight = insight_of(result, "backlog_emptied");

    (void)state;
    assert_near(figure_of(insight, "left"), 10000.0, 0.0);
    assert_near(figure_of(insight, "drained"), 6000.0, 0.0);
    assert_non_null(strstr(insight->text, "not empty"));
    assert_string_equal(insight->advice, "");
    result_free(result);
}

static void a_small_backlog_or_one_that_is_still_built_is_not_told(void **state)
{
    struct result *small = with_drain(999, 0, 4, 0.0);
    struct result *building = with_drain(40000, 0, 4, 0.0);
    struct result *late = with_drain(40000, 0, 4, 0.0);
    struct result *under_way = with_drain(40000, 0, 4, 41000.0);

    (void)state;
    assert_null(insight_of(small, "backlog_emptied"));
    made_up_trial(building)->phases[1].due = 1;
    made_up_trial(late)->phases[1].sent_per_s = 5000.0;
    assert_null(insight_of(building, "backlog_emptied"));
    assert_null(insight_of(under_way, "backlog_emptied"));
    assert_null(insight_of(late, "backlog_emptied"));
    result_free(small);
    result_free(building);
    result_free(under_way);
    result_free(late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backlog_that_grows_is_told),
        cmocka_unit_test(a_backlog_that_comes_and_goes_is_not_told),
        cmocka_unit_test(a_backlog_that_nobody_consumes_is_not_told),
        cmocka_unit_test(time_to_empty_a_backlog_is_told),
        cmocka_unit_test(consumers_that_can_not_catch_up_are_told),
        cmocka_unit_test(messages_on_their_way_are_no_backlog),
        cmocka_unit_test(catching_up_is_told_for_the_phase_that_built_the_backlog),
        cmocka_unit_test(consumers_that_barely_catch_up_are_told_in_minutes),
        cmocka_unit_test(a_backlog_that_is_left_is_told),
        cmocka_unit_test(a_small_backlog_or_one_that_is_still_built_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
