#include "virtual_time.h"

#include "mono.h"

static int64_t now = VIRTUAL_START_NS;
static int64_t step;

int64_t __wrap_mono_ns(void);

int64_t __wrap_mono_ns(void)
{
    now += step;
    return now;
}

void virtual_time_set(int64_t now_ns)
{
    now = now_ns;
}

void virtual_time_step(int64_t step_ns)
{
    step = step_ns;
}

int64_t virtual_time_ns(void)
{
    return now;
}
