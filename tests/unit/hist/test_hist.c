#include "check.h"
#include "file.h"
#include "hist.h"
#include "random.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define SAMPLES 40000

static const double percentiles[] = {0,  0.01, 1,  10,   25,    33.3,   50, 66.6,
                                     75, 90,   91, 99.0, 99.90, 99.999, 100};
#define PERCENTILES (sizeof percentiles / sizeof percentiles[0])

static struct hist *new_hist(void)
{
    struct hist *hist = NULL;

    assert_int_equal(hist_new(&hist, NULL), 0);
    return hist;
}

/* Over all magnitudes from 0 to an hour. */
static int64_t any_value(struct random *random)
{
    return (int64_t)pow(10.0, 12.55 * random_unit(random)) - 1;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

static void hist_percentile_is_within_a_thousandth_of_the_sorted_samples(void **state)
{
    static int64_t samples[SAMPLES];
    struct hist *hist = new_hist();
    struct random random;

    (void)state;
    random_seed(&random, 1);
    for (uint32_t count = 1; count <= SAMPLES; count = count * 3 + 1) {
        hist_reset(hist);
        for (uint32_t i = 0; i < count; i++) {
            samples[i] = any_value(&random);
            hist_record(hist, samples[i]);
        }
        qsort(samples, count, sizeof samples[0], compare);
        for (size_t i = 0; i < PERCENTILES; i++) {
            double rank = ceil(percentiles[i] / 100.0 * count - 1e-6);
            int64_t truth = samples[rank < 1.0 ? 0 : (uint32_t)rank - 1];
            int64_t value = hist_percentile(hist, percentiles[i]);

            assert_true(value >= truth);
            assert_true(value <= truth + truth / 1000 + 1);
        }
        assert_int_equal(hist_percentile(hist, 0), samples[0]);
        assert_int_equal(hist_percentile(hist, 100), samples[count - 1]);
    }
    hist_free(hist);
}

/* Three digits: every value up to 2047 has a bucket of its own. */
static void hist_percentile_is_exact_for_small_values(void **state)
{
    struct hist *hist = new_hist();

    (void)state;
    for (int64_t value = 1; value <= 1000; value++) {
        hist_record(hist, value);
    }
    for (int64_t value = 1; value <= 1000; value++) {
        assert_int_equal(hist_percentile(hist, (double)value / 10.0), value);
    }
    hist_free(hist);
}

/* HdrHistogram_c rounds 9.1 down here and takes the ninth. */
static void hist_percentile_takes_the_next_rank_and_not_the_nearer(void **state)
{
    struct hist *hist = new_hist();

    (void)state;
    for (int64_t value = 1; value <= 10; value++) {
        hist_record(hist, value);
    }
    assert_int_equal(hist_percentile(hist, 91), 10);
    assert_int_equal(hist_percentile(hist, 90), 9);
    assert_int_equal(hist_percentile(hist, 89), 9);
    hist_free(hist);
}

static void hist_keeps_sum_min_and_max_exactly(void **state)
{
    struct hist *hist = new_hist();

    (void)state;
    hist_record(hist, 1234567891);
    hist_record(hist, 1234567893);
    assert_int_equal(hist_min(hist), 1234567891);
    assert_int_equal(hist_max(hist), 1234567893);
    assert_true(hist_sum(hist) == 2469135784.0);
    assert_true(hist_mean(hist) == 1234567892.0);
    assert_int_equal(hist_percentile(hist, 50),
                     1234567893); /* One bucket; its end is beyond max. */
    hist_free(hist);
}

/* 2^64 ns are 585 years; a billion samples of an hour are 114 000 of them. */
static void hist_sum_does_not_wrap(void **state)
{
    struct hist *hist = new_hist();
    struct hist *all = new_hist();

    (void)state;
    hist_record(hist, HIST_NS_MAX);
    for (int doubling = 0; doubling < 40; doubling++) {
        hist_reset(all);
        assert_int_equal(hist_add(all, hist, NULL), 0);
        assert_int_equal(hist_add(all, hist, NULL), 0);
        hist_reset(hist);
        assert_int_equal(hist_add(hist, all, NULL), 0);
    }
    assert_int_equal(hist_count(hist), UINT64_C(1) << 40);
    assert_true(hist_mean(hist) == (double)HIST_NS_MAX);
    hist_free(hist);
    hist_free(all);
}

static void hist_counts_zero_as_a_sample_of_zero(void **state)
{
    struct hist *hist = new_hist();

    (void)state;
    hist_record(hist, 0);
    hist_record(hist, 0);
    assert_int_equal(hist_count(hist), 2);
    assert_int_equal(hist_percentile(hist, 99), 0);
    assert_int_equal(hist_max(hist), 0);
    hist_record(hist, 3000);
    assert_int_equal(hist_min(hist), 0);
    assert_true(hist_mean(hist) == 1000.0);
    assert_int_equal(hist_percentile(hist, 50), 1); /* 0 shares the bucket of 1 ns. */
    hist_free(hist);
}

static void hist_clamps_and_counts_what_is_beyond_an_hour(void **state)
{
    struct hist *hist = new_hist();

    (void)state;
    hist_record(hist, HIST_NS_MAX);
    assert_int_equal(hist_over_range(hist), 0);
    hist_record(hist, HIST_NS_MAX + 1);
    hist_record(hist, INT64_MAX);
    assert_int_equal(hist_over_range(hist), 2);
    assert_int_equal(hist_count(hist), 3);
    assert_int_equal(hist_max(hist), INT64_MAX);
    assert_int_equal(hist_min(hist), HIST_NS_MAX);
    assert_true(hist_percentile(hist, 50) < HIST_NS_MAX + HIST_NS_MAX / 1000);
    hist_reset(hist);
    assert_int_equal(hist_over_range(hist), 0);
    hist_record(hist, 5);
    assert_int_equal(hist_percentile(hist, 100), 5);
    hist_free(hist);
}

static void hist_is_all_zero_when_empty(void **state)
{
    struct hist *hist = new_hist();

    (void)state;
    assert_int_equal(hist_count(hist), 0);
    assert_int_equal(hist_min(hist), 0);
    assert_int_equal(hist_max(hist), 0);
    assert_true(hist_mean(hist) == 0.0);
    assert_true(hist_sum(hist) == 0.0);
    assert_int_equal(hist_percentile(hist, 50), 0);
    hist_free(hist);
}

static void same_figures(const struct hist *a, const struct hist *b)
{
    assert_int_equal(hist_count(a), hist_count(b));
    assert_int_equal(hist_over_range(a), hist_over_range(b));
    assert_int_equal(hist_min(a), hist_min(b));
    assert_int_equal(hist_max(a), hist_max(b));
    assert_true(hist_sum(a) == hist_sum(b));
    assert_true(hist_mean(a) == hist_mean(b));
    for (double percentile = 0.0; percentile <= 100.0; percentile += 0.125) {
        assert_int_equal(hist_percentile(a, percentile), hist_percentile(b, percentile));
    }
}

/* What merging rests on: agents send parts, and the merged figures are those of one histogram that
 * got every sample. */
static void hist_of_packed_parts_equals_one_fed_with_all_samples(void **state)
{
    struct hist *parts[7];
    struct hist *all = new_hist();
    struct hist *by_add = new_hist();
    struct hist *by_unpack = new_hist();
    struct random random;

    (void)state;
    random_seed(&random, 2);
    for (size_t i = 0; i < 7; i++) {
        parts[i] = new_hist();
    }
    for (int i = 0; i < SAMPLES; i++) {
        int64_t value = i % 1000 == 0 ? HIST_NS_MAX + i : any_value(&random);

        hist_record(all, value);
        hist_record(parts[random_next(&random) % 6], value); /* The last stays empty. */
    }
    for (size_t i = 0; i < 7; i++) {
        struct hist_packed packed = {0};

        assert_int_equal(hist_packed_of(parts[i], &packed, NULL), 0);
        assert_int_equal(hist_add_packed(by_unpack, &packed, NULL), 0);
        hist_packed_done(&packed);
        assert_int_equal(hist_add(by_add, parts[i], NULL), 0);
        hist_free(parts[i]);
    }
    same_figures(by_add, all);
    same_figures(by_unpack, all);
    hist_free(all);
    hist_free(by_add);
    hist_free(by_unpack);
}

static void hist_reset_leaves_nothing_behind(void **state)
{
    struct hist *used = new_hist();
    struct hist *fresh = new_hist();
    struct random random;

    (void)state;
    random_seed(&random, 3);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 200; i++) {
            hist_record(used, any_value(&random));
        }
        hist_reset(used);
        hist_reset(used);
    }
    hist_record(used, 700);
    hist_record(fresh, 700);
    same_figures(used, fresh);
    for (int i = 0; i < 1000; i++) { /* A left-over count would show up between these. */
        hist_record(used, HIST_NS_MAX);
        hist_record(fresh, HIST_NS_MAX);
    }
    hist_record(used, 0);
    hist_record(fresh, 0);
    same_figures(used, fresh);
    hist_free(used);
    hist_free(fresh);
}

