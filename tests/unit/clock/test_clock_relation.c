#include "check.h"
#include "clock_world.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static void clock_relation_never_breaks_its_bound(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct world world = world_of(seed);
        struct clock_relation *relation = NULL;

        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 150; bursts++) {
            world_burst(&world, relation);
            for (int ahead = 0; ahead <= 10; ahead++) {
                assert_true(world_holds_at(&world, relation, world.now_ns + ahead * 100e6));
            }
            assert_true(world_holds_at(&world, relation, world.now_ns - 50e6));
            world_pause(&world, bursts);
        }
        assert_int_equal(world_estimate(&world, relation).epoch, 0);
        clock_relation_free(relation);
    }
}

/* Load on the way there only: its delay rises evenly for 40 s, falls again, and looks like a drift.
 */
static void clock_relation_keeps_its_bound_while_one_direction_queues_up(void **state)
{
    (void)state;
    for (uint64_t seed = 1000; seed < 1100; seed++) {
        struct world world = world_of(seed);
        struct clock_relation *relation = NULL;
        double slope_ns = 200e3 * random_unit(&world.random);

        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 200; bursts++) {
            uint32_t of_cycle = bursts % 80;

            world.queue_ns = slope_ns * (of_cycle < 40 ? of_cycle : 80 - of_cycle);
            world_burst(&world, relation);
            for (int ahead = 0; ahead <= 5; ahead++) {
                assert_true(world_holds_at(&world, relation, world.now_ns + ahead * 200e6));
            }
            world_pause(&world, bursts);
        }
        clock_relation_free(relation);
    }
}

static void clock_relation_is_useful_on_a_quiet_network(void **state)
{
    (void)state;
    for (uint64_t seed = 2000; seed < 2050; seed++) {
        struct world world = world_of(seed);
        struct clock_relation *relation = NULL;
        struct clock_estimate estimate;
        double error_ns;

        world.there_ns = 30e3;
        world.back_ns = 30e3;
        world.jitter_ns = 10e3;
        world.spike_share = 0.01;
        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 60; bursts++) {
            world_burst(&world, relation);
            world_pause(&world, bursts);
        }
        estimate = world_estimate(&world, relation);
        error_ns = world_offset_ns(&world, world_own_ns(&world, world.now_ns)) -
                   (double)estimate.offset_ns;
        assert_true(estimate.bound_ns < 60 * US);
        assert_true(fabs(error_ns) < 10e3);
        assert_true(fabs(estimate.drift_ppb - (world.peer_ppm - world.own_ppm) * 1e3) < 1000.0);
        clock_relation_free(relation);
    }
}

static void clock_relation_starts_a_new_epoch_at_a_step(void **state)
{
    (void)state;
    for (uint64_t seed = 3000; seed < 3100; seed++) {
        struct world world = world_of(seed);
        struct clock_relation *relation = NULL;
        double step_ns = (seed % 2 == 0 ? 1.0 : -1.0) * (10e6 + 1e9 * random_unit(&world.random));

        world.spike_share = 0.0;
        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 100; bursts++) {
            if (bursts == 50) {
                world.peer_offset_ns += step_ns;
            }
            world_burst(&world, relation);
            if (bursts != 50) {
                assert_true(world_holds_at(&world, relation, world.now_ns));
            }
            assert_int_equal(world_estimate(&world, relation).epoch, bursts > 50 ? 1 : 0);
            world_pause(&world, bursts);
        }
        clock_relation_free(relation);
    }
}

static void clock_relation_starts_a_new_epoch_when_its_own_clock_goes_back(void **state)
{
    struct world world = world_of(42);
    struct clock_relation *relation = NULL;

    (void)state;
    world.own_offset_ns = 500e9;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (uint32_t bursts = 0; bursts < 20; bursts++) {
        if (bursts == 10) {
            world.own_offset_ns -= 100e9;
        }
        world_burst(&world, relation);
        world_pause(&world, bursts);
    }
    assert_int_equal(world_estimate(&world, relation).epoch, 1);
    assert_true(world_holds_at(&world, relation, world.now_ns));
    clock_relation_free(relation);
}

