/*
 * trial_outcome: how a trial ended, and what was decided while it ran. No figure of it says the
 * latter afterwards, so whoever goes on with its run has to know it from the journal.
 */
#ifndef MILLRACE_TRIAL_OUTCOME_H
#define MILLRACE_TRIAL_OUTCOME_H

#include "bounds.h"
#include "errinfo.h"
#include "plan.h"

#include <stdbool.h>
#include <stdint.h>

/* What the windows of one objective came to in one phase of one trial. */
struct window_count {
    uint32_t objective; /* Of the scenario's. */
    uint32_t trial;     /* Its number. */
    char phase[NAME_BYTES];
    uint32_t windows; /* That were judged: whole, and not before `after`. */
    uint32_t held;
    uint64_t samples;
    bool has_worst;
    double worst; /* Value of the window that was furthest to the bad side. */
    /* What was sent and never came is in no window. So many messages at least it takes for one that
     * held not to hold ... */
    uint64_t room;     /* ... and one more; see window_room_inner.h. */
    uint64_t censored; /* Samples of the phase that were waited for in vain, in windows or not. */
};

/* What was decided; stands before the trial's end, if there is anything to say. */
struct entry_outcome {
    uint32_t trial;
    struct window_count *windows; /* Of this trial. */
    uint32_t windows_count;
    char aborted[ERRINFO_BYTES];     /* By an objective; "": it was not. */
    char broker_lost[ERRINFO_BYTES]; /* Its broker did not come back in time; "": it did. */
};

/* What the end of a trial says of one agent. */
struct agent_end {
    uint32_t agent;
    bool lost; /* Its last messages are unaccounted. */
    int64_t start_skew_ns;
};

/* An agent that was lost, or the trial's regular end. */
struct entry_trial_end {
    uint32_t trial;
    bool ended;              /* All agents handed in their final snapshot. */
    int64_t ended_ns;        /* Offset from T0. */
    enum case_status status; /* MEASURED, or FAILED with the reason. */
    char reason[REASON_BYTES];
    struct agent_end agents[AGENTS_MAX]; /* Of which there is something to say. */
    uint32_t agents_count;
};

#endif
