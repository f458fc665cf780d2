/* Packets of a broker: what is right is read, what is wrong is told with the section that it
 * breaks, and no byte is read that is not there. */
#include "mqtt_decode_inner.h"

#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of any kind. */
struct decoded {
    struct mqtt_frame frame;
    struct mqtt_connack connack;
    struct mqtt_publish publish;
    struct mqtt_answer answer;
    struct mqtt_suback suback;
    struct mqtt_disconnect disconnect;
    const char *why;
};

static int decode_body(enum mqtt_version version, const char *body, struct decoded *ret)
{
    const struct mqtt_frame *frame = &ret->frame;

    switch (frame->kind) {
    case MQTT_CONNACK:
        return mqtt_decode_connack(version, frame, body, &ret->connack, &ret->why);
    case MQTT_PUBLISH:
        return mqtt_decode_publish(version, frame, body, &ret->publish, &ret->why);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return mqtt_decode_suback(version, frame, body, &ret->suback, &ret->why);
    case MQTT_PINGRESP:
        return mqtt_decode_pingresp(frame, &ret->why);
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return mqtt_decode_disconnect(version, frame, body, &ret->disconnect, &ret->why);
    default:
        return mqtt_decode_answer(version, frame, body, &ret->answer, &ret->why);
    }
}

/* From memory of exactly that size, so that a sanitizer sees who reads beyond it. It is the
 * caller's, as what is decoded points into it. */
static char *decode(enum mqtt_version version, const void *bytes, size_t count, int *ret_code,
                    struct decoded *ret)
{
    char *copy = malloc(count > 0 ? count : 1);

