#include "selfcheck_made.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void clocks_void_what_goes_from_host_to_host_and_nothing_else(void **state)
{
    struct result *result = made_result();
    struct hist *hist = NULL;

    (void)state;
    assert_int_equal(hist_new(&hist, NULL), 0);
    hist_record(hist, 1000000);
    result->cases[0].phases[0].latency[SERIES_E2E_SERVICE] = hist;
    /* What agents' clocks are known to at the end is nothing to a phase. */
    result->agents_count = 2;
    result->agents[1].clock_bound_ns = 1400000;
    result->cases[0].phases[0].clock_bound_ns = 70000;
    assert_int_equal(check_of(result, "clock_bound")->status, CHECK_OK);
    result->cases[0].phases[0].clock_bound_ns = 170000;
    assert_int_equal(check_of(result, "clock_bound")->status, CHECK_SUSPECT);
    result->cases[0].phases[0].clock_bound_ns = 1430000;
    assert_int_equal(check_of(result, "clock_bound")->status, CHECK_INVALID);
    assert_non_null(void_of(result, "e2e.p99"));
    assert_non_null(void_of(result, "e2e_service.p50"));
    assert_null(void_of(result, "publish.p99"));
    assert_null(void_of(result, "lost"));
    assert_null(void_of(result, "received_rate"));
    result_free(result);
}

static void
more_than_one_in_a_thousand_messages_before_their_sending_void_one_way_figures(void **state)
{
    struct result *result = made_result();
    struct result_phase *phase = &result->cases[0].phases[0];

    (void)state;
    assert_int_equal(hist_new(&phase->latency[SERIES_E2E_SERVICE], NULL), 0);
    for (int i = 0; i < 2000; i++) {
        hist_record(phase->latency[SERIES_E2E_SERVICE], 1000000);
    }
    phase->clock_bound_ns = 1000;
    assert_int_equal(check_of(result, "clock_violations")->status, CHECK_OK);
    phase->clock_violations = 2;
    assert_int_equal(check_of(result, "clock_violations")->status, CHECK_SUSPECT);
    assert_null(void_of(result, "e2e.p99"));
    phase->clock_violations = 3;
    assert_int_equal(check_of(result, "clock_violations")->status, CHECK_INVALID);
    assert_non_null(void_of(result, "e2e.p99"));
    assert_null(void_of(result, "publish.p99"));
    result_free(result);
}

static void a_slow_generator_voids_latencies_and_rates_and_never_a_count(void **state)
{
    struct result *result = made_result();

    (void)state;
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->strain.own_lag_p99_ns = 30000000;
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_INVALID);
    assert_non_null(void_of(result, "e2e.p99"));
    assert_non_null(void_of(result, "sent_rate"));
    assert_null(void_of(result, "e2e_service.p99")); /* Counted from the actual send. */
    assert_null(void_of(result, "send_lag.p99"));
    assert_null(void_of(result, "lost"));
    assert_null(void_of(result, "outage.max"));
    result_free(result);
}

static void seconds_without_a_report_are_gaps(void **state)
{
    struct result *result = made_result();

    (void)state;
    result->cases[0].trials[0].intervals[7].complete = false;
    assert_int_equal(check_of(result, "snapshot_gaps")->status, CHECK_INVALID);
    result_free(result);
}

static void what_stood_still_and_harmed_nothing_is_told_and_is_ok(void **state)
{
    struct result *result = made_result();
    struct result_mark marks[3] = {
        {.kind = MARK_STALL,
         .at_ns = 5 * INTERVAL_NS,
         .from_ns = 2 * INTERVAL_NS,
         .text = "the disk"},
        {.kind = MARK_STALL,
         .at_ns = 30 * INTERVAL_NS,
         .from_ns = 18 * INTERVAL_NS,
         .text = "itself"},
        {.kind = MARK_STALL, .trial = 7, .at_ns = 90 * INTERVAL_NS, .text = "of another case"}};
    const struct result_check *row;

    (void)state;
    result->marks = marks;
    result->marks_count = 3;
    row = check_of(result, "coordinator");
    assert_int_equal(row->status, CHECK_OK);
    assert_true(row->observed > 11.999 && row->observed < 12.001);
    assert_string_equal(row->text, "itself");
    assert_null(void_of(result, "e2e.p99"));
    result->marks = NULL;
    result->marks_count = 0;
    result_free(result);
}

