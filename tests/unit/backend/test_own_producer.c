/* What becomes of messages that MQTT's own driver was given; without a broker. */
#include "own_bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define EVENTS 256u

static void a_message_is_acked_when_the_broker_says_so(void **state)
{
    /* 13: topic 2 + 8, identifier 2, properties 1. */
    static const char publish[] = "\x32\x0d\x00\x08orders/1\x00\x01\x00";
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
    assert_int_equal(own_bench_submit(&bench, 7, 0), 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 0);
    own_bench_expect(&bench, publish, sizeof publish - 1);
    own_bench_answer(&bench, MQTT_PUBACK, 1, 0);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(own_bench_event(&bench, 0, EVENT_ACKED)->token, 7);
    own_bench_end(&bench);
}

static void a_second_answer_is_no_second_outcome(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
    assert_int_equal(own_bench_submit(&bench, 7, 100), 1);
    own_bench_answer(&bench, MQTT_PUBACK, 1, 0);
    own_bench_answer(&bench, MQTT_PUBACK, 1, 0);
    own_bench_answer(&bench, MQTT_PUBACK, 900, 0);
    own_bench_answer(&bench, MQTT_PUBREC, 1, 0);
    own_bench_answer(&bench, MQTT_PUBCOMP, 1, 0);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1);
    assert_true(bench.client->is_up);
    own_bench_end(&bench);
}

/* Bug: it was told as refused, though the broker had said that it took the message (4.3.3). */
static void a_release_of_what_the_broker_has_forgotten_is_unconfirmed(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 2, 10);
    assert_int_equal(own_bench_submit(&bench, 7, 100), 1);
    own_bench_answer(&bench, MQTT_PUBREC, 1, 0);
    own_bench_poll(&bench, EVENTS);
    own_bench_answer(&bench, MQTT_PUBCOMP, 1, 0x92);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(own_bench_event(&bench, 0, EVENT_UNCONFIRMED)->token, 7);
    assert_string_equal(bench.events[0].text, "Packet Identifier not found");
    assert_int_equal(bench.events_count, 1);
    own_bench_end(&bench);
}

/* Bug: who wrote to a connection without a broker told of "Broken pipe", who read something else.
 */
static void an_end_without_a_word_is_told_alike_by_who_writes_and_who_reads(void **state)
{
    (void)state;
    for (int writes = 0; writes <= 1; writes++) {
        struct own_bench bench;

        own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
        (void)shutdown(bench.broker_fd, SHUT_RDWR);
        if (writes == 1) {
            (void)own_bench_submit(&bench, 7, 100);
        }
        own_bench_poll(&bench, EVENTS);
        assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text,
                            "the connection broke, without a DISCONNECT");
        own_bench_end(&bench);
    }
}

static void a_refusal_has_the_standards_name(void **state)
{
    static const char with_text[] = "\x40\x0a\x00\x02\x97\x06\x1f\x00\x03on!";
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
    assert_int_equal(own_bench_submit(&bench, 0, 100), 1);
    assert_int_equal(own_bench_submit(&bench, 1, 100), 1);
    own_bench_answer(&bench, MQTT_PUBACK, 1, 0x97);
    own_bench_say(&bench, with_text, sizeof with_text - 1);
    own_bench_poll(&bench, EVENTS);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_REFUSED)->text, "Quota exceeded");
    assert_false(bench.events[0].is_local);
    assert_string_equal(own_bench_event(&bench, 1, EVENT_REFUSED)->text, "Quota exceeded: on!");
    own_bench_end(&bench);
}

struct named {
    uint8_t reason;
    const char *name;
};

/* Each failure of a PUBACK (3.4.2.1) and of a PUBREC (3.5.2.1). */
static void each_reason_of_a_refusal_has_its_name(void **state)
{
    static const struct named reasons[] = {
        {0x80, "Unspecified error"},        {0x83, "Implementation specific error"},
        {0x87, "Not authorized"},           {0x90, "Topic Name invalid"},
        {0x91, "Packet Identifier in use"}, {0x97, "Quota exceeded"},
        {0x99, "Payload format invalid"},
    };

    (void)state;
    for (uint8_t qos = 1; qos <= 2; qos++) {
        for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
            struct own_bench bench;

            own_bench_begin(&bench, ROLE_PRODUCER, qos, 10);
            assert_int_equal(own_bench_submit(&bench, 5, 100), 1);
            own_bench_answer(&bench, qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, 1, reasons[i].reason);
            own_bench_poll(&bench, EVENTS);
            assert_string_equal(own_bench_event(&bench, 0, EVENT_REFUSED)->text, reasons[i].name);
            assert_int_equal(bench.events_count, 1);
            own_bench_end(&bench);
        }
    }
}

