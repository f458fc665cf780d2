#include "check.h"
#include "stamp.h"

#include <string.h>

#define TAG 0xa1b2c3d4u
#define PAYLOAD_BYTES 25
#define MESSAGE_BYTES (STAMP_BYTES + PAYLOAD_BYTES)

static const struct stamp extreme = {.tag = TAG,
                                     .stream = 0x01020304u,
                                     .sequence = UINT64_C(0x060504030201),
                                     .intended_ns = -2,
                                     .sent_ns = INT64_C(0x1122334455667788)};

/* A whole message with a payload of counted bytes. */
static void make_message(uint8_t *message, const struct stamp *stamp)
{
    for (uint8_t i = 0; i < PAYLOAD_BYTES; i++) {
        message[STAMP_BYTES + i] = i;
    }
    stamp_write(message, stamp, stamp_payload_hash(message + STAMP_BYTES, PAYLOAD_BYTES));
}

static void stamp_read_gives_back_what_was_written(void **state)
{
    uint8_t message[MESSAGE_BYTES];
    struct stamp read;

    (void)state;
    make_message(message, &extreme);
    assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_OK);
    assert_int_equal(read.tag, extreme.tag);
    assert_int_equal(read.stream, extreme.stream);
    assert_true(read.sequence == extreme.sequence);
    assert_true(read.intended_ns == extreme.intended_ns);
    assert_true(read.sent_ns == extreme.sent_ns);
}

static void stamp_holds_the_largest_sequence(void **state)
{
    uint8_t message[STAMP_BYTES];
    struct stamp stamp = {.tag = TAG, .sequence = STAMP_SEQUENCE_MAX};
    struct stamp read;

    (void)state;
    stamp_write(message, &stamp, stamp_payload_hash(NULL, 0));
    assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_OK);
    assert_true(read.sequence == STAMP_SEQUENCE_MAX);
}

/* Other agents, perhaps on other machines, read these bytes: the layout is a format. */
static void stamp_layout_is_little_endian_and_without_gaps(void **state)
{
    static const uint8_t expected[32] = {
        'M',  1,    0xd4, 0xc3, 0xb2, 0xa1, 4,    3,    2,    1,    1,
        2,    3,    4,    5,    6,    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
    };
    uint8_t message[MESSAGE_BYTES];

    (void)state;
    make_message(message, &extreme);
    assert_memory_equal(message, expected, sizeof expected);
}

static void stamp_read_finds_every_flipped_bit(void **state)
{
    uint8_t message[MESSAGE_BYTES];
    struct stamp read;

    (void)state;
    make_message(message, &extreme);
    for (size_t bit = 0; bit < sizeof message * 8; bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_CORRUPTED);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_OK);
}

static void stamp_read_finds_missing_and_added_bytes(void **state)
{
    uint8_t message[MESSAGE_BYTES + 1] = {0};
    struct stamp read;

    (void)state;
    make_message(message, &extreme);
    assert_int_equal(stamp_read(message, MESSAGE_BYTES + 1, TAG, &read), STAMP_CORRUPTED);
    for (size_t bytes = 0; bytes < MESSAGE_BYTES; bytes++) {
        assert_int_equal(stamp_read(message, bytes, TAG, &read), STAMP_CORRUPTED);
    }
}

static void stamp_read_takes_whole_messages_of_another_tag_for_foreign(void **state)
{
    uint8_t message[MESSAGE_BYTES];
    struct stamp read = {.stream = 99};

    (void)state;
    make_message(message, &extreme);
    assert_int_equal(stamp_read(message, sizeof message, TAG + 1, &read), STAMP_FOREIGN);
    assert_int_equal(read.stream, 99);
}

/* Whoever knows the tag can stamp what he likes; latencies are differences of these times. */
static void stamp_read_takes_times_that_can_not_be_for_corrupted(void **state)
{
    static const int64_t times[] = {INT64_MIN, -STAMP_TIME_NS_MAX - 1, STAMP_TIME_NS_MAX + 1,
                                    INT64_MAX};
    uint8_t message[MESSAGE_BYTES];
    struct stamp read;

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        make_message(message, &(struct stamp){.tag = TAG, .intended_ns = times[i]});
        assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_CORRUPTED);
        make_message(message, &(struct stamp){.tag = TAG, .sent_ns = times[i]});
        assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_CORRUPTED);
    }
    make_message(message, &(struct stamp){.tag = TAG,
                                          .intended_ns = -STAMP_TIME_NS_MAX,
                                          .sent_ns = STAMP_TIME_NS_MAX});
    assert_int_equal(stamp_read(message, sizeof message, TAG, &read), STAMP_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamp_read_gives_back_what_was_written),
        cmocka_unit_test(stamp_holds_the_largest_sequence),
        cmocka_unit_test(stamp_layout_is_little_endian_and_without_gaps),
        cmocka_unit_test(stamp_read_finds_every_flipped_bit),
        cmocka_unit_test(stamp_read_finds_missing_and_added_bytes),
        cmocka_unit_test(stamp_read_takes_whole_messages_of_another_tag_for_foreign),
        cmocka_unit_test(stamp_read_takes_times_that_can_not_be_for_corrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
