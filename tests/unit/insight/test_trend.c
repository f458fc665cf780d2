#include "made_up.h"

#include "trend_inner.h"

#define POINTS 60

static void a_line_has_its_slope_and_no_error(void **state)
{
    double x[POINTS];
    double y[POINTS];
    struct trend trend;

    (void)state;
    for (uint32_t i = 0; i < POINTS; i++) {
        x[i] = i;
        y[i] = 5.0 + 3.0 * i;
    }
    assert_true(trend_fit(x, y, POINTS, &trend));
    assert_near(trend.slope, 3.0, 1e-9);
    assert_near(trend.mean, 5.0 + 3.0 * (POINTS - 1) / 2.0, 1e-9);
    assert_near(trend.length, POINTS - 1.0, 1e-9);
    assert_true(trend.slope_error < 1e-9);
    assert_true(trend_rises(&trend));
}

/* Reference: y = 2, 4, 5, 4, 5 at x = 1 .. 5 has the slope 0.6 and the residuals' variance 2.4 / 3;
 * its error is sqrt(0.8 / 10). Their autocorrelation is negative, so nothing widens it. */
static void the_error_is_the_textbooks(void **state)
{
    const double x[] = {1.0, 2.0, 3.0, 4.0, 5.0};
    const double y[] = {2.0, 4.0, 5.0, 4.0, 5.0};
    struct trend trend;

    (void)state;
    assert_true(trend_fit(x, y, 5, &trend));
    assert_near(trend.slope, 0.6, 1e-9);
    assert_near(trend.slope_error, 0.282842712, 1e-6);
    assert_false(trend_rises(&trend));
}

static void noise_does_not_rise(void **state)
{
    uint32_t alarms = 0;

    (void)state;
    for (uint32_t series = 0; series < 200; series++) {
        double x[POINTS];
        double y[POINTS];
        struct trend trend;

        for (uint32_t i = 0; i < POINTS; i++) {
            x[i] = i;
            y[i] = made_up_noise(series * POINTS + i);
        }
        assert_true(trend_fit(x, y, POINTS, &trend));
        alarms += trend_rises(&trend) ? 1 : 0;
    }
    assert_true(alarms <= 2);
}

/* A second that is like the one before tells less than one of its own. */
static void points_that_depend_on_each_other_widen_the_error(void **state)
{
    double x[POINTS];
    double alone[POINTS];
    double in_pairs[POINTS];
    struct trend trend;
    struct trend wider;

    (void)state;
    for (uint32_t i = 0; i < POINTS; i++) {
        x[i] = i;
        alone[i] = made_up_noise(i);
        in_pairs[i] = made_up_noise(i / 4);
    }
    assert_true(trend_fit(x, alone, POINTS, &trend));
    assert_true(trend_fit(x, in_pairs, POINTS, &wider));
    assert_true(wider.slope_error > 1.5 * trend.slope_error);
}

static void too_few_points_have_no_trend(void **state)
{
    const double x[] = {1.0, 2.0, 3.0, 4.0, 5.0};
    const double same[] = {1.0, 1.0, 1.0, 1.0, 1.0};
    struct trend trend;

    (void)state;
    assert_false(trend_fit(x, x, TREND_POINTS_MIN - 1, &trend));
    assert_true(trend_fit(x, x, TREND_POINTS_MIN, &trend));
    assert_false(trend_fit(same, x, TREND_POINTS_MIN, &trend));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_slope_and_no_error),
        cmocka_unit_test(the_error_is_the_textbooks),
        cmocka_unit_test(noise_does_not_rise),
        cmocka_unit_test(points_that_depend_on_each_other_widen_the_error),
        cmocka_unit_test(too_few_points_have_no_trend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