    assert_non_null(copy);
    memcpy(copy, bytes, count);
    ret->why = "";
    *ret_code = mqtt_decode_frame(copy, count, &ret->frame, &ret->why);
    if (*ret_code == 0 && count < (size_t)ret->frame.header_bytes + ret->frame.body_bytes) {
        *ret_code = -EAGAIN;
    } else if (*ret_code == 0) {
        assert_int_equal(ret->frame.header_bytes + ret->frame.body_bytes, count);
        *ret_code = decode_body(version, copy + ret->frame.header_bytes, ret);
    }
    return copy;
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void assert_text(struct mqtt_bytes text, const char *expected)
{
    assert_int_equal(text.count, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.count);
}

static void a_connack_tells_what_the_broker_takes(void **state)
{
    struct decoded got;
    int r;

    (void)state;
    free(decode(MQTT_3_1_1, BYTES(0x20, 2, 1, 0), &r, &got));
    assert_int_equal(r, 0);
    assert_true(got.connack.session_present);
    free(decode(MQTT_3_1_1, BYTES(0x20, 2, 0, 5), &r, &got));
    assert_int_equal(r, 0);
    assert_string_equal(mqtt_reason_name(MQTT_3_1_1, MQTT_CONNACK, got.connack.reason),
                        "not authorized");
    free(decode(MQTT_5,
                BYTES(0x20, 20, 0, 0, 17, 0x21, 0, 20, 0x27, 0, 1, 0, 0, 0x24, 1, 0x22, 0, 10, 0x13,
                      0, 30, 0x25),
                &r, &got));
    assert_int_equal(r, -EPROTO); /* Ends in the middle of a property. */
    free(decode(
        MQTT_5,
        BYTES(0x20, 19, 0, 0, 16, 0x21, 0, 20, 0x27, 0, 1, 0, 0, 0x24, 1, 0x22, 0, 10, 0x13, 0, 30),
        &r, &got));
    assert_int_equal(r, 0);
    assert_int_equal(got.connack.properties.numbers[MQTT_RECEIVE_MAXIMUM], 20);
    assert_int_equal(got.connack.properties.numbers[MQTT_MAXIMUM_PACKET_SIZE], 65536);
    assert_int_equal(got.connack.properties.numbers[MQTT_MAXIMUM_QOS], 1);
    assert_int_equal(got.connack.properties.numbers[MQTT_TOPIC_ALIAS_MAXIMUM], 10);
    assert_int_equal(got.connack.properties.numbers[MQTT_SERVER_KEEP_ALIVE], 30);
    assert_false(mqtt_property_seen(&got.connack.properties, MQTT_RETAIN_AVAILABLE));
}

/* By a CONNACK of 3.1.1, as a broker of that version has no other. */
static void a_broker_that_does_not_speak_5_says_so(void **state)
{
    struct decoded got;
    int r;

    (void)state;
    free(decode(MQTT_5, BYTES(0x20, 2, 0, 1), &r, &got));
    assert_int_equal(r, 0);
    assert_int_equal(got.connack.reason, 1);
}

static void a_publish_is_read_in_place(void **state)
{
    struct decoded got;
    char *bytes;
    int r;

    (void)state;
    bytes = decode(MQTT_3_1_1, BYTES(0x3b, 9, 0, 3, 'a', '/', 'b', 1, 2, 'x', 'y'), &r, &got);
    assert_int_equal(r, 0);
    assert_text(got.publish.topic, "a/b");
    assert_text(got.publish.payload, "xy");
    assert_int_equal(got.publish.id, 0x0102);
    assert_int_equal(got.publish.qos, 1);
    assert_true(got.publish.is_duplicate);
    assert_true(got.publish.is_retained);
    free(bytes);
    /* By an alias, with a user property and two subscription identifiers. */
    bytes = decode(
        MQTT_5,
        BYTES(0x30, 18, 0, 0, 14, 0x23, 0, 5, 0x26, 0, 1, 'k', 0, 1, 'v', 0x0b, 1, 0x0b, 2, 'z'),
        &r, &got);
    assert_int_equal(r, 0);
    assert_int_equal(got.publish.alias, 5);
    assert_int_equal(got.publish.topic.count, 0);
    assert_text(got.publish.payload, "z");
    free(bytes);
}

static void answers_may_leave_out_what_is_no_failure(void **state)
{
    struct decoded got;
    char *bytes;
    int r;

    (void)state;
    free(decode(MQTT_5, BYTES(0x40, 2, 0, 9), &r, &got));
    assert_int_equal(r, 0);
    assert_int_equal(got.answer.id, 9);
    assert_int_equal(got.answer.reason, 0);
    free(decode(MQTT_5, BYTES(0x40, 3, 0, 9, 0x10), &r, &got));
    assert_int_equal(r, 0);
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_PUBACK, got.answer.reason),
                        "No matching subscribers");
    bytes = decode(MQTT_5, BYTES(0x50, 9, 0, 9, 0x97, 5, 0x1f, 0, 2, 'n', 'o'), &r, &got);
    assert_int_equal(r, 0);
    assert_int_equal(got.answer.reason, 0x97);
    assert_text(got.answer.reason_text, "no");
    free(bytes);
    free(decode(MQTT_3_1_1, BYTES(0x62, 2, 0, 9), &r, &got));
    assert_int_equal(r, 0);
    bytes = decode(MQTT_5, BYTES(0x90, 5, 0, 7, 0, 1, 0x87), &r, &got);
    assert_int_equal(r, 0);
    assert_int_equal(got.suback.reasons.count, 2);
    assert_int_equal((uint8_t)got.suback.reasons.bytes[1], 0x87);
    free(bytes);
    free(decode(MQTT_3_1_1, BYTES(0xb0, 2, 0, 7), &r, &got));
    assert_int_equal(r, 0);
    free(decode(MQTT_3_1_1, BYTES(0xd0, 0), &r, &got));
    assert_int_equal(r, 0);
}

static void a_disconnect_tells_why_and_where_to_go(void **state)
{
    struct decoded got;
    char *bytes;
    int r;

    (void)state;
    free(decode(MQTT_5, BYTES(0xe0, 0), &r, &got));
    assert_int_equal(r, 0);
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_DISCONNECT, got.disconnect.reason),
                        "Normal disconnection");
    bytes = decode(MQTT_5, BYTES(0xe0, 6, 0x9d, 4, 0x1c, 0, 1, 's'), &r, &got);
    assert_int_equal(r, 0);
    assert_text(got.disconnect.properties.server, "s");
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_DISCONNECT, got.disconnect.reason),
                        "Server moved");
    free(bytes);
}

struct bad {
    enum mqtt_version version;
    const uint8_t *bytes;
    size_t count;
    const char *why;
};

