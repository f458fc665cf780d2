/* collector_bench: a collector with two producers and two consumers, on one worker or two, and what
 * tests do with it. */
#ifndef MILLRACE_COLLECTOR_BENCH_H
#define MILLRACE_COLLECTOR_BENCH_H

#include "executor_fixture.h"

#include "collector.h"
#include "recorder.h"

struct bench {
    struct fixture fixture;
    struct recorder *recorders[2];
    uint32_t workers;
    struct collector *collector;
    uint64_t sequence; /* Of the next part. */
    uint32_t interval;
    int64_t until_ns;
};

void bench_begin(struct bench *bench, uint32_t workers);
void bench_done(struct bench *bench);
void bench_turn(struct bench *bench, uint32_t worker, int64_t offset_ns,
                const struct recorder_state *account);
void bench_drain(struct bench *bench);
struct snapshot **bench_cut(struct bench *bench, bool final, uint32_t *ret_count);
void bench_free_parts(struct snapshot **parts, uint32_t count);

#endif
