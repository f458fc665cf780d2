#include "check.h"
#include "clock_world.h"
#include "truth.h"

#include <math.h>
#include <stdlib.h>

/* What an agent gets to know: an estimate and the moment it is of. It draws the line itself. */
struct line {
    double at_own_ns;
    struct clock_estimate estimate;
};

static struct line line_of(const struct world *world, const struct clock_relation *relation)
{
    int64_t at_ns = (int64_t)world_own_ns(world, world->now_ns);

    return (struct line){.at_own_ns = (double)at_ns,
                         .estimate = clock_relation_at(relation, at_ns)};
}

/* Is the truth at true_ns within what the line says, with the bound that grew by its age? */
static bool line_holds(const struct world *world, const struct line *line, double true_ns)
{
    double own_ns = world_own_ns(world, true_ns);
    double age_ns = own_ns - line->at_own_ns;
    double offset_ns = (double)line->estimate.offset_ns + line->estimate.drift_ppb * 1e-9 * age_ns;
    double bound_ns =
        (double)line->estimate.bound_ns + line->estimate.growth_ppb * 1e-9 * fabs(age_ns) + 2.0;

    return fabs(world_offset_ns(world, own_ns) - offset_ns) <= bound_ns;
}

/* The pace changes, the clock does not jump. */
static void set_ppm(struct world *world, double ppm)
{
    world->peer_offset_ns -= (ppm - world->peer_ppm) * 1e-6 * world->now_ns;
    world->peer_ppm = ppm;
}

static struct world heavy_world(uint64_t seed)
{
    struct world world = world_of(seed);

    world.tail = 1.1 + random_unit(&world.random);
    world.spike_share = 0.0;
    return world;
}

#define CHECKS 2000

/* Moments at which a line did not hold, on the answering side's clock. */
struct broken {
    double at_ns[CHECKS];
    uint32_t count;
};

static void look(const struct world *world, const struct line *line, struct broken *broken)
{
    for (int i = -1; i <= 15; i++) {
        double true_ns = world->now_ns + i * 100e6;

        if (!line_holds(world, line, true_ns)) {
            double own_ns = world_own_ns(world, true_ns);

            assert_true(broken->count < CHECKS);
            broken->at_ns[broken->count++] = own_ns + world_offset_ns(world, own_ns);
        }
    }
}

/* Each tenth of a world's clock steps once; the others never do. */
static void lines_hold_outside_marked_spans_under_heavy_tails(void **state)
{
    static struct broken broken;
    uint32_t steps = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct world world = heavy_world(seed);
        struct clock_relation *relation = NULL;
        bool stepping = seed % 10 == 0;
        struct clock_step step;

        broken.count = 0;
        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 100; bursts++) {
            struct line line;

            world_burst(&world, relation);
            line = line_of(&world, relation);
            look(&world, &line, &broken);
            if (stepping && bursts == 60) {
                world.peer_offset_ns += 5e9;
                look(&world, &line, &broken);
            }
            world_pause(&world, bursts);
        }
        step = clock_relation_step(relation);
        assert_int_equal(step.epoch, stepping ? 1 : 0);
        steps += step.epoch;
        assert_true(stepping || broken.count == 0);
        for (uint32_t i = 0; i < broken.count; i++) {
            assert_true(broken.at_ns[i] >= (double)step.from_ns);
            assert_true(broken.at_ns[i] <= (double)step.until_ns);
        }
        assert_true(!stepping || (step.size_ns >= 5 * S && step.size_ns < 6 * S));
        clock_relation_free(relation);
    }
    assert_int_equal(steps, 100);
    truth(
        "clocks with heavy-tailed delays, 1,000 simulated: lines that broke their bound outside a "
        "marked step",
        "none", "0; %u steps of 5 s, all found", steps);
}

/* Two crystals 40 ppm apart that warm up and cool down: 144 ms in the hour. */
static void an_hour_of_lines_holds_and_stays_narrow(void **state)
{
    struct world world = world_of(77);
    struct clock_relation *relation = NULL;
    double first_ns;
    struct line line = {0};
    double drifted_ns;

    (void)state;
    world.there_ns = 60e3;
    world.back_ns = 40e3;
    world.jitter_ns = 20e3;
    world.spike_share = 0.05;
    set_ppm(&world, world.own_ppm + 40.0);
    first_ns = world_offset_ns(&world, world_own_ns(&world, world.now_ns));
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (uint32_t bursts = 0; bursts < 3600; bursts++) {
        set_ppm(&world, world.own_ppm + 40.0 + 0.5 * sin(bursts / 100.0));
        world_burst(&world, relation);
        line = line_of(&world, relation);
        for (int i = -2; i <= 20; i++) {
            assert_true(line_holds(&world, &line, world.now_ns + i * 100e6));
        }
        assert_true(bursts < 30 || line.estimate.bound_ns < 150 * US);
        world_pause(&world, bursts);
    }
    assert_int_equal(line.estimate.epoch, 0);
    drifted_ns = world_offset_ns(&world, world_own_ns(&world, world.now_ns)) - first_ns;
    assert_true(fabs(drifted_ns) > 130e6);
    truth("two clocks 40 ppm apart for an hour, simulated: drift; bound at its end",
          "never broken; below 0.150 ms", "%.0f ms; %.3f ms", fabs(drifted_ns) / 1e6,
          (double)line.estimate.bound_ns / 1e6);
    clock_relation_free(relation);
}

