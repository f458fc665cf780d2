#include "made_up.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1024.0 * 1024.0)

/* A median that rises by growth in the course of the phase, with noise, under an even load. */
static struct result *with_drift(uint32_t seconds, double growth, double noise)
{
    struct result *result = made_up(seconds);
    struct result_trial *trial = made_up_trial(result);

    for (uint32_t i = 0; i < seconds; i++) {
        double share = (double)i / seconds;

        trial->intervals[i].due = 1000;
        trial->intervals[i].e2e.samples = 1000;
        trial->intervals[i].e2e.p50 =
            (int64_t)(1e6 * (1.0 + growth * share) * (1.0 + noise * made_up_noise(i)));
        trial->intervals[i].e2e.p99 = 5000000;
    }
    return result;
}

static void a_median_that_rises_is_told(void **state)
{
    struct result *result = with_drift(60, 0.5, 0.05);
    const struct result_insight *insight = insight_of(result, "latency_drift");

    (void)state;
    assert_near(figure_of(insight, "drift"), 50.0, 0.1);
    assert_near(figure_of(insight, "first"), 1e6, 0.05);
    assert_near(figure_of(insight, "seconds"), 58.0, 0.0);
    assert_non_null(strstr(insight->text, "median"));
    assert_non_null(strstr(insight->advice, "phases.steady.for"));
    result_free(result);
}

static void a_p99_that_rises_alone_is_told(void **state)
{
    struct result *result = with_drift(60, 0.0, 0.05);

    (void)state;
    for (uint32_t i = 0; i < 60; i++) {
        made_up_trial(result)->intervals[i].e2e.p99 = 5000000 + i * 100000;
    }
    assert_non_null(strstr(insight_of(result, "latency_drift")->text, "p99"));
    result_free(result);
}

static void noise_small_drift_and_falling_latency_are_not_told(void **state)
{
    struct result *noise = with_drift(60, 0.0, 0.5);
    struct result *small = with_drift(60, 0.05, 0.001);
    struct result *falling = with_drift(60, -0.5, 0.001);

    (void)state;
    assert_null(insight_of(noise, "latency_drift"));
    assert_null(insight_of(small, "latency_drift"));
    assert_null(insight_of(falling, "latency_drift"));
    result_free(noise);
    result_free(small);
    result_free(falling);
}

static void a_drift_in_too_few_seconds_or_samples_is_not_told(void **state)
{
    struct result *brief = with_drift(20, 0.5, 0.0);
    struct result *sparse = with_drift(60, 0.5, 0.0);

    (void)state;
    assert_null(insight_of(brief, "latency_drift"));
    for (uint32_t i = 0; i < 60; i++) {
        made_up_trial(sparse)->intervals[i].e2e.samples = 99;
    }
    assert_null(insight_of(sparse, "latency_drift"));
    result_free(brief);
    result_free(sparse);
}

/* Under a ramp latency is expected to rise. */
static void a_drift_under_a_rising_load_is_not_told(void **state)
{
    struct result *result = with_drift(60, 0.5, 0.0);

    (void)state;
    for (uint32_t i = 0; i < 60; i++) {
        made_up_trial(result)->intervals[i].due = 1000 + 10 * i;
    }
    assert_null(insight_of(result, "latency_drift"));
    result_free(result);
}

/* Memory of two agents: the first grows in the first half only, the second all the time. */
static struct result *with_memory(uint32_t seconds, double bytes_per_s)
{
    struct result *result = made_up(seconds);
    struct result_trial *trial = made_up_trial(result);

    result->agents = realloc(result->agents, 2 * sizeof *result->agents);
    trial->agent_intervals = calloc(2 * (size_t)seconds, sizeof *trial->agent_intervals);
    assert_non_null(result->agents);
    assert_non_null(trial->agent_intervals);
    result->agents_count = 2;
    result->agents[1] = result->agents[0];
    (void)snprintf(result->agents[1].name, sizeof result->agents[1].name, "agent-1");
    result->agents[1].memory_bytes = (uint64_t)(1024.0 * MIB);
    for (uint32_t i = 0; i < seconds; i++) {
        uint32_t warming = i < seconds / 2 ? i : seconds / 2;
        struct result_agent_interval *both = &trial->agent_intervals[2 * (size_t)i];

        both[0] = (struct result_agent_interval){
            .agent = 0, .index = i, .rss_bytes = (uint64_t)(64 * MIB + warming * bytes_per_s)};
        both[1] = (struct result_agent_interval){
            .agent = 1,
            .index = i,
            .rss_bytes = (uint64_t)(64 * MIB + i * bytes_per_s + 1e5 * made_up_noise(i))};
    }
    trial->agent_intervals_count = 2 * seconds;
    return result;
}

static void memory_that_goes_on_growing_is_told(void **state)
{
    struct result *result = with_memory(60, MIB);
    const struct result_insight *insight = insight_of(result, "memory_growing");

    (void)state;
    assert_int_equal(result->findings.insights_count, 1);
    assert_non_null(strstr(insight->text, "agent-1"));
    assert_near(figure_of(insight, "growth_per_s"), MIB, 0.02);
    assert_near(figure_of(insight, "reached"), (64 + 59) * MIB, 0.02);
    assert_near(figure_of(insight, "hours_until_full"), (1024 - 123) / 3600.0, 0.03);
    result_free(result);
}

static void memory_that_hardly_grows_or_grew_for_too_short_is_not_told(void **state)
{
    struct result *slight = with_memory(60, 0.1 * MIB);
    struct result *brief = with_memory(38, MIB);

    (void)state;
    assert_null(insight_of(slight, "memory_growing"));
    assert_null(insight_of(brief, "memory_growing"));
    result_free(slight);
    result_free(brief);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_median_that_rises_is_told),
        cmocka_unit_test(a_p99_that_rises_alone_is_told),
        cmocka_unit_test(noise_small_drift_and_falling_latency_are_not_told),
        cmocka_unit_test(a_drift_in_too_few_seconds_or_samples_is_not_told),
        cmocka_unit_test(a_drift_under_a_rising_load_is_not_told),
        cmocka_unit_test(memory_that_goes_on_growing_is_told),
        cmocka_unit_test(memory_that_hardly_grows_or_grew_for_too_short_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
