#include "made_up.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define KIB 1024.0

/* Sizes from 64 B to 16 KiB, whose metric is that of fixed + per_kib x size, off by that much. */
static struct result *with_sizes(const char *metric, double fixed_ns, double per_kib_ns, double off)
{
    static const double sizes[] = {64, 256, 1 * KIB, 4 * KIB, 16 * KIB};
    struct result *result = made_up(5);
    bool rate = strstr(metric, "rate") != NULL;

    for (uint32_t i = 0; i < 5; i++) {
        struct result_case *of = i == 0 ? &result->cases[0] : made_up_case(result, 5);
        double ns = (fixed_ns + per_kib_ns * sizes[i] / KIB) * (1.0 + off * made_up_noise(i));
        char value[32];

        (void)snprintf(value, sizeof value, "%.0f", sizes[i]);
        made_up_parameter(of, "message.size", value, sizes[i]);
        made_up_figure(of, metric, rate ? 1e9 / ns : ns, 2.0);
        of->phases[0].is_max = rate;
    }
    return result;
}

static void the_size_from_which_bytes_outweigh_is_told(void **state)
{
    struct result *result = with_sizes("publish.p50", 200e3, 50e3, 0.01);
    const struct result_insight *insight = insight_of(result, "size_knee");

    (void)state;
    assert_near(figure_of(insight, "knee"), 4 * KIB, 0.05);
    assert_near(figure_of(insight, "fixed"), 200e3, 0.02);
    assert_near(figure_of(insight, "per_byte"), 50e3 / KIB, 0.05);
    assert_non_null(strstr(insight->text, "target-0, steady: publish.p50"));
    assert_true(strlen(insight->advice) > 0);
    assert_int_equal(result->findings.insights_count, 1);
    result_free(result);
}

static void a_rate_has_the_knee_of_the_time_it_leaves(void **state)
{
    struct result *result = with_sizes("acked_rate", 10e3, 5e3, 0.0);

    (void)state;
    assert_near(figure_of(insight_of(result, "size_knee"), "knee"), 2 * KIB, 0.01);
    result_free(result);
}

static void a_knee_beyond_what_was_measured_is_called_so(void **state)
{
    struct result *result = with_sizes("e2e.p50", 1000e3, 5e3, 0.0);
    const struct result_insight *insight = insight_of(result, "size_knee");

    (void)state;
    assert_non_null(strstr(insight->text, "Up to 16.0 KiB, the largest size measured"));
    assert_string_equal(insight->advice, "");
    result_free(result);
}

static void noise_is_not_taken_for_an_effect_of_the_size(void **state)
{
    struct result *result = with_sizes("e2e.p50", 1000e3, 0.0, 0.1);

    (void)state;
    assert_non_null(
        strstr(insight_of(result, "size_knee")->text, "no statistically significant effect"));
    result_free(result);
}

static void points_that_no_line_fits_are_not_told(void **state)
{
    struct result *result = with_sizes("e2e.p50", 1000e3, 50e3, 0.0);

    (void)state;
    result->cases[2].figures[0].median *= 3.0;
    assert_null(insight_of(result, "size_knee"));
    result_free(result);
}

static void too_few_sizes_or_trials_have_no_knee(void **state)
{
    struct result *result = with_sizes("publish.p50", 200e3, 50e3, 0.0);

    (void)state;
    assert_non_null(insight_of(result, "size_knee"));
    result->cases[0].figures[0].trials = 1;
    assert_non_null(insight_of(result, "size_knee")); /* Four are left. */
    result->cases[1].figures[0].trials = 1;
    assert_null(insight_of(result, "size_knee"));
    result_free(result);
}

static void each_target_and_other_parameter_has_a_curve_of_its_own(void **state)
{
    struct result *result = with_sizes("publish.p50", 200e3, 50e3, 0.0);

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        made_up_parameter(&result->cases[i], "topology.topics", i < 2 ? "1" : "2", i < 2 ? 1 : 2);
    }
    assert_null(insight_of(result, "size_knee")); /* Two and three points. */
    for (uint32_t i = 0; i < 5; i++) {
        (void)snprintf(result->cases[i].parameters[1].value, 2, "1");
        (void)snprintf(result->cases[i].target, 3, i < 2 ? "a" : "b");
    }
    assert_null(insight_of(result, "size_knee"));
    result_free(result);
}

/* Rates of 1, 2, 4, 8, 16 clients. */
static struct result *with_clients(const double *rates, double percent)
{
    struct result *result = made_up(5);

    for (uint32_t i = 0; i < 5; i++) {
        struct result_case *of = i == 0 ? &result->cases[0] : made_up_case(result, 5);
        char value[32];

        (void)snprintf(value, sizeof value, "%u", 1U << i);
        made_up_parameter(of, "topology.producers", value, 1U << i);
        made_up_figure(of, "received_rate", rates[i], percent);
        of->phases[0].is_max = true;
    }
    return result;
}

