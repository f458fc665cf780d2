#include "rig.h"

#include "cases.h"
#include "stamp.h"

#include <errno.h>

/* The usual: confirmed by all, acknowledged at delivery where the backend has that. */
static struct delivery plain_delivery(const struct suite *suite)
{
    const struct catalog_capability *cells = suite->ops->entry->capabilities;
    bool needs_acks = !cells[CAPABILITY_CONSUME_ACK_NONE].available ||
                      suite->conformance->drops_unacknowledged != NULL;

    return (struct delivery){.publish_ack = cells[CAPABILITY_PUBLISH_ACK_ALL].available
                                                ? PUBLISH_ACK_ALL
                                                : PUBLISH_ACK_NONE,
                             .consume_ack = needs_acks ? CONSUME_ACK_EACH : CONSUME_ACK_NONE,
                             .persistent = !cells[CAPABILITY_NOT_PERSISTENT].available};
}

/* Sends, waits for everything, and a little for what should not come. */
static void run_to_the_end(struct rig *rig, uint32_t count)
{
    rig_send(rig, count);
    rig_settle(rig);
    rig_drain(rig);
    rig_linger(rig, 50 * NS_PER_MS);
    assert_int_equal(rig->acked, count);
    assert_int_equal(rig->errors, 0);
    rig_assert_exactly_once(rig);
}

static void run_spec(void **state, const struct rig_spec *spec, uint32_t count)
{
    struct rig *rig = rig_open(state, spec);

    run_to_the_end(rig, count);
    rig_close(rig);
}

void every_message_reaches_its_topic_and_partition_once(void **state)
{
    struct rig_spec spec = {
        .topics = 3, .partitions = 3, .producers = 3, .delivery = plain_delivery(rig_suite(state))};

    run_spec(state, &spec, 300);
}

