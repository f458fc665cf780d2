/* Ramps and curves: the number asked is the integral, and each message is due when it is reached.
 */
#include "check.h"

#include "bounds.h"
#include "load_curve.h"

#include "random.h"
#include <math.h>

#define S INT64_C(1000000000)
#define M UINT64_C(1000000) /* One message a second, as curves have it. */

static const struct curve_point ramp_points[] = {{0, 5000 * M}, {60 * S, 50000 * M}};
static const struct load_curve ramp = {ramp_points, 2};

static void a_ramp_asks_for_the_integral_of_its_rate(void **state)
{
    (void)state;
    assert_true(curve_position_at(&ramp, 60 * S) == 1650000 * CURVE_MESSAGE);
    assert_true(curve_count_before(&ramp, 60 * S) == 1650000);
    /* 5000 x + 375 x^2 */
    assert_true(curve_position_at(&ramp, 2 * S) == 11500 * CURVE_MESSAGE);
    assert_true(curve_position_at(&ramp, 0) == 0);
    assert_true(curve_position_at(&ramp, -S) == 0);
}

static void a_curve_holds_its_last_rate(void **state)
{
    (void)state;
    assert_true(curve_position_at(&ramp, 62 * S) == 1750000 * CURVE_MESSAGE);
    assert_true(curve_per_s(&ramp, 30 * S) == 27500.0);
    assert_true(curve_per_s(&ramp, 90 * S) == 50000.0);
}

static void a_rate_of_a_curve_is_that_of_the_scenario(void **state)
{
    (void)state;
    assert_true(curve_rate((struct rate){1, 30 * S}) == 33333);
    assert_true(curve_rate((struct rate){800, S}) == 800 * M);
    assert_true(curve_rate((struct rate){0, S}) == 0);
    assert_true(curve_rate((struct rate){100000000, S}) == 100000000 * M);
}

/* The definition: the first whole nanosecond at which the integral is reached. */
static void assert_first(const struct load_curve *curve, int64_t at_ns, curve_position position)
{
    assert_true(curve_position_at(curve, at_ns) >= position);
    assert_true(at_ns == 0 || curve_position_at(curve, at_ns - 1) < position);
}

/* Up and down, over nanoseconds and months, with pieces of no rate at all. */
static void make_curve(struct random *random, struct curve_point *points, struct load_curve *ret)
{
    static const int64_t lengths_ns[] = {10, S, 3600 * S, 720 * 3600 * S};
    int64_t at_ns = 0;

    ret->points = points;
    ret->points_count = 1 + (uint32_t)(random_next(random) % 6);
    for (uint32_t i = 0; i < ret->points_count; i++) {
        uint64_t highest = random_next(random) % 2 == 0 ? 1000 * M : 100000000 * M;

        points[i].at_ns = at_ns;
        points[i].messages_per_1e6_s =
            random_next(random) % 4 == 0 ? 0 : random_next(random) % (highest + 1);
        at_ns += 1 + (int64_t)(random_next(random) % (uint64_t)lengths_ns[random_next(random) % 4]);
    }
}

static void each_message_is_due_when_the_integral_reaches_it(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 11);
    for (int round = 0; round < 2000; round++) {
        struct curve_point points[6];
        struct load_curve curve;
        struct curve_cursor cursor = {0};
        curve_position position = 0;
        curve_position step;

        make_curve(&random, points, &curve);
        step = 1 + curve_position_at(&curve, points[curve.points_count - 1].at_ns + S) / 40;
        for (int i = 0; i < 50; i++) {
            struct curve_cursor fresh = {0};
            int64_t at_ns = curve_time_ns(&curve, &cursor, position);

            assert_int_equal(at_ns, curve_time_ns(&curve, &fresh, position));
            if (at_ns == CURVE_NEVER_NS) {
                assert_int_equal(points[curve.points_count - 1].messages_per_1e6_s, 0);
                break;
            }
            assert_first(&curve, at_ns, position);
            position += step / 2 + random_next(&random) % (uint64_t)(step / 2 + 1);
        }
    }
}

