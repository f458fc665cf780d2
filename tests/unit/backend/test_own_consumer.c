/* Messages that MQTT's own driver is sent, and their acks; without a broker. */
#include "own_bench.h"

#include "random.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define EVENTS 256u
#define MESSAGES 300u
#define CUTS 30u

static char stream[16 * 1024 * 1024];

/* ---- In any pieces --------------------------------------------------------------------------- */

static uint32_t bytes_of_message(uint32_t number)
{
    return number % 10 == 0 ? 0 : number % 97 == 5 ? 200000 : number % 41 == 3 ? 40000 : number * 3;
}

/* At QoS 0 to 2 in turn, with answers to pings between them, and a goodbye at the end. */
static size_t make_stream(const struct own_bench *bench)
{
    static const char pingresp[] = {(char)0xd0, 0};
    static const char goodbye[] = {(char)0xe0, 1, (char)0x8b};
    size_t bytes = 0;

    for (uint32_t i = 1; i <= MESSAGES; i++) {
        bytes += own_bench_publish(bench, (uint16_t)i, (uint8_t)(i % 3), bytes_of_message(i),
                                   stream + bytes);
        if (i % 7 == 0) {
            memcpy(stream + bytes, pingresp, sizeof pingresp);
            bytes += sizeof pingresp;
        }
    }
    if (bench->version == MQTT_5) {
        memcpy(stream + bytes, goodbye, sizeof goodbye);
        bytes += sizeof goodbye;
    }
    return bytes;
}

struct seen {
    uint32_t messages;
    bool is_down;
};

static void see(const struct own_bench *bench, struct seen *seen)
{
    for (int i = 0; i < bench->events_count; i++) {
        const struct event *event = &bench->events[i];

        assert_false(seen->is_down);
        if (event->kind == EVENT_DOWN) {
            seen->is_down = true;
            assert_string_equal(event->text, "the broker disconnected: Server shutting down");
            continue;
        }
        assert_int_equal(event->kind, EVENT_MESSAGE);
        seen->messages++;
        assert_int_equal(event->topic, 0);
        assert_int_equal(event->partition, 1);
        assert_int_equal(event->bytes_count, bytes_of_message(seen->messages));
        assert_memory_equal(event->bytes, own_bench_body(event->bytes_count), event->bytes_count);
    }
}

static size_t piece(struct random *random, size_t left)
{
    static const size_t sizes[] = {1, 3, 30, 5000, 300000};
    size_t bytes = 1 + random_next(random) % sizes[random_next(random) % 5];

    return bytes < left ? bytes : left;
}

/* Polls as the worker does, with more or less room, held or not. */
static void poll_somehow(struct own_bench *bench, struct random *random, struct seen *seen)
{
    uint32_t room = (uint32_t)(random_next(random) % 20);

    if (random_next(random) % 4 == 0) {
        own_bench_poll_held(bench, room);
        for (int i = 0; i < bench->events_count; i++) {
            assert_int_not_equal(bench->events[i].kind, EVENT_MESSAGE);
        }
    } else {
        own_bench_poll(bench, room);
    }
    see(bench, seen);
    for (int i = 0; i < bench->events_count; i++) {
        if (bench->events[i].kind == EVENT_MESSAGE && bench->client->is_up) {
            assert_in_range(own_ack(bench->endpoint, bench->events[i].token, false), 0, 1);
        }
    }
}

static void pour(enum mqtt_version version, uint64_t seed)
{
    struct own_bench bench;
    struct random random;
    struct seen seen = {0};
    char ignored[4096];
    size_t bytes;
    size_t sent = 0;

    own_bench_begin(&bench, ROLE_CONSUMER, 2, 10);
    bench.version = version;
    bench.client->link.version = version;
    bytes = make_stream(&bench);
    random_seed(&random, seed);
    while (sent < bytes) {
        uint64_t turns = random_next(&random) % 4;
        ssize_t r = send(bench.broker_fd, stream + sent, piece(&random, bytes - sent),
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        assert_true(r > 0 || errno == EAGAIN);
        sent += r > 0 ? (size_t)r : 0;
        while (turns-- > 0) {
            poll_somehow(&bench, &random, &seen);
        }
        (void)own_bench_hear(&bench, ignored, sizeof ignored);
    }
    for (int i = 0; i < 500 && (seen.messages < MESSAGES || (version == MQTT_5 && !seen.is_down));
         i++) {
        poll_somehow(&bench, &random, &seen);
    }
    assert_int_equal(seen.messages, MESSAGES);
    assert_int_equal(seen.is_down, version == MQTT_5);
    own_bench_end(&bench);
}

static void messages_in_any_pieces_are_the_same(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= CUTS; seed++) {
        pour(MQTT_5, seed);
        pour(MQTT_3_1_1, seed);
    }
}

/* ---- Acks ------------------------------------------------------------------------------------ */

