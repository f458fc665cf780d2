/*
 * children: the agents of --processes, each a process of its own. Main thread only; blocks SIGINT,
 * SIGTERM and SIGCHLD, and logs what goes wrong.
 */
#ifndef MILLRACE_CHILDREN_INNER_H
#define MILLRACE_CHILDREN_INNER_H

#include "bounds.h"
#include "identity.h"
#include "options.h"

#include <stdbool.h>
#include <stdint.h>

/* Exit codes. */
#define EXIT_FAILED OPTIONS_FAILED
#define EXIT_ENDED 130

struct children_config { /* All borrowed. */
    const char *program; /* As it was called. */
    const char *join;    /* Url, or path of a file that each of them can read. */
    const struct identity_paths *identity;
    const char *name;     /* NULL: not given. */
    const char *log_file; /* NULL: none. */
    bool insecure;        /* Each may join beyond this host in clear. */
    bool stays;           /* Each serves run after run. */
    uint32_t count;       /* 1 .. PROCESSES_MAX. */
};

/* Starts them, one that stays also anew once it was ended, passes on SIGINT and SIGTERM (a second
 * one kills), and waits for all. Returns the exit code: the worst of theirs, or EXIT_ENDED. */
int children_run(const struct children_config *config);

#endif
