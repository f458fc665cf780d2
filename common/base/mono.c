#include "mono.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct injected_clock {
    bool on;
    int64_t base_ns;
    int64_t offset_ns;
    double scale;
    int64_t step_at_ns; /* Of the system's clock: from then on it is ahead by the step, too. */
    int64_t step_ns;
};

static struct injected_clock injected;

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t mono_ns(void)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    if (__builtin_expect(injected.on, 0)) {
        int64_t step_ns = now_ns >= injected.step_at_ns ? injected.step_ns : 0;

        now_ns = injected.base_ns + injected.offset_ns + step_ns +
                 (int64_t)((double)(now_ns - injected.base_ns) * injected.scale);
    }
    return now_ns;
}

static int64_t without_step_ns(int64_t at_ns)
{
    return injected.base_ns +
           (int64_t)((double)(at_ns - injected.base_ns - injected.offset_ns) / injected.scale);
}

int64_t mono_system_ns(int64_t at_ns)
{
    int64_t system_ns;

    if (!injected.on) {
        return at_ns;
    }
    system_ns = without_step_ns(at_ns);
    if (system_ns >= injected.step_at_ns) { /* What the step jumps over comes when it does. */
        system_ns = without_step_ns(at_ns - injected.step_ns);
        system_ns = system_ns > injected.step_at_ns ? system_ns : injected.step_at_ns;
    }
    return system_ns;
}

void mono_test_inject(void)
{
    const char *text = getenv("MILLRACE_TEST_CLOCK");
    char *end = NULL;

    if (text == NULL) {
        return;
    }
    injected.offset_ns = strtoll(text, &end, 10);
    injected.scale = 1.0 + (*end == ',' ? strtod(end + 1, &end) : 0.0) / 1e6;
    injected.base_ns = clock_ns(CLOCK_MONOTONIC);
    injected.step_at_ns = INT64_MAX;
    if (*end == ',') {
        injected.step_at_ns = injected.base_ns + strtoll(end + 1, &end, 10);
        injected.step_ns = *end == ',' ? strtoll(end + 1, NULL, 10) : 0;
    }
    injected.on = true;
}

void mono_sleep_until(int64_t at_ns)
{
    int64_t system_ns = mono_system_ns(at_ns);
    struct timespec at;

    if (system_ns < 0) {
        return;
    }
    at.tv_sec = system_ns / NS_PER_S;
    at.tv_nsec = system_ns % NS_PER_S;
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

int64_t wall_unix_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}
