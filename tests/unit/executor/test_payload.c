#include "check.h"
#include "payload_inner.h"
#include "stamp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct message_shape mix = {.sizes = {{256, 256, 70}, {4096, 65536, 30}},
                                         .sizes_count = 2};
static const struct message_shape small = {.sizes = {{100, 100, 1}}, .sizes_count = 1};

/* A pool, and a worker's place in it. */
struct made {
    struct payload_pool *pool;
    struct payload_place *place;
};

static struct made made_of(const struct message_shape *shape, uint64_t seed)
{
    struct made made = {NULL, NULL};

    assert_int_equal(payload_pool_new(shape, seed, &made.pool, NULL), 0);
    assert_int_equal(payload_place_new(made.pool, &made.place, NULL), 0);
    return made;
}

static void made_done(struct made *made)
{
    payload_place_free(made->place);
    payload_pool_free(made->pool);
}

static struct payload_body take(const struct made *made, struct random *random)
{
    return payload_take(made->place, payload_pool_draw(made->pool, random));
}

/* What a receiver would say to it. */
static void assert_whole(const struct payload_body *payload)
{
    uint32_t bytes_count = STAMP_BYTES + payload->bytes_count;
    unsigned char *message = malloc(bytes_count);
    struct stamp stamp = {.tag = 1};
    struct stamp found;

    assert_non_null(message);
    stamp_write(message, &stamp, payload->hash);
    if (payload->bytes_count > 0) {
        memcpy(message + STAMP_BYTES, payload->bytes, payload->bytes_count);
    }
    assert_int_equal(stamp_read(message, bytes_count, 1, &found), STAMP_OK);
    free(message);
}

static void messages_of_one_size_have_it_and_draw_nothing(void **state)
{
    struct made made = made_of(&small, 1);
    struct random random;
    struct random before;

    (void)state;
    random_seed(&random, 1);
    before = random;
    for (int i = 0; i < 10000; i++) {
        struct payload_body payload = take(&made, &random);

        assert_int_equal((STAMP_BYTES + payload.bytes_count), 100);
        assert_whole(&payload);
    }
    assert_memory_equal(&random, &before, sizeof random);
    made_done(&made);
}

static void a_mix_has_its_shares_its_ranges_and_its_mean(void **state)
{
    struct made made = made_of(&mix, 1);
    struct random random;
    double bytes = 0.0;
    double share;
    uint32_t n = 100000;
    uint32_t smalls = 0;
    uint32_t lowest = UINT32_MAX;
    uint32_t highest = 0;

    (void)state;
    random_seed(&random, 7);
    for (uint32_t i = 0; i < n; i++) {
        struct payload_body payload = take(&made, &random);

        bytes += STAMP_BYTES + payload.bytes_count;
        if ((STAMP_BYTES + payload.bytes_count) == 256) {
            smalls++;
            continue;
        }
        assert_in_range((STAMP_BYTES + payload.bytes_count), 4096, 65536);
        lowest = (STAMP_BYTES + payload.bytes_count) < lowest ? (STAMP_BYTES + payload.bytes_count)
                                                              : lowest;
        highest = (STAMP_BYTES + payload.bytes_count) > highest
                      ? (STAMP_BYTES + payload.bytes_count)
                      : highest;
        if (i < 1000) {
            assert_whole(&payload);
        }
    }
    /* Five standard deviations of a share, and of a mean whose variance is below 19 KiB squared. */
    share = (double)smalls / n;
    assert_true(fabs(share - 0.7) < 5 * sqrt(0.7 * 0.3 / n));
    assert_true(fabs(bytes / n - message_bytes_mean(&mix)) < 5 * 19456 / sqrt(n));
    /* The middles of the first and the last stretch. */
    assert_true(lowest < 4096 + 61440 / PAYLOAD_LENGTHS_MAX);
    assert_true(highest > 65536 - 61440 / PAYLOAD_LENGTHS_MAX);
    made_done(&made);
}

static void lengths_of_a_range_are_spread_evenly(void **state)
{
    const struct message_shape range = {.sizes = {{100, 104, 1}}, .sizes_count = 1};
    struct made made = made_of(&range, 1);
    struct random random;
    uint32_t counts[5] = {0};

    (void)state;
    random_seed(&random, 3);
    for (int i = 0; i < 100000; i++) {
        counts[STAMP_BYTES + take(&made, &random).bytes_count - 100]++;
    }
    for (int i = 0; i < 5; i++) {
        assert_in_range(counts[i], 20000 - 633, 20000 + 633); /* Five standard deviations. */
    }
    made_done(&made);
}