static void what_the_standard_forbids_is_told_with_its_section(void **state)
{
    const struct bad bad[] = {
        {MQTT_5, BYTES(0x10, 0), "(2.1.2)"},                          /* CONNECT */
        {MQTT_5, BYTES(0x00, 0), "(2.1.2)"},                          /* No packet. */
        {MQTT_5, BYTES(0x21, 3, 0, 0, 0), "(2.1.3)"},                 /* Flags. */
        {MQTT_5, BYTES(0x60, 2, 0, 1), "(3.6.1)"},                    /* PUBREL's flags. */
        {MQTT_5, BYTES(0x40, 0xff, 0xff, 0xff, 0xff, 1), "(1.5.5)"},  /* Length. */
        {MQTT_3_1_1, BYTES(0x20, 2, 2, 0), "(3.2.2.1)"},              /* Flags in it. */
        {MQTT_3_1_1, BYTES(0x20, 2, 0, 6), "3.2.2.3)"},               /* Return code. */
        {MQTT_3_1_1, BYTES(0x20, 2, 1, 5), "(3.2.2.1.1)"},            /* Session. */
        {MQTT_3_1_1, BYTES(0x20, 3, 0, 0, 0), "(2.1.4)"},             /* More than it has. */
        {MQTT_5, BYTES(0x20, 2, 0, 0), "(2.1.4)"},                    /* No properties. */
        {MQTT_5, BYTES(0x20, 6, 0, 0, 3, 0x21, 0, 0), "(2.2.2.2)"},   /* Receive maximum 0. */
        {MQTT_5, BYTES(0x20, 5, 0, 0, 2, 0x24, 2), "(2.2.2.2)"},      /* Maximum QoS 2. */
        {MQTT_5, BYTES(0x20, 7, 0, 0, 4, 0x24, 1, 0x24, 1), "twice"}, /* Twice. */
        {MQTT_5, BYTES(0x20, 6, 0, 0, 3, 0x23, 0, 1), "can't have"},  /* Topic alias. */
        {MQTT_5, BYTES(0x20, 5, 0, 0, 2, 0x7f, 0), "can't have"},     /* Unknown. */
        {MQTT_5, BYTES(0x20, 4, 0, 0, 5, 0), "(2.1.4)"}, /* Properties beyond the packet. */
        {MQTT_5, BYTES(0x20, 7, 0, 0, 0xff, 0xff, 0xff, 0xff, 1), "(1.5.5)"},
        {MQTT_3_1_1, BYTES(0x36, 5, 0, 1, 'a', 0, 1), "(3.3.1)"},   /* QoS 3. */
        {MQTT_3_1_1, BYTES(0x38, 3, 0, 1, 'a'), "(3.3.1)"},         /* QoS 0, again. */
        {MQTT_3_1_1, BYTES(0x32, 5, 0, 1, 'a', 0, 0), "(2.2.1)"},   /* Identifier 0. */
        {MQTT_3_1_1, BYTES(0x30, 2, 0, 0), "(3.3.2.1)"},            /* No topic. */
        {MQTT_5, BYTES(0x30, 3, 0, 0, 0), "(3.3.2.1)"},             /* Nor alias. */
        {MQTT_5, BYTES(0x30, 6, 0, 0, 3, 0x23, 0, 0), "(2.2.2.2)"}, /* Alias 0. */
        {MQTT_3_1_1, BYTES(0x30, 3, 0, 9, 'a'), "(2.1.4)"},         /* Topic beyond. */
        {MQTT_5, BYTES(0x40, 2, 0, 0), "(2.2.1)"},                  /* Identifier 0. */
        {MQTT_5, BYTES(0x40, 1, 0), "(2.1.4)"},                     /* Half of one. */
        {MQTT_3_1_1, BYTES(0x40, 3, 0, 1, 0), "(2.1.4)"},           /* Reason of 5. */
        {MQTT_5, BYTES(0x90, 3, 0, 1, 0), "(3.9.3)"},               /* No reasons. */
        {MQTT_3_1_1, BYTES(0x90, 2, 0, 1), "(3.9.3)"},
        {MQTT_3_1_1, BYTES(0xb0, 3, 0, 1, 0), "3.11)"},
        {MQTT_5, BYTES(0xd0, 1, 0), "(3.13)"},
        {MQTT_3_1_1, BYTES(0xe0, 0), "3.14)"},
        {MQTT_5, BYTES(0xe0, 3, 0x8b, 0, 0), "(2.1.4)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct decoded got;
        int r;

        free(decode(bad[i].version, bad[i].bytes, bad[i].count, &r, &got));
        if (r != -EPROTO || strstr(got.why, bad[i].why) == NULL) {
            fail_msg("row %zu: %d, %s", i, r, got.why);
        }
    }
}

/* Any packet that is cut short, and told its new length, is wrong or another right one; no byte
 * beyond is read. */
static void cut_packets_are_never_read_beyond(void **state)
{
    static const uint8_t whole[][24] = {
        {0x20, 19, 0, 0, 16, 0x21, 0, 20, 0x27, 0, 1, 0, 0, 0x24, 1, 0x22, 0, 10, 0x13, 0, 30},
        {0x32, 18, 0, 0, 0, 1, 12, 0x23, 0, 5, 0x26, 0, 1, 'k', 0, 1, 'v', 0x0b, 1, 'z'},
        {0x50, 9, 0, 9, 0x97, 5, 0x1f, 0, 2, 'n', 'o'},
        {0x90, 9, 0, 7, 5, 0x1f, 0, 2, 'n', 'o', 1},
        {0xe0, 6, 0x9d, 4, 0x1c, 0, 1, 's'},
        {0xf0, 8, 0x18, 6, 0x15, 0, 3, 'f', 'o', 'o'},
    };

    (void)state;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        for (uint8_t body = 0; body <= whole[i][1]; body++) {
            for (int version = MQTT_3_1_1; version <= MQTT_5; version++) {
                struct decoded got;
                uint8_t bytes[24];
                int r;

                memcpy(bytes, whole[i], sizeof bytes);
                bytes[1] = body;
                free(decode((enum mqtt_version)version, bytes, 2 + (size_t)body, &r, &got));
                assert_true(r == 0 || (r == -EPROTO && got.why[0] != '\0'));
            }
        }
    }
}

