#include "check.h"

#include "heat.h"

static void record(struct heat *heat, uint32_t second, int64_t value_ns, uint32_t times)
{
    struct hist *hist;

    assert_int_equal(hist_new(&hist, NULL), 0);
    for (uint32_t i = 0; i < times; i++) {
        hist_record(hist, value_ns);
    }
    assert_int_equal(heat_add(heat, second, hist, NULL), 0);
    hist_free(hist);
}

static uint64_t sum(const struct heat *heat)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < heat->columns_count; i++) {
        for (uint32_t row = 0; row < HEAT_ROWS; row++) {
            all += heat->cells[i][row];
        }
    }
    return all;
}

static void a_latency_is_in_the_row_that_it_lies_in(void **state)
{
    struct heat heat = {0};

    (void)state;
    record(&heat, 0, 1, 1);                     /* Below the lowest. */
    record(&heat, 0, 1500, 2);                  /* The first row, to 1.58 us. */
    record(&heat, 0, 1600, 3);                  /* The second. */
    record(&heat, 0, 5 * 1000 * 1000, 4);       /* 5 ms: 3.7 decades. */
    record(&heat, 0, INT64_C(300000000000), 5); /* Beyond the last decade. */
    assert_int_equal(heat.columns_count, 1);
    assert_int_equal(heat.cells[0][0], 3);
    assert_int_equal(heat.cells[0][1], 3);
    assert_int_equal(heat.cells[0][18], 4);
    assert_int_equal(heat.cells[0][HEAT_ROWS - 1], 5);
    assert_true(heat_row_ns(18) <= 5e6 && heat_row_ns(19) > 5e6);
    heat_done(&heat);
}

static void a_long_trial_has_wider_columns_and_all_its_messages(void **state)
{
    struct heat heat = {0};
    struct heat copy;

    (void)state;
    for (uint32_t second = 0; second < 1000; second++) {
        record(&heat, second, 1000 * 1000, 2);
        assert_true(heat.columns_count <= HEAT_COLUMNS_MAX);
    }
    assert_int_equal(heat.column_seconds, 16);
    assert_int_equal(heat.columns_count, 63); /* 62 whole ones, and half of one. */
    assert_int_equal(heat.cells[0][15], 32);
    assert_int_equal(heat.cells[61][15], 32);
    assert_int_equal(heat.cells[62][15], 16);
    assert_int_equal(sum(&heat), 2000);
    record(&heat, 3, 1000 * 1000, 1); /* An agent that is late. */
    assert_int_equal(heat.cells[0][15], 33);
    assert_int_equal(heat_copy(&heat, &copy, NULL), 0);
    heat_done(&heat);
    assert_int_equal(sum(&copy), 2001);
    heat_done(&copy);
    assert_int_equal(copy.columns_count, 0);
}

static void seconds_without_messages_are_columns_without_any(void **state)
{
    struct heat heat = {0};

    (void)state;
    record(&heat, 7, 1000 * 1000, 1);
    assert_int_equal(heat.columns_count, 8);
    assert_int_equal(sum(&heat), 1);
    assert_int_equal(heat.cells[7][15], 1);
    heat_done(&heat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_latency_is_in_the_row_that_it_lies_in),
        cmocka_unit_test(a_long_trial_has_wider_columns_and_all_its_messages),
        cmocka_unit_test(seconds_without_messages_are_columns_without_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
