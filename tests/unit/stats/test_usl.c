#include "check.h"

#include "usl.h"

#include <math.h>

#define POINTS 5

static const double clients[POINTS] = {1, 2, 4, 8, 16};

static void assert_near(double value, double wanted, double relative)
{
    if (fabs(value - wanted) > relative * fabs(wanted)) {
        fail_msg("%g is not %g", value, wanted);
    }
}

static void rates_of(double lambda, double sigma, double kappa, double *ret)
{
    const struct usl law = {.lambda = lambda, .sigma = sigma, .kappa = kappa};

    for (int i = 0; i < POINTS; i++) {
        ret[i] = usl_rate(&law, clients[i]);
    }
}

/* Gunther's example: sigma 0.02, kappa 0.0005 peak at sqrt(0.98 / 0.0005) = 44.27 clients. */
static void a_law_is_found_again_from_its_points(void **state)
{
    double rates[POINTS];
    struct usl usl;

    (void)state;
    rates_of(1000.0, 0.02, 0.0005, rates);
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    assert_near(usl.lambda, 1000.0, 1e-6);
    assert_near(usl.sigma, 0.02, 1e-6);
    assert_near(usl.kappa, 0.0005, 1e-5);
    assert_near(usl.peak_clients, 44.2719, 1e-4);
    assert_near(usl.peak_rate, usl_rate(&usl, 44.2719), 1e-6);
    assert_true(usl.fit_error < 1e-9);
}

static void the_unit_of_throughput_does_not_matter(void **state)
{
    double rates[POINTS];
    struct usl usl;

    (void)state;
    rates_of(3e-4, 0.1, 0.01, rates);
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    assert_near(usl.sigma, 0.1, 1e-6);
    rates_of(3e9, 0.1, 0.01, rates);
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    assert_near(usl.kappa, 0.01, 1e-6);
}

static void in_proportion_there_is_no_peak(void **state)
{
    double rates[POINTS];
    struct usl usl;

    (void)state;
    rates_of(500.0, 0.0, 0.0, rates);
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    assert_near(usl.lambda, 500.0, 1e-6);
    assert_true(usl.sigma < 1e-9 && usl.kappa < 1e-9);
    assert_true(usl.peak_clients > 1e3);
}

/* Amdahl's law: what can't be shared limits all. */
static void contention_alone_has_a_limit_instead_of_a_peak(void **state)
{
    /* Points that bend the other way by a little: kappa would be below 0. */
    double rates[POINTS];
    struct usl usl;

    (void)state;
    rates_of(1000.0, 0.25, 0.0, rates);
    rates[POINTS - 1] *= 1.01;
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    assert_true(usl.kappa == 0.0);
    assert_near(usl.sigma, 0.25, 0.05);
    assert_true(isinf(usl.peak_clients));
    assert_near(usl.peak_rate, 4000.0, 0.05);
}

static void more_than_in_proportion_is_not_taken_for_a_gain_from_queueing(void **state)
{
    const double rates[POINTS] = {100, 230, 500, 1100, 2400};
    struct usl usl;

    (void)state;
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    assert_true(usl.sigma == 0.0 && usl.kappa == 0.0);
    assert_true(usl.fit_error > 0.05);
}

/* Each point off by up to 3 %, by a fixed pattern. */
static void noise_moves_the_law_by_little(void **state)
{
    static const double noise[POINTS] = {0.02, -0.03, 0.03, -0.01, 0.02};
    double rates[POINTS];
    struct usl usl;

    (void)state;
    rates_of(1000.0, 0.1, 0.01, rates);
    for (int i = 0; i < POINTS; i++) {
        rates[i] *= 1.0 + noise[i];
    }
    assert_true(usl_fit(clients, rates, POINTS, &usl));
    for (int i = 0; i < POINTS; i++) {
        assert_near(usl_rate(&usl, clients[i]), rates[i], 0.05);
    }
    assert_near(usl.peak_clients, 9.487, 0.25);
    assert_true(usl.fit_error > 0.005 && usl.fit_error < 0.04);
}

static void too_few_numbers_of_clients_have_no_law(void **state)
{
    const double same[POINTS] = {1, 2, 4, 4, 4};
    double rates[POINTS];
    struct usl usl;

    (void)state;
    rates_of(1000.0, 0.1, 0.01, rates);
    assert_false(usl_fit(clients, rates, 3, &usl));
    assert_true(usl_fit(clients, rates, 4, &usl));
    assert_false(usl_fit(same, rates, POINTS, &usl));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_law_is_found_again_from_its_points),
        cmocka_unit_test(the_unit_of_throughput_does_not_matter),
        cmocka_unit_test(in_proportion_there_is_no_peak),
        cmocka_unit_test(contention_alone_has_a_limit_instead_of_a_peak),
        cmocka_unit_test(more_than_in_proportion_is_not_taken_for_a_gain_from_queueing),
        cmocka_unit_test(noise_moves_the_law_by_little),
        cmocka_unit_test(too_few_numbers_of_clients_have_no_law),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
