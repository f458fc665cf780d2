/*
 * launch: how agents are started. Today: as child processes of this one, over ipc.
 *
 * Children get a process group of their own, so that a Ctrl-C at the terminal reaches the
 * coordinator only, and end when it ends.
 */
#ifndef MILLRACE_LAUNCH_H
#define MILLRACE_LAUNCH_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

struct launch;

struct launch_config {
    const char *program; /* Path of millrace-agent. */
    const char *url;
    uint32_t agents_count;
    const char *log_folder; /* agents/NAME.log are made here; NULL: output is dropped. */
    const char *trace_path; /* Each message goes there, too, see trace.h; NULL: none. */
};

/* Starts "agent-1" .. "agent-N". On failure those that were started are ended. */
int launch_local(const struct launch_config *config, struct launch **ret, struct errinfo *reterr);

/* Ends what still runs (SIGTERM, after a second SIGKILL) and frees. NULL is allowed. */
void launch_free(struct launch *launch);

/* Looks for a child that ended since the last call. False: none. name has NAME_BYTES, reason
 * REASON_BYTES: how it ended, with the error that it logged last. */
bool launch_reap(struct launch *launch, char *name, char *reason);

/* How many children still run. */
uint32_t launch_running(const struct launch *launch);

#endif
