/* Arrivals that are not evenly spread at a constant rate. */
#include "check.h"

#include "pacer_inner.h"

#include <math.h>
#include <stdlib.h>

#define S INT64_C(1000000000)
#define M UINT64_C(1000000)
#define SAMPLES 20000

static const struct curve_point ramp_points[] = {{0, 1000 * M}, {10 * S, 3000 * M}};
static const struct load_curve ramp = {ramp_points, 2};

static struct pacer_config poisson(uint64_t seed)
{
    return (struct pacer_config){.start_ns = 7 * S,
                                 .rate = {1000, S},
                                 .arrivals = ARRIVALS_POISSON,
                                 .seed = seed,
                                 .producers_count = 1};
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* Largest distance between the samples' distribution and the exponential one of mean 1, against the
 * one-in-a-thousand bound for many samples (Kolmogorov 1933; Smirnov 1948): 1.949 / sqrt(n). */
static void assert_exponential(double *samples, uint32_t count)
{
    double distance = 0.0;

    qsort(samples, count, sizeof *samples, compare_doubles);
    for (uint32_t i = 0; i < count; i++) {
        double expected = 1.0 - exp(-samples[i]);

        distance = fmax(distance, fabs(expected - (double)i / count));
        distance = fmax(distance, fabs(expected - (double)(i + 1) / count));
    }
    assert_true(distance < 1.949 / sqrt(count));
}

static void poisson_gaps_are_exponential_by_kolmogorov_and_smirnov(void **state)
{
    static double gaps[SAMPLES];

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct pacer_config config = poisson(seed);
        int64_t before_ns = config.start_ns;
        struct pacer pacer;

        pacer_init(&pacer, &config);
        for (uint32_t i = 0; i < SAMPLES; i++) {
            gaps[i] = (double)(pacer_due_ns(&pacer) - before_ns) / 1e6; /* Mean: 1 ms. */
            before_ns = pacer_due_ns(&pacer);
            pacer_step(&pacer);
        }
        assert_exponential(gaps, SAMPLES);
    }
}

/* Even gaps must be told from exponential ones, or the test above says nothing. */
static void the_test_of_gaps_can_fail(void **state)
{
    double distance = 1.0 - exp(-1.0); /* Of gaps that are all 1: the step at 1. */

    (void)state;
    assert_true(distance > 1.949 / sqrt(SAMPLES));
}

/* Carried through the curve's integral, the gaps of a ramp are exponential in messages. */
static void a_poisson_ramp_has_exponential_gaps_in_messages(void **state)
{
    static double gaps[SAMPLES];
    struct pacer_config config = poisson(3);
    curve_position before = 0;
    struct pacer pacer;
    uint32_t count = 0;

    (void)state;
    config.curve = ramp;
    pacer_init(&pacer, &config);
    for (; count < SAMPLES && pacer_due_ns(&pacer) < config.start_ns + 10 * S; count++) {
        curve_position here = curve_position_at(&ramp, pacer_due_ns(&pacer) - config.start_ns);

        gaps[count] = (double)(here - before) / (double)CURVE_MESSAGE;
        before = here;
        pacer_step(&pacer);
    }
    assert_in_range(count, 20000 - 600, 20000); /* 4 sigma of 20000 is 566. */
    assert_exponential(gaps, count);
}

/* n producers with gaps of their own at 1/n of the rate make the whole rate, exponential again. */
static void poisson_producers_together_are_one_poisson_process(void **state)
{
    static double gaps[SAMPLES];
    struct pacer pacers[8];
    int64_t before_ns = 7 * S;

    (void)state;
    for (uint32_t k = 0; k < 8; k++) {
        struct pacer_config config = poisson(100 + k);

        config.producers_count = 8;
        config.producer = k;
        pacer_init(&pacers[k], &config);
    }
    for (uint32_t i = 0; i < SAMPLES; i++) {
        uint32_t first = 0;

        for (uint32_t k = 1; k < 8; k++) {
            first = pacer_due_ns(&pacers[k]) < pacer_due_ns(&pacers[first]) ? k : first;
        }
        gaps[i] = (double)(pacer_due_ns(&pacers[first]) - before_ns) / 1e6;
        before_ns = pacer_due_ns(&pacers[first]);
        pacer_step(&pacers[first]);
    }
    assert_exponential(gaps, SAMPLES);
}

