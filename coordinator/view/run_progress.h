/* run_progress: where a run is. Filled by run, read by view. */
#ifndef MILLRACE_RUN_PROGRESS_H
#define MILLRACE_RUN_PROGRESS_H

#include "fold.h"

/* The worse it is, the higher. */
enum progress_agent_state {
    PROGRESS_AGENT_THERE,
    PROGRESS_AGENT_SUSPECT, /* Not heard of for a while. */
    PROGRESS_AGENT_LOST,
    PROGRESS_AGENT_STATES
};

struct progress_agent {
    const char *name;
    enum progress_agent_state state;
    const char *reason;     /* Of a lost one. */
    int64_t silent_ns;      /* Of a suspect one: since it was heard of. */
    uint64_t messages;      /* Sent and received in its last second. */
    int64_t late_ns;        /* What it sent in that was late by that much (p99). */
    int64_t clock_bound_ns; /* Its clock is known that well. */
};

struct run_progress {
    const char
        *stage; /* "waiting for agents", "detecting targets", "preparing", "running", "closing" */
    const char *detail; /* The url to join, the case's name; may be NULL. */
    uint32_t agents_joined;
    uint32_t agents_wanted;
    uint32_t trial; /* From 0. */
    uint32_t trials_count;
    char search[128];      /* What a search does: "searching at 12.3k/s (10.0k/s held)"; else "". */
    char ceiling[32];      /* The generator's alone: "3.4x the load"; "": not known. */
    const char *case_name; /* NULL outside trials. */
    const char *phase_name; /* NULL before the first phase. */
    int64_t phase_ns;       /* Into the phase. */
    int64_t phase_length_ns;
    int64_t trial_ns;        /* Into the trial. */
    int64_t trial_length_ns; /* At most. */
    bool broker_away;        /* No client can use it. */
    struct fold_live live;
    const struct progress_agent *agents; /* Of a run that has several; NULL: not shown. */
    uint32_t agents_count;
};

#endif
