#include "selfcheck_made.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void a_run_in_which_nothing_is_wrong_is_ok(void **state)
{
    struct result *result = made_result();

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
    struct result *result = made_result();

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
        struct result *result = made_result();

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
    struct result *result = made_result();

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
    struct result *result = made_result();

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
    struct result *result = made_result();

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
    struct result *result = made_result();
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
    assert_non_null(strstr(row->text, "delayed up to 10 % of a second"));
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
    struct result *result = made_result();
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
    struct result *result = made_result();

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
        assert_int_equal(strncmp(row->text, "Not measured. ", 14), 0);
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
    struct result *result = made_result();

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
    struct result *result = made_result();

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
        cmocka_unit_test(steal_counts_flat_out_as_well),
        cmocka_unit_test(flat_out_a_busy_generator_is_the_limit_and_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
