/* The driver's own bytes against those of the library's encoders. */
#include "check.h"

#include "amqp_frames.h"
#include "rabbitmq_encode_inner.h"
#include "rabbitmq_link_inner.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_MAX 20000u

/* One publish with each of what a run can ask for. */
struct publish_case {
    const char *exchange;
    const char *key;
    const char *expiration; /* NULL: none. */
    bool is_mandatory;
    bool is_numbered;
    size_t body_bytes;
    size_t frame_bytes_max;
};

static void assert_same_bytes(const struct publish_case *row)
{
    static char body[BODY_BYTES_MAX];
    static struct amqp_frames expected;
    char id[RABBITMQ_MESSAGE_ID_BYTES + 1] = "0123456789ab";
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                          .delivery_mode = AMQP_DELIVERY_PERSISTENT};
    amqp_basic_publish_t method = {.exchange = amqp_cstring_bytes(row->exchange),
                                   .routing_key = amqp_cstring_bytes(row->key),
                                   .mandatory = row->is_mandatory};
    struct rabbitmq_publish publish = {.key = row->key,
                                       .number = UINT64_C(0x0123456789ab),
                                       .body = body,
                                       .body_bytes = row->body_bytes};
    struct rabbitmq_form form;
    char *got = malloc(rabbitmq_publish_bytes_max(row->body_bytes));
    size_t got_bytes;

    assert_non_null(got);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (char)(i * 7 + i / 256);
    }
    if (row->expiration != NULL) {
        properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
        properties.expiration = amqp_cstring_bytes(row->expiration);
    }
    rabbitmq_form_make(&form, row->exchange, row->is_mandatory, row->is_numbered, &properties);
    got_bytes = rabbitmq_encode_publish(&form, &publish, row->frame_bytes_max, got);
    if (row->is_numbered) {
        properties._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
        properties.message_id = amqp_cstring_bytes(id);
    }
    expected.count = 0;
    amqp_frames_method(&expected, RABBITMQ_CHANNEL, AMQP_BASIC_PUBLISH_METHOD, &method);
    amqp_frames_header(&expected, RABBITMQ_CHANNEL, &properties, row->body_bytes);
    amqp_frames_body(&expected, RABBITMQ_CHANNEL, body, row->body_bytes, row->frame_bytes_max);
    assert_int_equal(got_bytes, expected.count);
    assert_memory_equal(got, expected.bytes, got_bytes);
    assert_true(got_bytes <= rabbitmq_publish_bytes_max(row->body_bytes));
    free(got);
}

static void a_publish_has_the_bytes_that_the_library_would_write(void **state)
{
    static const size_t sizes[] = {0, 1, 100, 4087, 4088, 4089, 8176, 8177, BODY_BYTES_MAX};
    char longest[TOPIC_NAME_BYTES];

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned bits = 0; bits < 16; bits++) {
            struct publish_case row = {
                .exchange = (bits & 1) != 0 ? "millrace-r-c0-t0-main-0" : longest,
                .key = (bits & 1) != 0 ? "0" : "4294967295",
                .expiration = (bits & 2) != 0 ? "9223372036854775807" : NULL,
                .is_mandatory = (bits & 4) != 0,
                .is_numbered = (bits & 8) != 0,
                .body_bytes = sizes[i],
                .frame_bytes_max = (bits & 1) != 0 ? RABBITMQ_FRAME_BYTES_MIN : 131072};

            assert_same_bytes(&row);
        }
    }
}

static void an_ack_and_a_heartbeat_have_them_too(void **state)
{
    static struct amqp_frames expected;
    char ack[RABBITMQ_ACK_BYTES];
    char heartbeat[RABBITMQ_HEARTBEAT_BYTES];

    (void)state;
    for (int multiple = 0; multiple < 2; multiple++) {
        amqp_basic_ack_t method = {.delivery_tag = UINT64_C(0x8001020304050607),
                                   .multiple = multiple};

        expected.count = 0;
        amqp_frames_method(&expected, RABBITMQ_CHANNEL, AMQP_BASIC_ACK_METHOD, &method);
        rabbitmq_encode_ack(method.delivery_tag, multiple != 0, ack);
        assert_int_equal(expected.count, sizeof ack);
        assert_memory_equal(ack, expected.bytes, sizeof ack);
    }
    expected.count = 0;
    amqp_frames_add(&expected, AMQP_FRAME_HEARTBEAT, 0, "", 0);
    rabbitmq_encode_heartbeat(heartbeat);
    assert_int_equal(expected.count, sizeof heartbeat);
    assert_memory_equal(heartbeat, expected.bytes, sizeof heartbeat);
}

static void a_number_is_read_as_it_was_written(void **state)
{
    static const uint64_t numbers[] = {0, 1, 0xabcdef, (UINT64_C(1) << 48) - 1};
    char id[RABBITMQ_MESSAGE_ID_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        rabbitmq_number_write(numbers[i], id);
        assert_int_equal(rabbitmq_number_read(id, sizeof id), numbers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_has_the_bytes_that_the_library_would_write),
        cmocka_unit_test(an_ack_and_a_heartbeat_have_them_too),
        cmocka_unit_test(a_number_is_read_as_it_was_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
