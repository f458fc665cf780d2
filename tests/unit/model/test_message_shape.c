#include "check.h"
#include "message_shape.h"

static const struct message_shape mix = {.sizes = {{256, 256, 70}, {4096, 65536, 30}},
                                         .sizes_count = 2};

static struct message_shape one(uint32_t bytes)
{
    return (struct message_shape){.sizes = {{bytes, bytes, 1}}, .sizes_count = 1};
}

static void the_bytes_of_a_mix_are_those_of_its_parts_by_weight(void **state)
{
    struct message_shape single = one(1000);

    (void)state;
    assert_int_equal(message_bytes_min(&mix), 256);
    assert_int_equal(message_bytes_max(&mix), 65536);
    assert_int_equal(message_bytes_sum(&mix), 256 + 65536);
    assert_true(message_bytes_mean(&mix) == (70 * 256.0 + 30 * (4096 + 65536) / 2.0) / 100);
    assert_true(message_bytes_mean(&single) == 1000.0);
}

static void a_range_has_as_many_lengths_as_it_has_sizes_up_to_the_bound(void **state)
{
    const struct message_shape ranges = {
        .sizes = {{100, 100, 1}, {100, 109, 1}, {100, 99 + PAYLOAD_LENGTHS_MAX, 1}, {40, 65536, 1}},
        .sizes_count = 4};

    (void)state;
    assert_int_equal(message_lengths_count(&ranges, 0), 1);
    assert_int_equal(message_lengths_count(&ranges, 1), 10);
    assert_int_equal(message_lengths_count(&ranges, 2), PAYLOAD_LENGTHS_MAX);
    assert_int_equal(message_lengths_count(&ranges, 3), PAYLOAD_LENGTHS_MAX);
}

/* All parts come again after the same number of messages: bodies are as weights. */
static void bodies_share_the_pool_by_weight(void **state)
{
    const struct message_shape small = {.sizes = {{100, 100, 3}, {200, 200, 1}}, .sizes_count = 2};

    (void)state;
    assert_int_equal(message_bodies_count(&small, 0), PAYLOAD_POOL_BYTES * 3 / 500);
    assert_int_equal(message_bodies_count(&small, 1), PAYLOAD_POOL_BYTES / 500);
}

static void every_part_has_a_body_and_none_has_more_than_can_be_hashed(void **state)
{
    static const enum payload payloads[] = {PAYLOAD_RANDOM, PAYLOAD_JSON};
    static const struct message_size sizes[] = {{MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX, 1},
                                                {40, 40, 1},
                                                {40, 41, 1},
                                                {40, 300, 1},
                                                {100, 200, 1},
                                                {40, 65536, 1},
                                                {1000, 3000, 1}};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct message_shape shape = {
            .sizes = {sizes[i / 2]}, .sizes_count = 1, .payload = payloads[i % 2]};
        uint32_t bodies = message_bodies_count(&shape, 0);
        uint32_t lengths = message_lengths_count(&shape, 0);
        uint32_t body_lengths = message_body_lengths_count(&shape, 0);

        assert_in_range(body_lengths, 1, lengths);
        assert_true(bodies >= 1 && bodies * body_lengths <= PAYLOAD_HASHES_MAX);
        /* Together the bodies have all lengths. */
        assert_true(bodies * body_lengths >= lengths);
    }
}

static void zeros_have_one_body(void **state)
{
    struct message_shape zeros = one(100);

    (void)state;
    zeros.payload = PAYLOAD_ZEROS;
    assert_int_equal(message_bodies_count(&zeros, 0), 1);
}

static void a_pool_is_no_larger_than_its_bound_and_one_largest_message_of_each_part(void **state)
{
    struct message_shape large = one(MESSAGE_BYTES_MAX);
    struct message_shape shape = {.sizes_count = MESSAGE_SIZES_MAX};

    (void)state;
    assert_int_equal(message_pool_bytes(&large), MESSAGE_BYTES_MAX - STAMP_BYTES + 8);
    for (uint32_t i = 0; i < MESSAGE_SIZES_MAX; i++) {
        shape.sizes[i] = (struct message_size){STAMP_BYTES, (uint32_t)STAMP_BYTES << i, 1 + i % 3};
    }
    assert_true(message_pool_bytes(&shape) <=
                PAYLOAD_POOL_BYTES + message_bytes_sum(&shape) +
                    (uint64_t)MESSAGE_SIZES_MAX * PAYLOAD_HASHES_MAX * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_of_a_mix_are_those_of_its_parts_by_weight),
        cmocka_unit_test(a_range_has_as_many_lengths_as_it_has_sizes_up_to_the_bound),
        cmocka_unit_test(bodies_share_the_pool_by_weight),
        cmocka_unit_test(every_part_has_a_body_and_none_has_more_than_can_be_hashed),
        cmocka_unit_test(zeros_have_one_body),
        cmocka_unit_test(a_pool_is_no_larger_than_its_bound_and_one_largest_message_of_each_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
