#include "check.h"
#include "random.h"
#include "stats.h"

#include <math.h>

static void near(double got, double wanted, double within)
{
    if (!(fabs(got - wanted) <= within)) {
        fail_msg("%.12g, wanted %.12g", got, wanted);
    }
}

static void the_median_of_an_even_number_lies_between_the_two_in_the_middle(void **state)
{
    double odd[] = {5.0, 1.0, 3.0};
    double even[] = {4.0, 1.0, 3.0, 2.0};

    (void)state;
    near(stats_median(odd, 3), 3.0, 0.0);
    near(stats_median(even, 4), 2.5, 0.0);
}

static void the_deviation_divides_by_one_less(void **state)
{
    const double values[] = {2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0};

    (void)state;
    near(stats_mean(values, 8), 5.0, 1e-15);
    near(stats_sd(values, 8), sqrt(32.0 / 7.0), 1e-12);
    near(stats_sd(values, 1), 0.0, 0.0);
}

/* Two-sided 95 % and 99 % points of printed tables; 12 digits from closed forms where there are
 * some (1, 2 and 4 degrees). */
static void quantiles_of_t_are_those_of_the_tables(void **state)
{
    static const struct {
        double degrees, p, t, within;
    } rows[] = {
        {1.0, 0.975, 12.706204736432, 1e-8}, {2.0, 0.975, 4.302652729911, 1e-9},
        {4.0, 0.975, 2.776445105198, 1e-9},  {3.0, 0.975, 3.182446, 1e-6},
        {9.0, 0.975, 2.262157, 1e-6},        {29.0, 0.975, 2.045230, 1e-6},
        {120.0, 0.975, 1.979930, 1e-6},      {1e6, 0.975, 1.959966, 1e-6},
        {4.0, 0.995, 4.604095, 1e-6},        {9.0, 0.95, 1.833113, 1e-6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        near(stats_t_quantile(rows[i].p, rows[i].degrees), rows[i].t, rows[i].within);
        near(stats_t_quantile(1.0 - rows[i].p, rows[i].degrees), -rows[i].t, rows[i].within);
        near(stats_t_p_value(rows[i].t, rows[i].degrees), 2.0 * (1.0 - rows[i].p), 1e-6);
    }
}

/* One degree is Cauchy's distribution, which has a closed form everywhere. */
static void the_distribution_of_one_degree_is_cauchys(void **state)
{
    (void)state;
    for (double t = -50.0; t <= 50.0; t += 0.37) {
        near(stats_t_p_value(t, 1.0), 1.0 - 2.0 * atan(fabs(t)) / acos(-1.0), 1e-12);
    }
}

static void an_interval_covers_the_mean_as_often_as_it_says(void **state)
{
    struct random random;
    uint32_t covered = 0;

    (void)state;
    random_seed(&random, 1);
    for (int i = 0; i < 4000; i++) {
        double values[5];
        struct stats_interval interval;

        for (int k = 0; k < 5; k++) {
            /* Box and Muller (1958). */
            values[k] = 10.0 + sqrt(-2.0 * log(1.0 - random_unit(&random))) *
                                   cos(2.0 * acos(-1.0) * random_unit(&random));
        }
        interval = stats_t_interval(values, 5);
        covered += interval.low <= 10.0 && 10.0 <= interval.high;
    }
    /* 3800 expected; four standard deviations of a fair coin of 95 %. */
    assert_in_range(covered, 3745, 3855);
}

static void one_value_has_no_interval(void **state)
{
    const double value = 3.0;
    struct stats_interval interval = stats_t_interval(&value, 1);

    (void)state;
    assert_true(isnan(interval.low) && isnan(interval.high));
}

/* By hand: sorted 0.005 x 5, 0.01 x 4, 0.03 x 3, 0.04 x 2 (raised to the one before), 0.9 x 1. */
static void holm_corrects_step_by_step_and_never_downwards(void **state)
{
    const double p_values[] = {0.01, 0.04, 0.03, 0.005, 0.9};
    const double wanted[] = {0.04, 0.09, 0.09, 0.025, 0.9};
    double corrected[5];

    (void)state;
    stats_holm(p_values, 5, corrected);
    for (int i = 0; i < 5; i++) {
        near(corrected[i], wanted[i], 1e-12);
    }
}

static void holm_of_equal_values_is_equal(void **state)
{
    const double p_values[] = {0.02, 0.02, 0.02};
    double corrected[3];

    (void)state;
    stats_holm(p_values, 3, corrected);
    for (int i = 0; i < 3; i++) {
        near(corrected[i], 0.06, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_of_an_even_number_lies_between_the_two_in_the_middle),
        cmocka_unit_test(the_deviation_divides_by_one_less),
        cmocka_unit_test(quantiles_of_t_are_those_of_the_tables),
        cmocka_unit_test(the_distribution_of_one_degree_is_cauchys),
        cmocka_unit_test(an_interval_covers_the_mean_as_often_as_it_says),
        cmocka_unit_test(one_value_has_no_interval),
        cmocka_unit_test(holm_corrects_step_by_step_and_never_downwards),
        cmocka_unit_test(holm_of_equal_values_is_equal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
