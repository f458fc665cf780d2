/* Messages that MQTT's own driver was sent and that are under way: how many there can be, and those
 * of QoS 2 until they are released; without a broker. */
#include "own_bench.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define EVENTS 256u

/* ---- A full window --------------------------------------------------------------------------- */

static void a_full_window_of_messages_lets_the_broker_wait(void **state)
{
    struct own_bench bench;
    uint32_t messages = 0;
    uint64_t token = 0;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    for (uint16_t id = 1; id <= OWN_RECEIVE_MAXIMUM + 10; id++) {
        own_bench_send(&bench, id, 1);
        own_bench_poll(&bench, EVENTS);
        messages += (uint32_t)bench.events_count;
        token = bench.events_count > 0 ? bench.events[0].token : token;
    }
    assert_int_equal(messages, OWN_RECEIVE_MAXIMUM);
    assert_int_equal(own_ack(bench.endpoint, token, true), 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 10);
    own_bench_end(&bench);
}

/* A full window, and messages of a broker that goes on sending, as it may in MQTT 3.1.1. */
static void fill_window(struct own_bench *bench)
{
    own_bench_begin(bench, ROLE_CONSUMER, 1, 10);
    bench->client->link.version = MQTT_3_1_1;
    bench->version = MQTT_3_1_1;
    for (uint16_t id = 1; id <= OWN_RECEIVE_MAXIMUM + 10; id++) {
        own_bench_send(bench, id, 1);
        own_bench_poll(bench, EVENTS);
    }
    assert_int_equal(bench->events_count, 0);
}

static bool is_woken(const struct own_bench *bench)
{
    struct epoll_event ready;

    return epoll_wait(own_wait_fd(bench->endpoint), &ready, 1, 0) != 0;
}

/* Bug: its socket was readable, and the worker woke for it again and again. */
static void a_full_window_of_messages_lets_the_worker_sleep(void **state)
{
    struct own_bench bench;

    (void)state;
    fill_window(&bench);
    assert_false(is_woken(&bench));
    own_bench_end(&bench);
}

static void a_broker_that_leaves_before_a_full_window_is_seen_to(void **state)
{
    struct own_bench bench;

    (void)state;
    fill_window(&bench);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    assert_true(is_woken(&bench));
    own_bench_poll(&bench, EVENTS);
    own_bench_poll(&bench, EVENTS);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text,
                        "the connection broke, without a DISCONNECT");
    assert_false(is_woken(&bench));
    own_bench_link(&bench); /* What was full is not. */
    own_bench_send(&bench, 1, 1);
    own_bench_poll(&bench, EVENTS);
    (void)own_bench_event(&bench, 0, EVENT_MESSAGE);
    own_bench_end(&bench);
}

/* ---- QoS 2 ------------------------------------------------------------------------------------
 */

static void a_message_of_qos_2_is_given_once_until_it_is_released(void **state)
{
    struct own_bench bench;
    uint64_t token;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 2, 10);
    own_bench_send(&bench, 9, 2);
    own_bench_send(&bench, 9, 2);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1);
    token = bench.events[0].token;
    assert_int_equal(own_ack(bench.endpoint, token, false), 1);
    assert_int_equal(own_flush(bench.endpoint), 0);
    own_bench_expect(&bench, "\x50\x02\x00\x09", 4);
    own_bench_send(&bench, 9, 2); /* The PUBREC did not reach it, it thinks. */
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 0);
    own_bench_expect(&bench, "\x50\x02\x00\x09", 4);
    own_bench_say(&bench, "\x62\x02\x00\x09", 4);
    own_bench_poll(&bench, EVENTS);
    own_bench_expect(&bench, "\x70\x02\x00\x09", 4);
    own_bench_send(&bench, 9, 2); /* Another one. */
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1);
    own_bench_end(&bench);
}

/* Bug: with as many messages unreleased as we announce, and one more, the consumer stood still:
 * Mosquitto sends more, and what releases them stands behind it. */
