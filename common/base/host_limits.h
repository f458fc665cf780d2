/* host_limits: what the host and its limits let this process have. Reads /proc; blocks no longer
 * than that. */
#ifndef MILLRACE_HOST_LIMITS_H
#define MILLRACE_HOST_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

/* The most open files that this process, or one that it starts, can raise its limit to. */
uint64_t host_open_files_max(void);

/*
 * Raises the limit of open files (the soft one: 1024 on many hosts, for programs that use select())
 * to what this process may have, but for so many, or a quarter of few, that are kept: whoever can
 * take all others by connecting to this process leaves these. 0: all of them.
 */
void host_open_files_raise(uint64_t kept);

/* Are all open files taken that there may be now? */
bool host_open_files_taken(void);

/* What the limit is now; 0: not told. */
uint64_t host_open_files(void);

/* Local ports that connections to one address can have from this host; 0: the kernel does not tell.
 */
uint32_t host_ports(void);

/* CPUs that this process may run on, at least 1. */
uint32_t host_cpus(void);

/* What it can use of them, in thousandths of a CPU: as many as host_cpus(), or fewer where a
 * control group limits their time. At least 1. */
uint32_t host_cpus_milli(void);

/* Memory of the host, or what the control groups of this process leave of it. */
uint64_t host_memory_bytes(void);

/* Open files that this process has now. */
uint64_t host_open_files_used(void);

/* Threads that this process can still start, at least 1, by the limit of its user (of whose other
 * threads nothing is known) and by its control groups; 0: no limit is known. */
uint64_t host_threads_left(void);

/* Processes that ran or wanted to in the last minute, on average; below 0: not told. */
double host_load_average(void);

#endif
