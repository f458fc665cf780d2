#include "made_up.h"

#include <string.h>

#define MS INT64_C(1000000)

/* 20 in 1000 are slow, in the seconds below slow_seconds. */
static struct result *with_tail(enum series series, int64_t median_ns, int64_t tail_ns,
                                uint32_t slow_seconds)
{
    struct result *result = made_up(31);
    struct result_trial *trial = made_up_trial(result);

    made_up_samples(made_up_merged(result), series, median_ns, 29400);
    made_up_samples(made_up_merged(result), series, tail_ns, 600);
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        trial->intervals[i].e2e.max = i <= slow_seconds ? tail_ns : median_ns;
        trial->intervals[i].publish.max = trial->intervals[i].e2e.max;
    }
    return result;
}

static void a_tail_beyond_ordinary_queueing_is_told(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS, 50 * MS, 30);
    const struct result_insight *insight = insight_of(result, "tail_far_from_median");

    (void)state;
    assert_near(figure_of(insight, "p50"), 1e6, 0.001);
    assert_near(figure_of(insight, "p99.9"), 50e6, 0.001);
    assert_near(figure_of(insight, "samples"), 30000.0, 0.0);
    assert_near(figure_of(insight, "seconds"), 30.0, 0.0);
    assert_near(figure_of(insight, "seconds_slow"), 30.0, 0.0);
    assert_non_null(strstr(insight->text, "case-0, steady: "));
    assert_non_null(strstr(insight->text, "50.0 ms"));
    assert_null(strstr(insight->advice, "burst"));
    result_free(result);
}

static void a_tail_in_a_few_seconds_is_called_a_burst(void **state)
{
    struct result *result = with_tail(SERIES_PUBLISH_SERVICE, MS, 50 * MS, 3);
    const struct result_insight *insight = insight_of(result, "tail_far_from_median");

    (void)state;
    assert_near(figure_of(insight, "seconds_slow"), 3.0, 0.0);
    assert_non_null(strstr(insight->text, "3 of 30 seconds"));
    assert_non_null(strstr(insight->advice, "bursts"));
    result_free(result);
}

/* "fall into 0 of 7 seconds. They come in bursts". */
static void a_tail_outside_of_the_whole_seconds_is_no_burst(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS, 50 * MS, 0);
    const struct result_insight *insight = insight_of(result, "tail_far_from_median");

    (void)state;
    assert_near(figure_of(insight, "seconds_slow"), 0.0, 0.0);
    assert_null(strstr(insight->text, "0 of 30"));
    assert_non_null(strstr(insight->text, "first second"));
    assert_null(strstr(insight->advice, "burst"));
    result_free(result);
}

/* The percentile is the highest value of its bucket; the seconds have their exact highest. */
static void a_second_whose_highest_is_in_the_bucket_of_the_percentile_counts(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS, 50 * MS, 3);
    struct result_trial *trial = made_up_trial(result);

    (void)state;
    for (uint32_t i = 0; i <= 3; i++) {
        trial->intervals[i].e2e.max -= 1;
    }
    assert_near(figure_of(insight_of(result, "tail_far_from_median"), "seconds_slow"), 3.0, 0.0);
    result_free(result);
}