/* Calibration: above half of its ceiling suspect, above 80 % invalid. */
static void a_rate_near_the_generators_own_ceiling_is_its_own(void **state)
{
    struct result *result = made_result();
    struct result_case *of = &result->cases[0];
    const struct result_check *row;

    (void)state;
    of->calibration.ceiling_per_s = 1000.0;
    of->phases[0].asked_peak_per_s = 290.0;
    row = check_of(result, "ceiling");
    assert_int_equal(row->status, CHECK_OK);
    assert_float_equal(row->observed, 0.29, 1e-9);
    assert_float_equal(row->limit, 0.5, 1e-9);
    assert_non_null(strstr(row->text, "headroom 3.4x"));
    assert_non_null(strstr(row->text, "without the load of a broker"));
    of->phases[0].asked_peak_per_s = 500.0;
    assert_int_equal(check_of(result, "ceiling")->status, CHECK_OK);
    of->phases[0].asked_peak_per_s = 510.0;
    assert_int_equal(check_of(result, "ceiling")->status, CHECK_SUSPECT);
    assert_null(void_of(result, "e2e.p99"));
    of->phases[0].asked_peak_per_s = 810.0;
    row = check_of(result, "ceiling");
    assert_int_equal(row->status, CHECK_INVALID);
    assert_float_equal(row->limit, 0.8, 1e-9);
    assert_non_null(strstr(row->text, "more agents or a lower target rate"));
    assert_non_null(void_of(result, "e2e.p99"));
    assert_non_null(void_of(result, "sent_rate"));
    assert_null(void_of(result, "lost"));
    result_free(result);
}

/* With a ceiling by CPU time the busiest thread counts only where it is near its end: of a paced
 * one most is waking. */
static void a_headroom_by_cpu_time_heeds_a_thread_near_its_end(void **state)
{
    struct result *result = made_result();
    struct result_case *of = &result->cases[0];
    struct result_trial *trial = &of->trials[0];
    const struct result_check *row;

    (void)state;
    of->calibration = (struct result_calibration){
        .ceiling_per_s = 95000.0, .burst_messages = 10000, .cpu_ns_per_message = 10500.0};
    of->phases[0].asked_peak_per_s = 9500.0;
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].strain.library_cpu_ns = INTERVAL_NS * 65 / 100;
    }
    row = check_of(result, "ceiling");
    assert_string_equal(row->text, "headroom 10x: the generator alone would reach 95,000/s on this "
                                   "broker (CPU of its busiest thread: 10.5 µs a message)");
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].strain.library_cpu_ns = INTERVAL_NS * 75 / 100;
    }
    row = check_of(result, "ceiling");
    assert_non_null(strstr(row->text, "headroom 1.3x: its busiest thread used 75 % of its CPU; "));
    assert_int_equal(check_of(result, "load_thread_cpu")->status, CHECK_SUSPECT);
    of->calibration.burst_messages = 0;
    assert_non_null(strstr(check_of(result, "ceiling")->text, "would reach 95,000/s into memory"));
    result_free(result);
}

/* A broker that took half of what was asked says nothing of the generator, which sent no more. */
static void what_a_broker_held_back_is_not_near_the_generators_ceiling(void **state)
{
    struct result *result = made_result();
    struct result_case *of = &result->cases[0];

    (void)state;
    of->calibration = (struct result_calibration){
        .ceiling_per_s = 1000.0, .burst_messages = 2000, .cpu_ns_per_message = 1e6};
    of->phases[0].asked_peak_per_s = 900.0;
    of->phases[0].due = 1000;
    of->phases[0].delivery.sent = 500;
    assert_float_equal(check_of(result, "ceiling")->observed, 0.45, 1e-9);
    assert_true(fabs(result_headroom(of) * 0.9 - 1.0) < 1e-9);
    of->phases[0].delivery.sent = 1000;
    assert_float_equal(check_of(result, "ceiling")->observed, 0.9, 1e-9);
    result_free(result);
}

static bool has_check(struct result *result, const char *name)
{
    assert_int_equal(selfcheck_find(result, NULL), 0);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        if (strcmp(result->findings.checks[i].check, name) == 0) {
            return true;
        }
    }
    return false;
}

static void without_a_ceiling_or_a_rate_nothing_is_said_of_headroom(void **state)
{
    struct result *result = made_result();
    struct result_case *of = &result->cases[0];

    (void)state;
    of->phases[0].asked_peak_per_s = 900.0;
    assert_false(has_check(result, "ceiling")); /* It could not be measured. */
    of->calibration.ceiling_per_s = 1000.0;
    assert_true(has_check(result, "ceiling"));
    of->phases[0].asked_peak_per_s = 0.0; /* max */
    assert_false(has_check(result, "ceiling"));
    of->phases[0].asked_peak_per_s = 900.0;
    of->phases[0].measured = false;
    assert_false(has_check(result, "ceiling"));
    result_free(result);
}

