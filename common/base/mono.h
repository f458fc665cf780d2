/*
 * mono: the only clock. Nanoseconds of CLOCK_MONOTONIC as int64_t; wall time is a label and never
 * measured with.
 *
 * For tests of the clock model an offset and a drift can be injected
 * (MILLRACE_TEST_CLOCK="offset_ns,ppm", or "offset_ns,ppm,after_ns,step_ns" for one that steps
 * forward that long after the start); waits go through mono_system_ns(), so that an injected
 * clock also sleeps right. Thread-safe.
 */
#ifndef MILLRACE_MONO_H
#define MILLRACE_MONO_H

#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* Now, in this process's monotonic nanoseconds. About 25 ns. */
int64_t mono_ns(void);

/* A time of mono_ns() in the system's CLOCK_MONOTONIC, for calls that wait on that clock. */
int64_t mono_system_ns(int64_t at_ns);

/* Reads MILLRACE_TEST_CLOCK once, before threads start. Without it the clock is the system's. */
void mono_test_inject(void);

/* Sleeps until at_ns (mono_ns() time) or a signal. */
void mono_sleep_until(int64_t at_ns);

/* Nanoseconds since 1970 UTC, for labels. */
int64_t wall_unix_ns(void);

#endif
