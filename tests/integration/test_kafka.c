#include "check.h"

#include "bed.h"
#include "broker.h"
#include "kafka_endpoint_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct errinfo missing;

static int start_broker(void **state)
{
    (void)state;
    (void)broker_start("kafka", "", &broker, &missing);
    return 0;
}

static int stop_broker(void **state)
{
    (void)state;
    broker_stop(&broker);
    return 0;
}

static void need_broker(void)
{
    if (missing.text[0] != '\0') {
        print_message("[  REASON  ] %s\n", missing.text);
        skip();
    }
}

static struct bed *new_bed(void)
{
    need_broker();
    return bed_new("kafka", broker.address);
}

static void assert_each_came_once(const struct bed *bed)
{
    for (uint32_t i = 0; i < bed->sent; i++) {
        if (bed->seen[i] != 1) {
            fail_msg("message %u came %u times", i, bed->seen[i]);
        }
    }
}

static void send_and_receive(struct bed *bed, uint32_t count)
{
    bed_send(bed, count);
    bed_settle(bed);
    bed_wait(bed, &bed->received, bed->sent);
    assert_int_equal(bed->acked, bed->sent);
    assert_each_came_once(bed);
}

/* Twelve producers on four handles: each token comes back from its own handle. */
static void producers_can_be_spread_over_handles(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    assert_int_equal(target_set_option(&bed->target, "handles", "4"), 0);
    bed->topic.partitions = 3;
    bed_make(bed);
    bed_open(bed, 12, 3);
    assert_int_equal(bed->producer->handles_count, 4);
    for (uint32_t i = 0; i < 600; i++) {
        while (bed_submit(bed, i % 12, i % 3, 100) < 0) {
            (void)bed_poll(bed);
        }
    }
    bed_settle(bed);
    bed_wait(bed, &bed->received, 600);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void each_codec_and_linger_keeps_the_bytes(void **state)
{
    static const char *const codecs[] = {"gzip", "snappy", "lz4", "zstd"};

    (void)state;
    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        struct bed *bed = new_bed();

        assert_int_equal(target_set_option(&bed->target, "compression", codecs[i]), 0);
        assert_int_equal(target_set_option(&bed->target, "linger", "5ms"), 0);
        bed_make(bed);
        bed_open(bed, 1, 1);
        send_and_receive(bed, 200);
        bed_free(bed);
    }
}

/* A broker refuses batches over 1 MiB unless the topic says otherwise. */
static void messages_beyond_the_brokers_default_limit_arrive(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->producer_config.message_bytes_max = 2 * 1024 * 1024;
    bed_make(bed);
    bed_open(bed, 1, 1);
    assert_int_equal(bed_submit(bed, 0, 0, 2 * 1024 * 1024), 0);
    bed_settle(bed);
    bed_wait(bed, &bed->received, 1);
    assert_int_equal(bed->acked, 1);
    bed_free(bed);
}

static void fixed_assignment_reads_every_partition_once(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    assert_int_equal(target_set_option(&bed->target, "assign", "fixed"), 0);
    bed->topic.partitions = 5;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    bed_make(bed);
    bed_open(bed, 1, 7); /* Two of them have nothing to read. */
    send_and_receive(bed, 500);
    bed_free(bed);
}

/* Workers and agents open one after the other, and nobody polls before all have. */
static void members_can_join_while_nobody_polls(void **state)
{
    struct bed *bed = new_bed();
    struct endpoint *late = NULL;
    struct endpoint_config config;
    struct errinfo error = {""};
    uint32_t received = 0;
    int64_t deadline_ns;

    (void)state;
    bed->topic.partitions = 4;
    bed_make(bed);
    bed_open(bed, 1, 2);
    config = bed->consumer_config;
    config.clients += 2;
    config.clients_count = 2;
    config.open_deadline_ns = mono_ns() + BED_WAIT_NS;
    for (uint32_t i = 0; i < 4; i++) {
        bed->consumers[i].share_index = i;
        bed->consumers[i].shares_count = 4;
    }
    if (bed->ops->open(&config, &late, &error) < 0) {
        fail_msg("%s", error.text);
    }
    bed_send(bed, 400);
    bed_settle(bed);
    deadline_ns = mono_ns() + BED_WAIT_NS;
    while (bed->received + received < 400 && mono_ns() < deadline_ns) {
        struct event events[64];
        int count = bed->ops->poll(late, events, 64);

        for (int i = 0; i < count; i++) {
            received += events[i].kind == EVENT_MESSAGE;
        }
        (void)bed_poll(bed);
    }
    assert_int_equal(bed->received, 200);
    assert_int_equal(received, 200);
    bed->ops->close(late);
    bed_free(bed);
}

