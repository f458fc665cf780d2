#include "check.h"
#include "scenario.h"

#include <string.h>

/* A backend that has everything but one word. */
static struct catalog_entry all_but(enum capability missing)
{
    struct catalog_entry entry = {.name = "test"};

    for (enum capability i = 0; i < CAPABILITY_COUNT; i++) {
        entry.capabilities[i] = (struct catalog_capability){i != missing, "because"};
    }
    return entry;
}

static struct scenario_flow plain_flow(void)
{
    return (struct scenario_flow){
        .name = "main",
        .topology =
            {.topics = 2, .partitions = 1, .producers = 1, .subscriptions = 1, .consumers = 2},
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 1, .consume_ack_batch = 1}};
}

static void assert_refused(const struct scenario_flow *flow, enum capability missing)
{
    struct catalog_entry without = all_but(missing);
    struct catalog_entry whole = all_but(CAPABILITY_COUNT);
    char reason[REASON_BYTES] = "";

    assert_true(scenario_flow_available(flow, &whole, reason, sizeof reason));
    assert_false(scenario_flow_available(flow, &without, reason, sizeof reason));
    assert_memory_equal(reason, capability_name(missing), strlen(capability_name(missing)));
    assert_non_null(strstr(reason, ": because"));
}

static void assert_taken(const struct scenario_flow *flow, enum capability missing)
{
    struct catalog_entry without = all_but(missing);
    char reason[REASON_BYTES] = "";

    assert_true(scenario_flow_available(flow, &without, reason, sizeof reason));
}

static void each_word_needs_its_capability(void **state)
{
    struct scenario_flow flow = plain_flow();

    (void)state;
    assert_refused(&flow, CAPABILITY_PUBLISH_ACK_ALL);
    assert_refused(&flow, CAPABILITY_CONSUME_ACK_NONE);
    flow.delivery.publish_ack = PUBLISH_ACK_NONE;
    assert_refused(&flow, CAPABILITY_PUBLISH_ACK_NONE);
    flow.delivery.publish_ack = PUBLISH_ACK_LEADER;
    assert_refused(&flow, CAPABILITY_PUBLISH_ACK_LEADER);
    flow.delivery.consume_ack = CONSUME_ACK_EACH;
    assert_refused(&flow, CAPABILITY_CONSUME_ACK_EACH);
    flow.delivery.consume_ack = CONSUME_ACK_BATCH;
    assert_refused(&flow, CAPABILITY_CONSUME_ACK_BATCH);
    flow.delivery.ttl_ns = 1;
    assert_refused(&flow, CAPABILITY_TTL);
    flow.topology.placement = PLACEMENT_APART;
    assert_refused(&flow, CAPABILITY_APART);
    flow.topology.placement = PLACEMENT_SPREAD;
    assert_taken(&flow, CAPABILITY_APART);
    flow.topology.consumers_label[0] = 'a'; /* "a=b" */
    assert_refused(&flow, CAPABILITY_APART);
}

static void words_that_are_not_said_need_nothing(void **state)
{
    struct scenario_flow flow = plain_flow();

    (void)state;
    assert_taken(&flow, CAPABILITY_TTL);
    assert_taken(&flow, CAPABILITY_ORDERED);
    assert_taken(&flow, CAPABILITY_PERSISTENT);
    assert_taken(&flow, CAPABILITY_NOT_PERSISTENT);
    assert_taken(&flow, CAPABILITY_APART);
    flow.topology.consumers = 0; /* A producing run acknowledges nothing. */
    assert_taken(&flow, CAPABILITY_CONSUME_ACK_NONE);
}

static void persistent_counts_only_when_it_was_written(void **state)
{
    struct scenario_flow flow = plain_flow();

    (void)state;
    flow.persistent_given = true;
    assert_refused(&flow, CAPABILITY_NOT_PERSISTENT);
    assert_taken(&flow, CAPABILITY_PERSISTENT);
    flow.delivery.persistent = true;
    assert_refused(&flow, CAPABILITY_PERSISTENT);
    assert_taken(&flow, CAPABILITY_NOT_PERSISTENT);
}

static void ordered_is_another_matter_when_consumers_share_a_topic(void **state)
{
    struct scenario_flow flow = plain_flow();

    (void)state;
    flow.delivery.ordered = true;
    assert_refused(&flow, CAPABILITY_ORDERED);
    assert_taken(&flow, CAPABILITY_ORDERED_SHARED);
    flow.topology.consumers = 3;
    assert_refused(&flow, CAPABILITY_ORDERED_SHARED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_needs_its_capability),
        cmocka_unit_test(words_that_are_not_said_need_nothing),
        cmocka_unit_test(persistent_counts_only_when_it_was_written),
        cmocka_unit_test(ordered_is_another_matter_when_consumers_share_a_topic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
