#include "lag_count_inner.h"

#include <string.h>

#define STEP_BITS 4
#define STEPS_PER_DOUBLING (1u << STEP_BITS)

static uint32_t step_of(uint64_t lag_ns)
{
    uint32_t high;

    if (lag_ns < STEPS_PER_DOUBLING) {
        return (uint32_t)lag_ns;
    }
    high = 63 - (uint32_t)__builtin_clzll(lag_ns);
    return (high - STEP_BITS + 1) * STEPS_PER_DOUBLING +
           (uint32_t)(lag_ns >> (high - STEP_BITS) & (STEPS_PER_DOUBLING - 1));
}

/* The largest lag of a step. */
static int64_t step_end_ns(uint32_t step)
{
    uint32_t shift = step / STEPS_PER_DOUBLING;

    if (shift == 0) {
        return step;
    }
    return (
        int64_t)(((uint64_t)(STEPS_PER_DOUBLING + step % STEPS_PER_DOUBLING + 1) << (shift - 1)) -
                 1);
}

void lag_count_add(struct lag_count *lag, int64_t lag_ns)
{
    lag->counts[step_of(lag_ns > 0 ? (uint64_t)lag_ns : 0)]++;
    lag->total++;
}

int64_t lag_count_take_p99(struct lag_count *lag)
{
    uint64_t wanted = lag->total - lag->total / 100;
    uint64_t below = 0;
    uint32_t step = 0;

    if (lag->total == 0) {
        return 0;
    }
    while (below + lag->counts[step] < wanted) {
        below += lag->counts[step++];
    }
    memset(lag, 0, sizeof *lag);
    return step_end_ns(step);
}