/* Kafka takes milliseconds over a commit; the acknowledgements must not hold the messages up. */
static void a_commit_per_message_keeps_up_and_answers_each_ack(void **state)
{
    struct bed *bed = new_bed();
    uint32_t acks = 0;
    uint32_t answers = 0;
    int64_t deadline_ns;

    (void)state;
    bed->topic.partitions = 3;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 1);
    bed_settle(bed);
    deadline_ns = mono_ns() + BED_WAIT_NS;
    while ((acks < 5000 || answers < acks) && mono_ns() < deadline_ns) {
        struct event events[64];
        int count = bed->ops->poll(bed->consumer, events, 64);

        for (int i = 0; i < count; i++) {
            answers += events[i].kind == EVENT_CONSUME_ACKED;
            if (events[i].kind == EVENT_MESSAGE) {
                assert_int_equal(bed->ops->ack(bed->consumer, events[i].token, false), 0);
                acks++;
            }
        }
        if (bed->sent < 5000) {
            struct endpoint *consumer = bed->consumer;

            bed->consumer = NULL; /* Only the producer's outcomes. */
            bed_send(bed, 50);
            (void)bed_poll(bed);
            bed->consumer = consumer;
        }
    }
    assert_in_range(acks, 5000, 5049);
    assert_int_equal(answers, acks);
    bed_settle(bed);
    bed_free(bed);
}

static void a_reader_that_comes_back_goes_on_after_its_last_commit(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->topic.partitions = 2;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    bed_make(bed);
    bed_open(bed, 1, 1);
    send_and_receive(bed, 300);
    bed->ops->close(bed->consumer); /* Waits for what is under way. */
    bed->consumer = NULL;
    bed->ops->close(bed->producer);
    bed->producer = NULL;
    bed_open(bed, 1, 1);
    send_and_receive(bed, 300);
    bed_free(bed);
}

/* The idempotent producer can give up for good; the driver begins anew. */
static void a_handle_that_is_broken_is_replaced(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->delivery.ordered = true;
    bed_make(bed);
    bed_open(bed, 1, 1);
    send_and_receive(bed, 10);
    (void)rd_kafka_test_fatal_error(bed->producer->handles[0].client,
                                    RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "as a test");
    bed_wait(bed, &bed->downs, 1);
    assert_int_equal(bed_submit(bed, 0, 0, 100), -EAGAIN);
    bed_reopen(bed);
    bed_wait(bed, &bed->ups, 1);
    send_and_receive(bed, 10);
    bed_free(bed);
}

/* Messages of a broker that stays away end within the drain, as refused or unconfirmed. */
static void messages_end_within_the_drain_when_the_broker_stays_away(void **state)
{
    struct bed *bed = new_bed();
    struct errinfo error = {""};
    int64_t start_ns;

    (void)state;
    if (!broker.ours) {
        print_message("[  REASON  ] the broker at %s can't be made to go away\n", broker.address);
        skip();
    }
    bed->producer_config.drain_ns = 4 * NS_PER_S;
    bed_make(bed);
    bed_open(bed, 1, 1);
    send_and_receive(bed, 20);
    if (broker_kill(&broker, &error) < 0) {
        fail_msg("%s", error.text);
    }
    start_ns = mono_ns();
    for (uint32_t i = 0; i < 20; i++) {
        (void)bed_submit(bed, 0, 0, 100);
    }
    bed_settle(bed);
    assert_true(mono_ns() - start_ns < 5 * NS_PER_S);
    assert_int_equal(bed->acked, 20);
    bed_wait(bed, &bed->downs, 2);
    assert_null(strstr(bed->text, "(after")); /* Errors are counted by their text. */
    if (broker_resume(&broker, &error) < 0) {
        fail_msg("%s", error.text);
    }
    bed_reopen(bed);
    bed_wait(bed, &bed->ups, 2);
    bed_send(bed, 20);
    bed_settle(bed);
    assert_int_equal(bed->acked, 40);
    bed_drain(bed);
    bed_free(bed);
}

static void opening_on_a_topic_that_is_not_there_fails_in_time(void **state)
{
    struct bed *bed = new_bed();
    struct errinfo error = {""};
    struct endpoint *endpoint = NULL;

    (void)state;
    bed->consumer_config = bed->producer_config;
    bed->consumer_config.role = ROLE_CONSUMER;
    bed->consumer_config.clients = bed->consumers;
    bed->consumer_config.clients_count = 1;
    bed->consumers[0].shares_count = 1;
    bed->consumer_config.open_deadline_ns = mono_ns() + 2 * NS_PER_S;
    assert_true(bed->ops->open(&bed->consumer_config, &endpoint, &error) < 0);
    assert_non_null(strstr(error.text, bed->name));
    assert_null(endpoint);
    bed_free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(producers_can_be_spread_over_handles),
        cmocka_unit_test(each_codec_and_linger_keeps_the_bytes),
        cmocka_unit_test(messages_beyond_the_brokers_default_limit_arrive),
        cmocka_unit_test(fixed_assignment_reads_every_partition_once),
        cmocka_unit_test(members_can_join_while_nobody_polls),
        cmocka_unit_test(a_commit_per_message_keeps_up_and_answers_each_ack),
        cmocka_unit_test(a_reader_that_comes_back_goes_on_after_its_last_commit),
        cmocka_unit_test(a_handle_that_is_broken_is_replaced),
        cmocka_unit_test(opening_on_a_topic_that_is_not_there_fails_in_time),
        cmocka_unit_test(messages_end_within_the_drain_when_the_broker_stays_away),
    };

    return cmocka_run_group_tests_name("kafka", tests, start_broker, stop_broker);
}