static void a_single_trial_is_held_against_the_ceiling_of_its_case(void **state)
{
    struct result *result = made_result();
    struct result_case like = {.name = "c", .calibration = {.ceiling_per_s = 1000.0}};
    struct findings found = {0};
    bool seen = false;

    (void)state;
    result->cases[0].trials[0].phases[0].asked_peak_per_s = 900.0;
    assert_int_equal(
        selfcheck_trial(&result->cases[0].trials[0], result->agents, 1, &like, &found, NULL), 0);
    for (uint32_t i = 0; i < found.checks_count; i++) {
        if (strcmp(found.checks[i].check, "ceiling") == 0) {
            assert_int_equal(found.checks[i].status, CHECK_INVALID);
            assert_string_equal(found.checks[i].case_name, "c");
            seen = true;
        }
    }
    assert_true(seen);
    findings_done(&found);
    result_free(result);
}

/* What is wrong in one case says nothing of another. */
static void a_case_is_void_by_its_own_checks_alone(void **state)
{
    struct result *result = made_result();
    struct result *other = made_result();
    struct metric metric;

    (void)state;
    result->cases = realloc(result->cases, 2 * sizeof *result->cases);
    assert_non_null(result->cases);
    result->cases[1] = result->cases[0];
    result->cases[0] = other->cases[0];
    (void)strcpy(result->cases[1].name, "d");
    result->cases_count = 2;
    other->cases_count = 0;
    for (uint32_t s = 0; s < 10; s++) {
        result->cases[1].trials[0].agent_intervals[s].strain.own_lag_p99_ns = 30000000;
    }
    assert_int_equal(selfcheck_find(result, NULL), 0);
    assert_int_equal(metric_parse("e2e.p99", &metric, NULL), 0);
    assert_null(selfcheck_void(result, &result->cases[0], &metric));
    assert_non_null(selfcheck_void(result, &result->cases[1], &metric));
    assert_string_equal(selfcheck_void(result, &result->cases[1], &metric)->case_name, "d");
    result_free(result);
    result_free(other);
}

static bool is_beyond_the_plan(struct result *result)
{
    assert_int_equal(selfcheck_find(result, NULL), 0);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        if (strcmp(result->findings.checks[i].check, "planned_due") == 0) {
            return true;
        }
    }
    return false;
}

/* An agent that stood still for five seconds, while a phase with a hundred times the rate began,
 * was taken for another run's: invalid, and all that was missed forgotten. */
static void what_came_due_while_an_agent_stood_still_is_of_this_run(void **state)
{
    struct result *result = made_result();
    struct result_trial *trial = &result->cases[0].trials[0];
    struct result_phase *phases = realloc(trial->phases, 3 * sizeof *phases);

    (void)state;
    assert_non_null(phases);
    trial->phases = phases;
    trial->phases_count = 3;
    phases[1] = phases[2] = phases[0];
    phases[0].duration_ns = phases[1].duration_ns = 60 * INTERVAL_NS;
    phases[1].start_ns = 60 * INTERVAL_NS;
    phases[2].start_ns = 120 * INTERVAL_NS;
    phases[2].duration_ns = 80 * INTERVAL_NS;
    phases[0].asked_peak_per_s = phases[2].asked_peak_per_s = 100.0;
    phases[1].asked_peak_per_s = 10000.0;
    second_of(result, 57)->due = 30000; /* Told with the second in which it stopped. */
    second_of(result, 123)->due = 30000;
    assert_false(is_beyond_the_plan(result));
    second_of(result, 90)->due = 250000;
    assert_true(is_beyond_the_plan(result));
    second_of(result, 90)->due = 10000;
    second_of(result, 30)->due = 30000;
    assert_true(is_beyond_the_plan(result));
    second_of(result, 27)->strain.ticker_late_ns = INT64_MAX; /* Long before it. */
    assert_true(is_beyond_the_plan(result));
    second_of(result, 29)->strain.ticker_late_ns = 300 * INTERVAL_NS; /* It says so itself. */
    assert_false(is_beyond_the_plan(result));
    second_of(result, 30)->strain.ticker_late_ns = INT64_MAX;
    assert_false(is_beyond_the_plan(result));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_case_is_void_by_its_own_checks_alone),
        cmocka_unit_test(clocks_void_what_goes_from_host_to_host_and_nothing_else),
        cmocka_unit_test(
            more_than_one_in_a_thousand_messages_before_their_sending_void_one_way_figures),
        cmocka_unit_test(a_slow_generator_voids_latencies_and_rates_and_never_a_count),
        cmocka_unit_test(seconds_without_a_report_are_gaps),
        cmocka_unit_test(what_stood_still_and_harmed_nothing_is_told_and_is_ok),
        cmocka_unit_test(a_rate_near_the_generators_own_ceiling_is_its_own),
        cmocka_unit_test(a_headroom_by_cpu_time_heeds_a_thread_near_its_end),
        cmocka_unit_test(what_a_broker_held_back_is_not_near_the_generators_ceiling),
        cmocka_unit_test(without_a_ceiling_or_a_rate_nothing_is_said_of_headroom),
        cmocka_unit_test(a_single_trial_is_held_against_the_ceiling_of_its_case),
        cmocka_unit_test(what_came_due_while_an_agent_stood_still_is_of_this_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