/* Nobody probes for ten minutes: what was told last still holds, as its bound has grown. */
static void a_line_that_is_told_no_more_widens(void **state)
{
    (void)state;
    for (uint64_t seed = 500; seed < 600; seed++) {
        struct world world = heavy_world(seed);
        struct clock_relation *relation = NULL;
        struct line line;

        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 60; bursts++) {
            world_burst(&world, relation);
            world_pause(&world, bursts);
        }
        line = line_of(&world, relation);
        assert_true(line.estimate.growth_ppb >= 999.0); /* A microsecond a second at least. */
        for (int seconds = 0; seconds < 600; seconds++) {
            assert_true(line_holds(&world, &line, world.now_ns + seconds * 1e9));
        }
        clock_relation_free(relation);
    }
}

/* NTP may correct a clock by 500 ppm. Such a pace was taken for a step every other second. */
static void a_clock_that_is_corrected_by_500_ppm_is_followed(void **state)
{
    const double paces[] = {-600.0, -500.0, -250.0, 250.0, 500.0, 600.0};

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct world world = world_of(9000 + seed);
        struct clock_relation *relation = NULL;

        world.peer_ppm = paces[seed % 6];
        world.own_ppm = 0.0;
        assert_int_equal(clock_relation_new(&relation, NULL), 0);
        for (uint32_t bursts = 0; bursts < 100; bursts++) {
            struct line line;

            world_burst(&world, relation);
            line = line_of(&world, relation);
            for (int i = -1; i <= 15; i++) {
                assert_true(line_holds(&world, &line, world.now_ns + i * 100e6));
            }
            world_pause(&world, bursts);
        }
        assert_int_equal(world_estimate(&world, relation).epoch, 0);
        clock_relation_free(relation);
    }
}

static void a_probe_that_contradicts_widens_the_bound_at_once(void **state)
{
    struct world world = world_of(21);
    struct clock_relation *relation = NULL;
    struct clock_estimate before;

    (void)state;
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    for (uint32_t bursts = 0; bursts < 40; bursts++) {
        world_burst(&world, relation);
        world_pause(&world, bursts);
    }
    before = world_estimate(&world, relation);
    world.peer_offset_ns += 50e6;
    world_burst(&world, relation);
    assert_int_equal(clock_relation_step(relation).epoch, 0);
    assert_true(before.bound_ns < 10 * MS);
    assert_true(world_estimate(&world, relation).bound_ns >= 50 * MS - before.bound_ns);
    assert_true(world_holds_at(&world, relation, world.now_ns));
    world_pause(&world, 40);
    world_burst(&world, relation);
    assert_int_equal(clock_relation_step(relation).epoch, 1);
    assert_true(world_estimate(&world, relation).before_ns >= 50 * MS - before.bound_ns);
    assert_true(world_estimate(&world, relation).valid_from_ns <
                (int64_t)world_own_ns(&world, world.now_ns));
    clock_relation_free(relation);
}

static void a_probe_is_allowed_while_it_can_be_of_the_same_clock(void **state)
{
    const struct clock_probe same = {.t1_ns = 100, .t2_ns = 150, .t3_ns = 160, .t4_ns = 200};
    const struct clock_probe ahead = {.t1_ns = 100, .t2_ns = 350, .t3_ns = 360, .t4_ns = 200};
    const struct clock_probe never = {.t1_ns = 100, .t2_ns = 350, .t3_ns = 340, .t4_ns = 200};
    struct world world = world_of(3);
    struct clock_relation *relation = NULL;

    (void)state;
    assert_true(clock_relation_allows(NULL, &same));
    assert_false(clock_relation_allows(NULL, &ahead));
    assert_false(clock_relation_allows(NULL, &never));
    assert_int_equal(clock_relation_new(&relation, NULL), 0);
    assert_true(clock_relation_allows(relation, &ahead)); /* Nothing is known yet. */
    for (uint32_t bursts = 0; bursts < 40; bursts++) {
        struct clock_probe probe = world_probe(&world);

        assert_true(clock_relation_allows(relation, &probe));
        world_burst(&world, relation);
        world_pause(&world, bursts);
    }
    assert_false(clock_relation_allows(relation, &same));
    clock_relation_free(relation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_hold_outside_marked_spans_under_heavy_tails),
        cmocka_unit_test(an_hour_of_lines_holds_and_stays_narrow),
        cmocka_unit_test(a_line_that_is_told_no_more_widens),
        cmocka_unit_test(a_clock_that_is_corrected_by_500_ppm_is_followed),
        cmocka_unit_test(a_probe_that_contradicts_widens_the_bound_at_once),
        cmocka_unit_test(a_probe_is_allowed_while_it_can_be_of_the_same_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