static void more_unreleased_messages_than_announced_are_released(void **state)
{
    const uint16_t unreleased = 3 * OWN_RECEIVE_MAXIMUM;
    struct own_bench bench;
    uint32_t messages = 0;
    char heard[64];
    size_t answers = 0;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 2, 10);
    for (uint16_t id = 1; id <= unreleased; id++) {
        own_bench_send(&bench, id, 2);
        own_bench_poll(&bench, EVENTS);
        messages += (uint32_t)bench.events_count;
        assert_int_equal(own_ack(bench.endpoint, bench.events[0].token, false), 1);
        assert_int_equal(own_flush(bench.endpoint), 0);
        assert_int_equal(own_bench_hear(&bench, heard, sizeof heard), 4);
    }
    assert_int_equal(messages, unreleased);
    for (uint16_t id = 1; id <= unreleased; id++) {
        own_bench_answer(&bench, MQTT_PUBREL, id, 0);
        own_bench_poll(&bench, EVENTS);
        answers += own_bench_hear(&bench, heard, sizeof heard) / 4;
    }
    assert_int_equal(answers, unreleased);
    own_bench_send(&bench, 1, 2);
    own_bench_poll(&bench, EVENTS);
    (void)own_bench_event(&bench, 0, EVENT_MESSAGE);
    own_bench_end(&bench);
}

/* Bug: one that was released last let no room be made: with all others released the consumer stood
 * still. */
static void all_identifiers_can_be_unreleased_at_once(void **state)
{
    enum { IDS = 65535 };
    struct own_bench bench;
    char heard[64];

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 2, 10);
    for (uint32_t id = 1; id <= IDS; id++) {
        own_bench_send(&bench, (uint16_t)id, 2);
        own_bench_poll(&bench, EVENTS);
        assert_int_equal(own_ack(bench.endpoint, bench.events[0].token, false), 1);
        assert_int_equal(own_flush(bench.endpoint), 0);
        assert_int_equal(own_bench_hear(&bench, heard, sizeof heard), 4);
    }
    for (uint32_t id = IDS; id >= 1; id--) {
        own_bench_send(&bench, (uint16_t)id, 2); /* A copy. */
        own_bench_answer(&bench, MQTT_PUBREL, (uint16_t)id, 0);
        own_bench_send(&bench, (uint16_t)id, 2);
        own_bench_poll(&bench, EVENTS);
        assert_int_equal(bench.events_count, 1);
        assert_int_equal(own_ack(bench.endpoint, bench.events[0].token, false), 1);
        assert_int_equal(own_flush(bench.endpoint), 0);
        assert_int_equal(own_bench_hear(&bench, heard, sizeof heard), 12);
    }
    own_bench_end(&bench);
}

static void identifiers_of_a_connection_that_is_gone_are_new_on_the_next(void **state)
{
    struct own_bench bench;
    char heard[64];

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 2, 10);
    own_bench_send(&bench, 1, 2);
    own_bench_send(&bench, 70, 2);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(own_ack(bench.endpoint, bench.events[1].token, false), 1);
    assert_int_equal(own_flush(bench.endpoint), 0);
    assert_int_equal(own_bench_hear(&bench, heard, sizeof heard), 4);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    own_bench_poll(&bench, EVENTS);
    (void)own_bench_event(&bench, 0, EVENT_DOWN);
    own_bench_link(&bench);
    own_bench_send(&bench, 1, 2);
    own_bench_send(&bench, 70, 2);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 2);
    own_bench_end(&bench);
}

/* "The minimum of the QoS of the originally published message and the Maximum QoS granted" (3.8.4).
 * Bug: at QoS 0 nobody acknowledged them, and after a window of them the consumer stood still. */
static void a_message_of_more_qos_than_was_asked_for_breaks_the_standard(void **state)
{
    (void)state;
    for (uint8_t qos = 0; qos <= 1; qos++) {
        struct own_bench bench;

        own_bench_begin(&bench, ROLE_CONSUMER, qos, 10);
        own_bench_send(&bench, 1, qos + 1);
        own_bench_poll(&bench, EVENTS);
        own_bench_poll(&bench, EVENTS);
        assert_non_null(strstr(own_bench_event(&bench, 0, EVENT_DOWN)->text, "(3.8.4)"));
        own_bench_end(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_window_of_messages_lets_the_broker_wait),
        cmocka_unit_test(a_full_window_of_messages_lets_the_worker_sleep),
        cmocka_unit_test(a_broker_that_leaves_before_a_full_window_is_seen_to),
        cmocka_unit_test(a_message_of_qos_2_is_given_once_until_it_is_released),
        cmocka_unit_test(more_unreleased_messages_than_announced_are_released),
        cmocka_unit_test(all_identifiers_can_be_unreleased_at_once),
        cmocka_unit_test(identifiers_of_a_connection_that_is_gone_are_new_on_the_next),
        cmocka_unit_test(a_message_of_more_qos_than_was_asked_for_breaks_the_standard),
    };

    return cmocka_run_group_tests_name("own_received", tests, NULL, NULL);
}
