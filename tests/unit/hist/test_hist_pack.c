#include "check.h"
#include "hist.h"
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct hist *new_hist(void)
{
    struct hist *hist = NULL;

    assert_int_equal(hist_new(&hist, NULL), 0);
    return hist;
}

/* From a copy of just that size, so that a sanitizer sees a read beyond it. */
static int unpack_copy(struct hist *hist, const uint8_t *bytes, size_t bytes_count)
{
    uint8_t *copy = malloc(bytes_count + (bytes_count == 0));
    struct hist_packed packed = {0};
    struct errinfo error;
    int r;

    assert_non_null(copy);
    memcpy(copy, bytes, bytes_count);
    r = hist_packed_read(copy, bytes_count, &packed, &error);
    free(copy);
    r = r < 0 ? r : hist_add_packed(hist, &packed, &error);
    hist_packed_done(&packed);
    return r;
}

static int pack_again(const struct hist *hist, uint8_t *packed)
{
    int bytes = hist_pack(hist, packed, HIST_PACKED_BYTES_MAX);

    assert_true(bytes > 0);
    return bytes;
}

/* Whatever is taken packs to the same bytes; whatever is refused changes nothing. */
static bool is_taken_whole_or_not_at_all(const uint8_t *bytes, size_t bytes_count)
{
    static uint8_t packed[HIST_PACKED_BYTES_MAX];
    static struct hist *hist;
    int r;

    if (hist == NULL) {
        hist = new_hist();
    }
    hist_reset(hist);
    r = unpack_copy(hist, bytes, bytes_count);
    if (r == 0) {
        assert_int_equal(pack_again(hist, packed), bytes_count);
        assert_memory_equal(packed, bytes, bytes_count);
    } else {
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(hist_count(hist), 0);
        assert_int_equal(hist_max(hist), 0);
    }
    return r == 0;
}

static int pack_sample(uint64_t seed, uint8_t *packed)
{
    struct hist *hist = new_hist();
    struct random random;
    int bytes;

    random_seed(&random, seed);
    for (uint64_t i = 0; i < seed * 5; i++) {
        hist_record(hist, (int64_t)(random_next(&random) >> (20 + random_next(&random) % 40)));
    }
    bytes = pack_again(hist, packed);
    hist_free(hist);
    return bytes;
}

static void hist_pack_and_unpack_give_equal_bytes(void **state)
{
    static uint8_t packed[HIST_PACKED_BYTES_MAX];

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        int bytes = pack_sample(seed, packed);

        assert_true(is_taken_whole_or_not_at_all(packed, (size_t)bytes));
    }
}

static void hist_packed_read_refuses_every_truncation(void **state)
{
    static uint8_t packed[HIST_PACKED_BYTES_MAX];

    (void)state;
    for (uint64_t seed = 1; seed < 40; seed++) {
        int bytes = pack_sample(seed, packed);

        for (int cut = 0; cut < bytes; cut++) {
            assert_false(is_taken_whole_or_not_at_all(packed, (size_t)cut));
        }
        packed[bytes] = 0;
        assert_false(is_taken_whole_or_not_at_all(packed, (size_t)bytes + 1));
    }
}

static void hist_packed_read_survives_flipped_bits(void **state)
{
    static uint8_t packed[HIST_PACKED_BYTES_MAX];
    uint32_t refused = 0;
    uint32_t tried = 0;

    (void)state;
    for (uint64_t seed = 1; seed < 30; seed++) {
        int bytes = pack_sample(seed, packed);

        for (int bit = 0; bit < bytes * 8; bit++) {
            packed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            refused += !is_taken_whole_or_not_at_all(packed, (size_t)bytes);
            packed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            tried++;
        }
    }
    /* Some flips make another possible histogram (a bucket's neighbour); most can't be. */
    assert_true(refused > tried / 2);
}

