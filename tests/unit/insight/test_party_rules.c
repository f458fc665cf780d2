#include "made_up.h"

#include <stdio.h>
#include <string.h>

static void one_consumer_behind_the_rest_is_told(void **state)
{
    struct result *result = made_up(30);
    struct result_trial *trial = made_up_trial(result);
    const struct result_insight *insight;

    (void)state;
    made_up_parties(trial, PARTY_CONSUMER, 4, 1000, 1e6);
    trial->parties[2].latency_ns_mean = 7e6;
    insight = insight_of(result, "consumer_behind");
    assert_non_null(strstr(insight->text, "party 2"));
    assert_near(figure_of(insight, "mean"), 7e6, 0.0);
    assert_near(figure_of(insight, "median_of_all"), 1e6, 0.0);
    assert_null(insight_of(result, "producer_behind"));
    result_free(result);
}

static void one_producer_behind_the_rest_is_told(void **state)
{
    struct result *result = made_up(30);

    (void)state;
    made_up_parties(made_up_trial(result), PARTY_PRODUCER, 3, 1000, 1e6);
    made_up_trial(result)->parties[0].latency_ns_mean = 3e6;
    assert_non_null(insight_of(result, "producer_behind"));
    result_free(result);
}

static void parties_that_are_alike_few_or_barely_used_are_not_told(void **state)
{
    struct result *alike = made_up(30);
    struct result *small = made_up(30);
    struct result *two = made_up(30);
    struct result *unused = made_up(30);

    (void)state;
    made_up_parties(made_up_trial(alike), PARTY_CONSUMER, 4, 1000, 10e6);
    made_up_trial(alike)->parties[1].latency_ns_mean = 19e6;
    assert_null(insight_of(alike, "consumer_behind"));
    made_up_parties(made_up_trial(small), PARTY_CONSUMER, 4, 1000, 1e5);
    made_up_trial(small)->parties[1].latency_ns_mean = 1e6;
    assert_null(insight_of(small, "consumer_behind"));
    made_up_parties(made_up_trial(two), PARTY_CONSUMER, 2, 1000, 1e6);
    made_up_trial(two)->parties[1].latency_ns_mean = 9e6;
    assert_null(insight_of(two, "consumer_behind"));
    made_up_parties(made_up_trial(unused), PARTY_CONSUMER, 4, 99, 1e6);
    made_up_trial(unused)->parties[1].latency_ns_mean = 9e6;
    assert_null(insight_of(unused, "consumer_behind"));
    result_free(alike);
    result_free(small);
    result_free(two);
    result_free(unused);
}

/* Large messages are slower by nature. */
static void those_of_another_flow_or_subscription_are_no_measure(void **state)
{
    struct result *result = made_up(30);
    struct result_trial *trial = made_up_trial(result);

    (void)state;
    made_up_parties(trial, PARTY_CONSUMER, 8, 1000, 1e6);
    trial->parties[7].latency_ns_mean = 9e6;
    assert_non_null(insight_of(result, "consumer_behind"));
    (void)snprintf(trial->parties[7].flow, sizeof trial->parties[7].flow, "exports");
    assert_null(insight_of(result, "consumer_behind"));
    (void)snprintf(trial->parties[7].flow, sizeof trial->parties[7].flow, "main");
    trial->parties[7].subscription = 1;
    assert_null(insight_of(result, "consumer_behind"));
    result_free(result);
}

static void one_partition_with_twice_the_messages_is_told(void **state)
{
    struct result *result = made_up(30);
    struct result_trial *trial = made_up_trial(result);
    const struct result_insight *insight;

    (void)state;
    made_up_parties(trial, PARTY_PARTITION, 4, 1000, 0.0);
    trial->parties[3].messages = 1999;
    assert_null(insight_of(result, "partition_skew"));
    trial->parties[3].messages = 2000;
    insight = insight_of(result, "partition_skew");
    assert_near(figure_of(insight, "messages"), 2000.0, 0.0);
    assert_near(figure_of(insight, "median"), 1000.0, 0.0);
    result_free(result);
}

static void few_messages_or_partitions_make_no_skew(void **state)
{
    struct result *few = made_up(30);
    struct result *two = made_up(30);

    (void)state;
    made_up_parties(made_up_trial(few), PARTY_PARTITION, 4, 100, 0.0);
    made_up_trial(few)->parties[3].messages = 900;
    assert_null(insight_of(few, "partition_skew"));
    made_up_parties(made_up_trial(two), PARTY_PARTITION, 2, 1000, 0.0);
    made_up_trial(two)->parties[1].messages = 9000;
    assert_null(insight_of(two, "partition_skew"));
    result_free(few);
    result_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_consumer_behind_the_rest_is_told),
        cmocka_unit_test(one_producer_behind_the_rest_is_told),
        cmocka_unit_test(parties_that_are_alike_few_or_barely_used_are_not_told),
        cmocka_unit_test(those_of_another_flow_or_subscription_are_no_measure),
        cmocka_unit_test(one_partition_with_twice_the_messages_is_told),
        cmocka_unit_test(few_messages_or_partitions_make_no_skew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
