#include "check.h"
#include "selfcheck.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 200

/* One agent, one case of a steady phase of 200 seconds in which nothing is wrong. */
static struct result *new_result(void)
{
    struct result *result = calloc(1, sizeof *result);
    struct result_case *of;
    struct result_trial *trial;

    assert_non_null(result);
    result->agents = calloc(2, sizeof *result->agents);
    result->cases = calloc(1, sizeof *result->cases);
    assert_non_null(result->agents);
    assert_non_null(result->cases);
    (void)strcpy(result->agents[0].name, "one");
    result->agents[0].cpus = 2;
    result->agents_count = 1;
    result->cases_count = 1;
    of = &result->cases[0];
    (void)strcpy(of->name, "c");
    of->status = CASE_MEASURED;
    of->phases = calloc(1, sizeof *of->phases);
    of->trials = calloc(1, sizeof *of->trials);
    assert_non_null(of->phases);
    assert_non_null(of->trials);
    of->phases_count = of->trials_count = 1;
    of->phases[0].measured = true;
    of->phases[0].duration_ns = SECONDS * INTERVAL_NS;
    trial = &of->trials[0];
    trial->phases = calloc(1, sizeof *trial->phases);
    trial->intervals = calloc(SECONDS, sizeof *trial->intervals);
    trial->agent_intervals = calloc(SECONDS, sizeof *trial->agent_intervals);
    assert_non_null(trial->phases);
    assert_non_null(trial->intervals);
    assert_non_null(trial->agent_intervals);
    trial->phases[0] = of->phases[0];
    trial->phases_count = 1;
    trial->intervals_count = trial->agent_intervals_count = SECONDS;
    for (uint32_t i = 0; i < SECONDS; i++) {
        trial->intervals[i].complete = true;
        trial->agent_intervals[i].span_ns = INTERVAL_NS;
        trial->agent_intervals[i].end_ns = (int64_t)(i + 1) * INTERVAL_NS;
        trial->agent_intervals[i].load_threads = 2;
        trial->agent_intervals[i].asked = trial->agent_intervals[i].asked_sent = 10000;
        trial->agent_intervals[i].strain.load_cpu_ns = INTERVAL_NS / 10;
        trial->agent_intervals[i].send_lag_p99_ns = 50000;
        trial->agent_intervals[i].strain.own_lag_p99_ns = 50000;
        trial->agent_intervals[i].call_p99_ns = 2000;
    }
    return result;
}

static const struct result_check *check_of(struct result *result, const char *name)
{
    assert_int_equal(selfcheck_find(result, NULL), 0);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        if (strcmp(result->findings.checks[i].check, name) == 0) {
            assert_true(result->findings.checks[i].text[0] != '\0');
            return &result->findings.checks[i];
        }
    }
    fail_msg("there is no check %s", name);
    return NULL;
}

static struct result_agent_interval *second_of(struct result *result, uint32_t second)
{
    return &result->cases[0].trials[0].agent_intervals[second];
}

static const struct result_check *void_of(const struct result *result, const char *name)
{
    struct metric metric;

    assert_int_equal(metric_parse(name, &metric, NULL), 0);
    return selfcheck_void(result, &result->cases[0], &metric);
}

static void a_run_in_which_nothing_is_wrong_is_ok(void **state)
{
    struct result *result = new_result();

    (void)state;
    assert_int_equal(selfcheck_find(result, NULL), 0);
    assert_int_equal(result->findings.checks_count, 9); /* No histograms, one clock. */
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        assert_int_equal(result->findings.checks[i].status, CHECK_OK);
    }
    assert_null(void_of(result, "e2e.p99"));
    result_free(result);
}

static void a_class_counts_beyond_one_second_in_a_hundred(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        second_of(result, i)->strain.load_cpu_ns = INTERVAL_NS * 95 / 100;
    }
    assert_int_equal(check_of(result, "load_thread_cpu")->status, CHECK_OK); /* 1 % exactly. */
    second_of(result, 2)->strain.load_cpu_ns = INTERVAL_NS * 75 / 100;
    assert_int_equal(check_of(result, "load_thread_cpu")->status, CHECK_SUSPECT);
    second_of(result, 2)->strain.load_cpu_ns = INTERVAL_NS * 95 / 100;
    assert_int_equal(check_of(result, "load_thread_cpu")->status, CHECK_INVALID);
    assert_true(check_of(result, "load_thread_cpu")->limit == 0.90);
    result_free(result);
}

