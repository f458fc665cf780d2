#include "check.h"
#include "message_keys.h"

#include <math.h>
#include <string.h>

/* The vectors of Kafka's own UtilsTest.testMurmur2. */
static void murmur2_gives_what_kafka_gives(void **state)
{
    static const struct {
        const char *text;
        int32_t hash;
    } vectors[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        assert_int_equal((int32_t)murmur2(vectors[i].text, strlen(vectors[i].text)),
                         vectors[i].hash);
    }
}

static void murmur2_takes_bytes_as_unsigned(void **state)
{
    const unsigned char high[] = {0xff, 0xfe, 0x80};
    const unsigned char low[] = {0x7f, 0x7e, 0x00};

    (void)state;
    assert_int_not_equal(murmur2(high, sizeof high), murmur2(low, sizeof low));
    assert_int_equal(murmur2(high, 0), murmur2(low, 0));
}

static void keys_are_texts_of_one_length(void **state)
{
    char text[MESSAGE_KEY_BYTES + 1] = {0};

    (void)state;
    message_key_text(0, text);
    assert_string_equal(text, "k0000000");
    message_key_text(KEYS_MAX - 1, text);
    assert_string_equal(text, "k1048575");
}

static void a_partition_is_the_hash_without_its_sign_modulo(void **state)
{
    uint32_t counts[7] = {0};

    (void)state;
    for (uint32_t key = 0; key < 7000; key++) {
        char text[MESSAGE_KEY_BYTES];
        int32_t hash;

        message_key_text(key, text);
        hash = (int32_t)murmur2(text, sizeof text);
        assert_int_equal(message_key_partition(key, 7), (hash & 0x7fffffff) % 7);
        assert_int_equal(message_key_partition(key, 1), 0);
        counts[message_key_partition(key, 7)]++;
    }
    for (int i = 0; i < 7; i++) {
        assert_in_range(counts[i], 850, 1150); /* Five standard deviations. */
    }
}

static void zipf_is_a_power_of_the_rank_and_the_others_are_even(void **state)
{
    struct message_keys zipf = {100, KEYS_ZIPF, 1500};
    struct message_keys uniform = {.count = 100};

    (void)state;
    assert_true(message_key_weight(&zipf, 0) == 1.0);
    assert_true(fabs(message_key_weight(&zipf, 3) - 1.0 / 8.0) < 1e-12);
    assert_true(message_key_weight(&uniform, 0) == message_key_weight(&uniform, 99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(murmur2_gives_what_kafka_gives),
        cmocka_unit_test(murmur2_takes_bytes_as_unsigned),
        cmocka_unit_test(keys_are_texts_of_one_length),
        cmocka_unit_test(a_partition_is_the_hash_without_its_sign_modulo),
        cmocka_unit_test(zipf_is_a_power_of_the_rank_and_the_others_are_even),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