static void clock_relation_does_not_take_one_outlier_for_a_step(void **state)
{
    struct world world = world_of(7);
    struct clock_relation *relation = NULL;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (uint32_t bursts = 0; bursts < 60; bursts++) {
        double kept_ns = world.peer_offset_ns;

        if (bursts % 20 == 10) {
            world.peer_offset_ns += 1e9;
        }
        world_burst(&world, relation);
        world.peer_offset_ns = kept_ns;
        assert_true(world_holds_at(&world, relation, world.now_ns));
        world_pause(&world, bursts);
    }
    assert_int_equal(world_estimate(&world, relation).epoch, 0);
    clock_relation_free(relation);
}

/* Its answer was lost, and it came again: one exchange proves no step however often it is told. */
static void clock_relation_takes_a_repeated_outlier_once(void **state)
{
    struct world world = world_of(8);
    struct clock_relation *relation = NULL;
    struct clock_probe outlier;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (uint32_t bursts = 0; bursts < 20; bursts++) {
        world_burst(&world, relation);
        world_pause(&world, bursts);
    }
    outlier = world_probe(&world);
    outlier.t2_ns += S;
    outlier.t3_ns += S;
    for (uint32_t times = 0; times < 3; times++) {
        assert_int_equal(clock_relation_add(relation, &outlier, 1, NULL), 0);
        assert_int_equal(world_estimate(&world, relation).epoch, 0);
    }
    assert_true(world_holds_at(&world, relation, world.now_ns));
    clock_relation_free(relation);
}

/* A frequency that jumps is found within seconds, and the bound is right again after it. */
static void clock_relation_recovers_from_a_frequency_jump(void **state)
{
    (void)state;
    for (uint64_t seed = 4000; seed < 4050; seed++) {
        struct world world = world_of(seed);
        struct clock_relation *relation = NULL;

        world.there_ns = 50e3;
        world.back_ns = 50e3;
        world.jitter_ns = 20e3;
        world.peer_ppm = 20.0;
        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 200; bursts++) {
            if (bursts == 100) {
                world.peer_ppm = -40.0;
                world.peer_offset_ns += 60e-6 * world.now_ns; /* No step: only the pace changes. */
            }
            world_burst(&world, relation);
            if (bursts < 100 || bursts > 130) {
                assert_true(world_holds_at(&world, relation, world.now_ns));
            }
            world_pause(&world, bursts);
        }
        clock_relation_free(relation);
    }
}

static void clock_relation_knows_nothing_without_probes(void **state)
{
    struct clock_relation *relation = NULL;
    struct errinfo error;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    assert_false(clock_relation_at(relation, 5 * S).known);
    assert_int_equal(clock_relation_add(relation, NULL, 0, &error), -EINVAL);
    assert_false(clock_relation_at(relation, 5 * S).known);
    clock_relation_free(relation);
}

static void clock_relation_add_refuses_probes_that_can_not_be(void **state)
{
    const struct clock_probe impossible[] = {
        {.t1_ns = 10, .t2_ns = 0, .t3_ns = 0, .t4_ns = 9},
        {.t1_ns = 0, .t2_ns = 10, .t3_ns = 9, .t4_ns = 100},
        {.t1_ns = 0, .t2_ns = 0, .t3_ns = 101, .t4_ns = 100},
        {.t1_ns = INT64_MIN, .t2_ns = 0, .t3_ns = 0, .t4_ns = INT64_MAX},
        {.t1_ns = 0, .t2_ns = INT64_MAX, .t3_ns = INT64_MAX, .t4_ns = 1},
    };
    struct clock_relation *relation = NULL;
    struct errinfo error;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        assert_int_equal(clock_relation_add(relation, &impossible[i], 1, &error), -EINVAL);
    }
    assert_false(clock_relation_at(relation, 0).known);
    clock_relation_free(relation);
}

/* Up to 36 years to either side, many close to the ends or to each other. */
static int64_t any_time(struct random *random)
{
    int64_t time_ns = (int64_t)(random_next(random) >> (4 + random_next(random) % 60));

    return random_next(random) % 2 == 0 ? time_ns : -time_ns;
}

