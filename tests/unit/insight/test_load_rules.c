#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)

static void set_second(struct result *result, uint32_t i, uint64_t due, int64_t p99_ns)
{
    struct result_interval *interval = &made_up_trial(result)->intervals[i];

    interval->due = due;
    interval->e2e.samples = due;
    interval->e2e.p99 = p99_ns;
    interval->e2e.p50 = p99_ns / 2;
}

/* Rates from 1000/s on, growing by step a second; p99 is 1 ms until the knee, then 20 ms. */
static struct result *with_ramp(uint32_t seconds, uint32_t step, uint32_t knee)
{
    struct result *result = made_up(seconds);

    for (uint32_t i = 0; i < seconds; i++) {
        set_second(result, i, 1000 + step * i, i >= knee ? 20 * MS : MS);
    }
    return result;
}

static void the_rate_at_which_latency_leaves_its_level_is_told(void **state)
{
    struct result *result = with_ramp(20, 500, 12);
    const struct result_insight *insight = insight_of(result, "ramp_knee");

    (void)state;
    assert_near(figure_of(insight, "rate"), 7000.0, 0.0);
    assert_near(figure_of(insight, "level"), 1e6, 0.0);
    assert_near(figure_of(insight, "last"), 20e6, 0.0);
    result_free(result);
}

static void a_ramp_without_a_knee_is_not_told(void **state)
{
    struct result *flat = with_ramp(20, 500, 20);
    struct result *late = with_ramp(20, 500, 18); /* Two seconds may be chance. */
    struct result *back = with_ramp(20, 500, 12);
    struct result *steady = with_ramp(20, 0, 12);

    (void)state;
    set_second(back, 19, 10000, MS);
    assert_null(insight_of(flat, "ramp_knee"));
    assert_null(insight_of(late, "ramp_knee"));
    assert_null(insight_of(back, "ramp_knee"));
    assert_null(insight_of(steady, "ramp_knee"));
    result_free(flat);
    result_free(late);
    result_free(back);
    result_free(steady);
}

static void a_short_or_thin_ramp_is_not_told(void **state)
{
    struct result *brief = with_ramp(8, 500, 4);
    struct result *thin = with_ramp(20, 500, 12);

    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        made_up_trial(thin)->intervals[i].e2e.samples = 99;
    }
    assert_null(insight_of(brief, "ramp_knee"));
    assert_null(insight_of(thin, "ramp_knee"));
    result_free(brief);
    result_free(thin);
}

/* Five seconds of 1000/s, five of peak_per_s with 50 ms, ten of 1000/s of which the first slow ones
 * have 50 ms, too. */
static struct result *with_peak(double peak_per_s, uint32_t slow)
{
    static const char *const names[] = {"before", "spike", "after"};
    struct result *result = made_up(20);
    struct result_trial *trial = made_up_trial(result);

    trial->phases = realloc(trial->phases, 3 * sizeof *trial->phases);
    assert_non_null(trial->phases);
    memset(trial->phases, 0, 3 * sizeof *trial->phases);
    trial->phases_count = 3;
    for (uint32_t p = 0; p < 3; p++) {
        (void)snprintf(trial->phases[p].name, NAME_BYTES, "%s", names[p]);
        trial->phases[p].measured = true;
        trial->phases[p].start_ns = p * 5 * INTERVAL_NS;
        trial->phases[p].duration_ns = (p == 2 ? 10 : 5) * INTERVAL_NS;
        trial->phases[p].asked_per_s = p == 1 ? peak_per_s : 1000.0;
    }
    for (uint32_t i = 0; i < 20; i++) {
        set_second(result, i, 1000, i >= 5 && i < 10 + slow ? 50 * MS : MS);
    }
    return result;
}

static void the_time_after_a_peak_until_latency_is_back_is_told(void **state)
{
    struct result *result = with_peak(5000.0, 3);
    const struct result_insight *insight = insight_of(result, "peak_recovery");

    (void)state;
    assert_near(figure_of(insight, "recovery_s"), 3.0, 0.0);
    assert_near(figure_of(insight, "level"), 1e6, 0.0);
    assert_near(figure_of(insight, "peak"), 50e6, 0.0);
    assert_non_null(strstr(insight->text, "case-0: spike raised p99"));
    assert_string_equal(insight->advice, "");
    result_free(result);
}

static void latency_that_does_not_come_back_is_told(void **state)
{
    struct result *result = with_peak(5000.0, 10);
    const struct result_insight *insight = insight_of(result, "peak_recovery");

    (void)state;
    assert_non_null(strstr(insight->text, "not back"));
    assert_true(strlen(insight->advice) > 0);
    result_free(result);
}

static void what_is_no_peak_or_did_no_harm_is_not_told(void **state)
{
    struct result *even = with_peak(1000.0, 3);
    struct result *harmless = with_peak(5000.0, 0);
    struct result *warm_up = with_peak(5000.0, 3);

    (void)state;
    for (uint32_t i = 5; i < 10; i++) {
        set_second(harmless, i, 5000, MS);
    }
    made_up_trial(warm_up)->phases[0].measured = false;
    assert_null(insight_of(even, "peak_recovery"));
    assert_null(insight_of(harmless, "peak_recovery"));
    assert_null(insight_of(warm_up, "peak_recovery"));
    result_free(even);
    result_free(harmless);
    result_free(warm_up);
}

static void messages_that_were_skipped_are_told(void **state)
{
    struct result *result = with_ramp(20, 0, 20);
    struct result_phase *phase = made_up_merged(result);
    const struct result_insight *insight;

    (void)state;
    assert_null(insight_of(result, "late_skipped"));
    phase->due = 20000;
    phase->skipped = 500;
    insight = insight_of(result, "late_skipped");
    assert_non_null(insight);
    assert_near(figure_of(insight, "skipped"), 500.0, 0.0);
    assert_non_null(strstr(insight->text, "2.5 % of the messages were skipped (500 of 20000)"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_at_which_latency_leaves_its_level_is_told),
        cmocka_unit_test(a_ramp_without_a_knee_is_not_told),
        cmocka_unit_test(a_short_or_thin_ramp_is_not_told),
        cmocka_unit_test(the_time_after_a_peak_until_latency_is_back_is_told),
        cmocka_unit_test(latency_that_does_not_come_back_is_told),
        cmocka_unit_test(what_is_no_peak_or_did_no_harm_is_not_told),
        cmocka_unit_test(messages_that_were_skipped_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