static void the_clients_beyond_which_nothing_comes_are_told(void **state)
{
    static const double rates[] = {1000, 1950, 3700, 4000, 3900};
    struct result *result = with_clients(rates, 2.0);
    const struct result_insight *insight = insight_of(result, "scaling_knee");

    (void)state;
    assert_near(figure_of(insight, "clients"), 4.0, 0.0);
    assert_near(figure_of(insight, "rate"), 3700.0, 0.0);
    assert_near(figure_of(insight, "next_rate"), 4000.0, 0.0);
    assert_true(strlen(insight->advice) > 0);
    result_free(result);
}

static void a_curve_that_still_rises_has_its_knee_beyond(void **state)
{
    static const double rates[] = {1000, 1950, 3800, 7300, 14000};
    struct result *result = with_clients(rates, 2.0);
    const struct result_insight *insight = insight_of(result, "scaling_knee");

    (void)state;
    assert_near(figure_of(insight, "clients"), 16.0, 0.0);
    assert_non_null(strstr(insight->text, "The knee is above it."));
    assert_string_equal(insight->advice, "");
    result_free(result);
}

/* A dip between two steps that rise is no knee, nor is a step whose interval leaves it open. */
static void a_step_that_may_still_rise_is_no_knee(void **state)
{
    static const double dip[] = {1000, 1000, 2000, 4000, 8000};
    static const double flat[] = {1000, 1950, 3700, 4000, 3900};
    struct result *dips = with_clients(dip, 2.0);
    struct result *wide = with_clients(flat, 30.0);

    (void)state;
    assert_near(figure_of(insight_of(dips, "scaling_knee"), "clients"), 16.0, 0.0);
    assert_null(insight_of(wide, "scaling_knee")); /* Nor is it known to rise. */
    result_free(dips);
    result_free(wide);
}

static void the_law_of_the_curve_is_told_with_its_peak(void **state)
{
    /* lambda 1000, sigma 0.1, kappa 0.01: the peak is at sqrt(0.9 / 0.01) = 9.49 clients. */
    static const double rates[] = {1000.0, 1785.7143, 2816.9014, 3539.8230, 3265.3061};
    struct result *result = with_clients(rates, 2.0);
    const struct result_insight *insight = insight_of(result, "scaling_law");

    (void)state;
    assert_near(figure_of(insight, "lambda"), 1000.0, 1e-4);
    assert_near(figure_of(insight, "sigma"), 0.1, 1e-4);
    assert_near(figure_of(insight, "kappa"), 0.01, 1e-4);
    assert_near(figure_of(insight, "peak_clients"), 9.487, 1e-3);
    assert_near(figure_of(insight, "peak_rate"), 3559.0, 1e-2);
    assert_string_equal(insight->case_name, "case-0");
    result_free(result);
}

static void a_curve_of_another_kind_or_too_few_points_has_no_law(void **state)
{
    static const double jagged[] = {1000, 4000, 1500, 6000, 1000};
    static const double rates[] = {1000, 1786, 2817, 3540, 3265};
    struct result *other = with_clients(jagged, 2.0);
    struct result *few = with_clients(rates, 2.0);

    (void)state;
    assert_null(insight_of(other, "scaling_law"));
    few->cases[1].figures[0].trials = 1;
    assert_non_null(insight_of(few, "scaling_law"));
    few->cases[2].figures[0].trials = 1;
    assert_null(insight_of(few, "scaling_law"));
    result_free(other);
    result_free(few);
}

static void at_an_asked_rate_clients_have_no_knee(void **state)
{
    static const double rates[] = {1000, 1000, 1000, 1000, 1000};
    struct result *result = with_clients(rates, 1.0);

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        result->cases[i].phases[0].is_max = false;
    }
    assert_null(insight_of(result, "scaling_knee"));
    assert_null(insight_of(result, "scaling_law"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_size_from_which_bytes_outweigh_is_told),
        cmocka_unit_test(a_rate_has_the_knee_of_the_time_it_leaves),
        cmocka_unit_test(a_knee_beyond_what_was_measured_is_called_so),
        cmocka_unit_test(noise_is_not_taken_for_an_effect_of_the_size),
        cmocka_unit_test(points_that_no_line_fits_are_not_told),
        cmocka_unit_test(too_few_sizes_or_trials_have_no_knee),
        cmocka_unit_test(each_target_and_other_parameter_has_a_curve_of_its_own),
        cmocka_unit_test(the_clients_beyond_which_nothing_comes_are_told),
        cmocka_unit_test(a_curve_that_still_rises_has_its_knee_beyond),
        cmocka_unit_test(a_step_that_may_still_rise_is_no_knee),
        cmocka_unit_test(the_law_of_the_curve_is_told_with_its_peak),
        cmocka_unit_test(a_curve_of_another_kind_or_too_few_points_has_no_law),
        cmocka_unit_test(at_an_asked_rate_clients_have_no_knee),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
