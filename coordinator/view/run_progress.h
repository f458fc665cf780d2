/* run_progress: where a run is. Filled by run, read by view. */
#ifndef MILLRACE_RUN_PROGRESS_H
#define MILLRACE_RUN_PROGRESS_H

#include "fold.h"

struct run_progress {
    const char
        *stage; /* "waiting for agents", "detecting targets", "preparing", "running", "closing" */
    const char *detail; /* The url to join, the case's name; may be NULL. */
    uint32_t agents_joined;
    uint32_t agents_wanted;
    uint32_t trial; /* From 0. */
    uint32_t trials_count;
    char search[128];      /* What a search does: "searching at 12.3k/s (10.0k/s held)"; else "". */
    char headroom[32];     /* "headroom 3.4x", of the trial's workload; "": not known. */
    const char *case_name; /* NULL outside trials. */
    const char *phase_name; /* NULL before the first phase. */
    int64_t phase_ns;       /* Into the phase. */
    int64_t phase_length_ns;
    int64_t trial_ns;        /* Into the trial. */
    int64_t trial_length_ns; /* At most. */
    bool broker_away;        /* No client can use it. */
    struct fold_live live;
};

#endif
