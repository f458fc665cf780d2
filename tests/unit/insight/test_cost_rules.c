#include "made_up.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two variants of a target, compared in e2e.p99 and received_rate; 35 % slower, 20 % less. */
static struct result *with_costs(void)
{
    struct result *result = made_up(5);
    struct result_comparison *comparisons = calloc(2, sizeof *comparisons);

    assert_non_null(comparisons);
    (void)made_up_case(result, 5);
    (void)snprintf(result->cases[0].variant, NAME_BYTES, "baseline");
    (void)snprintf(result->cases[1].variant, NAME_BYTES, "ordered");
    for (uint32_t i = 0; i < 2; i++) {
        (void)snprintf(comparisons[i].case_name, NAME_BYTES, "case-1");
        (void)snprintf(comparisons[i].baseline, NAME_BYTES, "case-0");
        (void)snprintf(comparisons[i].phase, NAME_BYTES, "steady");
        comparisons[i].p_value = 0.01;
        comparisons[i].pairs = 5;
    }
    (void)snprintf(comparisons[0].metric, METRIC_BYTES, "e2e.p99");
    comparisons[0].ratio = 1.35;
    comparisons[0].low = 1.30;
    comparisons[0].high = 1.40;
    (void)snprintf(comparisons[1].metric, METRIC_BYTES, "received_rate");
    comparisons[1].ratio = 0.8;
    comparisons[1].low = 0.75;
    comparisons[1].high = 0.85;
    result->findings.comparisons = comparisons;
    result->findings.comparisons_count = 2;
    return result;
}

static void a_cost_beyond_its_interval_is_told(void **state)
{
    struct result *result = with_costs();
    const struct result_insight *insight = insight_of(result, "feature_cost");

    (void)state;
    assert_near(figure_of(insight, "e2e.p99"), 35.0, 1e-9);
    assert_near(figure_of(insight, "e2e.p99.low"), 30.0, 1e-9);
    assert_near(figure_of(insight, "received_rate"), -20.0, 1e-9);
    assert_near(figure_of(insight, "received_rate.high"), -15.0, 1e-9);
    assert_near(figure_of(insight, "pairs"), 5.0, 0.0);
    assert_non_null(
        strstr(insight->text, "target-0: ordered compared with baseline: e2e.p99 +35 %"));
    assert_string_equal(insight->case_name, "case-1");
    result_free(result);
}

static void a_cost_that_may_be_chance_is_not_told(void **state)
{
    struct result *result = with_costs();
    struct result_comparison *comparisons = result->findings.comparisons;

    (void)state;
    comparisons[0].low = 0.99;
    assert_non_null(insight_of(result, "feature_cost")); /* The rate's is left. */
    comparisons[1].p_value = 0.06;
    assert_null(insight_of(result, "feature_cost"));
    result_free(result);
}

static void a_gain_is_no_cost(void **state)
{
    struct result *result = with_costs();
    struct result_comparison *comparisons = result->findings.comparisons;

    (void)state;
    comparisons[0].ratio = 0.7;
    comparisons[0].low = 0.6;
    comparisons[0].high = 0.8;
    comparisons[1].ratio = 1.3;
    comparisons[1].low = 1.2;
    comparisons[1].high = 1.4;
    assert_null(insight_of(result, "feature_cost"));
    result_free(result);
}

static void another_target_is_no_feature(void **state)
{
    struct result *result = with_costs();

    (void)state;
    (void)snprintf(result->cases[1].target, NAME_BYTES, "target-1");
    assert_null(insight_of(result, "feature_cost"));
    result_free(result);
}

/* Two consumers for 5 s, that many acknowledgements of that length, for 10 messages each. */
static struct result *with_acks(uint64_t count, int64_t ns)
{
    struct result *result = made_up(5);

    made_up_parties(made_up_trial(result), PARTY_CONSUMER, 2, 1000, 1e6);
    made_up_samples(made_up_merged(result), SERIES_CONSUME_ACK, ns, count);
    made_up_merged(result)->received_per_s = 10.0 * (double)count / 5.0;
    return result;
}

static void acknowledgements_that_take_a_consumers_time_are_told(void **state)
{
    struct result *result = with_acks(1000, 5000000); /* 5 s of 10 s. */
    const struct result_insight *insight = insight_of(result, "acknowledgement_cost");

    (void)state;
    assert_near(figure_of(insight, "under_way"), 0.5, 1e-6);
    assert_near(figure_of(insight, "mean"), 5e6, 1e-6);
    assert_near(figure_of(insight, "messages_per_ack"), 10.0, 1e-6);
    assert_string_equal(insight->advice, "");
    made_up_merged(result)->received_per_s /= 10.0;
    assert_true(strlen(insight_of(result, "acknowledgement_cost")->advice) > 0);
    result_free(result);
}

static void quick_or_few_acknowledgements_are_not_told(void **state)
{
    struct result *quick = with_acks(1000, 2000000);
    struct result *few = with_acks(99, 100000000);
    struct result *none = made_up(5);

    (void)state;
    assert_null(insight_of(quick, "acknowledgement_cost"));
    assert_null(insight_of(few, "acknowledgement_cost"));
    assert_null(insight_of(none, "acknowledgement_cost"));
    result_free(quick);
    result_free(few);
    result_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cost_beyond_its_interval_is_told),
        cmocka_unit_test(a_cost_that_may_be_chance_is_not_told),
        cmocka_unit_test(a_gain_is_no_cost),
        cmocka_unit_test(another_target_is_no_feature),
        cmocka_unit_test(acknowledgements_that_take_a_consumers_time_are_told),
        cmocka_unit_test(quick_or_few_acknowledgements_are_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
