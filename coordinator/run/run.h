/*
 * run: one execution of a scenario, as a list of stages: gather agents, detect targets, then for
 * each trial prepare, arm, drive, drain, collect; at last judge and report. Knows the order of
 * steps and nothing else.
 */
#ifndef MILLRACE_RUN_H
#define MILLRACE_RUN_H

#include "control_messages.h"
#include "fleet.h"
#include "launch.h"
#include "resume.h"
#include "run_progress.h"
#include "scenario.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct run_config {
    const struct scenario *scenario;
    const char *command; /* As typed, for the report; without secrets. */
    const char *out;     /* NULL: runs/<UTC time>-<name>. */
    uint32_t agents_count;
    const struct launch_config *launch; /* As a session takes it; NULL: agents join at `listen`. */
    const char *listen;
    const struct fleet_access *access; /* Of those that join; NULL: whoever does, on this host. */
    int64_t join_ns;                   /* How long they may take; 0: what is usual. */
    const struct host_list *hosts; /* Whose agents join, for weights and labels; NULL: not known. */
    const char *trace; /* NULL: none; else a file that is not there yet. Needs a launcher. */
    const struct backend_version *libraries; /* Client libraries, for the report. */
    uint32_t libraries_count;                /* At most BACKENDS_MAX. */
    uint64_t seed;
    struct resume *resume; /* Go on with this run, whose scenario and seed these are. NULL: begin
                            * one. */
    const atomic_int *interrupts; /* Rises with each Ctrl-C. */
    void (*on_progress)(void *context,
                        const struct run_progress *progress); /* Some 5 times a second. */
    void (*on_notice)(void *context, const char *text);       /* Once a matter. */
    /* Since when something of it waits to be read; 0: nothing does. NULL: not known. */
    int64_t (*told_since)(void *context);
    void *context;
};

/* What is left after a run. */
struct run_outcome {
    char *folder;
    struct result *result; /* NULL if there is no folder. */
    bool disk_waits; /* A thread was left behind that waits for a disk. The process then ends by
                      * _exit(): exit() would write what stdio has, and wait as well. */
};

/*
 * Blocks until the run is over. 0: there is a result, with its verdict, and the reports are in
 * outcome->folder. Negative: the run could not even begin (the folder or trace: -EEXIST, -EACCES,
 * -ENOSPC; out of memory), with the sentence. The caller owns what outcome holds.
 */
int run_scenario(const struct run_config *config, struct run_outcome *outcome,
                 struct errinfo *reterr);
void run_outcome_done(struct run_outcome *outcome);

#endif
