/*
 * session: agents gathered for a purpose: a run, a check by doctor, a cleaning. Has them started by
 * a launcher, or waits for those that join, and sends all of them home at the end.
 */
#ifndef MILLRACE_SESSION_H
#define MILLRACE_SESSION_H

#include "errinfo.h"
#include "fleet.h"
#include "launch.h"
#include "socket_folder.h"
#include "text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct session_waiting {
    uint32_t joined;
    uint32_t wanted;
    const char *url;
    const char *missing; /* A sentence, or NULL. */
};

struct session_config {
    /* What is started, but for the url, logs, trace and on_told, which are the session's; NULL:
     * agents join by themselves. */
    const struct launch_config *launch;
    const char *listen; /* Not needed for a launcher on its own host. */
    uint32_t agents_count;
    const struct fleet_access *access; /* NULL: whoever says hello, on this host. */
    int64_t join_ns; /* How long agents may take that come over the network; 0: JOIN_REMOTE_NS, or
                      * what their launcher says. */
    const char *log_folder; /* Of what is started; NULL: none. */
    const char *trace_path; /* Likewise. */
    const char *run_id;
    const atomic_int *interrupts; /* Rises with each Ctrl-C. */
    /* Told while waiting, at each change: how many of agents_count are there, and the url to join;
     * and with it (JOIN_TOLD_NS apart otherwise) who is missing and what to type there, where
     * agents join by themselves. Of agents that were launched that, with what is known of them, is
     * told JOIN_TOLD_NS apart alone (else NULL). May be NULL. */
    void (*on_waiting)(void *context, const struct session_waiting *waiting);
    /* Told of each agent that may not join, at any time of the session. May be NULL. */
    void (*on_refused)(void *context, const char *why);
    /* Told what a launcher did, and which hosts wait for another run: a line a matter. May be NULL.
     */
    void (*on_told)(void *context, const char *line);
    void *context;
};

struct session {
    const struct session_config *config;
    struct fleet *fleet;
    struct launch *launch; /* NULL: agents join by themselves. */
    char *url;
    struct socket_folder folder; /* Of a launcher's agents on this host. */
    char refusal[ERRINFO_BYTES]; /* Of the last agent that was refused. */
    bool given_up;               /* Its agents are not waited for. */
    struct text ended;           /* Which agents of the launcher ended, and how. */
};

/* Blocks until all agents are there and their clocks are known: 0; -EINTR, -ETIMEDOUT, or why the
 * fleet can't be. */
int session_open(struct session *session, const struct session_config *config,
                 struct errinfo *reterr);

/* Sends agents home, waits a little (unless they were given up), ends what doesn't go. */
void session_close(struct session *session);

/* Answers requests, notices agents that ended. Blocks for at most timeout_ms. */
void session_turn(struct session *session, int timeout_ms);

/* This process's clock without the time in which it stood still (fleet_stood_ns()): what deadlines
 * of the session are counted in, as no agent can answer who does not listen. */
int64_t session_now_ns(const struct session *session);

/* Gives all agents a command that is made by `make` for each and waits for the answers, at most
 * deadline_ns as a duration; keeps calling `turn` (which may be NULL). 0; -ETIMEDOUT, -ECONNRESET
 * (an agent was lost), -EINTR, or the first failure an agent told, with its name in front. answers
 * (one per agent) may be NULL. */
struct session_order {
    int (*make)(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr);
    int (*turn)(void *context, struct errinfo *reterr); /* Below 0 ends the waiting. */
    void *context;
    int64_t deadline_ns;
    bool interruptible;
    bool survivors; /* Agents that were or get lost are left out instead of ending the waiting. */
    bool goes_on;   /* Those that were lost before are. */
};

int session_order_all(struct session *session, const struct session_order *order,
                      const struct status **answers, struct errinfo *reterr);

#endif