static void the_same_seed_gives_the_same_schedule_and_another_another(void **state)
{
    struct pacer_config config = poisson(5);
    struct pacer one;
    struct pacer two;
    struct pacer other;
    uint32_t same = 0;

    (void)state;
    pacer_init(&one, &config);
    pacer_init(&two, &config);
    config.seed = 6;
    pacer_init(&other, &config);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(pacer_due_ns(&one), pacer_due_ns(&two));
        same += pacer_due_ns(&one) == pacer_due_ns(&other) ? 1 : 0;
        pacer_step(&one);
        pacer_step(&two);
        pacer_step(&other);
    }
    assert_true(same < 10);
}

static void aligned_producers_are_due_in_the_same_instants(void **state)
{
    struct pacer_config config = {
        .start_ns = S, .rate = {300, S}, .arrivals = ARRIVALS_ALIGNED, .producers_count = 3};
    struct pacer first;
    struct pacer last;

    (void)state;
    for (int curved = 0; curved < 2; curved++) {
        config.curve = curved != 0 ? ramp : (struct load_curve){NULL, 0};
        config.producer = 0;
        pacer_init(&first, &config);
        config.producer = 2;
        pacer_init(&last, &config);
        for (uint64_t i = 0; i < 1000; i++) {
            assert_int_equal(pacer_due_ns(&first), pacer_due_ns(&last));
            assert_int_equal(pacer_count_before(&config, pacer_due_ns(&last)), i);
            assert_int_equal(pacer_count_before(&config, pacer_due_ns(&last) + 1), i + 1);
            pacer_step(&first);
            pacer_step(&last);
        }
    }
}

static void producers_of_a_ramp_take_its_messages_in_turn(void **state)
{
    struct pacer pacers[3];
    struct curve_cursor cursor = {0};

    (void)state;
    for (uint32_t k = 0; k < 3; k++) {
        struct pacer_config config = {
            .start_ns = 5, .curve = ramp, .producers_count = 3, .producer = k};

        pacer_init(&pacers[k], &config);
    }
    for (uint64_t j = 0; j < 30000; j++) {
        struct pacer *pacer = &pacers[j % 3];

        assert_int_equal(pacer_due_ns(pacer), 5 + curve_time_ns(&ramp, &cursor, j * CURVE_MESSAGE));
        assert_int_equal(pacer->index, j / 3);
        pacer_step(pacer);
    }
}

static void what_a_ramp_never_reaches_is_never_due(void **state)
{
    static const struct curve_point points[] = {{0, 10 * M}, {S, 0}}; /* Five messages. */
    struct pacer_config config = {
        .start_ns = 100, .curve = {points, 2}, .producers_count = 1, .producer = 0};
    struct pacer pacer;

    (void)state;
    pacer_init(&pacer, &config);
    for (int j = 0; j <= 5; j++) {
        assert_true(pacer_due_ns(&pacer) <= 100 + S);
        pacer_step(&pacer);
    }
    assert_int_equal(pacer_due_ns(&pacer), 100 + CURVE_NEVER_NS);
}

/* 1/100h over 65536 clients. */
static void a_poisson_gap_beyond_a_life_time_does_not_overflow(void **state)
{
    struct pacer_config config = {.start_ns = 1000 * S,
                                  .rate = {1, 360000 * S},
                                  .arrivals = ARRIVALS_POISSON,
                                  .producers_count = CLIENTS_MAX};
    struct pacer pacer;

    (void)state;
    pacer_init(&pacer, &config);
    for (int i = 0; i < 100; i++) {
        assert_true(pacer_due_ns(&pacer) >= 1000 * S);
        pacer_step(&pacer);
    }
    assert_true(pacer_due_ns(&pacer) > INT64_MAX / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson_gaps_are_exponential_by_kolmogorov_and_smirnov),
        cmocka_unit_test(the_test_of_gaps_can_fail),
        cmocka_unit_test(a_poisson_ramp_has_exponential_gaps_in_messages),
        cmocka_unit_test(poisson_producers_together_are_one_poisson_process),
        cmocka_unit_test(the_same_seed_gives_the_same_schedule_and_another_another),
        cmocka_unit_test(aligned_producers_are_due_in_the_same_instants),
        cmocka_unit_test(producers_of_a_ramp_take_its_messages_in_turn),
        cmocka_unit_test(what_a_ramp_never_reaches_is_never_due),
        cmocka_unit_test(a_poisson_gap_beyond_a_life_time_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
