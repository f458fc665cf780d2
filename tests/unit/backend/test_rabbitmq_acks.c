/* Acks that are gathered, and a consumer whose broker reads none; without a broker. */
#include "rabbitmq_stream.h"

#include <errno.h>
#include <sys/socket.h>

static const struct delivery acks_each = {.consume_ack = CONSUME_ACK_EACH};

/* The broker reads acks of tags first to last, and there is nothing behind them. */
static void assert_acks_arrived(const struct rabbitmq_bench *bench, uint64_t first, uint64_t last)
{
    char bytes[RABBITMQ_ACK_BYTES];
    char expected[RABBITMQ_ACK_BYTES];

    for (uint64_t tag = first; tag <= last; tag++) {
        assert_int_equal(recv(bench->broker_fd, bytes, sizeof bytes, 0), sizeof bytes);
        rabbitmq_encode_ack(tag, false, expected);
        assert_memory_equal(bytes, expected, sizeof bytes);
    }
    assert_false(rabbitmq_bench_is_readable(bench->broker_fd));
}

static void acknowledge(struct rabbitmq_bench *bench, uint64_t first, uint64_t last)
{
    for (uint64_t tag = first; tag <= last; tag++) {
        assert_int_equal(rabbitmq_ack(&bench->endpoint, tag, false), 1);
    }
}

static void acks_are_written_when_they_are_flushed(void **state)
{
    struct rabbitmq_bench bench;

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    acknowledge(&bench, 1, 3);
    assert_false(rabbitmq_bench_is_readable(bench.broker_fd));
    assert_int_equal(rabbitmq_flush(&bench.endpoint), 0);
    assert_acks_arrived(&bench, 1, 3);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), 0);
    assert_false(rabbitmq_bench_is_readable(bench.broker_fd));
    rabbitmq_bench_end(&bench);
}

static void acks_are_written_by_the_next_poll_at_the_latest(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[4];

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    acknowledge(&bench, 1, 2);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_acks_arrived(&bench, 1, 2);
    acknowledge(&bench, 3, 4);
    assert_int_equal(rabbitmq_poll_held(&bench.endpoint, events, 4), 0);
    assert_acks_arrived(&bench, 3, 4);
    rabbitmq_bench_end(&bench);
}

static void acks_that_find_no_room_beside_the_others_are_written_behind_them(void **state)
{
    struct rabbitmq_bench bench;
    uint64_t full = RABBITMQ_ACKS_BYTES / RABBITMQ_ACK_BYTES;

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    acknowledge(&bench, 1, full);
    assert_false(rabbitmq_bench_is_readable(bench.broker_fd));
    acknowledge(&bench, full + 1, full + 1);
    assert_acks_arrived(&bench, 1, full);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), 0);
    assert_acks_arrived(&bench, full + 1, full + 1);
    rabbitmq_bench_end(&bench);
}

static void acks_go_with_the_connection_that_breaks_before_they_are_written(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[4];

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    acknowledge(&bench, 1, 3);
    rabbitmq_client_lost(&bench.endpoint, &bench.client, "the broker went");
    assert_int_equal(rabbitmq_ack(&bench.endpoint, 4, false), -ENOTCONN);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), -ENOTCONN);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), 0);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    rabbitmq_bench_end(&bench);
}

/* Found by the write, or by the write that makes room for one more. */
static void acks_that_can_not_be_written_are_told_as_lost(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[4];
    uint64_t full = RABBITMQ_ACKS_BYTES / RABBITMQ_ACK_BYTES;

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    acknowledge(&bench, 1, 1);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), -ENOTCONN);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_string_equal(events[0].text, "broker:5672: acknowledging failed: Broken pipe");
    rabbitmq_bench_end(&bench);

    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    acknowledge(&bench, 1, full);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    assert_int_equal(rabbitmq_ack(&bench.endpoint, full + 1, false), -ENOTCONN);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), -ENOTCONN);
    rabbitmq_bench_end(&bench);
}

static void fill(struct rabbitmq_bench *bench)
{
    uint64_t tag = 1;

    while (rabbitmq_ack(&bench->endpoint, tag, false) == 1) {
        tag++;
    }
    assert_true(bench->client.is_up);
    assert_int_equal(rabbitmq_ack(&bench->endpoint, tag, false), -EAGAIN);
}

static void a_consumer_whose_acks_are_not_taken_gets_no_more_to_acknowledge(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[4];
    char bytes[65536];

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    fill(&bench);
    assert_int_equal(send(bench.broker_fd, "frame", 5, 0), 5);
    assert_false(rabbitmq_bench_is_readable(
        rabbitmq_wait_fd(&bench.endpoint))); /* Or its thread would spin. */
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    while (rabbitmq_bench_is_readable(bench.broker_fd)) {
        assert_true(recv(bench.broker_fd, bytes, sizeof bytes, 0) > 0);
    }
    assert_true(rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_int_equal(rabbitmq_ack(&bench.endpoint, 100, false), 1);
    assert_int_equal(rabbitmq_flush(&bench.endpoint), 0);
    rabbitmq_bench_end(&bench);
}

/* What was read before it was paused waits with it, and its thread does not spin. */
static void messages_of_one_that_is_paused_wait_and_come_when_it_goes_on(void **state)
{
    static struct amqp_frames frames;
    struct rabbitmq_bench bench;
    struct event events[4];
    char bytes[65536];

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    frames.count = 0;
    for (uint64_t tag = 1; tag <= 3; tag++) {
        stream_delivery(&frames, tag);
    }
    rabbitmq_bench_broker_writes(&bench, frames.bytes, frames.count);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 1), 1);
    assert_int_equal(rabbitmq_bench_in_socket(&bench), 0);
    fill(&bench);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_false(rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    while (rabbitmq_bench_is_readable(bench.broker_fd)) {
        assert_true(recv(bench.broker_fd, bytes, sizeof bytes, 0) > 0);
    }
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_true(rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 2);
    assert_int_equal(events[1].token & 0xffffffff, 3);
    rabbitmq_bench_end(&bench);
}

static void one_whose_broker_goes_then_is_lost(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[4];
    int count;

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, acks_each);
    fill(&bench);
    (void)shutdown(bench.broker_fd, SHUT_WR);
    assert_true(rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    count = rabbitmq_poll(&bench.endpoint, events, 4);
    count = count > 0 ? count : rabbitmq_poll(&bench.endpoint, events, 4);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    rabbitmq_bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acks_are_written_when_they_are_flushed),
        cmocka_unit_test(acks_are_written_by_the_next_poll_at_the_latest),
        cmocka_unit_test(acks_that_find_no_room_beside_the_others_are_written_behind_them),
        cmocka_unit_test(acks_go_with_the_connection_that_breaks_before_they_are_written),
        cmocka_unit_test(acks_that_can_not_be_written_are_told_as_lost),
        cmocka_unit_test(a_consumer_whose_acks_are_not_taken_gets_no_more_to_acknowledge),
        cmocka_unit_test(messages_of_one_that_is_paused_wait_and_come_when_it_goes_on),
        cmocka_unit_test(one_whose_broker_goes_then_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