static void hist_packed_read_survives_garbage(void **state)
{
    uint8_t bytes[64];
    struct random random;

    (void)state;
    random_seed(&random, 9);
    for (int i = 0; i < 100000; i++) {
        size_t count = random_next(&random) % sizeof bytes;

        random_fill(&random, bytes, count);
        for (size_t at = 0; at < count; at++) { /* Small numbers get further in. */
            bytes[at] &= random_next(&random) % 2 == 0 ? 0x03 : 0xff;
        }
        (void)is_taken_whole_or_not_at_all(bytes, count);
    }
}

static void record_some_censored(struct hist *hist, uint64_t seed)
{
    struct random random;

    random_seed(&random, seed);
    assert_int_equal(hist_allow_censored(hist, NULL), 0);
    for (uint64_t i = 0; i < seed * 5; i++) {
        int64_t value_ns = (int64_t)(random_next(&random) >> (20 + random_next(&random) % 40));

        if (random_next(&random) % 4 == 0) {
            hist_record_censored(hist, value_ns, 1 + random_next(&random) % 3);
        } else {
            hist_record(hist, value_ns);
        }
    }
}

static void hist_pack_carries_what_is_censored(void **state)
{
    static uint8_t packed[HIST_PACKED_BYTES_MAX];
    struct hist *unpacked = new_hist();

    (void)state;
    for (uint64_t seed = 1; seed < 40; seed++) {
        struct hist *hist = new_hist();
        int bytes;

        record_some_censored(hist, seed);
        bytes = pack_again(hist, packed);
        assert_true(is_taken_whole_or_not_at_all(packed, (size_t)bytes));
        hist_reset(unpacked);
        assert_int_equal(unpack_copy(unpacked, packed, (size_t)bytes), 0);
        assert_int_equal(hist_censored(unpacked), hist_censored(hist));
        for (double percentile = 0.0; percentile <= 100.0; percentile += 12.5) {
            assert_int_equal(hist_percentile_most(unpacked, percentile),
                             hist_percentile_most(hist, percentile));
        }
        for (int bit = 0; bit < bytes * 8; bit++) {
            packed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            (void)is_taken_whole_or_not_at_all(packed, (size_t)bytes);
            packed[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
        hist_free(hist);
    }
    hist_free(unpacked);
}

/* Writes numbers as LEB128, to make up forms that hist_pack() would not. */
static size_t leb(uint8_t *bytes, const uint64_t *numbers, size_t numbers_count)
{
    size_t at = 0;

    for (size_t i = 0; i < numbers_count; i++) {
        uint64_t left = numbers[i];

        do {
            bytes[at++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
            left >>= 7;
        } while (left > 0);
    }
    return at;
}

#define FORM_NUMBERS 9

/* count, over_range, min, max, sum; step, count; step, count (a step of 0: not there). */
static bool form_is_taken(const uint64_t form[FORM_NUMBERS])
{
    uint8_t bytes[FORM_NUMBERS * 10];
    size_t numbers = form[5] == 0 ? 5 : form[7] == 0 ? 7 : 9;

    return is_taken_whole_or_not_at_all(bytes, leb(bytes, form, numbers));
}

static void hist_packed_read_refuses_what_contradicts_itself(void **state)
{
    const uint64_t possible[][FORM_NUMBERS] = {
        {0},
        {1, 0, 7, 7, 7, 7, 1},
        {2, 0, 0, 1, 1, 1, 2},
        {2, 0, 7, 9, 16, 7, 1, 2, 1},
        {3, 0, 7, 9, 25, 7, 1, 2, 2},
    };
    const uint64_t impossible[][FORM_NUMBERS] = {
        {0, 0, 0, 0, 1},              /* A sum of nothing. */
        {0, 0, 0, 7, 0},              /* A largest of nothing. */
        {0, 0, 0, 0, 0, 1, 1},        /* More buckets than samples. */
        {1, 0, 7, 7, 7},              /* No bucket. */
        {1, 0, 7, 7, 8, 7, 1},        /* Sum is not the value. */
        {1, 0, 7, 8, 7, 7, 1},        /* Two extremes of one value. */
        {1, 0, 8, 7, 7, 7, 1},        /* Least above largest. */
        {1, 0, 7, 7, 7, 8, 1},        /* Another bucket. */
        {2, 0, 7, 9, 16, 7, 1, 1, 1}, /* Largest is not in the last bucket. */
        {2, 0, 7, 9, 16, 6, 1, 3, 1}, /* Least is not in the first. */
        {2, 0, 7, 9, 17, 7, 1, 2, 1}, /* Sum too large. */
        {2, 0, 7, 9, 15, 7, 1, 2, 1}, /* Sum too small. */
        {3, 0, 7, 9, 16, 7, 1, 2, 1}, /* A sample is missing. */
        {2, 1, 7, 9, 16, 7, 1, 2, 1}, /* Over range, yet largest is within. */
        {1, 2, 7, 7, 7, 7, 1},        /* More over range than samples. */
        {1, 0, HIST_NS_MAX + 1, HIST_NS_MAX + 1, HIST_NS_MAX + 1, 33562, 1},
        {UINT64_MAX, 0, 7, 7, 7, 7, UINT64_MAX},
        {HIST_COUNT_MAX + 1, 0, 0, 0, 0, 1, HIST_COUNT_MAX + 1},
        {1, 0, 7, 7, 7, UINT64_C(1) << 40, 1}, /* A step beyond all buckets. */
    };

    (void)state;
    for (size_t i = 0; i < sizeof possible / sizeof possible[0]; i++) {
        assert_true(form_is_taken(possible[i]));
    }
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        assert_false(form_is_taken(impossible[i]));
    }
}

/* Three samples, of 7, 9 and 9 ns: then a 0, and those that are censored. */
static void hist_packed_read_refuses_censored_samples_that_are_none_of_all(void **state)
{
    const uint64_t all[] = {3, 0, 7, 9, 25, 7, 1, 2, 2};
    const struct {
        bool possible;
        uint64_t numbers[7];
        size_t numbers_count;
    } tails[] = {
        {true, {0, 9, 2}, 3},        {true, {0, 7, 1, 2, 1}, 5},
        {true, {0, 7, 1}, 3},        {false, {0}, 1}, /* None. */
        {false, {0, 9, 3}, 3},                        /* More than there are. */
        {false, {0, 8, 1}, 3},                        /* In a bucket that has none. */
        {false, {0, 9, 0}, 3},                        /* None in its bucket. */
        {false, {0, 9}, 2},                           /* Cut off. */
        {false, {0, 10, 1}, 3},                       /* Beyond the largest. */
        {false, {0, 9, 1, 0}, 4},                     /* A third list. */
        {false, {0, 0, 9, 1}, 4},                     /* An empty one before it. */
        {false, {0, 7, 1, 2, 3}, 5},                  /* More than there are, in the second. */
    };

    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        uint8_t bytes[160];
        size_t at = leb(bytes, all, sizeof all / sizeof all[0]);

        at += leb(bytes + at, tails[i].numbers, tails[i].numbers_count);
        assert_int_equal(is_taken_whole_or_not_at_all(bytes, at), tails[i].possible);
    }
}

static void hist_packed_read_refuses_longer_numbers_than_needed(void **state)
{
    const uint8_t plain[] = {1, 0, 7, 7, 7, 7, 1};
    const uint8_t longer[] = {1, 0, 7, 7, 7, 7, 0x81, 0};
    const uint8_t endless[] = {0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                               0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1};

    (void)state;
    assert_true(is_taken_whole_or_not_at_all(plain, sizeof plain));
    assert_false(is_taken_whole_or_not_at_all(longer, sizeof longer));
    assert_false(is_taken_whole_or_not_at_all(endless, sizeof endless));
}

static void hist_add_packed_refuses_to_pass_the_most_it_can_count(void **state)
{
    const uint64_t most[] = {HIST_COUNT_MAX, 0, 0, 0, 0, 1, HIST_COUNT_MAX};
    const uint64_t one[] = {1, 0, 7, 7, 7, 7, 1};
    struct hist *hist = new_hist();
    uint8_t bytes[80];

    (void)state;
    assert_int_equal(unpack_copy(hist, bytes, leb(bytes, most, 7)), 0);
    assert_int_equal(unpack_copy(hist, bytes, leb(bytes, one, 7)), -EOVERFLOW);
    assert_int_equal(hist_count(hist), HIST_COUNT_MAX);
    assert_int_equal(hist_max(hist), 0);
    hist_free(hist);
}

/* It ended the coordinator, and `report`. */
static void hist_add_refuses_to_pass_the_most_it_can_count(void **state)
{
    const uint64_t most[] = {HIST_COUNT_MAX, 0, 0, 0, 0, 1, HIST_COUNT_MAX};
    struct hist *hist = new_hist();
    struct hist *one = new_hist();
    uint8_t bytes[80];

    (void)state;
    assert_int_equal(unpack_copy(hist, bytes, leb(bytes, most, 7)), 0);
    hist_record(one, 7);
    assert_int_equal(hist_add(hist, one, NULL), -EOVERFLOW);
    assert_int_equal(hist_add(one, hist, NULL), -EOVERFLOW);
    assert_int_equal(hist_count(hist), HIST_COUNT_MAX);
    assert_int_equal(hist_max(hist), 0);
    assert_int_equal(hist_count(one), 1);
    hist_free(one);
    hist_free(hist);
}

/* The coordinator asks them of what an agent sent, without unpacking it. */
static void hist_packed_answers_as_the_histogram_it_was_made_of(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct hist *hist = new_hist();
        struct hist_packed packed = {0};
        struct random random;

        random_seed(&random, seed);
        assert_int_equal(hist_allow_censored(hist, NULL), 0);
        for (uint64_t i = 0; i < seed * 7; i++) {
            hist_record(hist, (int64_t)(random_next(&random) >> (15 + random_next(&random) % 40)));
        }
        hist_record_censored(hist, (int64_t)seed * 1000, seed % 3);
        assert_int_equal(hist_packed_of(hist, &packed, NULL), 0);
        assert_int_equal(packed.count, hist_count(hist));
        assert_int_equal(packed.censored, hist_censored(hist));
        assert_int_equal(hist_packed_min(&packed), hist_min(hist));
        assert_int_equal(hist_packed_max(&packed), hist_max(hist));
        assert_true(hist_packed_sum(&packed) == hist_sum(hist));
        for (double percentile = 0.0; percentile <= 100.0; percentile += 0.5) {
            assert_int_equal(hist_packed_percentile(&packed, percentile),
                             hist_percentile(hist, percentile));
        }
        hist_packed_done(&packed);
        assert_int_equal(hist_packed_percentile(&packed, 50.0), 0);
        hist_free(hist);
    }
}

