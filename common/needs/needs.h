/*
 * needs: what an agent's part of a trial asks of its host. Lower bounds: what lacks by them lacks
 * for certain. Pure.
 */
#ifndef MILLRACE_NEEDS_H
#define MILLRACE_NEEDS_H

#include "assignment.h"

#include <stdint.h>

/* Open files of an agent without clients: logs, the coordinator's connection, wake-ups; counted and
 * rounded up. */
#define NEEDS_IDLE_FILES 64

struct needs {
    uint64_t clients;
    uint64_t connections;
    uint64_t open_files;       /* Of all of the agent. */
    uint64_t open_files_fixed; /* Of them, whatever the clients. */
    uint64_t threads; /* That it starts for the trial, but for those of client libraries. */
};

struct needs needs_of(const struct assignment *assignment);

#endif
