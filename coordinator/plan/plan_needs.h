/*
 * plan_needs: what a trial's clients ask of the host that their agent runs on: open files, local
 * ports and memory, of which too few show only in the middle of opening, as a refusal by whatever
 * came last, or as a process that the kernel ends.
 *
 * Files and ports are lower bounds: what lacks by them lacks for certain. Memory is an expectation
 * (needs_resident.h), and is held against all that the host has. Pure.
 */
#ifndef MILLRACE_PLAN_NEEDS_H
#define MILLRACE_PLAN_NEEDS_H

#include "control_messages.h"
#include "needs.h"
#include "plan.h"

/* What an agent has, of its hello. 0: unknown, so nothing is said. */
struct plan_limits {
    uint64_t open_files_max;
    uint32_t ports_count;
    uint64_t memory_bytes; /* Of the host, or what its limits leave this process. */
};

/* Room for the sentence that the three below write. */
#define PLAN_NEEDS_BYTES 256

/* True if the open files are too few, with "2,000 connections need 2,072 open files, the limit is
 * 1,024: raise it with ulimit -n 4096". */
bool plan_needs_files(const struct needs *needs, const struct plan_limits *limits, char *ret);

/* Same for the local ports of a host, for the connections of all its agents to a target. */
bool plan_needs_ports(uint64_t connections, uint32_t addresses_count,
                      const struct plan_limits *limits, char *ret);

/* Same for the memory of a host: "its agents take about 4.65 GiB, the host has 2.00 GiB: ...". */
bool plan_needs_memory(double resident_bytes, const struct plan_limits *limits, char *ret);

#endif
