/* Packets of a client, byte by byte as the standard has them, and read back where a broker may send
 * the same. */
#include "mqtt_decode_inner.h"
#include "mqtt_encode_inner.h"

#include "check.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 2000

static struct mqtt_bytes text(const char *bytes)
{
    return (struct mqtt_bytes){.bytes = bytes, .count = (uint32_t)strlen(bytes)};
}

#define EXPECT(bytes, count, ...)                                                                  \
    do {                                                                                           \
        static const uint8_t expected[] = {__VA_ARGS__};                                           \
                                                                                                   \
        assert_int_equal(count, sizeof expected);                                                  \
        assert_memory_equal(bytes, expected, sizeof expected);                                     \
    } while (false)

static void a_connect_says_what_is_asked_for(void **state)
{
    struct mqtt_connect connect = {
        .version = MQTT_3_1_1, .client_id = text("me"), .keep_alive_s = 258};
    char to[64];

    (void)state;
    assert_int_equal(mqtt_connect_bytes(&connect), 16);
    EXPECT(to, mqtt_encode_connect(&connect, to), 0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 4, 0x02, 1, 2,
           0, 2, 'm', 'e');
    connect.version = MQTT_5;
    connect.user = text("u");
    connect.password = text("pw");
    connect.receive_maximum = 1000;
    assert_int_equal(mqtt_connect_bytes(&connect), 27);
    EXPECT(to, mqtt_encode_connect(&connect, to), 0x10, 25, 0, 4, 'M', 'Q', 'T', 'T', 5, 0xc2, 1, 2,
           3, 0x21, 0x03, 0xe8, 0, 2, 'm', 'e', 0, 1, 'u', 0, 2, 'p', 'w');
    connect = (struct mqtt_connect){.version = MQTT_5, .keeps_session = true};
    EXPECT(to, mqtt_encode_connect(&connect, to), 0x10, 18, 0, 4, 'M', 'Q', 'T', 'T', 5, 0, 0, 0, 5,
           0x11, 0, 0, 0x0e, 0x10, 0, 0);
}

static void a_publish_has_what_its_version_and_quality_of_service_need(void **state)
{
    struct mqtt_outgoing message = {.topic = text("a/b"), .payload = text("xy")};
    char to[64];

    (void)state;
    EXPECT(to, mqtt_encode_publish(MQTT_3_1_1, &message, to), 0x30, 7, 0, 3, 'a', '/', 'b', 'x',
           'y');
    message.qos = 1;
    message.id = 0x0102;
    message.expiry_s = 3; /* 3.1.1 can't say it. */
    EXPECT(to, mqtt_encode_publish(MQTT_3_1_1, &message, to), 0x32, 9, 0, 3, 'a', '/', 'b', 1, 2,
           'x', 'y');
    message.qos = 2;
    EXPECT(to, mqtt_encode_publish(MQTT_5, &message, to), 0x34, 15, 0, 3, 'a', '/', 'b', 1, 2, 5, 2,
           0, 0, 0, 3, 'x', 'y');
    message.expiry_s = 0;
    EXPECT(to, mqtt_encode_publish(MQTT_5, &message, to), 0x34, 10, 0, 3, 'a', '/', 'b', 1, 2, 0,
           'x', 'y');
}

static void answers_pings_and_goodbyes_are_the_shortest_that_there_are(void **state)
{
    char to[4];

    (void)state;
    EXPECT(to, mqtt_encode_answer(MQTT_PUBACK, 0x1234, to), 0x40, 2, 0x12, 0x34);
    EXPECT(to, mqtt_encode_answer(MQTT_PUBREC, 1, to), 0x50, 2, 0, 1);
    EXPECT(to, mqtt_encode_answer(MQTT_PUBREL, 1, to), 0x62, 2, 0, 1);
    EXPECT(to, mqtt_encode_answer(MQTT_PUBCOMP, 1, to), 0x70, 2, 0, 1);
    EXPECT(to, mqtt_encode_pingreq(to), 0xc0, 0);
    EXPECT(to, mqtt_encode_disconnect(to), 0xe0, 0);
}

static void filters_have_their_quality_of_service(void **state)
{
    const struct mqtt_bytes filters[] = {text("a"), text("b/+")};
    char to[64];

    (void)state;
    assert_int_equal(mqtt_subscribe_bytes(MQTT_3_1_1, filters, 2), 14);
    EXPECT(to, mqtt_encode_subscribe(MQTT_3_1_1, 7, filters, 2, 1, to), 0x82, 12, 0, 7, 0, 1, 'a',
           1, 0, 3, 'b', '/', '+', 1);
    EXPECT(to, mqtt_encode_subscribe(MQTT_5, 7, filters, 2, 2, to), 0x82, 13, 0, 7, 0, 0, 1, 'a',
           0x22, 0, 3, 'b', '/', '+', 0x22);
    EXPECT(to, mqtt_encode_unsubscribe(MQTT_3_1_1, 7, filters, 2, to), 0xa2, 10, 0, 7, 0, 1, 'a', 0,
           3, 'b', '/', '+');
    EXPECT(to, mqtt_encode_unsubscribe(MQTT_5, 7, filters, 1, to), 0xa2, 6, 0, 7, 0, 0, 1, 'a');
}

/* The lengths at which one more byte is needed to say them (1.5.5), and random ones. */
static void a_publish_of_any_length_is_read_back(void **state)
{
    static const uint32_t edges[] = {0, 1, 127, 128, 16383, 16384, 2097151, 2097152};
    char *payload = calloc(1, 2200000);
    char *to = malloc(2200000);
    struct random random;

    (void)state;
    assert_non_null(payload);
    assert_non_null(to);
    random_seed(&random, 13);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        bool is_edge = i / 8 < sizeof edges / sizeof edges[0];
        uint32_t around = is_edge ? edges[i / 8] + i % 8 : (uint32_t)(random_next(&random) % 70000);
        struct mqtt_outgoing message = {.topic = text("topic/7"),
                                        .payload = {payload, around},
                                        .expiry_s = (uint32_t)(random_next(&random) % 2) * 99,
                                        .qos = (uint8_t)(random_next(&random) % 3)};
        enum mqtt_version version = random_next(&random) % 2 == 0 ? MQTT_3_1_1 : MQTT_5;
        struct mqtt_frame frame;
        struct mqtt_publish publish;
        const char *why = NULL;
        size_t count;

        message.id = message.qos > 0 ? (uint16_t)(1 + random_next(&random) % 65535) : 0;
        count = mqtt_encode_publish(version, &message, to);
        assert_int_equal(count, mqtt_publish_bytes(version, &message));
        assert_int_equal(mqtt_decode_frame(to, count, &frame, &why), 0);
        assert_int_equal(frame.header_bytes + frame.body_bytes, count);
        assert_int_equal(
            mqtt_decode_publish(version, &frame, to + frame.header_bytes, &publish, &why), 0);
        assert_int_equal(publish.id, message.id);
        assert_int_equal(publish.qos, message.qos);
        assert_int_equal(publish.payload.count, around);
        assert_ptr_equal(publish.payload.bytes, to + count - around);
        assert_int_equal(publish.topic.count, 7);
        assert_memory_equal(publish.topic.bytes, "topic/7", 7);
    }
    free(payload);
    free(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connect_says_what_is_asked_for),
        cmocka_unit_test(a_publish_has_what_its_version_and_quality_of_service_need),
        cmocka_unit_test(answers_pings_and_goodbyes_are_the_shortest_that_there_are),
        cmocka_unit_test(filters_have_their_quality_of_service),
        cmocka_unit_test(a_publish_of_any_length_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
