/*
 * random: a seeded generator (xoshiro256**, Blackman and Vigna 2018, seeded by splitmix64). Same
 * seed, same numbers on every machine, so a run can be repeated. Not for secrets. One struct per
 * thread.
 */
#ifndef MILLRACE_RANDOM_H
#define MILLRACE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

void random_seed(struct random *random, uint64_t seed);

/* Seed of an independent sequence: the same parent seed and stream number give the same seed. */
uint64_t random_derive(uint64_t seed, uint64_t stream);

uint64_t random_next(struct random *random);

/* Uniform in [0, 1). */
double random_unit(struct random *random);

void random_fill(struct random *random, void *bytes, size_t bytes_count);

/* A number nobody chose: from the kernel; for run ids and instances, where repeatability is not
 * wanted. */
uint64_t random_entropy(void);

#endif
