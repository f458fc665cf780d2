#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two agents on a host of four processors, each with that many cores in use. */
static struct result *with_cores(uint32_t seconds, double cores)
{
    struct result *result = made_up(seconds);
    struct result_trial *trial = made_up_trial(result);

    result->agents = realloc(result->agents, 2 * sizeof *result->agents);
    assert_non_null(result->agents);
    result->agents_count = 2;
    (void)snprintf(result->agents[0].host, sizeof result->agents[0].host, "left");
    result->agents[0].cpus = 4;
    result->agents[1] = result->agents[0];
    trial->agent_intervals = calloc(2 * (size_t)seconds, sizeof *trial->agent_intervals);
    assert_non_null(trial->agent_intervals);
    trial->agent_intervals_count = 2 * seconds;
    for (uint32_t i = 0; i < 2 * seconds; i++) {
        trial->agent_intervals[i] =
            (struct result_agent_interval){.agent = i % 2, .index = i / 2, .cpu = cores};
    }
    return result;
}

static void a_host_whose_processors_are_busy_is_told(void **state)
{
    struct result *result = with_cores(10, 1.5);
    const struct result_insight *insight = insight_of(result, "generator_near_ceiling");

    (void)state;
    assert_near(figure_of(insight, "cores"), 3.0, 1e-9);
    assert_near(figure_of(insight, "processors"), 4.0, 0.0);
    assert_int_equal(result->findings.insights_count, 1); /* Once for both agents. */
    assert_non_null(strstr(insight->text, "left used 3.0 of its 4 CPUs. Latencies"));
    made_up_merged(result)->is_max = true;
    assert_non_null(strstr(insight_of(result, "generator_near_ceiling")->text, "not the broker"));
    result_free(result);
}

static void a_host_with_room_or_a_short_phase_is_not_told(void **state)
{
    struct result *room = with_cores(10, 1.3);
    struct result *brief = with_cores(3, 1.9);
    struct result *apart = with_cores(10, 1.9);

    (void)state;
    assert_null(insight_of(room, "generator_near_ceiling"));
    assert_null(insight_of(brief, "generator_near_ceiling"));
    (void)snprintf(apart->agents[1].host, sizeof apart->agents[1].host, "right");
    assert_null(insight_of(apart, "generator_near_ceiling"));
    result_free(room);
    result_free(brief);
    result_free(apart);
}

/* The self-check has measured it: no need to guess from processors. */
static void a_rate_near_the_measured_ceiling_is_told_with_its_headroom(void **state)
{
    struct result *result = with_cores(10, 1.5);
    struct result_case *of = &result->cases[0];
    const struct result_insight *insight;

    (void)state;
    of->calibration.ceiling_per_s = 2000.0;
    made_up_merged(result)->asked_peak_per_s = 1240.0;
    result->findings.checks = calloc(1, sizeof *result->findings.checks);
    assert_non_null(result->findings.checks);
    result->findings.checks_count = 1;
    result->findings.checks[0] =
        (struct result_check){.check = "ceiling", .status = CHECK_SUSPECT, .observed = 0.62};
    memcpy(result->findings.checks[0].case_name, of->name, sizeof of->name);
    insight = insight_of(result, "generator_near_ceiling");
    assert_int_equal(result->findings.insights_count, 1);
    assert_non_null(
        strstr(insight->text, "62 % of what the load generator alone can do (2,000/s)"));
    assert_near(figure_of(insight, "headroom"), 2000.0 / 1240.0, 1e-9);
    result->findings.checks[0].status = CHECK_OK;
    insight = insight_of(result, "generator_near_ceiling");
    assert_non_null(strstr(insight->text, "of its 4 CPUs"));
    result_free(result);
}

static void a_full_load_thread_is_the_limit_of_max_and_only_there(void **state)
{
    struct result *result = with_cores(10, 0.1);
    struct result_trial *trial = made_up_trial(result);
    const struct result_insight *insight;

    (void)state;
    (void)snprintf(result->agents[1].name, sizeof result->agents[1].name, "two");
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].span_ns = 1000000000;
        trial->agent_intervals[i].strain.load_cpu_ns = i % 2 == 1 ? 970000000 : 400000000;
    }
    assert_null(insight_of(result, "generator_is_limit"));
    made_up_merged(result)->is_max = true;
    insight = insight_of(result, "generator_is_limit");
    assert_non_null(insight);
    assert_near(figure_of(insight, "busy"), 0.97, 1e-9);
    assert_non_null(strstr(insight->text, "load thread of two computed 97 %"));
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].strain.load_cpu_ns = 880000000;
    }
    assert_null(insight_of(result, "generator_is_limit"));
    result_free(result);
}

/* The self-check does not judge it without a schedule; nobody should take that rate for the
 * broker's. */
static void a_cpu_limit_that_held_back_is_the_limit_of_max(void **state)
{
    struct result *result = with_cores(10, 0.1);
    struct result_trial *trial = made_up_trial(result);
    const struct result_insight *insight;

    (void)state;
    made_up_merged(result)->is_max = true;
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].span_ns = 1000000000;
        trial->agent_intervals[i].strain.throttled_ns = STRAIN_UNKNOWN;
    }
    assert_null(insight_of(result, "generator_is_limit"));
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].strain.throttled_ns = 300000000;
    }
    insight = insight_of(result, "generator_is_limit");
    assert_non_null(insight);
    assert_near(figure_of(insight, "throttled"), 0.3, 1e-9);
    assert_non_null(strstr(insight->text, "slowed it down for 30 % of the time"));
    result_free(result);
}

static void calls_that_hold_threads_up_are_told(void **state)
{
    struct result *result = with_cores(10, 0.1);
    struct result_trial *trial = made_up_trial(result);
    const struct result_insight *insight;

    (void)state;
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        struct result_agent_interval *row = &trial->agent_intervals[i];

        row->span_ns = 1000000000;
        row->due = 500;
        row->load_threads = 1;
        row->call_ns = 900000000;
        row->strain.load_cpu_ns = 100000000;
        row->strain.load_wait_ns = 100000000;
    }
    insight = insight_of(result, "calls_block");
    assert_non_null(insight);
    assert_near(figure_of(insight, "held"), 14.0, 1e-9);
    assert_near(figure_of(insight, "load"), 20.0, 1e-9);
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        /* As long, but computing: a generator that is slow. */
        trial->agent_intervals[i].strain.load_cpu_ns = 700000000;
    }
    assert_null(insight_of(result, "calls_block"));
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        /* Four threads that compute in their calls, as the busiest does. */
        trial->agent_intervals[i].load_threads = 4;
        trial->agent_intervals[i].call_ns = 3200000000;
    }
    assert_null(insight_of(result, "calls_block"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_near_the_measured_ceiling_is_told_with_its_headroom),
        cmocka_unit_test(a_full_load_thread_is_the_limit_of_max_and_only_there),
        cmocka_unit_test(a_cpu_limit_that_held_back_is_the_limit_of_max),
        cmocka_unit_test(calls_that_hold_threads_up_are_told),
        cmocka_unit_test(a_host_whose_processors_are_busy_is_told),
        cmocka_unit_test(a_host_with_room_or_a_short_phase_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