static void a_message_is_acknowledged_when_the_worker_says_so(void **state)
{
    struct own_bench bench;
    char ignored[16];

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    own_bench_send(&bench, 300, 1);
    own_bench_send(&bench, 301, 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 2);
    assert_int_equal(own_flush(bench.endpoint), 0);
    assert_int_equal(own_bench_hear(&bench, ignored, sizeof ignored), 0);
    assert_int_equal(own_ack(bench.endpoint, bench.events[1].token, false), 1);
    assert_int_equal(own_ack(bench.endpoint, bench.events[0].token, false), 1);
    assert_int_equal(own_bench_hear(&bench, ignored, sizeof ignored), 0);
    assert_int_equal(own_flush(bench.endpoint), 0);
    own_bench_expect(&bench, "\x40\x02\x01\x2d\x40\x02\x01\x2c", 8);
    assert_int_equal(own_ack(bench.endpoint, bench.events[0].token, false), 0); /* It was. */
    assert_int_equal(own_flush(bench.endpoint), 0);
    assert_int_equal(own_bench_hear(&bench, ignored, sizeof ignored), 0);
    own_bench_end(&bench);
}

static void several_are_acknowledged_up_to_one(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    for (uint16_t id = 1; id <= 4; id++) {
        own_bench_send(&bench, id, id == 2 ? 0 : 1);
    }
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 4);
    assert_int_equal(own_ack(bench.endpoint, bench.events[1].token, false), 0); /* QoS 0. */
    assert_int_equal(own_ack(bench.endpoint, bench.events[2].token, true), 1);
    assert_int_equal(own_flush(bench.endpoint), 0);
    own_bench_expect(&bench, "\x40\x02\x00\x01\x40\x02\x00\x03", 8);
    own_bench_end(&bench);
}

static void an_ack_of_a_connection_that_is_gone_reaches_no_other(void **state)
{
    struct own_bench bench;
    char ignored[16];
    uint64_t token;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    own_bench_send(&bench, 1, 1);
    own_bench_poll(&bench, EVENTS);
    token = own_bench_event(&bench, 0, EVENT_MESSAGE)->token;
    assert_int_equal(own_ack(bench.endpoint, token, false), 1);
    own_bench_say(&bench, "\xe0\x00", 2);
    own_bench_poll(&bench, EVENTS); /* Writes the ack, then hears the goodbye. */
    (void)own_bench_event(&bench, 0, EVENT_DOWN);
    assert_int_equal(own_ack(bench.endpoint, token, false), -ENOTCONN);
    own_bench_link(&bench);
    assert_int_equal(own_ack(bench.endpoint, token, false), -ENOTCONN);
    own_bench_send(&bench, 1, 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1);
    assert_int_equal(own_flush(bench.endpoint), 0);
    assert_int_equal(own_bench_hear(&bench, ignored, sizeof ignored), 0);
    own_bench_end(&bench);
}

static void acks_of_a_connection_that_breaks_are_told_as_lost(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    own_bench_send(&bench, 1, 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(own_ack(bench.endpoint, bench.events[0].token, false), 1);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    assert_int_equal(own_flush(bench.endpoint), -ENOTCONN);
    assert_int_equal(own_flush(bench.endpoint), 0);
    own_bench_poll(&bench, EVENTS);
    (void)own_bench_event(&bench, 0, EVENT_DOWN);
    own_bench_end(&bench);
}

static void a_message_of_nobodys_topic_is_acknowledged_and_not_given(void **state)
{
    static const char strange[] = "\x32\x0a\x00\x05other\x00\x07\x00";
    static const char no_partition[] = "\x32\x0d\x00\x08orders/4\x00\x08\x00";
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    own_bench_say(&bench, strange, sizeof strange - 1);
    own_bench_say(&bench, no_partition, sizeof no_partition - 1);
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 0);
    /* Bug: with no message of the worker's to acknowledge they waited for the next poll. */
    own_bench_expect(&bench, "\x40\x02\x00\x07\x40\x02\x00\x08", 8);
    own_bench_end(&bench);
}

static void a_topic_with_a_nul_in_its_name_is_nobodys(void **state)
{
    char padded[64] = "orders";
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 0, 10);
    bench.topics[0].name = padded;
    for (uint32_t nuls = 0; nuls <= 8; nuls++) {
        char name[16] = "orders";
        struct mqtt_outgoing message = {.topic = {name, 6 + nuls + 2}};
        char packet[64];

        name[6 + nuls] = '/';
        name[7 + nuls] = '1';
        own_bench_say(&bench, packet, mqtt_encode_publish(MQTT_5, &message, packet));
    }
    own_bench_poll(&bench, EVENTS);
    assert_int_equal(bench.events_count, 1); /* Of the name without any. */
    own_bench_end(&bench);
}