static void each_strain_has_its_limits(void **state)
{
    static const struct {
        const char *check;
        struct strain suspect;
        struct strain invalid;
    } rows[] = {
        {"run_queue_wait", {.load_wait_ns = 20000000}, {.load_wait_ns = 60000000}},
        {"ticker_jitter", {.ticker_late_ns = 30000000}, {.ticker_late_ns = 200000000}},
        {"steal", {.steal_ns = 40000000}, {.steal_ns = 120000000}}, /* Of two CPUs. */
        {"cgroup_throttling", {.throttled_ns = 1}, {.throttled_ns = 20000000}},
        {"recorder_full", {.recorder_full_ns = 500000}, {.recorder_full_ns = 2000000}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result *result = new_result();

        for (uint32_t s = 0; s < 10; s++) {
            second_of(result, s)->strain = rows[i].suspect;
        }
        assert_int_equal(check_of(result, rows[i].check)->status, CHECK_SUSPECT);
        for (uint32_t s = 0; s < 10; s++) {
            second_of(result, s)->strain = rows[i].invalid;
        }
        assert_int_equal(check_of(result, rows[i].check)->status, CHECK_INVALID);
        result_free(result);
    }
}

static void lag_with_calls_as_long_is_the_brokers(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->strain.own_lag_p99_ns = 30000000;
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_INVALID);
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->call_p99_ns = 29000000;
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_OK);
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->call_p99_ns = 1000;
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_INVALID);
    result_free(result);
}

/* Bug: one client of forty that was down excused the lag of the other thirty-nine. */
static void a_blocked_client_excuses_its_own_lag_only(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->strain.own_lag_p99_ns =
            30000000; /* Of those that were not blocked. */
        second_of(result, s)->blocked_ns = INTERVAL_NS / 40;
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_INVALID);
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->strain.own_lag_p99_ns = 50000;
        second_of(result, s)->send_lag_p99_ns = 980000000; /* The blocked one's. */
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_OK);
    result_free(result);
}

static void a_journal_that_tells_all_lag_in_one_is_judged_as_ever(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->strain.own_lag_p99_ns = STRAIN_UNKNOWN;
        second_of(result, s)->send_lag_p99_ns = 30000000;
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_INVALID);
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->blocked_ns = INTERVAL_NS / 10; /* The window was full. */
    }
    assert_int_equal(check_of(result, "send_lag")->status, CHECK_OK);
    result_free(result);
}

static void what_was_not_sent_is_the_generators_unless_it_was_held_back(void **state)
{
    struct result *result = new_result();
    const struct result_check *row;

    (void)state;
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->asked_sent = 9998 - 10; /* Each thread may have one on its way. */
    }
    assert_int_equal(check_of(result, "attained")->status, CHECK_OK);
    second_of(result, 3)->asked_sent--; /* Its second alone is not enough. */
    assert_int_equal(check_of(result, "attained")->status, CHECK_OK);
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->asked_sent = 9950;
    }
    assert_int_equal(check_of(result, "attained")->status, CHECK_SUSPECT);
    second_of(result, 7)->asked_sent = 8998;
    assert_int_equal(check_of(result, "attained")->status, CHECK_SUSPECT);
    assert_float_equal(check_of(result, "attained")->observed, 0.9, 1e-9);
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->asked_sent = 8998;
    }
    row = check_of(result, "attained");
    assert_int_equal(row->status, CHECK_INVALID);
    assert_float_equal(row->limit, 0.99, 1e-9);
    assert_string_equal(row->agent, "one");
    for (uint32_t s = 0; s < SECONDS; s++) {
        second_of(result, s)->blocked_ns = INTERVAL_NS / 8;
    }
    row = check_of(result, "attained");
    assert_int_equal(row->status, CHECK_OK);
    assert_non_null(strstr(row->text, "held back: up to 10 % of a second"));
    for (uint32_t s = 0; s < 10; s++) { /* What was held back does not excuse the rest. */
        second_of(result, s)->asked_sent = 7000;
    }
    row = check_of(result, "attained");
    assert_int_equal(row->status, CHECK_INVALID);
    assert_float_equal(row->observed, 0.8252, 1e-9);
    result_free(result);
}

/* One agent that falls behind is not made up for by the others. */
static void each_agent_is_held_to_its_own_share(void **state)
{
    struct result *result = new_result();
    uint32_t rows = 0;

    (void)state;
    (void)strcpy(result->agents[1].name, "two");
    result->agents_count = 2;
    for (uint32_t s = 0; s < SECONDS; s += 2) {
        second_of(result, s)->agent = 1;
        second_of(result, s)->asked_sent = 9000;
        second_of(result, s + 1)->asked_sent = 11000;
    }
    assert_int_equal(selfcheck_find(result, NULL), 0);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *row = &result->findings.checks[i];

        if (strcmp(row->check, "attained") == 0) {
            assert_int_equal(row->status,
                             strcmp(row->agent, "two") == 0 ? CHECK_INVALID : CHECK_OK);
            rows++;
        }
    }
    assert_int_equal(rows, 2);
    result_free(result);
}