void messages_of_all_sizes_arrive_as_they_left(void **state)
{
    static const uint32_t sizes[] = {STAMP_BYTES, STAMP_BYTES + 1, 127,    1024,
                                     4095,        65536,           100001, 262144};
    struct rig_spec spec = {.message_bytes_max = 262144,
                            .delivery = plain_delivery(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t deadline_ns = rig_deadline(rig);

        while (rig_submit(rig, 0, 0, 0, sizes[i]) == -EAGAIN && mono_ns() < deadline_ns) {
            (void)rig_poll(rig);
        }
    }
    assert_int_equal(rig->sent, sizeof sizes / sizeof sizes[0]);
    rig_settle(rig);
    rig_drain(rig);
    rig_assert_exactly_once(rig);
    rig_close(rig);
}

void independent_subscriptions_each_get_every_message(void **state)
{
    struct rig_spec spec = {.partitions = 2,
                            .subscriptions = 3,
                            .consumers = 2,
                            .delivery = plain_delivery(rig_suite(state))};

    run_spec(state, &spec, 200);
}

void competing_consumers_get_each_message_once(void **state)
{
    struct rig_spec spec = {.partitions = 3,
                            .producers = 2,
                            .consumers = 3,
                            .delivery = plain_delivery(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);
    bool used[RIG_CLIENTS_MAX] = {false};

    run_to_the_end(rig, 600);
    for (uint32_t i = 0; i < rig->sent; i++) {
        used[rig->receiver[0][i]] = true;
    }
    assert_true(used[0] && used[1] && used[2]);
    rig_close(rig);
}

void more_consumers_than_partitions_get_each_message_once(void **state)
{
    struct rig_spec spec = {
        .partitions = 2, .consumers = 5, .delivery = plain_delivery(rig_suite(state))};

    run_spec(state, &spec, 600);
}

void a_stream_stays_in_order_with_one_consumer(void **state)
{
    struct rig_spec spec = {.partitions = 2, .delivery = plain_delivery(rig_suite(state))};
    struct rig *rig = rig_open(state, &spec);

    run_to_the_end(rig, 1000);
    assert_int_equal(rig->out_of_order, 0);
    rig_close(rig);
}

static void confirm_each_token_once(void **state, enum capability capability, enum publish_ack ack)
{
    struct rig_spec spec = {.partitions = 2, .producers = 3};

    rig_require(rig_suite(state), capability);
    spec.delivery = plain_delivery(rig_suite(state));
    spec.delivery.publish_ack = ack;
    spec.delivery.in_flight = 20; /* Each token is used many times. */
    run_spec(state, &spec, 1000);
}

void publish_ack_none_gives_each_token_one_outcome(void **state)
{
    if (rig_suite(state)->conformance->drops_unacknowledged != NULL) {
        rig_skip("%s", rig_suite(state)->conformance->drops_unacknowledged);
    }
    confirm_each_token_once(state, CAPABILITY_PUBLISH_ACK_NONE, PUBLISH_ACK_NONE);
}

void publish_ack_leader_confirms_each_token_once(void **state)
{
    confirm_each_token_once(state, CAPABILITY_PUBLISH_ACK_LEADER, PUBLISH_ACK_LEADER);
}

void publish_ack_all_confirms_each_token_once(void **state)
{
    confirm_each_token_once(state, CAPABILITY_PUBLISH_ACK_ALL, PUBLISH_ACK_ALL);
}

static void take_acks(void **state, enum capability capability, enum consume_ack ack)
{
    struct rig_spec spec = {.partitions = 2, .consumers = 2};

    rig_require(rig_suite(state), capability);
    spec.delivery = plain_delivery(rig_suite(state));
    spec.delivery.consume_ack = ack;
    run_spec(state, &spec, 305);
}

void consume_ack_each_takes_an_ack_per_message(void **state)
{
    take_acks(state, CAPABILITY_CONSUME_ACK_EACH, CONSUME_ACK_EACH);
}

void consume_ack_batch_takes_an_ack_for_several(void **state)
{
    take_acks(state, CAPABILITY_CONSUME_ACK_BATCH, CONSUME_ACK_BATCH);
}

/* Sends messages, acknowledges all or half of them, and starts the consumer again. */
static void start_the_consumer_again(void **state, bool all_acked)
{
    struct rig_spec spec = {.holds_acks = true};
    const struct suite *suite = rig_suite(state);
    int64_t deadline_ns;
    struct rig *rig;
    uint32_t expected = all_acked ? 0 : RIG_UNACKED_MAX;
    uint32_t before;

    rig_require(suite, CAPABILITY_CONSUME_ACK_EACH);
    if (suite->conformance->acks_by_itself) {
        rig_skip("the client library acknowledges by itself");
    }
    if (suite->conformance->no_unacked != NULL) {
        rig_skip("%s", suite->conformance->no_unacked);
    }
    spec.delivery = plain_delivery(suite);
    spec.delivery.consume_ack = CONSUME_ACK_EACH;
    rig = rig_open(state, &spec);
    rig_send(rig, RIG_UNACKED_MAX);
    rig_settle(rig);
    rig_drain(rig);
    assert_int_equal(rig_ack(rig, rig->last_token[0], true), 0);
    deadline_ns = rig_deadline(rig);
    while (suite->ops->ack_answers && rig->acks_answered == 0 && mono_ns() < deadline_ns) {
        (void)rig_poll(rig);
        rig_wait(rig);
    }
    if (!all_acked) {
        rig_send(rig, RIG_UNACKED_MAX);
        rig_settle(rig);
        rig_drain(rig);
    }
    before = rig->arrivals;
    suite->ops->close(rig->consumer);
    rig->consumer = NULL;
    rig_open_consumers(rig);
    deadline_ns = rig_deadline(rig);
    while (rig->arrivals < before + expected && mono_ns() < deadline_ns) {
        (void)rig_poll(rig);
        rig_wait(rig);
    }
    rig_linger(rig, 300 * NS_PER_MS);
    assert_int_equal(rig->arrivals, before + expected);
    for (uint32_t i = 0; i < rig->sent; i++) {
        assert_int_equal(rig->received[0][i], i < RIG_UNACKED_MAX ? 1 : 2);
    }
    rig_close(rig);
}

void acknowledged_messages_are_not_delivered_again(void **state)
{
    start_the_consumer_again(state, true);
}

void unacknowledged_messages_are_delivered_again(void **state)
{
    if (rig_suite(state)->conformance->no_redelivery != NULL) {
        rig_skip("%s", rig_suite(state)->conformance->no_redelivery);
    }
    start_the_consumer_again(state, false);
}

static void keep_order(void **state, enum capability capability, uint32_t consumers)
{
    struct rig_spec spec = {.partitions = 2, .consumers = consumers};
    struct rig *rig;

    rig_require(rig_suite(state), capability);
    spec.delivery = plain_delivery(rig_suite(state));
    spec.delivery.ordered = true;
    rig = rig_open(state, &spec);
    run_to_the_end(rig, 500);
    assert_int_equal(rig->out_of_order, 0);
    rig_close(rig);
}

void ordered_keeps_each_stream_in_order(void **state)
{
    keep_order(state, CAPABILITY_ORDERED, 1);
}

void ordered_keeps_order_with_several_consumers(void **state)
{
    keep_order(state, CAPABILITY_ORDERED_SHARED, 3);
}

/* Sends 20 before anyone reads, lets them grow old, then 5 that are fresh when they are read. */
void messages_older_than_their_ttl_are_dropped(void **state)
{
    struct rig_spec spec = {.without_consumers = true};
    struct rig *rig;

    rig_require(rig_suite(state), CAPABILITY_TTL);
    if (rig_suite(state)->conformance->no_ttl != NULL) {
        rig_skip("%s", rig_suite(state)->conformance->no_ttl);
    }
    spec.delivery = plain_delivery(rig_suite(state));
    spec.delivery.ttl_ns = 2 * NS_PER_S; /* MQTT counts whole seconds. */
    rig = rig_open(state, &spec);
    rig_send(rig, 20);
    rig_settle(rig);
    rig_linger(rig, 3500 * NS_PER_MS);
    rig_open_consumers(rig);
    rig_linger(rig, 300 * NS_PER_MS);
    assert_int_equal(rig_received(rig, 0), 0);
    rig_send(rig, 5);
    rig_settle(rig);
    rig_linger(rig, 500 * NS_PER_MS);
    assert_int_equal(rig_received(rig, 0), 5);
    rig_close(rig);
}

void persistent_messages_are_delivered(void **state)
{
    struct rig_spec spec = {.delivery = plain_delivery(rig_suite(state))};

    rig_require(rig_suite(state), CAPABILITY_PERSISTENT);
    spec.delivery.persistent = true;
    run_spec(state, &spec, 100);
}

void not_persistent_messages_are_delivered(void **state)
{
    struct rig_spec spec = {.delivery = plain_delivery(rig_suite(state))};

    rig_require(rig_suite(state), CAPABILITY_NOT_PERSISTENT);
    spec.delivery.persistent = false;
    run_spec(state, &spec, 100);
}
