/* A histogram that is settled reads as it did, in less memory, and can be added to. */
#include "check.h"

#include "file.h"
#include "hist.h"
#include "random.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hist *made(uint64_t seed, uint32_t samples)
{
    struct hist *hist = NULL;
    struct random random;

    random_seed(&random, seed);
    assert_int_equal(hist_new(&hist, NULL), 0);
    for (uint32_t i = 0; i < samples; i++) {
        hist_record(hist, (int64_t)(random_next(&random) >> (15 + random_next(&random) % 40)));
    }
    return hist;
}

static struct hist *settled(uint64_t seed, uint32_t samples)
{
    struct hist *hist = made(seed, samples);

    assert_int_equal(hist_settle(hist, NULL), 0);
    assert_int_equal(hist_settle(hist, NULL), 0); /* Once more changes nothing. */
    return hist;
}

struct visits {
    int64_t values_ns[65536];
    uint64_t counts[65536];
    uint32_t count;
};

static void visit(void *context, int64_t value_ns, uint64_t count)
{
    struct visits *visits = context;

    assert_true(visits->count < 65536);
    visits->values_ns[visits->count] = value_ns;
    visits->counts[visits->count++] = count;
}

static void same_visits(const struct hist *a, const struct hist *b)
{
    static struct visits of_a;
    static struct visits of_b;

    of_a.count = 0;
    of_b.count = 0;
    hist_each(a, visit, &of_a);
    hist_each(b, visit, &of_b);
    assert_int_equal(of_a.count, of_b.count);
    assert_memory_equal(of_a.values_ns, of_b.values_ns, of_a.count * sizeof of_a.values_ns[0]);
    assert_memory_equal(of_a.counts, of_b.counts, of_a.count * sizeof of_a.counts[0]);
}

static void same(const struct hist *a, const struct hist *b)
{
    static uint8_t bytes_a[HIST_PACKED_BYTES_MAX];
    static uint8_t bytes_b[HIST_PACKED_BYTES_MAX];
    int count = hist_pack(a, bytes_a, sizeof bytes_a);

    assert_int_equal(hist_pack(b, bytes_b, sizeof bytes_b), count);
    assert_memory_equal(bytes_a, bytes_b, (size_t)count);
    assert_int_equal(hist_count(a), hist_count(b));
    assert_int_equal(hist_over_range(a), hist_over_range(b));
    assert_int_equal(hist_min(a), hist_min(b));
    assert_int_equal(hist_max(a), hist_max(b));
    assert_true(hist_mean(a) == hist_mean(b) && hist_sum(a) == hist_sum(b));
    for (double percentile = 0.0; percentile <= 100.0; percentile += 0.5) {
        assert_int_equal(hist_percentile(a, percentile), hist_percentile(b, percentile));
        assert_int_equal(hist_percentile_most(a, percentile), hist_percentile_most(b, percentile));
    }
    same_visits(a, b);
}

static void a_settled_histogram_reads_as_it_did(void **state)
{
    static uint8_t bytes[HIST_PACKED_BYTES_MAX];

    (void)state;
    for (uint32_t seed = 0; seed < 30; seed++) {
        struct hist *dense = made(seed, seed * seed);
        struct hist *packed = settled(seed, seed * seed);

        same(dense, packed);
        if (seed > 0) {
            assert_int_equal(hist_pack(packed, bytes, 1), -ENOSPC);
        }
        hist_free(dense);
        hist_free(packed);
    }
}

static void a_settled_histogram_can_be_added_and_added_to(void **state)
{
    struct hist_packed more = {0};
    struct hist *a = made(1, 500);
    struct hist *b = made(2, 700);
    struct hist *sum = settled(1, 500);
    struct hist *part = settled(2, 700);

    (void)state;
    assert_int_equal(hist_packed_of(part, &more, NULL), 0);
    assert_int_equal(hist_add(a, b, NULL), 0);
    assert_int_equal(hist_add(sum, part, NULL), 0);
    same(a, sum);
    assert_int_equal(hist_settle(sum, NULL), 0);
    assert_int_equal(hist_add(a, b, NULL), 0);
    assert_int_equal(hist_add(sum, b, NULL), 0); /* The other one is as it was recorded. */
    same(a, sum);
    assert_int_equal(hist_settle(sum, NULL), 0);
    assert_int_equal(hist_add(a, b, NULL), 0);
    assert_int_equal(hist_add_packed(sum, &more, NULL), 0);
    same(a, sum);
    hist_packed_done(&more);
    hist_free(a);
    hist_free(b);
    hist_free(sum);
    hist_free(part);
}

static void a_settled_histogram_takes_what_is_censored(void **state)
{
    struct hist *dense = made(3, 100);
    struct hist *packed = settled(3, 100);

    (void)state;
    assert_int_equal(hist_allow_censored(dense, NULL), 0);
    assert_int_equal(hist_allow_censored(packed, NULL), 0);
    hist_record_censored(dense, 5000, 7);
    hist_record_censored(packed, 5000, 7);
    same(dense, packed);
    assert_int_equal(hist_settle(packed, NULL), 0); /* It stays as it is. */
    same(dense, packed);
    assert_int_equal(hist_censored(packed), 7);
    hist_free(dense);
    hist_free(packed);
}

static int64_t resident_kib(void)
{
    char line[256];
    char *end = NULL;

    file_first_line("/proc/self/statm", line, sizeof line);
    (void)strtoull(line, &end, 10);
    return (int64_t)(strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024);
}

/* A hundred samples over twelve octaves touch most of 24 pages. */
static void a_thousand_settled_histograms_take_some_kib_each(void **state)
{
    enum { COUNT = 1000 };
    static struct hist *hists[COUNT];
    int64_t before_kib = resident_kib();

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        hists[i] = settled(i, 100);
    }
    assert_true(resident_kib() - before_kib < COUNT * INT64_C(8));
    for (uint32_t i = 0; i < COUNT; i++) {
        hist_free(hists[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_settled_histogram_reads_as_it_did),
        cmocka_unit_test(a_settled_histogram_can_be_added_and_added_to),
        cmocka_unit_test(a_settled_histogram_takes_what_is_censored),
        cmocka_unit_test(a_thousand_settled_histograms_take_some_kib_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