static void clock_relation_tells_what_can_be_added_whatever_the_probes_say(void **state)
{
    const int64_t times[] = {-INT64_MAX / 2, -INT64_MAX / 4, 0, 3600 * S, INT64_MAX / 2};
    const int64_t most_ns = INT64_MAX / 4;
    struct random random;

    (void)state;
    random_seed(&random, 5);
    for (int world = 0; world < 300; world++) {
        struct clock_relation *relation = NULL;

        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (int burst = 0; burst < 200; burst++) {
            int64_t t1_ns = any_time(&random);
            int64_t t2_ns = any_time(&random);
            struct clock_probe lie = {t1_ns, t2_ns, t2_ns + llabs(any_time(&random)) / 2,
                                      t1_ns + llabs(any_time(&random))};

            (void)clock_relation_add(relation, &lie, 1, NULL);
            for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
                struct clock_estimate told = clock_relation_at(relation, times[i]);

                assert_true(told.offset_ns >= -most_ns && told.offset_ns <= most_ns);
                assert_true(told.bound_ns >= 0 && told.bound_ns <= most_ns);
                assert_true(fabs(told.drift_ppb) <= 1e9);
            }
        }
        clock_relation_free(relation);
    }
}

static void clock_relation_bounds_one_probe_by_half_its_round_trip(void **state)
{
    const struct clock_probe probe = {
        .t1_ns = 1 * S, .t2_ns = 3 * S + 40 * US, .t3_ns = 3 * S + 50 * US, .t4_ns = S + 110 * US};
    struct clock_relation *relation = NULL;
    struct clock_estimate estimate;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    assert_int_equal(clock_relation_add(relation, &probe, 1, NULL), 0);
    estimate = clock_relation_at(relation, S + 55 * US);
    assert_true(estimate.known);
    assert_in_range(estimate.offset_ns, 2 * S - 10 * US - 2, 2 * S - 10 * US + 2);
    assert_in_range(estimate.bound_ns, 50 * US, 50 * US + 200);
    assert_false(estimate.settled);
    /* Nothing is known of the drift yet: 1000 ppm. */
    assert_true(fabs(estimate.growth_ppb - 1e6) < 1.0);
    estimate = clock_relation_at(relation, S + 55 * US + 1000 * MS);
    assert_in_range(estimate.bound_ns, 1050 * US, 1050 * US + 200);
    clock_relation_free(relation);
}

static void clock_relation_add_takes_a_repeated_burst_once(void **state)
{
    struct world world = world_of(11);
    struct clock_relation *relation = NULL;
    struct clock_estimate before;
    struct clock_estimate after;
    struct clock_probe last;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (uint32_t bursts = 0; bursts < 12; bursts++) {
        last = world_probe(&world);
        assert_int_equal(clock_relation_add(relation, &last, 1, NULL), 0);
        world_pause(&world, bursts);
    }
    before = world_estimate(&world, relation);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(clock_relation_add(relation, &last, 1, NULL), 0);
    }
    after = world_estimate(&world, relation);
    assert_int_equal(before.offset_ns, after.offset_ns);
    assert_int_equal(before.bound_ns, after.bound_ns);
    assert_int_equal(after.epoch, 0);
    clock_relation_free(relation);
}

static void clock_estimate_same_is_exact(void **state)
{
    struct clock_estimate same = clock_estimate_same();

    (void)state;
    assert_true(same.known);
    assert_int_equal(same.offset_ns, 0);
    assert_int_equal(same.bound_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_relation_never_breaks_its_bound),
        cmocka_unit_test(clock_relation_keeps_its_bound_while_one_direction_queues_up),
        cmocka_unit_test(clock_relation_is_useful_on_a_quiet_network),
        cmocka_unit_test(clock_relation_starts_a_new_epoch_at_a_step),
        cmocka_unit_test(clock_relation_starts_a_new_epoch_when_its_own_clock_goes_back),
        cmocka_unit_test(clock_relation_does_not_take_one_outlier_for_a_step),
        cmocka_unit_test(clock_relation_takes_a_repeated_outlier_once),
        cmocka_unit_test(clock_relation_recovers_from_a_frequency_jump),
        cmocka_unit_test(clock_relation_knows_nothing_without_probes),
        cmocka_unit_test(clock_relation_add_refuses_probes_that_can_not_be),
        cmocka_unit_test(clock_relation_tells_what_can_be_added_whatever_the_probes_say),
        cmocka_unit_test(clock_relation_bounds_one_probe_by_half_its_round_trip),
        cmocka_unit_test(clock_relation_add_takes_a_repeated_burst_once),
        cmocka_unit_test(clock_estimate_same_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
