#include "check.h"
#include "hmac.h"
#include "secret.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t key[HMAC_BYTES] = "0123456789abcdef0123456789abcde";

/* Made with Python's hmac module: hmac.new(key, length || part ..., "sha256"). */
static void a_code_is_that_of_the_standard_over_lengths_and_parts(void **state)
{
    static const uint8_t expected[HMAC_BYTES] = {0xe7, 0x34, 0x9a, 0xb9, 0x0e, 0x96, 0x49, 0x61,
                                                 0x88, 0xb0, 0x55, 0xf7, 0x82, 0x11, 0x2c, 0x23,
                                                 0x1b, 0x9d, 0xaa, 0x5d, 0xc5, 0x7d, 0xcd, 0xa8,
                                                 0x83, 0x99, 0xd0, 0x2a, 0xaf, 0xb7, 0xc2, 0x11};
    const struct hmac_part parts[] = {{"hello", 5}, {"", 0}, {"load1", 5}};
    uint8_t code[HMAC_BYTES];

    (void)state;
    assert_int_equal(hmac_sha256(key, parts, 3, code), 0);
    assert_memory_equal(code, expected, sizeof expected);
}

static void where_a_part_ends_matters(void **state)
{
    const struct hmac_part first[] = {{"ab", 2}, {"c", 1}};
    const struct hmac_part second[] = {{"a", 1}, {"bc", 2}};
    const struct hmac_part third[] = {{"abc", 3}};
    uint8_t codes[3][HMAC_BYTES];

    (void)state;
    assert_int_equal(hmac_sha256(key, first, 2, codes[0]), 0);
    assert_int_equal(hmac_sha256(key, second, 2, codes[1]), 0);
    assert_int_equal(hmac_sha256(key, third, 1, codes[2]), 0);
    assert_false(hmac_equal(codes[0], codes[1]));
    assert_false(hmac_equal(codes[0], codes[2]));
    assert_false(hmac_equal(codes[1], codes[2]));
}

static void one_bit_of_key_or_part_makes_another_code(void **state)
{
    const struct hmac_part part = {"load1", 5};
    const struct hmac_part other_part = {"load2", 5};
    uint8_t other_key[HMAC_BYTES];
    uint8_t code[HMAC_BYTES];
    uint8_t again[HMAC_BYTES];
    uint8_t other[HMAC_BYTES];

    (void)state;
    memcpy(other_key, key, sizeof other_key);
    other_key[HMAC_BYTES - 1] ^= 1;
    assert_int_equal(hmac_sha256(key, &part, 1, code), 0);
    assert_int_equal(hmac_sha256(key, &part, 1, again), 0);
    assert_true(hmac_equal(code, again));
    assert_int_equal(hmac_sha256(key, &other_part, 1, other), 0);
    assert_false(hmac_equal(code, other));
    assert_int_equal(hmac_sha256(other_key, &part, 1, other), 0);
    assert_false(hmac_equal(code, other));
}

static void codes_that_differ_in_any_bit_are_not_equal(void **state)
{
    uint8_t code[HMAC_BYTES];
    uint8_t other[HMAC_BYTES];

    (void)state;
    memcpy(code, key, sizeof code);
    for (unsigned int bit = 0; bit < HMAC_BYTES * 8; bit++) {
        memcpy(other, code, sizeof other);
        other[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_false(hmac_equal(code, other));
    }
}

static void secrets_are_never_the_same_and_can_be_wiped(void **state)
{
    uint8_t secret[SECRET_BYTES];
    uint8_t other[SECRET_BYTES];
    const uint8_t nothing[SECRET_BYTES] = {0};

    (void)state;
    assert_int_equal(secret_make(secret), 0);
    assert_int_equal(secret_make(other), 0);
    assert_memory_not_equal(secret, other, sizeof secret);
    assert_memory_not_equal(secret, nothing, sizeof secret);
    secret_wipe(secret, sizeof secret);
    assert_memory_equal(secret, nothing, sizeof secret);
    secret_wipe(NULL, 0);
    secret_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_that_of_the_standard_over_lengths_and_parts),
        cmocka_unit_test(where_a_part_ends_matters),
        cmocka_unit_test(one_bit_of_key_or_part_makes_another_code),
        cmocka_unit_test(codes_that_differ_in_any_bit_are_not_equal),
        cmocka_unit_test(secrets_are_never_the_same_and_can_be_wiped)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
