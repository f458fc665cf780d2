/* A consumer whose broker reads no acks; without a broker. */
#include "rabbitmq_stream.h"

#include <errno.h>
#include <sys/socket.h>

static const struct delivery acks_each = {.consume_ack = CONSUME_ACK_EACH};

static void fill(struct rabbitmq_bench *bench)
{
    uint64_t tag = 1;

    while (rabbitmq_ack(&bench->endpoint, tag, false) == 0) {
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
    assert_int_equal(rabbitmq_ack(&bench.endpoint, 100, false), 0);
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
        cmocka_unit_test(a_consumer_whose_acks_are_not_taken_gets_no_more_to_acknowledge),
        cmocka_unit_test(messages_of_one_that_is_paused_wait_and_come_when_it_goes_on),
        cmocka_unit_test(one_whose_broker_goes_then_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