static void counting_equals_walking(void **state)
{
    struct random random;

    (void)state;
    random_seed(&random, 12);
    for (int round = 0; round < 500; round++) {
        struct curve_point points[6];
        struct load_curve curve;
        struct curve_cursor cursor = {0};

        make_curve(&random, points, &curve);
        for (uint64_t j = 0; j < 200; j++) {
            int64_t at_ns = curve_time_ns(&curve, &cursor, j * CURVE_MESSAGE);

            if (at_ns == CURVE_NEVER_NS) {
                break;
            }
            assert_true(curve_count_before(&curve, at_ns) <= j);
            assert_true(curve_count_before(&curve, at_ns + 1) >= j + 1);
        }
    }
}

/* A point each minute, of which the pacers and the plan must count the same messages. */
static void a_day_of_minutes_is_counted_and_walked_alike(void **state)
{
    static struct curve_point points[CURVE_POINTS_MAX];
    const struct load_curve day = {points, CURVE_POINTS_MAX};
    struct curve_cursor cursor = {0};
    uint64_t all;
    int64_t at_ns;

    (void)state;
    for (uint32_t minute = 0; minute < CURVE_POINTS_MAX; minute++) {
        uint64_t from_noon = minute < 720 ? 720 - minute : minute - 720;

        points[minute] = (struct curve_point){minute * 60 * S, (1000 - from_noon) * 1000003};
    }
    all = curve_count_before(&day, 24 * 3600 * S);
    /* 280 messages a second and 720 more at noon: 640 in the mean. */
    assert_true(all > 640 * 86400 && all < 641 * 86400);
    for (uint64_t j = 0; j < all; j += 100003) {
        at_ns = curve_time_ns(&day, &cursor, j * CURVE_MESSAGE);
        assert_true(curve_count_before(&day, at_ns) <= j);
        assert_true(curve_count_before(&day, at_ns + 1) >= j + 1);
    }
    at_ns = curve_time_ns(&day, &cursor, (all - 1) * CURVE_MESSAGE);
    assert_true(at_ns < 24 * 3600 * S && at_ns > 24 * 3600 * S - S);
    assert_true(fabs(curve_per_s(&day, 12 * 3600 * S) - 1000.003) < 1e-6);
    assert_true(fabs(curve_per_s(&day, 30 * 3600 * S) - 280.00084) < 1e-6);
}

/* The steepest and longest that bounds.h allows: nothing may overflow. */
static void the_largest_curve_fits(void **state)
{
    const struct curve_point points[] = {{0, 0}, {720 * 3600 * S, 100000000 * M}};
    const struct curve_point falling[] = {{0, 100000000 * M}, {720 * 3600 * S, 0}};
    const struct load_curve up = {points, 2};
    const struct load_curve down = {falling, 2};
    struct curve_cursor cursor = {0};
    uint64_t all = UINT64_C(129600000000000); /* 1e8 / 2 x 720 h */

    (void)state;
    assert_true(curve_position_at(&up, 720 * 3600 * S) == all * CURVE_MESSAGE);
    assert_true(curve_position_at(&down, 720 * 3600 * S) == all * CURVE_MESSAGE);
    assert_first(&down, curve_time_ns(&down, &cursor, (all - 1) * CURVE_MESSAGE),
                 (all - 1) * CURVE_MESSAGE);
    assert_int_equal(curve_time_ns(&down, &cursor, (all + 1) * CURVE_MESSAGE), CURVE_NEVER_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ramp_asks_for_the_integral_of_its_rate),
        cmocka_unit_test(a_curve_holds_its_last_rate),
        cmocka_unit_test(a_rate_of_a_curve_is_that_of_the_scenario),
        cmocka_unit_test(each_message_is_due_when_the_integral_reaches_it),
        cmocka_unit_test(counting_equals_walking),
        cmocka_unit_test(a_day_of_minutes_is_counted_and_walked_alike),
        cmocka_unit_test(the_largest_curve_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