static void a_message_larger_than_any_of_ours_is_cut(void **state)
{
    struct own_bench bench;
    struct mqtt_outgoing large = {.topic = {"orders/1", 8}, .payload = {stream, 3000000}};
    size_t bytes;
    size_t sent = 0;
    uint32_t messages = 0;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 0, 10);
    memset(stream, 'x', 3000000);
    bytes = mqtt_encode_publish(MQTT_5, &large, stream + 4000000);
    bytes += own_bench_publish(&bench, 0, 0, 100, stream + 4000000 + bytes);
    while (sent < bytes) {
        ssize_t r = send(bench.broker_fd, stream + 4000000 + sent, bytes - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        sent += r > 0 ? (size_t)r : 0;
        own_bench_poll(&bench, EVENTS);
        for (int i = 0; i < bench.events_count; i++) {
            (void)own_bench_event(&bench, i, EVENT_MESSAGE);
            messages++;
            assert_int_equal(bench.events[i].bytes_count,
                             messages == 1 ? OWN_BENCH_BYTES_MAX : 100);
        }
    }
    own_bench_poll(&bench, EVENTS);
    messages += (uint32_t)bench.events_count;
    assert_int_equal(messages, 2);
    own_bench_end(&bench);
}

/* Bug: it was told in other words than where nothing stands before the end. */
static void an_end_behind_messages_that_are_held_is_told_like_any(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 1, 10);
    own_bench_send(&bench, 1, 1);
    own_bench_poll_held(&bench, EVENTS);
    (void)shutdown(bench.broker_fd, SHUT_RDWR);
    own_bench_poll_held(&bench, EVENTS);
    own_bench_poll_held(&bench, EVENTS);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_DOWN)->text,
                        "the connection broke, without a DISCONNECT");
    own_bench_end(&bench);
}

static void a_lower_qos_that_was_granted_is_said(void **state)
{
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 2, 10);
    bench.client->link.granted_qos = 1;
    bench.client->tells_granted = true;
    own_client_enqueue(bench.endpoint, bench.client);
    own_bench_poll(&bench, EVENTS);
    assert_string_equal(own_bench_event(&bench, 0, EVENT_SAYS)->text,
                        "the broker grants QoS 1 to subscriptions that asked for QoS 2");
    own_bench_end(&bench);
}

/* A broker may publish before its SUBACK (3.8.4), and more than a client keeps otherwise. */
static void messages_that_came_before_the_suback_are_all_given(void **state)
{
    struct own_bench bench;
    uint32_t messages = 0;
    size_t bytes = 0;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 0, 10);
    for (uint16_t id = 1; id <= 4; id++) {
        bytes += own_bench_publish(&bench, id, 0, 90000, stream + bytes);
    }
    assert_true(bytes > OWN_UNREAD_BYTES_MIN);
    kept_put(&bench.client->link.unread, stream, bytes);
    own_client_enqueue(bench.endpoint, bench.client);
    for (int i = 0; i < 10; i++) {
        own_bench_poll(&bench, EVENTS);
        for (int e = 0; e < bench.events_count; e++) {
            const struct event *event = own_bench_event(&bench, e, EVENT_MESSAGE);

            assert_int_equal(event->bytes_count, 90000);
            assert_memory_equal(event->bytes, own_bench_body(90000), 90000);
            messages++;
        }
    }
    assert_int_equal(messages, 4);
    own_bench_end(&bench);
}

/* What a broker that breaks the standard can have a client of QoS 0 answer has an end, too. */
static void answers_that_the_socket_does_not_take_have_an_end(void **state)
{
    const int small = 4096;
    struct own_bench bench;

    (void)state;
    own_bench_begin(&bench, ROLE_CONSUMER, 0, 10);
    (void)setsockopt(bench.client->link.stream.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (uint32_t i = 0; i < 200000 && bench.client->is_up; i++) {
        char packet[MQTT_ANSWER_BYTES];
        size_t bytes = mqtt_encode_answer(MQTT_PUBREL, (uint16_t)(i % 60000 + 1), packet);

        if (send(bench.broker_fd, packet, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) <= 0) {
            break; /* It is not read any more. */
        }
        own_bench_poll(&bench, EVENTS);
    }
    assert_false(bench.client->is_up);
    own_bench_end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_in_any_pieces_are_the_same),
        cmocka_unit_test(a_message_is_acknowledged_when_the_worker_says_so),
        cmocka_unit_test(several_are_acknowledged_up_to_one),
        cmocka_unit_test(an_ack_of_a_connection_that_is_gone_reaches_no_other),
        cmocka_unit_test(acks_of_a_connection_that_breaks_are_told_as_lost),
        cmocka_unit_test(a_message_of_nobodys_topic_is_acknowledged_and_not_given),
        cmocka_unit_test(a_topic_with_a_nul_in_its_name_is_nobodys),
        cmocka_unit_test(a_message_larger_than_any_of_ours_is_cut),
        cmocka_unit_test(an_end_behind_messages_that_are_held_is_told_like_any),
        cmocka_unit_test(a_lower_qos_that_was_granted_is_said),
        cmocka_unit_test(messages_that_came_before_the_suback_are_all_given),
        cmocka_unit_test(answers_that_the_socket_does_not_take_have_an_end),
    };

    return cmocka_run_group_tests_name("own_consumer", tests, NULL, NULL);
}
