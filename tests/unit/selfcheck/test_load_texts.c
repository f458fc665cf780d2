#include "check.h"
#include "load_texts_inner.h"

#include <string.h>

static void the_second_number_of_schedstat_is_the_wait(void **state)
{
    int64_t ns = -1;

    (void)state;
    assert_true(load_text_wait("1203450 998877 42\n", &ns));
    assert_int_equal(ns, 998877);
    assert_false(load_text_wait("1203450\n", &ns));
    assert_false(load_text_wait("", &ns));
    assert_int_equal(ns, 998877);
}

static void steal_is_the_eighth_number_of_the_first_line(void **state)
{
    uint64_t ticks = 7;

    (void)state;
    assert_true(load_text_steal("cpu  1 2 3 4 5 6 7 88 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n", &ticks));
    assert_int_equal(ticks, 88);
    assert_false(load_text_steal("cpu0 1 2 3 4 5 6 7 8 9 10\n", &ticks));
    assert_false(load_text_steal("cpu  1 2 3 4\n", &ticks)); /* Kernels before 2.6.11. */
    assert_int_equal(ticks, 88);
}

static void throttling_is_read_in_both_versions(void **state)
{
    int64_t ns = -1;

    (void)state;
    assert_true(load_text_throttled("usage_usec 5\nnr_throttled 3\nthrottled_usec 1500\n", &ns));
    assert_int_equal(ns, 1500000);
    assert_true(load_text_throttled("nr_periods 0\nthrottled_time 42\n", &ns));
    assert_int_equal(ns, 42);
    assert_false(load_text_throttled("usage_usec 5\nxthrottled_usec 9\n", &ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_number_of_schedstat_is_the_wait),
        cmocka_unit_test(steal_is_the_eighth_number_of_the_first_line),
        cmocka_unit_test(throttling_is_read_in_both_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