/* Each of a broker's DISCONNECT (3.14.2.1) that a publisher can meet. */
static void each_reason_of_a_goodbye_has_its_name(void **state)
{
    static const struct named reasons[] = {
        {0x80, "Unspecified error"},
        {0x81, "Malformed Packet"},
        {0x82, "Protocol Error"},
        {0x83, "Implementation specific error"},
        {0x87, "Not authorized"},
        {0x89, "Server busy"},
        {0x8b, "Server shutting down"},
        {0x8d, "Keep Alive timeout"},
        {0x8e, "Session taken over"},
        {0x90, "Topic Name invalid"},
        {0x93, "Receive Maximum exceeded"},
        {0x94, "Topic Alias invalid"},
        {0x95, "Packet too large"},
        {0x96, "Message rate too high"},
        {0x97, "Quota exceeded"},
        {0x98, "Administrative action"},
        {0x99, "Payload format invalid"},
        {0x9a, "Retain not supported"},
        {0x9b, "QoS not supported"},
        {0x9c, "Use another server"},
        {0x9d, "Server moved"},
        {0x9f, "Connection rate exceeded"},
        {0xa0, "Maximum connect time"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        const char goodbye[] = {(char)0xe0, 1, (char)reasons[i].reason};
        struct own_bench bench;
        char text[64];

        own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
        own_bench_say(&bench, goodbye, sizeof goodbye);
        own_bench_poll(&bench, EVENTS);
        (void)snprintf(text, sizeof text, "the broker disconnected: %s", reasons[i].name);
        assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text, text);
        own_bench_end(&bench);
    }
}

static void what_the_broker_says_of_messages_it_took_is_said_once_a_poll(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
    for (uint16_t i = 0; i < 5; i++) {
        assert_int_equal(own_bench_submit(&bench, i, 100), 1);
        own_bench_answer(&bench, MQTT_PUBACK, (uint16_t)(i + 1), 0x10);
    }
    own_bench_poll(&bench, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(own_bench_event(&bench, i, EVENT_ACKED)->token, i);
    }
    own_bench_poll(&bench, EVENTS); /* There was no room. */
    assert_int_equal(bench.events_count, 1);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_SAYS)->text, "No matching subscribers");
    own_bench_end(&bench);
}

static void at_qos_2_a_message_is_acked_when_it_is_completed(void **state)
{
    struct own_bench bench;
    char ignored[1024];

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 2, 10);
    assert_int_equal(own_bench_submit(&bench, 5, 100), 1);
    assert_int_equal(own_bench_submit(&bench, 6, 100), 1);
    (void)own_bench_hear(&bench, ignored, sizeof ignored);
    own_bench_answer(&bench, MQTT_PUBACK, 1, 0); /* None of QoS 2. */
    own_bench_answer(&bench, MQTT_PUBREC, 1, 0);
    own_bench_answer(&bench, MQTT_PUBREC, 2, 0x97);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1);
    assert_int_equal(own_bench_event(&bench, 0, EVENT_REFUSED)->token, 6);
    own_bench_expect(&bench, "\x62\x02\x00\x01", 4); /* PUBREL of the first only (4.3.3). */
    own_bench_answer(&bench, MQTT_PUBCOMP, 1, 0);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(own_bench_event(&bench, 0, EVENT_ACKED)->token, 5);
    own_bench_end(&bench);
}

static void no_more_wait_than_the_broker_and_the_flow_allow(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 5);
    for (uint16_t i = 0; i < 5; i++) {
        assert_int_equal(own_bench_submit(&bench, i, 100), 1);
    }
    assert_int_equal(own_bench_submit(&bench, 5, 100), 0);
    own_bench_answer(&bench, MQTT_PUBACK, 3, 0);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(own_bench_event(&bench, 0, EVENT_ACKED)->token, 2);
    bench.client->link.limits.receive_maximum = 4; /* (3.2.2.3.3) */
    assert_int_equal(own_bench_submit(&bench, 2, 100), 0);
    bench.client->link.limits.receive_maximum = 5;
    assert_int_equal(own_bench_submit(&bench, 2, 100), 1);
    own_bench_end(&bench);
}

static void a_batch_is_written_by_one_call_and_taken_as_far_as_the_window_goes(void **state)
{
    struct message messages[SUBMIT_MESSAGES_MAX];
    struct own_bench bench;
    char heard[8192];

    (void)state;
    for (uint64_t i = 0; i < SUBMIT_MESSAGES_MAX; i++) {
        messages[i] = (struct message){.bytes = "x", .bytes_count = 1, .token = i};
    }
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 40);
    assert_int_equal(own_submit(bench.endpoint, messages, SUBMIT_MESSAGES_MAX), 40);
    assert_int_equal(own_bench_hear(&bench, heard, sizeof heard), 40 * 16);
    own_bench_end(&bench);
}

