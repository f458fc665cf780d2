/*
 * needs_limits: what a trial's clients ask of a host, held against what it has: open files, local
 * ports, threads and memory, of which too few show only in the middle of opening, as a refusal by
 * whatever came last, or as a process that the kernel ends.
 *
 * Files, ports and threads are lower bounds: what lacks by them lacks for certain. Memory is an
 * expectation (needs_resident.h), and is held against all that the host has. Pure.
 */
#ifndef MILLRACE_NEEDS_LIMITS_H
#define MILLRACE_NEEDS_LIMITS_H

#include "needs.h"

#include <stdbool.h>

/* What an agent has. 0: unknown, so nothing is said. */
struct needs_limits {
    uint64_t open_files_max;
    uint64_t open_files_used; /* Of them, already; known to the agent alone. */
    uint32_t ports_count;
    uint64_t threads_max;
    uint64_t memory_bytes; /* Of the host, or what its limits leave this process. */
};

/* Room for the sentence that the four below write. */
#define NEEDS_TEXT_BYTES 256

/* What is used already is needed as well, where it is more than an idle agent's. */
void needs_count_used(struct needs *needs, const struct needs_limits *limits);

/* True if the open files are too few, with "1,024 open files, 2,000 clients would be there, which
 * need 2,072: raise it with ulimit -n 4096". */
bool needs_lack_files(const struct needs *needs, const struct needs_limits *limits, char *ret);

/* Same for the local ports of a host, for the connections of all its agents to a target. */
bool needs_lack_ports(uint64_t connections, uint32_t addresses_count,
                      const struct needs_limits *limits, char *ret);

/* Same for threads. */
bool needs_lack_threads(const struct needs *needs, const struct needs_limits *limits, char *ret);

/* Same for the memory of a host: "its agents take about 4.65 GiB, the host has 2.00 GiB: ...". */
bool needs_lack_memory(double resident_bytes, const struct needs_limits *limits, char *ret);

/* How many of so many clients there is room for, where they need more of something than there is:
 * in proportion, of what is left once `fixed` is taken. */
uint32_t needs_clients_fit(uint64_t clients, double needed, double limit, double fixed);

#endif
