/*
 * children: the agents of --processes, each a process of its own. Main thread only; blocks SIGINT,
 * SIGTERM and SIGCHLD, and logs what goes wrong.
 */
#ifndef MILLRACE_CHILDREN_INNER_H
#define MILLRACE_CHILDREN_INNER_H

#include "options.h"

#include <stdbool.h>
#include <stdint.h>

#define PROCESSES_MAX 256

/* Exit codes. */
#define EXIT_FAILED OPTIONS_FAILED
#define EXIT_ENDED 130

struct children_config { /* All borrowed. */
    const char *program; /* As it was called. */
    const char *url;
    const char *name;     /* NULL: each chooses one; else "NAME-1" and so on. */
    const char *log_file; /* NULL: none. */
    bool insecure;        /* Each may join beyond this host in clear. */
    bool stays;           /* Each serves run after run. */
    uint32_t count;       /* 1 .. PROCESSES_MAX. */
};

/* Starts them, passes on SIGINT and SIGTERM (a second one kills), and waits for all. Returns the
 * exit code: the worst of theirs, or EXIT_ENDED. */
int children_run(const struct children_config *config);

#endif
