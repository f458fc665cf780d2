/* Frames that have to wait, and the ends of connections; without a broker. */
#include "rabbitmq_read_inner.h"
#include "rabbitmq_stream.h"

#include <sys/socket.h>

static const struct delivery without_acks = {.consume_ack = CONSUME_ACK_NONE};
static const struct delivery with_acks = {.consume_ack = CONSUME_ACK_EACH};

static void deliver(struct rabbitmq_bench *bench, uint64_t first, uint64_t last)
{
    static struct amqp_frames frames;

    frames.count = 0;
    for (uint64_t tag = first; tag <= last; tag++) {
        stream_delivery(&frames, tag);
    }
    rabbitmq_bench_broker_writes(bench, frames.bytes, frames.count);
}

static void what_there_is_no_room_for_waits_and_is_told_without_another_byte(void **state)
{
    struct rabbitmq_bench bench;
    struct stream_seen seen = {0};

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
    deliver(&bench, 1, 6);
    stream_poll(&bench, &seen, 2, false);
    assert_int_equal(seen.tag, 2);
    assert_int_equal(rabbitmq_bench_in_socket(&bench), 0);
    assert_true(rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    stream_poll(&bench, &seen, 2, false);
    stream_poll(&bench, &seen, 2, false);
    assert_int_equal(seen.tag, 6);
    stream_poll(&bench, &seen, 2, false);
    assert_false(rabbitmq_bench_is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    rabbitmq_bench_end(&bench);
}

static void what_waited_comes_before_what_came_later(void **state)
{
    struct rabbitmq_bench bench;
    struct stream_seen seen = {0};

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
    deliver(&bench, 1, 6);
    stream_poll(&bench, &seen, 1, false);
    deliver(&bench, 7, 14); /* With one of several frames. */
    stream_poll(&bench, &seen, STREAM_EVENTS_MAX, false);
    stream_poll_all(&bench, &seen);
    assert_int_equal(seen.tag, 14);
    rabbitmq_bench_end(&bench);
}

static void held_consumers_leave_messages_and_are_told_all_else(void **state)
{
    static struct amqp_frames frames;
    struct rabbitmq_bench bench;
    struct stream_seen seen = {0};

    (void)state;
    frames.count = 0;
    stream_delivery(&frames, 1);
    stream_blocked(&frames);
    stream_delivery(&frames, 2);
    stream_unblocked(&frames);
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
    rabbitmq_bench_broker_writes(&bench, frames.bytes, frames.count);
    stream_poll(&bench, &seen, 1, false);
    assert_int_equal(seen.tag, 1);
    stream_poll(&bench, &seen, STREAM_EVENTS_MAX, true);
    stream_poll(&bench, &seen, STREAM_EVENTS_MAX, true);
    assert_int_equal(seen.blocked, 1);
    assert_int_equal(seen.unblocked, 0); /* It stands behind a message. */
    stream_poll_all(&bench, &seen);
    assert_int_equal(seen.tag, 2);
    assert_int_equal(seen.unblocked, 1);
    rabbitmq_bench_end(&bench);
}

static void messages_before_the_end_of_a_connection_are_told_before_it(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[STREAM_EVENTS_MAX];
    struct stream_seen seen = {0};

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
    deliver(&bench, 1, 6);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    stream_poll(&bench, &seen, 2, true);
    stream_poll(&bench, &seen, 2, false);
    assert_true(bench.client.is_up);
    stream_poll(&bench, &seen, 4, false);
    assert_int_equal(seen.tag, 6);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, STREAM_EVENTS_MAX), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_string_equal(events[0].text,
                        "broker:5672: the connection broke: connection closed unexpectedly");
    rabbitmq_bench_end(&bench);
}

/* The broker delivers them again. */
static void held_messages_that_wait_for_an_ack_go_with_their_connection(void **state)
{
    struct rabbitmq_bench bench;
    struct event events[STREAM_EVENTS_MAX];
    struct stream_seen seen = {0};

    (void)state;
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, with_acks);
    deliver(&bench, 1, 6);
    stream_poll(&bench, &seen, 2, false);
    stream_poll(&bench, &seen, STREAM_EVENTS_MAX, true);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    assert_int_equal(rabbitmq_poll_held(&bench.endpoint, events, STREAM_EVENTS_MAX), 0);
    assert_int_equal(rabbitmq_poll_held(&bench.endpoint, events, STREAM_EVENTS_MAX), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, STREAM_EVENTS_MAX), 0);
    assert_int_equal(seen.tag, 2);
    rabbitmq_bench_end(&bench);
}

static void a_half_frame_at_the_end_of_a_connection_is_no_message(void **state)
{
    static struct amqp_frames frames;
    struct rabbitmq_bench bench;
    struct event events[STREAM_EVENTS_MAX];

    (void)state;
    frames.count = 0;
    stream_delivery(&frames, 1);
    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
    rabbitmq_bench_broker_writes(&bench, frames.bytes, frames.count - 1);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, STREAM_EVENTS_MAX), 0);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, STREAM_EVENTS_MAX), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    rabbitmq_bench_end(&bench);
}

