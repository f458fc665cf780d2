/*
 * timeline: when the phases of a trial are and how the writers' clocks relate, shared by all
 * workers of an agent.
 *
 * duty's thread writes it: T0 and phases between segments, the clocks' lines at any time. Workers
 * read it at any time and never wait: single values are atomic, and a line has two places, of which
 * the one that is read is written again a line later.
 */
#ifndef MILLRACE_TIMELINE_H
#define MILLRACE_TIMELINE_H

#include "assignment.h"
#include "control_messages.h"
#include "errinfo.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define TIMELINE_UNKNOWN_NS INT64_MAX

struct timeline_line {
    _Atomic int64_t own_ns;
    _Atomic int64_t peer_ns;
    _Atomic double skew_ppb;
    _Atomic int64_t bound_ns;
    _Atomic double growth_ppb;
    _Atomic int64_t valid_from_ns;
    _Atomic int64_t before_ns;
};

struct timeline_clock {
    _Atomic uint32_t told; /* How many lines were; the last of them is in places[told % 2]. */
    struct timeline_line places[2];
};

struct timeline {
    const struct assignment *assignment;
    _Atomic int64_t
        t0_ns; /* mono_ns() of this agent; TIMELINE_UNKNOWN_NS before the first segment. */
    _Atomic int64_t *phase_start_ns; /* Offset from T0; TIMELINE_UNKNOWN_NS: not set yet. */
    struct timeline_clock clocks[AGENTS_MAX]; /* Of those that write. */
    uint32_t agents_count;                    /* Up to the last that writes, or this one. */
    _Atomic int64_t *writer_t0_ns;            /* On their clocks: phase x agents_count + agent. */
    uint16_t *writers;                        /* By stream. */
};

int timeline_init(struct timeline *timeline, const struct assignment *assignment,
                  struct errinfo *reterr);
void timeline_done(struct timeline *timeline);

/* Sets T0, here and on the writers' clocks, and the phases' starts of a segment. */
void timeline_set(struct timeline *timeline, const struct segment *segment);

/* Sets how the clock of line->agent is read from now on. One thread. */
void timeline_tell(struct timeline *timeline, const struct clock_line *line);

/* Was a line told? Always so of the own clock. */
bool timeline_is_told(const struct timeline *timeline, uint32_t agent);

/* A time of a writer's clock on this agent's, within 36 years of each other; *ret_bound_ns: how far
 * off it can be. Never waits. */
int64_t timeline_own_ns(const struct timeline *timeline, uint32_t writer, int64_t peer_ns,
                        int64_t *ret_bound_ns);

/* When a message of that phase was to be sent, on its writer's clock. */
int64_t timeline_intended_ns(const struct timeline *timeline, uint32_t writer, uint32_t phase,
                             int64_t offset_ns);

/* Phase in which an intended time lies; hint: the phase of the message before. */
uint32_t timeline_phase(const struct timeline *timeline, int64_t offset_ns, uint32_t hint);

#endif
