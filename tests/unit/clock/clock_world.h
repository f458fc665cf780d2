/*
 * clock_world: two simulated clocks and a path between them; the truth is known. Time is virtual:
 * the tests go through hours of it.
 */
#ifndef MILLRACE_TEST_CLOCK_WORLD_H
#define MILLRACE_TEST_CLOCK_WORLD_H

#include "clock_relation.h"
#include "random.h"

#include <stdbool.h>
#include <stdint.h>

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S INT64_C(1000000000)
#define BURST 8

struct world {
    struct random random;
    double now_ns; /* True time. */
    double own_ppm;
    double own_offset_ns;
    double peer_ppm;
    double peer_offset_ns;
    double there_ns; /* Least delays of the path. */
    double back_ns;
    double jitter_ns;   /* Mean of what comes on top. */
    double spike_share; /* Of exchanges that are held up for a long time. */
    double tail;        /* Above 0: what comes on top has a Pareto tail of this index instead. */
    double queue_ns;    /* A queue in one direction only. */
};

/* What the probing side's clock shows. */
double world_own_ns(const struct world *world, double true_ns);
/* The offset that holds when the probing side's clock shows own_ns. */
double world_offset_ns(const struct world *world, double own_ns);
struct clock_probe world_probe(struct world *world);
void world_burst(struct world *world, struct clock_relation *relation);
struct clock_estimate world_estimate(const struct world *world,
                                     const struct clock_relation *relation);
/* Is the truth within the bound that the relation claims for this moment? */
bool world_holds_at(const struct world *world, const struct clock_relation *relation,
                    double true_ns);
struct world world_of(uint64_t seed);
/* Three seconds of bursts each 100 ms, then one a second, as the fleet does. */
void world_pause(struct world *world, uint32_t bursts);

#endif