static void a_message_that_is_too_large_is_refused_with_both_numbers(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
    bench.client->link.limits.packet_bytes_max = 100; /* (3.2.2.3.6) */
    assert_int_equal(own_bench_submit(&bench, 1, 200), 1);
    assert_int_equal(own_bench_submit(&bench, 2, 50), 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_REFUSED)->text,
                        "a PUBLISH of 216 bytes is more than the broker's Maximum Packet Size of "
                        "100");
    assert_true(bench.events[0].is_local);
    assert_int_equal(bench.events[0].token, 1);
    own_bench_end(&bench);
}

static void at_qos_0_a_message_is_acked_when_it_is_written(void **state)
{
    const int bytes = 16 * 1024;
    struct own_bench bench;
    static char heard[64 * 1024];
    uint32_t taken = 0;
    int acked = 0;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 0, 1000);
    (void)setsockopt(bench.client->link.stream.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    while (own_bench_submit(&bench, taken, 10000) == 1) {
        taken++;
    }
    assert_in_range(taken, 2, 100);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, taken - 1); /* The last is only written in part. */
    acked = bench.events_count;
    while (own_bench_hear(&bench, heard, sizeof heard) > 0) {
        own_bench_poll(&bench, EVENTS);
        acked += bench.events_count;
    }
    assert_int_equal(acked, taken);
    assert_int_equal(own_bench_submit(&bench, 0, 100), 1);
    own_bench_end(&bench);
}

static void what_waits_on_a_lost_connection_is_unconfirmed(void **state)
{
    static const char taken_over[] = "\xe0\x09\x8e\x07\x1f\x00\x04tsk!";
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 2, 10);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(own_bench_submit(&bench, i, 100), 1);
    }
    own_bench_answer(&bench, MQTT_PUBREC, 2, 0);
    own_bench_say(&bench, taken_over, sizeof taken_over - 1);
    own_bench_poll(&bench, 2);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text,
                        "the broker disconnected: Session taken over: tsk!");
    (void)own_bench_event(&bench, 1, EVENT_UNCONFIRMED);
    assert_int_equal(own_bench_submit(&bench, 9, 100), 0);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 3);
    own_bench_link(&bench);
    assert_int_equal(own_bench_submit(&bench, 1, 100), 1);
    own_bench_answer(&bench, MQTT_PUBREC, 1, 0);
    own_bench_answer(&bench, MQTT_PUBREC, 4, 0); /* Of the connection before. */
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 0);
    own_bench_end(&bench);
}

static void what_breaks_the_standard_ends_the_connection(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_PRODUCER, 1, 10);
    own_bench_say(&bench, "\x40\x02\x00\x00", 4);
    own_bench_poll(&bench, EVENTS);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text,
                        "the broker sends an answer with packet identifier 0 (2.2.1)");
    own_bench_link(&bench);
    own_bench_say(&bench, "\x20\x03\x00\x00\x00", 5); /* A CONNACK now. */
    own_bench_poll(&bench, EVENTS);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text,
                        "the broker sends a packet that nobody asked for");
    own_bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_acked_when_the_broker_says_so),
        cmocka_unit_test(a_second_answer_is_no_second_outcome),
        cmocka_unit_test(a_release_of_what_the_broker_has_forgotten_is_unconfirmed),
        cmocka_unit_test(an_end_without_a_word_is_told_alike_by_who_writes_and_who_reads),
        cmocka_unit_test(a_refusal_has_the_standards_name),
        cmocka_unit_test(each_reason_of_a_refusal_has_its_name),
        cmocka_unit_test(each_reason_of_a_goodbye_has_its_name),
        cmocka_unit_test(what_the_broker_says_of_messages_it_took_is_said_once_a_poll),
        cmocka_unit_test(at_qos_2_a_message_is_acked_when_it_is_completed),
        cmocka_unit_test(no_more_wait_than_the_broker_and_the_flow_allow),
        cmocka_unit_test(a_batch_is_written_by_one_call_and_taken_as_far_as_the_window_goes),
        cmocka_unit_test(a_message_that_is_too_large_is_refused_with_both_numbers),
        cmocka_unit_test(at_qos_0_a_message_is_acked_when_it_is_written),
        cmocka_unit_test(what_waits_on_a_lost_connection_is_unconfirmed),
        cmocka_unit_test(what_breaks_the_standard_ends_the_connection),
    };

    return cmocka_run_group_tests_name("own_producer", tests, NULL, NULL);
}
