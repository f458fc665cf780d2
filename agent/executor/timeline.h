/*
 * timeline: when the phases of a trial are and how the writers' clocks relate, shared by all
 * workers of an agent.
 *
 * duty writes it between segments, workers read it at any time; single values are atomic, and none
 * depends on another being written in the same instant.
 */
#ifndef MILLRACE_TIMELINE_H
#define MILLRACE_TIMELINE_H

#include "assignment.h"
#include "control_messages.h"
#include "errinfo.h"

#include <stdatomic.h>
#include <stdint.h>

#define TIMELINE_UNKNOWN_NS INT64_MAX

struct timeline {
    const struct assignment *assignment;
    _Atomic int64_t
        t0_ns; /* mono_ns() of this agent; TIMELINE_UNKNOWN_NS before the first segment. */
    _Atomic int64_t
        phase_start_ns[PHASES_MAX]; /* Offset from T0; TIMELINE_UNKNOWN_NS: not set yet. */
    _Atomic int64_t writer_offset_ns[AGENTS_MAX]; /* Writing agent's clock minus this one's. */
    _Atomic int64_t writer_bound_ns[AGENTS_MAX];
    uint16_t *writers; /* By stream. */
};

int timeline_init(struct timeline *timeline, const struct assignment *assignment,
                  struct errinfo *reterr);
void timeline_done(struct timeline *timeline);

/* Sets T0, the phases' starts of a segment and the peers' clocks. */
void timeline_set(struct timeline *timeline, const struct segment *segment);

/* Phase in which an intended time lies; hint: the phase of the message before. */
uint32_t timeline_phase(const struct timeline *timeline, int64_t offset_ns, uint32_t hint);

#endif