struct visited {
    uint64_t count;
    int64_t before;
    double sum;
};

static void visit(void *context, int64_t value_ns, uint64_t count)
{
    struct visited *visited = context;

    assert_true(value_ns > visited->before);
    assert_true(count > 0);
    visited->before = value_ns;
    visited->count += count;
    visited->sum += (double)value_ns * (double)count;
}

static void hist_each_visits_every_sample_in_rising_order(void **state)
{
    struct visited visited = {.before = -1};
    struct hist *hist = new_hist();
    struct random random;

    (void)state;
    random_seed(&random, 4);
    hist_each(hist, visit, &visited);
    assert_int_equal(visited.count, 0);
    for (int i = 0; i < SAMPLES; i++) {
        hist_record(hist, any_value(&random));
    }
    hist_each(hist, visit, &visited);
    assert_int_equal(visited.count, SAMPLES);
    assert_int_equal(visited.before, hist_max(hist));
    assert_true(visited.sum >= hist_sum(hist) && visited.sum <= hist_sum(hist) * 1.001);
    hist_free(hist);
}

static void hist_log_line_refuses_a_tag_that_would_break_the_line(void **state)
{
    const char *const broken[] = {"", "a,b", "a b", "a\nb", "a\rb", "a\tb"};
    struct hist *hist = new_hist();
    struct errinfo error;
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        assert_true(hist_log_line(file, broken[i], 0, 1, hist, &error) < 0);
    }
    assert_int_equal(ftell(file), 0);
    assert_int_equal(hist_log_line(file, "agent-1/e2e", 0, 1, hist, &error), 0);
    assert_true(ftell(file) > 0);
    assert_int_equal(fclose(file), 0);
    hist_free(hist);
}

