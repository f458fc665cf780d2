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
        now_ns = injected.base_ns + injected.offset_ns +
                 (int64_t)((double)(now_ns - injected.base_ns) * injected.scale);
    }
    return now_ns;
}

int64_t mono_system_ns(int64_t at_ns)
{
    if (!injected.on) {
        return at_ns;
    }
    return injected.base_ns +
           (int64_t)((double)(at_ns - injected.base_ns - injected.offset_ns) / injected.scale);
}

void mono_test_inject(void)
{
    const char *text = getenv("MILLRACE_TEST_CLOCK");
    char *end = NULL;

    if (text == NULL) {
        return;
    }
    injected.offset_ns = strtoll(text, &end, 10);
    injected.scale = 1.0 + (*end == ',' ? strtod(end + 1, NULL) : 0.0) / 1e6;
    injected.base_ns = clock_ns(CLOCK_MONOTONIC);
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
