/*
 * launch: how agents come to be: what a launcher is, and one at work. Each launcher is a file and a
 * row of CMakeLists.txt (launch_table.h); whoever uses one needs this header alone, and sees no
 * process, job or host behind an agent: only members, by name and enrolment.
 *
 * A member's enrolment is given to its agent, who says hello with it as its instance: so the end of
 * what was started is told of the agent that it was, whatever that calls itself. It is no secret.
 *
 * One thread at a time.
 */
#ifndef MILLRACE_LAUNCH_H
#define MILLRACE_LAUNCH_H

#include "bounds.h"
#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

struct launch_config {
    const char *program;   /* Path of millrace-agent. */
    const char *url;       /* Where the agents join. */
    uint32_t agents_count; /* At least 1. */
    const char
        *log_folder; /* A log NAME.log of each agent is made here; NULL: output is dropped. */
    const char *trace_path; /* Each message goes there, too, see trace.h; NULL: none. */
};

/* One agent that is started. */
struct launch_member {
    char name[NAME_BYTES]; /* "agent-1" .. "agent-N" */
    uint64_t enrolment;    /* Not 0. */
};

/* What each launcher gives. Nobody but launch calls these. */
struct launcher_ops {
    const char *name; /* As it is chosen: "local". */
    bool own_host;    /* Its agents reach a socket in this host's files: nobody has to --listen. */
    int64_t join_ns;  /* Agents that have not joined so long after their start will not come. */

    /* Starts an agent for each of the config's members, which it borrows until stop(); the config
     * for the call only. On success *ret is what the other functions get; on failure nothing is
     * left running. -errno with a sentence. May block. */
    int (*start)(const struct launch_config *config, const struct launch_member *members,
                 void **ret, struct errinfo *reterr);
    /* Looks for a member that ended since the last call, each once, and does not wait. True:
     * *ret_member is its index and reason (REASON_BYTES) how it ended, "its process was ..". */
    bool (*reap)(void *started, uint32_t *ret_member, char *reason);
    /* Ends what still runs, and frees. May block for 2 * END_NS. */
    void (*stop)(void *started);
    /* Where a person finds out more about agents that did not come, as a clause: "their logs say
     * more"; "": nowhere. Lives until stop(). */
    const char *(*describe)(const void *started);
};

struct launch;

/* Starts "agent-1" .. "agent-N" by that launcher. On failure nothing is left running. */
int launch_start(const struct launcher_ops *launcher, const struct launch_config *config,
                 struct launch **ret, struct errinfo *reterr);

/* Ends what still runs, see stop(), and frees. NULL is allowed. */
void launch_free(struct launch *launch);

/* The end of what was started for a member. */
struct launch_end {
    char name[NAME_BYTES];
    uint64_t enrolment;
    char reason[REASON_BYTES];
};

/* The next member that ended, each once; false: none. */
bool launch_reap(struct launch *launch, struct launch_end *ret);

/* How many members have not ended. */
uint32_t launch_running(const struct launch *launch);

/* See describe(). */
const char *launch_describe(const struct launch *launch);

/* Until when, from the start on, all its agents have joined. */
int64_t launch_join_ns(const struct launch *launch);

#endif