/* A host that does not tell is not a host that is well. */
static void what_a_host_does_not_tell_is_not_measured(void **state)
{
    static const char *const checks[] = {"run_queue_wait", "steal", "cgroup_throttling"};
    struct result *result = new_result();

    (void)state;
    for (uint32_t s = 0; s < SECONDS; s++) {
        second_of(result, s)->strain.load_wait_ns = STRAIN_UNKNOWN;
        second_of(result, s)->strain.steal_ns = STRAIN_UNKNOWN;
        second_of(result, s)->strain.throttled_ns = STRAIN_UNKNOWN;
    }
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        const struct result_check *row = check_of(result, checks[i]);

        assert_int_equal(row->status, CHECK_NOT_MEASURED);
        assert_true(isnan(row->observed));
        assert_string_equal(row->agent, "one");
        assert_int_equal(strncmp(row->text, "not measured: ", 14), 0);
    }
    assert_null(void_of(result, "e2e.p99"));
    for (uint32_t s = 0; s < 10; s++) { /* Some seconds were: these are judged. */
        second_of(result, s)->strain.steal_ns = INTERVAL_NS / 2;
    }
    assert_int_equal(check_of(result, "steal")->status, CHECK_INVALID);
    result_free(result);
}

/* What others take is no limit of the generator's own. */
static void steal_counts_flat_out_as_well(void **state)
{
    struct result *result = new_result();

    (void)state;
    result->cases[0].phases[0].is_max = true;
    result->cases[0].trials[0].phases[0].is_max = true;
    for (uint32_t s = 0; s < 10; s++) {
        second_of(result, s)->strain.steal_ns = INTERVAL_NS / 2;
    }
    assert_int_equal(check_of(result, "steal")->status, CHECK_INVALID);
    result_free(result);
}

static void flat_out_a_busy_generator_is_the_limit_and_no_fault(void **state)
{
    struct result *result = new_result();

    (void)state;
    result->cases[0].phases[0].is_max = true;
    result->cases[0].trials[0].phases[0].is_max = true;
    for (uint32_t s = 0; s < SECONDS; s++) {
        second_of(result, s)->strain.load_cpu_ns = INTERVAL_NS;
    }
    assert_int_equal(selfcheck_find(result, NULL), 0);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        assert_int_equal(result->findings.checks[i].status, CHECK_OK);
    }
    result_free(result);
}

static void clocks_void_what_goes_from_host_to_host_and_nothing_else(void **state)
{
    struct result *result = new_result();
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
    struct result *result = new_result();
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
    struct result *result = new_result();

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
    struct result *result = new_result();

    (void)state;
    result->cases[0].trials[0].intervals[7].complete = false;
    assert_int_equal(check_of(result, "snapshot_gaps")->status, CHECK_INVALID);
    result_free(result);
}

/* Calibration: above half of its ceiling suspect, above 80 % invalid. */
static void a_rate_near_the_generators_own_ceiling_is_its_own(void **state)
{
    struct result *result = new_result();
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
    assert_non_null(strstr(row->text, "without the broker's load"));
    of->phases[0].asked_peak_per_s = 500.0;
    assert_int_equal(check_of(result, "ceiling")->status, CHECK_OK);
    of->phases[0].asked_peak_per_s = 510.0;
    assert_int_equal(check_of(result, "ceiling")->status, CHECK_SUSPECT);
    assert_null(void_of(result, "e2e.p99"));
    of->phases[0].asked_peak_per_s = 810.0;
    row = check_of(result, "ceiling");
    assert_int_equal(row->status, CHECK_INVALID);
    assert_float_equal(row->limit, 0.8, 1e-9);
    assert_non_null(strstr(row->text, "more agents or a lower rate"));
    assert_non_null(void_of(result, "e2e.p99"));
    assert_non_null(void_of(result, "sent_rate"));
    assert_null(void_of(result, "lost"));
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
    struct result *result = new_result();
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
    struct result *result = new_result();
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
    struct result *result = new_result();
    struct result *other = new_result();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_in_which_nothing_is_wrong_is_ok),
        cmocka_unit_test(a_class_counts_beyond_one_second_in_a_hundred),
        cmocka_unit_test(each_strain_has_its_limits),
        cmocka_unit_test(lag_with_calls_as_long_is_the_brokers),
        cmocka_unit_test(a_blocked_client_excuses_its_own_lag_only),
        cmocka_unit_test(a_journal_that_tells_all_lag_in_one_is_judged_as_ever),
        cmocka_unit_test(what_was_not_sent_is_the_generators_unless_it_was_held_back),
        cmocka_unit_test(each_agent_is_held_to_its_own_share),
        cmocka_unit_test(what_a_host_does_not_tell_is_not_measured),
        cmocka_unit_test(a_case_is_void_by_its_own_checks_alone),
        cmocka_unit_test(steal_counts_flat_out_as_well),
        cmocka_unit_test(flat_out_a_busy_generator_is_the_limit_and_no_fault),
        cmocka_unit_test(clocks_void_what_goes_from_host_to_host_and_nothing_else),
        cmocka_unit_test(
            more_than_one_in_a_thousand_messages_before_their_sending_void_one_way_figures),
        cmocka_unit_test(a_slow_generator_voids_latencies_and_rates_and_never_a_count),
        cmocka_unit_test(seconds_without_a_report_are_gaps),
        cmocka_unit_test(a_rate_near_the_generators_own_ceiling_is_its_own),
        cmocka_unit_test(without_a_ceiling_or_a_rate_nothing_is_said_of_headroom),
        cmocka_unit_test(a_single_trial_is_held_against_the_ceiling_of_its_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