static void the_same_seed_gives_the_same_messages_and_another_one_others(void **state)
{
    struct made mades[] = {made_of(&mix, 5), made_of(&mix, 5), made_of(&mix, 6)};
    struct random randoms[3];
    uint32_t other_contents = 0;

    (void)state;
    for (int i = 0; i < 3; i++) {
        random_seed(&randoms[i], 9);
    }
    for (int i = 0; i < 200; i++) {
        struct payload_body m[3];

        for (int k = 0; k < 3; k++) {
            m[k] = take(&mades[k], &randoms[k]);
        }
        assert_int_equal(m[0].bytes_count, m[1].bytes_count);
        assert_int_equal(m[0].bytes_count, m[2].bytes_count);
        assert_memory_equal(m[0].bytes, m[1].bytes, m[0].bytes_count);
        other_contents += m[0].hash != m[2].hash;
    }
    assert_int_equal(other_contents, 200);
    for (int i = 0; i < 3; i++) {
        made_done(&mades[i]);
    }
}

static void workers_share_a_pool_and_have_each_a_place_in_it(void **state)
{
    struct made made = made_of(&small, 1);
    struct payload_place *other = NULL;
    struct random random;

    (void)state;
    random_seed(&random, 1);
    assert_int_equal(payload_place_new(made.pool, &other, NULL), 0);
    for (int i = 0; i < 30; i++) {
        struct payload_body first = take(&made, &random);

        assert_ptr_equal(payload_take(other, payload_pool_draw(made.pool, &random)).bytes,
                         first.bytes);
        (void)take(&made, &random);
        (void)payload_take(other, payload_pool_draw(made.pool, &random));
    }
    payload_place_free(other);
    made_done(&made);
}

/* Kafka compresses batches of messages: with a few bodies only, random ones compressed well. */
static void random_contents_come_again_after_the_whole_pool_only(void **state)
{
    struct made made = made_of(&small, 1);
    struct random random;
    uint32_t bodies = PAYLOAD_POOL_BYTES / 100;
    uint64_t hashes[PAYLOAD_POOL_BYTES / 100];

    (void)state;
    random_seed(&random, 1);
    for (uint32_t i = 0; i < bodies; i++) {
        hashes[i] = take(&made, &random).hash;
        for (uint32_t k = 0; k < i; k++) {
            assert_int_not_equal(hashes[i], hashes[k]);
        }
    }
    assert_int_equal(take(&made, &random).hash, hashes[0]);
    made_done(&made);
}

/* Likewise where bodies are too many to be ready for every length of a range. */
static void contents_of_a_range_come_again_after_most_of_the_pool_only(void **state)
{
    const struct message_shape range = {.sizes = {{100, 200, 1}}, .sizes_count = 1};
    struct made made = made_of(&range, 1);
    uint32_t bodies = message_bodies_count(&range, 0);
    uint32_t *seen_at = calloc(bodies, sizeof *seen_at);
    const unsigned char *lowest = NULL;
    struct random random;
    uint64_t distances = 0;
    uint32_t again = 0;

    (void)state;
    assert_non_null(seen_at);
    assert_true(message_body_lengths_count(&range, 0) < message_lengths_count(&range, 0));
    random_seed(&random, 1);
    for (uint32_t i = 0; i < bodies; i++) { /* The first body is the one of lowest address. */
        const unsigned char *bytes = take(&made, &random).bytes;

        lowest = lowest == NULL || bytes < lowest ? bytes : lowest;
    }
    for (uint32_t i = 1; i < 20 * bodies; i++) {
        struct payload_body payload = take(&made, &random);
        uint32_t body = (uint32_t)(payload.bytes - lowest) / (200 - STAMP_BYTES);

        assert_true(body < bodies);
        if (i % 37 == 0) {
            assert_whole(&payload);
        }
        if (seen_at[body] > 0) {
            assert_true(i - seen_at[body] > bodies / 2);
            distances += i - seen_at[body];
            again++;
        }
        seen_at[body] = i;
    }
    assert_true(fabs((double)distances / again / bodies - 1.0) < 0.05);
    free(seen_at);
    made_done(&made);
}