static void hist_log_line_says_when_the_disk_is_full(void **state)
{
    struct hist *hist = new_hist();
    struct errinfo error;
    FILE *file = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(setvbuf(file, NULL, _IONBF, 0), 0);
    assert_true(hist_log_header(file, 0, &error) < 0);
    assert_true(hist_log_line(file, "tag", 0, 1, hist, &error) < 0);
    (void)fclose(file);
    hist_free(hist);
}

static struct hist *new_censored(void)
{
    struct hist *hist = new_hist();

    assert_int_equal(hist_allow_censored(hist, NULL), 0);
    return hist;
}

static void hist_censored_samples_are_among_all_and_counted_beside(void **state)
{
    struct hist *hist = new_censored();
    struct hist *sum = new_hist();

    (void)state;
    for (int64_t i = 1; i <= 98; i++) {
        hist_record(hist, i);
    }
    hist_record_censored(hist, 1000, 2);
    hist_record_censored(hist, 5, 0);
    assert_int_equal(hist_add(sum, hist, NULL), 0);
    assert_int_equal(hist_count(sum), 100);
    assert_int_equal(hist_censored(sum), 2);
    assert_int_equal(hist_max(sum), 1000);
    assert_true(hist_sum(sum) == 98.0 * 99.0 / 2.0 + 2000.0);
    hist_reset(sum);
    assert_int_equal(hist_censored(sum), 0);
    hist_record(sum, 1000);
    assert_int_equal(hist_percentile_most(sum, 100.0), 1000);
    hist_free(hist);
    hist_free(sum);
}

