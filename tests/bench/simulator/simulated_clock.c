#include "simulated_clock.h"

#include "mono.h"
#include "random.h"

#define APART_NS (3600 * NS_PER_S)
#define DRIFT_MAX 20e-6

struct simulated_clock simulated_clock_of(uint32_t number, int64_t base_ns)
{
    struct random random;

    random_seed(&random, number);
    return (struct simulated_clock){.base_ns = base_ns,
                                    .offset_ns = (int64_t)(random_unit(&random) * (double)APART_NS),
                                    .drift = (2.0 * random_unit(&random) - 1.0) * DRIFT_MAX};
}

int64_t simulated_clock_at(const struct simulated_clock *clock, int64_t mono_ns)
{
    int64_t since_ns = mono_ns - clock->base_ns;

    return mono_ns + clock->offset_ns + (int64_t)((double)since_ns * clock->drift);
}

int64_t simulated_clock_mono_ns(const struct simulated_clock *clock, int64_t shown_ns)
{
    int64_t since_ns = shown_ns - clock->offset_ns - clock->base_ns;

    return clock->base_ns + (int64_t)((double)since_ns / (1.0 + clock->drift));
}