static void zeros_are_zeros_at_every_length(void **state)
{
    struct message_shape zeros = mix;
    static const unsigned char nothing[65536];
    struct made made;
    struct random random;

    (void)state;
    zeros.payload = PAYLOAD_ZEROS;
    made = made_of(&zeros, 1);
    random_seed(&random, 1);
    for (int i = 0; i < 100; i++) {
        struct payload_body payload = take(&made, &random);

        assert_memory_equal(payload.bytes, nothing, payload.bytes_count);
        assert_whole(&payload);
    }
    made_done(&made);
}

static void json_of_a_range_is_made_for_each_length(void **state)
{
    static const struct message_size sizes[] = {
        {100, 2000, 1}, {40, 60, 1}, {200000, 3000000, 1}, {512, 512, 1}};

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct message_shape shape = {
            .sizes = {sizes[k]}, .sizes_count = 1, .payload = PAYLOAD_JSON};
        struct made made = made_of(&shape, 1);
        struct random random;
        double bytes = 0.0;

        random_seed(&random, 1);
        for (int i = 0; i < 3000; i++) {
            struct payload_body payload = take(&made, &random);
            const char *json = (const char *)payload.bytes;
            uint32_t length = payload.bytes_count;

            bytes += STAMP_BYTES + payload.bytes_count;
            if (i < 200) {
                assert_whole(&payload);
            }
            if (length > 1) {
                assert_true(json[0] == '[' ? json[length - 1] == ']'
                                           : json[0] == '{' && json[length - 1] == '}');
            }
        }
        assert_true(fabs(bytes / 3000 / message_bytes_mean(&shape) - 1.0) < 0.05);
        made_done(&made);
    }
}

/* A random byte is zero once in 256. */
static void a_share_of_each_payload_compresses_away(void **state)
{
    static const uint32_t millis[] = {0, 100, 500, 900, 1000};
    const struct message_size sizes[] = {{100, 100, 1}, {1064, 1064, 1}, {60, 3000, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof millis / sizeof millis[0]; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            struct message_shape shape = {
                .sizes = {sizes[k]}, .sizes_count = 1, .compressible_millis = millis[i]};
            struct made made = made_of(&shape, 1);
            struct random random;
            double bytes = 0.0;
            double zeros = 0.0;
            double expected = millis[i] / 1000.0 + (1.0 - millis[i] / 1000.0) / 256.0;

            random_seed(&random, 1);
            for (int n = 0; n < 5000; n++) {
                struct payload_body payload = take(&made, &random);

                for (uint32_t at = 0; at < payload.bytes_count; at++) {
                    zeros += payload.bytes[at] == 0;
                }
                bytes += payload.bytes_count;
            }
            assert_true(fabs(zeros / bytes - expected) < 0.01);
            made_done(&made);
        }
    }
}

static void what_compresses_away_lies_in_few_runs(void **state)
{
    const struct message_shape shape = {
        .sizes = {{4096 + 40, 4096 + 40, 1}}, .sizes_count = 1, .compressible_millis = 500};
    struct made made = made_of(&shape, 1);
    struct random random;
    struct payload_body payload;
    uint32_t runs = 0; /* Of 16 zeros and more. */
    uint32_t length = 0;

    (void)state;
    random_seed(&random, 1);
    payload = take(&made, &random);
    for (uint32_t at = 0; at < payload.bytes_count; at++) {
        length = payload.bytes[at] == 0 ? length + 1 : 0;
        runs += length == 16;
    }
    assert_in_range(runs, 16, 17);
    made_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_one_size_have_it_and_draw_nothing),
        cmocka_unit_test(a_mix_has_its_shares_its_ranges_and_its_mean),
        cmocka_unit_test(lengths_of_a_range_are_spread_evenly),
        cmocka_unit_test(the_same_seed_gives_the_same_messages_and_another_one_others),
        cmocka_unit_test(workers_share_a_pool_and_have_each_a_place_in_it),
        cmocka_unit_test(random_contents_come_again_after_the_whole_pool_only),
        cmocka_unit_test(contents_of_a_range_come_again_after_most_of_the_pool_only),
        cmocka_unit_test(zeros_are_zeros_at_every_length),
        cmocka_unit_test(json_of_a_range_is_made_for_each_length),
        cmocka_unit_test(a_share_of_each_payload_compresses_away),
        cmocka_unit_test(what_compresses_away_lies_in_few_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
