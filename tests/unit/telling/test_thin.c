#include "check.h"

#include "mono.h"
#include "thin.h"

static void thin_factor_keeps_to_the_points(void **state)
{
    (void)state;
    assert_int_equal(thin_factor(0, 600), 1);
    assert_int_equal(thin_factor(600, 600), 1);
    assert_int_equal(thin_factor(601, 600), 2);
    assert_int_equal(thin_factor(3600, 600), 6);
    for (uint32_t intervals = 1; intervals < 5000; intervals += 7) {
        uint32_t factor = thin_factor(intervals, 600);

        assert_true((intervals + factor - 1) / factor <= 600);
    }
}

static void thin_merge_sums_counts_and_keeps_the_worst(void **state)
{
    const struct result_interval intervals[] = {
        {.start_ns = 10 * NS_PER_S,
         .length_s = 1.0,
         .sent = 100,
         .received = 90,
         .refused = 1,
         .backlog = 10,
         .e2e = {.samples = 90, .p50 = 100, .p99 = 900, .max = 1000}},
        {.start_ns = 11 * NS_PER_S,
         .length_s = 1.0,
         .sent = 50,
         .received = 30,
         .unconfirmed = 2,
         .errors = 4,
         .backlog = 30,
         .e2e = {.samples = 30, .p50 = 500, .p99 = 700, .max = 5000}},
        {.start_ns = 12 * NS_PER_S, .length_s = 0.5, .backlog = 20},
    };
    struct thin_point point = thin_merge(intervals, 3);

    (void)state;
    assert_int_equal(point.sent, 150);
    assert_int_equal(point.received, 120);
    assert_int_equal(point.failed, 7);
    assert_int_equal(point.backlog_max, 30);
    assert_int_equal(point.e2e.p99_ns, 900);
    assert_int_equal(point.e2e.max_ns, 5000);
    assert_int_equal((int)point.e2e.p50_ns, 200); /* (90 x 100 + 30 x 500) / 120 */
    assert_int_equal((int)(point.length_s * 10.0), 25);
    assert_int_equal((int)(point.middle_s * 100.0), 1125);
    assert_int_equal(point.publish.samples, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thin_factor_keeps_to_the_points),
        cmocka_unit_test(thin_merge_sums_counts_and_keeps_the_worst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
