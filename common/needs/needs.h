/*
 * needs: what an agent's part of a trial asks of its host. Lower bounds: what lacks by them lacks
 * for certain. Pure.
 */
#ifndef MILLRACE_NEEDS_H
#define MILLRACE_NEEDS_H

#include "assignment.h"

#include <stdint.h>

struct needs {
    uint64_t connections;
    uint64_t open_files; /* Of all of the agent. */
};

struct needs needs_of(const struct assignment *assignment);

#endif