static void assert_breaks(const char *bytes, size_t count)
{
    struct rabbitmq_bench bench;
    struct event events[STREAM_EVENTS_MAX];
    int told;

    rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
    rabbitmq_bench_broker_writes(&bench, bytes, count);
    told = rabbitmq_poll(&bench.endpoint, events, STREAM_EVENTS_MAX);
    told = told > 0 ? told : rabbitmq_poll(&bench.endpoint, events, STREAM_EVENTS_MAX);
    assert_int_equal(told, 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_string_equal(events[0].text, "broker:5672: the connection broke: invalid AMQP data");
    rabbitmq_bench_end(&bench);
}

static void frames_that_are_too_large_or_do_not_end_break_the_connection(void **state)
{
    static const char large[] = {AMQP_FRAME_BODY, 0, 1, 0, 1, 0, 0, 'x'}; /* 65,536 and 8. */
    static const char endless[] = {AMQP_FRAME_HEARTBEAT, 0, 0, 0, 0, 0, 0, 'x'};

    (void)state;
    assert_breaks(large, sizeof large);
    assert_breaks(endless, sizeof endless);
}

/* While it subscribes the library reads what there is: the first messages, and maybe half of one.
 * Here it is given so many bytes. */
static void what_the_library_had_read_ahead_comes_first(void **state)
{
    static struct amqp_frames frames;
    size_t first;

    (void)state;
    frames.count = 0;
    stream_unblocked(&frames);
    first = frames.count;
    for (uint64_t tag = 1; tag <= 8; tag++) {
        stream_delivery(&frames, tag);
        stream_heartbeat(&frames);
    }
    for (size_t cut = first; cut <= frames.count; cut += cut < 600 ? 1 : 97) {
        struct rabbitmq_bench bench;
        struct stream_seen seen = {0};
        struct timeval at_once = {0};
        amqp_frame_t frame;

        rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
        rabbitmq_bench_broker_writes(&bench, frames.bytes, cut);
        assert_int_equal(
            amqp_simple_wait_frame_noblock(bench.client.link.connection, &frame, &at_once),
            AMQP_STATUS_OK);
        assert_int_equal(rabbitmq_bench_in_socket(&bench), 0);
        assert_int_equal(rabbitmq_is_buffered(&bench.client), cut > first);
        if (rabbitmq_is_buffered(&bench.client)) {
            rabbitmq_client_enqueue(&bench.endpoint, &bench.client); /* As when it comes up. */
        }
        stream_poll(&bench, &seen, 3, false);
        rabbitmq_bench_broker_writes(&bench, frames.bytes + cut, frames.count - cut);
        stream_poll_all(&bench, &seen);
        assert_int_equal(seen.tag, 8);
        assert_true(bench.client.is_read_by_us);
        rabbitmq_bench_end(&bench);
    }
}

/* Cut within a frame or not, the answer to it is found. */
static void a_goodbye_is_answered_behind_what_waits(void **state)
{
    static struct amqp_frames frames;
    amqp_connection_close_ok_t ok = {0};

    (void)state;
    frames.count = 0;
    for (uint64_t tag = 1; tag <= 6; tag++) {
        stream_delivery(&frames, tag);
    }
    amqp_frames_method(&frames, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
    for (size_t cut = 150; cut < frames.count - 12; cut += 3) {
        struct rabbitmq_bench bench;
        struct stream_seen seen = {0};
        struct timeval at_once = {0};
        amqp_frame_t frame = {0};

        rabbitmq_bench_begin(&bench, ROLE_CONSUMER, without_acks);
        rabbitmq_bench_broker_writes(&bench, frames.bytes, cut);
        stream_poll(&bench, &seen, 1, false);
        rabbitmq_bench_broker_writes(&bench, frames.bytes + cut, frames.count - cut);
        assert_true(rabbitmq_is_buffered(&bench.client));
        rabbitmq_read_hand_back(&bench.client);
        assert_false(rabbitmq_is_buffered(&bench.client));
        while (frame.frame_type != AMQP_FRAME_METHOD ||
               frame.payload.method.id != AMQP_CONNECTION_CLOSE_OK_METHOD) {
            amqp_maybe_release_buffers(bench.client.link.connection);
            assert_int_equal(
                amqp_simple_wait_frame_noblock(bench.client.link.connection, &frame, &at_once),
                AMQP_STATUS_OK);
        }
        rabbitmq_bench_end(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_there_is_no_room_for_waits_and_is_told_without_another_byte),
        cmocka_unit_test(what_waited_comes_before_what_came_later),
        cmocka_unit_test(held_consumers_leave_messages_and_are_told_all_else),
        cmocka_unit_test(messages_before_the_end_of_a_connection_are_told_before_it),
        cmocka_unit_test(held_messages_that_wait_for_an_ack_go_with_their_connection),
        cmocka_unit_test(a_half_frame_at_the_end_of_a_connection_is_no_message),
        cmocka_unit_test(frames_that_are_too_large_or_do_not_end_break_the_connection),
        cmocka_unit_test(what_the_library_had_read_ahead_comes_first),
        cmocka_unit_test(a_goodbye_is_answered_behind_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