static void an_ordinary_tail_is_not_told(void **state)
{
    struct result *result = with_tail(SERIES_E2E, 10 * MS, 90 * MS, 30);

    (void)state;
    assert_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

static void a_tail_within_the_systems_own_delays_is_not_told(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS / 10, 4 * MS, 30);

    (void)state;
    assert_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

static void a_tail_of_the_generators_own_is_not_told(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS, 50 * MS, 30);

    (void)state;
    made_up_samples(made_up_merged(result), SERIES_SEND_LAG, MS, 29400);
    made_up_samples(made_up_merged(result), SERIES_SEND_LAG, 45 * MS, 600);
    assert_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

static void a_tail_of_too_few_samples_is_not_told(void **state)
{
    struct result *result = made_up(30);

    (void)state;
    made_up_samples(made_up_merged(result), SERIES_E2E, MS, 9000);
    made_up_samples(made_up_merged(result), SERIES_E2E, 50 * MS, 999);
    assert_null(insight_of(result, "tail_far_from_median"));
    made_up_samples(made_up_merged(result), SERIES_E2E, 50 * MS, 1);
    assert_non_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

static void a_tail_of_a_ramp_is_not_told(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS, 50 * MS, 30);

    (void)state;
    for (uint32_t i = 0; i < made_up_trial(result)->intervals_count; i++) {
        made_up_trial(result)->intervals[i].due = 1000 + 100 * i;
    }
    assert_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

static void a_warm_up_is_not_looked_at(void **state)
{
    struct result *result = with_tail(SERIES_E2E, MS, 50 * MS, 30);

    (void)state;
    made_up_merged(result)->measured = false;
    assert_null(insight_of(result, "tail_far_from_median"));
    result_free(result);
}

static struct result *with_wait(int64_t response_ns, int64_t service_ns, uint64_t count)
{
    struct result *result = made_up(30);

    made_up_samples(made_up_merged(result), SERIES_PUBLISH, response_ns, count);
    made_up_samples(made_up_merged(result), SERIES_PUBLISH_SERVICE, service_ns, count);
    made_up_blocked(made_up_trial(result), 0.05);
    return result;
}

static void time_that_the_service_latency_hides_is_told(void **state)
{
    struct result *result = with_wait(80 * MS, 2 * MS, 1000);
    const struct result_insight *insight = insight_of(result, "coordinated_omission");

    (void)state;
    assert_near(figure_of(insight, "response_p99"), 80e6, 0.001);
    assert_near(figure_of(insight, "service_p99"), 2e6, 0.001);
    assert_true(strlen(insight->advice) > 0);
    result_free(result);
}

static void response_like_service_is_not_told(void **state)
{
    struct result *near = with_wait(39 * MS, 20 * MS, 1000);
    struct result *small = with_wait(MS, MS / 10, 1000);
    struct result *few = with_wait(80 * MS, 2 * MS, 999);

    (void)state;
    assert_null(insight_of(near, "coordinated_omission"));
    assert_null(insight_of(small, "coordinated_omission"));
    assert_null(insight_of(few, "coordinated_omission"));
    result_free(near);
    result_free(small);
    result_free(few);
}

/* Late by its own doing: the self-check says so. */
static void a_wait_that_nobody_else_caused_is_not_told(void **state)
{
    struct result *result = with_wait(80 * MS, 2 * MS, 1000);

    (void)state;
    made_up_blocked(made_up_trial(result), 0.001);
    assert_null(insight_of(result, "coordinated_omission"));
    made_up_samples(made_up_merged(result), SERIES_CALL, 50 * MS, 1000);
    assert_non_null(insight_of(result, "coordinated_omission"));
    result_free(result);
}

static void a_window_that_holds_producers_back_is_told(void **state)
{
    struct result *result = made_up(30);
    struct result_phase *phase = made_up_merged(result);
    const struct result_insight *insight;

    (void)state;
    phase->asked_per_s = 10000.0;
    phase->sent_per_s = 8000.0;
    made_up_samples(phase, SERIES_PUBLISH_SERVICE, 20 * MS, 1000);
    made_up_blocked(made_up_trial(result), 0.5);
    insight = insight_of(result, "in_flight_limits");
    assert_near(figure_of(insight, "held_back"), 50.0, 0.05);
    assert_near(figure_of(insight, "in_flight_needed"), 200.0, 0.01);
    assert_non_null(strstr(insight->text, "8,000/s of 10,000/s"));
    assert_non_null(strstr(insight->advice, "200 messages in flight"));
    result_free(result);
}

/* "could not send what was due: 5,310/s of 5,000/s were sent". */
static void a_window_that_only_delays_is_not_said_to_have_kept_anything_back(void **state)
{
    struct result *result = made_up(30);
    struct result_phase *phase = made_up_merged(result);
    const struct result_insight *insight;

    (void)state;
    phase->asked_per_s = 5000.0;
    phase->sent_per_s = 5310.0;
    made_up_blocked(made_up_trial(result), 0.5);
    insight = insight_of(result, "in_flight_limits");
    assert_null(strstr(insight->text, "5,310/s of"));
    assert_non_null(strstr(insight->text, "5,000/s was reached, but messages were late"));
    result_free(result);
}

static void a_window_that_is_full_at_times_or_while_the_broker_is_away_is_not_told(void **state)
{
    struct result *brief = made_up(30);
    struct result *away = made_up(30);
    struct result *flat_out = made_up(30);

    (void)state;
    made_up_blocked(made_up_trial(brief), 0.09);
    made_up_blocked(made_up_trial(away), 0.5);
    made_up_blocked(made_up_trial(flat_out), 0.5);
    for (uint32_t i = 0; i < 30; i++) {
        made_up_trial(away)->intervals[i].clients_down = 1;
    }
    made_up_merged(flat_out)->is_max = true;
    assert_null(insight_of(brief, "in_flight_limits"));
    assert_null(insight_of(away, "in_flight_limits"));
    assert_null(insight_of(flat_out, "in_flight_limits"));
    result_free(brief);
    result_free(away);
    result_free(flat_out);
}

static void one_cause_is_told_once(void **state)
{
    struct result *result = with_wait(80 * MS, 2 * MS, 1000);
    const struct result_insight *insight;

    (void)state;
    made_up_samples(made_up_merged(result), SERIES_E2E, 90 * MS, 1000);
    made_up_samples(made_up_merged(result), SERIES_E2E_SERVICE, 3 * MS, 1000);
    insight = insight_of(result, "coordinated_omission");
    assert_near(figure_of(insight, "response_p99"), 90e6, 0.001);
    assert_int_equal(result->findings.insights_count, 1);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tail_beyond_ordinary_queueing_is_told),
        cmocka_unit_test(a_tail_in_a_few_seconds_is_called_a_burst),
        cmocka_unit_test(a_tail_outside_of_the_whole_seconds_is_no_burst),
        cmocka_unit_test(a_second_whose_highest_is_in_the_bucket_of_the_percentile_counts),
        cmocka_unit_test(an_ordinary_tail_is_not_told),
        cmocka_unit_test(a_tail_within_the_systems_own_delays_is_not_told),
        cmocka_unit_test(a_tail_of_the_generators_own_is_not_told),
        cmocka_unit_test(a_tail_of_too_few_samples_is_not_told),
        cmocka_unit_test(a_tail_of_a_ramp_is_not_told),
        cmocka_unit_test(a_warm_up_is_not_looked_at),
        cmocka_unit_test(time_that_the_service_latency_hides_is_told),
        cmocka_unit_test(response_like_service_is_not_told),
        cmocka_unit_test(a_wait_that_nobody_else_caused_is_not_told),
        cmocka_unit_test(a_window_that_holds_producers_back_is_told),
        cmocka_unit_test(a_window_that_only_delays_is_not_said_to_have_kept_anything_back),
        cmocka_unit_test(a_window_that_is_full_at_times_or_while_the_broker_is_away_is_not_told),
        cmocka_unit_test(one_cause_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
