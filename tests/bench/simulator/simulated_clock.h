/*
 * simulated_clock: the clock of a simulated agent: this host's, set apart and running at a pace of
 * its own. The simulator knows the truth that the coordinator has to find out. Pure.
 */
#ifndef MILLRACE_SIMULATED_CLOCK_H
#define MILLRACE_SIMULATED_CLOCK_H

#include <stdint.h>

struct simulated_clock {
    int64_t base_ns; /* mono_ns() at which it shows base_ns + offset_ns. */
    int64_t offset_ns;
    double drift; /* What it gains, as a part of one. */
};

/* That of agent `number`: hours from the others, up to 20 ppm fast or slow. */
struct simulated_clock simulated_clock_of(uint32_t number, int64_t base_ns);

/* What it shows at a mono_ns() of this process, and back. */
int64_t simulated_clock_at(const struct simulated_clock *clock, int64_t mono_ns);
int64_t simulated_clock_mono_ns(const struct simulated_clock *clock, int64_t shown_ns);

#endif
