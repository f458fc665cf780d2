/* trace_use: what a run wrote into its trace, and what it could not. Pure. */
#ifndef MILLRACE_TRACE_USE_H
#define MILLRACE_TRACE_USE_H

#include "result.h"

struct trace_use {
    uint64_t records; /* Of all agents and trials; both are 0 without a trace. */
    uint64_t dropped; /* The load threads were faster than the file, or the disk was full. */
};

extern const struct record trace_use_record; /* As result.json shows it. */

struct trace_use trace_use_of(const struct result *result);

#endif