/* 98 of 100 came: what the 98th is is known, the 99th may be anything from its value on. */
static void hist_percentile_most_has_no_bound_where_the_percentile_is_censored(void **state)
{
    struct hist *hist = new_censored();

    (void)state;
    for (int64_t i = 1; i <= 98; i++) {
        hist_record(hist, i);
    }
    hist_record_censored(hist, 1000, 2);
    assert_int_equal(hist_percentile_most(hist, 50.0), hist_percentile(hist, 50.0));
    assert_int_equal(hist_percentile_most(hist, 98.0), 98);
    assert_int_equal(hist_percentile(hist, 99.0), 1000);
    assert_int_equal(hist_percentile_most(hist, 99.0), HIST_UNBOUNDED);
    assert_int_equal(hist_percentile_most(hist, 100.0), HIST_UNBOUNDED);
    hist_free(hist);
}

/* Cut off early, what never came looks fast: ten of 100 waited for 1 ns only. */
static void hist_percentile_most_moves_up_where_censored_samples_lie_below(void **state)
{
    struct hist *hist = new_censored();

    (void)state;
    for (int64_t i = 11; i <= 100; i++) {
        hist_record(hist, i);
    }
    hist_record_censored(hist, 1, 10);
    assert_int_equal(hist_percentile(hist, 50.0), 50);
    assert_int_equal(hist_percentile_most(hist, 50.0), 60);
    assert_int_equal(hist_percentile(hist, 90.0), 90);
    assert_int_equal(hist_percentile_most(hist, 90.0), 100);
    assert_int_equal(hist_percentile_most(hist, 91.0), HIST_UNBOUNDED);
    hist_free(hist);
}

/* A lower bound that is too long for the histogram is a lower bound all the same. */
static void hist_censored_samples_beyond_an_hour_are_no_overflow(void **state)
{
    struct hist *hist = new_censored();

    (void)state;
    hist_record_censored(hist, 2 * HIST_NS_MAX, 1);
    hist_record_censored(hist, -1, 1);
    assert_int_equal(hist_over_range(hist), 0);
    assert_int_equal(hist_max(hist), HIST_NS_MAX);
    assert_int_equal(hist_min(hist), 0);
    hist_free(hist);
}

static uint64_t resident_bytes(void)
{
    char line[256];
    char *end = NULL;

    file_first_line("/proc/self/statm", line, sizeof line);
    (void)strtoull(line, &end, 10);
    return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A trial frees large blocks; from then on glibc took histograms from its heap, and cleared them.
 */
static void a_histogram_takes_only_the_pages_that_it_uses(void **state)
{
    enum { COUNT = 200 };
    struct hist *hists[COUNT];
    volatile char *block = malloc((size_t)16 << 20);
    uint64_t before_bytes;

    (void)state;
    assert_non_null(block);
    block[0] = 1;
    free((void *)(uintptr_t)block);
    before_bytes = resident_bytes();
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(hist_new(&hists[i], NULL), 0);
        hist_record(hists[i], 1000000);
    }
    assert_true(resident_bytes() - before_bytes < (uint64_t)COUNT * 32 * 1024);
    for (int i = 0; i < COUNT; i++) {
        hist_free(hists[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_percentile_is_within_a_thousandth_of_the_sorted_samples),
        cmocka_unit_test(hist_percentile_is_exact_for_small_values),
        cmocka_unit_test(hist_percentile_takes_the_next_rank_and_not_the_nearer),
        cmocka_unit_test(hist_keeps_sum_min_and_max_exactly),
        cmocka_unit_test(hist_sum_does_not_wrap),
        cmocka_unit_test(hist_counts_zero_as_a_sample_of_zero),
        cmocka_unit_test(hist_clamps_and_counts_what_is_beyond_an_hour),
        cmocka_unit_test(hist_is_all_zero_when_empty),
        cmocka_unit_test(hist_of_packed_parts_equals_one_fed_with_all_samples),
        cmocka_unit_test(hist_reset_leaves_nothing_behind),
        cmocka_unit_test(hist_each_visits_every_sample_in_rising_order),
        cmocka_unit_test(hist_censored_samples_are_among_all_and_counted_beside),
        cmocka_unit_test(hist_percentile_most_has_no_bound_where_the_percentile_is_censored),
        cmocka_unit_test(hist_percentile_most_moves_up_where_censored_samples_lie_below),
        cmocka_unit_test(hist_censored_samples_beyond_an_hour_are_no_overflow),
        cmocka_unit_test(hist_log_line_refuses_a_tag_that_would_break_the_line),
        cmocka_unit_test(hist_log_line_says_when_the_disk_is_full),
        cmocka_unit_test(a_histogram_takes_only_the_pages_that_it_uses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
