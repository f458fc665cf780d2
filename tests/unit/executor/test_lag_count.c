#include "check.h"
#include "lag_count_inner.h"

static void lag_count_says_what_99_of_100_kept_below(void **state)
{
    struct lag_count lag = {0};

    (void)state;
    assert_int_equal(lag_count_take_p99(&lag), 0);
    for (int i = 0; i < 99; i++) {
        lag_count_add(&lag, 7);
    }
    lag_count_add(&lag, 5000000);
    assert_int_equal(lag_count_take_p99(&lag), 7);
    assert_int_equal(lag_count_take_p99(&lag), 0); /* It was emptied. */
    for (int i = 0; i < 98; i++) {
        lag_count_add(&lag, -3);
    }
    lag_count_add(&lag, 5000000);
    lag_count_add(&lag, 5000000);
    assert_in_range(lag_count_take_p99(&lag), 5000000, 5000000 * 17 / 16);
}

static void lag_count_is_at_most_a_sixteenth_too_much(void **state)
{
    struct lag_count lag = {0};

    (void)state;
    for (int64_t ns = 1; ns > 0 && ns < INT64_MAX / 3; ns = ns * 3 / 2 + 1) {
        int64_t said_ns;

        lag_count_add(&lag, ns);
        said_ns = lag_count_take_p99(&lag);
        assert_true(said_ns >= ns && said_ns <= ns + ns / 16);
    }
    lag_count_add(&lag, INT64_MAX);
    assert_true(lag_count_take_p99(&lag) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lag_count_says_what_99_of_100_kept_below),
        cmocka_unit_test(lag_count_is_at_most_a_sixteenth_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
