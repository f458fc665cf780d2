/* doctor_host_inner: whether the self-check of a run will find this host fit for it. Internal to
 * cli. */
#ifndef MILLRACE_DOCTOR_HOST_INNER_H
#define MILLRACE_DOCTOR_HOST_INNER_H

#include "scenario.h"

/* A line each, to stdout: load average, a second of ticks and, with a scenario, CPUs against load
 * threads and brokers here, open files and ports. For agents that run on this host. Blocks for a
 * second. */
void doctor_host_show(const struct scenario *scenario, uint32_t agents_count);

#endif