static void a_frame_waits_for_all_of_its_length(void **state)
{
    static const char bytes[] = {0x30, (char)0x80, (char)0x80, (char)0x80, 1};
    struct mqtt_frame frame;
    const char *why = "";

    (void)state;
    for (size_t count = 0; count < sizeof bytes; count++) {
        assert_int_equal(mqtt_decode_frame(bytes, count, &frame, &why), -EAGAIN);
    }
    assert_int_equal(mqtt_decode_frame(bytes, sizeof bytes, &frame, &why), 0);
    assert_int_equal(frame.body_bytes, 2097152);
    assert_int_equal(frame.header_bytes, 5);
}

static void reasons_have_the_standard_s_names(void **state)
{
    (void)state;
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_PUBACK, 0x97), "Quota exceeded");
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_SUBACK, 0), "Granted QoS 0");
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_SUBACK, 2), "Granted QoS 2");
    assert_string_equal(mqtt_reason_name(MQTT_3_1_1, MQTT_SUBACK, 0x80), "Failure");
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_CONNACK, 0x86), "Bad User Name or Password");
    assert_string_equal(mqtt_reason_name(MQTT_5, MQTT_PUBACK, 0x7f), "an unknown reason code");
    assert_string_equal(mqtt_reason_name(MQTT_3_1_1, MQTT_CONNACK, 9), "an unknown return code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connack_tells_what_the_broker_takes),
        cmocka_unit_test(a_broker_that_does_not_speak_5_says_so),
        cmocka_unit_test(a_publish_is_read_in_place),
        cmocka_unit_test(answers_may_leave_out_what_is_no_failure),
        cmocka_unit_test(a_disconnect_tells_why_and_where_to_go),
        cmocka_unit_test(what_the_standard_forbids_is_told_with_its_section),
        cmocka_unit_test(cut_packets_are_never_read_beyond),
        cmocka_unit_test(a_frame_waits_for_all_of_its_length),
        cmocka_unit_test(reasons_have_the_standard_s_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
