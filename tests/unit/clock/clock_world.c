#include "clock_world.h"

#include "check.h"

#include <math.h>

double world_own_ns(const struct world *world, double true_ns)
{
    return true_ns * (1.0 + world->own_ppm * 1e-6) + world->own_offset_ns;
}

static double peer_clock(const struct world *world, double true_ns)
{
    return true_ns * (1.0 + world->peer_ppm * 1e-6) + world->peer_offset_ns;
}

double world_offset_ns(const struct world *world, double own_ns)
{
    double true_ns = (own_ns - world->own_offset_ns) / (1.0 + world->own_ppm * 1e-6);

    return peer_clock(world, true_ns) - own_ns;
}

static double exponential(struct world *world, double mean)
{
    return -log(1.0 - random_unit(&world->random)) * mean;
}

static double pareto(struct world *world)
{
    return world->jitter_ns * (pow(1.0 - random_unit(&world->random), -1.0 / world->tail) - 1.0);
}

static double delay(struct world *world, double least_ns)
{
    double ns =
        least_ns + (world->tail > 0.0 ? pareto(world) : exponential(world, world->jitter_ns));

    return random_unit(&world->random) < world->spike_share ? ns + exponential(world, 20e6) : ns;
}

struct clock_probe world_probe(struct world *world)
{
    struct clock_probe probe;

    probe.t1_ns = (int64_t)floor(world_own_ns(world, world->now_ns));
    world->now_ns += delay(world, world->there_ns) + world->queue_ns;
    probe.t2_ns = (int64_t)floor(peer_clock(world, world->now_ns));
    world->now_ns += 5e3 + exponential(world, 5e3);
    probe.t3_ns = (int64_t)floor(peer_clock(world, world->now_ns));
    world->now_ns += delay(world, world->back_ns);
    probe.t4_ns = (int64_t)floor(world_own_ns(world, world->now_ns));
    return probe;
}

void world_burst(struct world *world, struct clock_relation *relation)
{
    struct clock_probe probes[BURST];

    for (int i = 0; i < BURST; i++) {
        probes[i] = world_probe(world);
        world->now_ns += 2e6 + 1e6 * random_unit(&world->random);
    }
    assert_int_equal(clock_relation_add(relation, probes, BURST, NULL), 0);
}

struct clock_estimate world_estimate(const struct world *world,
                                     const struct clock_relation *relation)
{
    return clock_relation_at(relation, (int64_t)world_own_ns(world, world->now_ns));
}

bool world_holds_at(const struct world *world, const struct clock_relation *relation,
                    double true_ns)
{
    int64_t own_ns = (int64_t)world_own_ns(world, true_ns);
    struct clock_estimate estimate = clock_relation_at(relation, own_ns);
    double error_ns = world_offset_ns(world, (double)own_ns) - (double)estimate.offset_ns;

    return estimate.known && fabs(error_ns) <= (double)estimate.bound_ns;
}

struct world world_of(uint64_t seed)
{
    struct world world = {.now_ns = 1e9};
    struct random *random = &world.random;

    random_seed(random, seed);
    world.own_ppm = 100.0 * (random_unit(random) - 0.5);
    world.peer_ppm = 100.0 * (random_unit(random) - 0.5) * 2.0 + world.own_ppm;
    world.own_offset_ns = 1e12 * random_unit(random);
    world.peer_offset_ns = 1e12 * random_unit(random);
    world.there_ns = 10e3 + 400e3 * random_unit(random) * random_unit(random);
    world.back_ns = 10e3 + 400e3 * random_unit(random) * random_unit(random);
    world.jitter_ns = 1e3 + 200e3 * random_unit(random) * random_unit(random);
    world.spike_share = 0.2 * random_unit(random);
    return world;
}

void world_pause(struct world *world, uint32_t bursts)
{
    world->now_ns += bursts < 30 ? 80e6 : 980e6;
}