static void hist_pack_says_when_the_buffer_is_too_small(void **state)
{
    static uint8_t packed[HIST_PACKED_BYTES_MAX];
    struct hist *hist = new_hist();
    int bytes;

    (void)state;
    hist_record(hist, 12345);
    hist_record(hist, 99);
    bytes = pack_again(hist, packed);
    for (int room = 0; room < bytes; room++) {
        assert_int_equal(hist_pack(hist, packed, (size_t)room), -ENOSPC);
    }
    assert_int_equal(hist_pack(hist, packed, (size_t)bytes), bytes);
    hist_free(hist);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_pack_and_unpack_give_equal_bytes),
        cmocka_unit_test(hist_packed_read_refuses_every_truncation),
        cmocka_unit_test(hist_packed_read_survives_flipped_bits),
        cmocka_unit_test(hist_packed_read_survives_garbage),
        cmocka_unit_test(hist_packed_read_refuses_what_contradicts_itself),
        cmocka_unit_test(hist_pack_carries_what_is_censored),
        cmocka_unit_test(hist_packed_read_refuses_censored_samples_that_are_none_of_all),
        cmocka_unit_test(hist_packed_read_refuses_longer_numbers_than_needed),
        cmocka_unit_test(hist_add_packed_refuses_to_pass_the_most_it_can_count),
        cmocka_unit_test(hist_add_refuses_to_pass_the_most_it_can_count),
        cmocka_unit_test(hist_packed_answers_as_the_histogram_it_was_made_of),
        cmocka_unit_test(hist_pack_says_when_the_buffer_is_too_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
