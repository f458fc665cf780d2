/* session_plan: the agents of a session as a plan takes them, and whether they have room for it. */
#ifndef MILLRACE_SESSION_PLAN_H
#define MILLRACE_SESSION_PLAN_H

#include "hosts.h"
#include "needs_limits.h"
#include "plan.h"
#include "session.h"

/* The agents by name: agent-2 before agent-10. Which of them joined first is chance, and a run
 * again should have its clients where it had them before. */
void session_order_agents(const struct session *session, uint32_t *ret);

/* Usable CPUs of each agent; weights and labels of the hosts that they proved to be (NULL: the
 * store was not asked), whose labels stay the list's. And their order. */
void session_plan_agents(const struct session *session, const struct host_list *hosts,
                         struct plan_agent *ret, uint32_t *ret_order);

/* What an agent or its host has too little of for its part of a trial. */
struct session_lack {
    int code;                   /* 0: nothing; -EMFILE, -EUSERS (memory). */
    uint32_t clients_max;       /* It has room for so many. */
    char who[NAME_BYTES + 8];   /* "load2", "host load2" where it is all of the host's agents. */
    char why[NEEDS_TEXT_BYTES]; /* "not enough: 1,024 open files, 2,000 clients would ..." */
};

/* What all agents on the agent's host need together in that trial. */
struct session_host_needs {
    uint64_t connections;
    double bytes; /* Of memory. */
};

struct session_host_needs session_host_needs_of(const struct session *session,
                                                const struct plan_trial *trial, uint32_t agent);

/* Asks every agent whether it has room for its part, and looks at the limits of hosts that several
 * share; the trial's assignments go with the question. Fills lacks, one for each agent; a lost one
 * lacks nothing. 0, or as session_order_all(). */
int session_look_for_room(struct session *session, struct plan_trial *trial,
                          struct session_lack *lacks, struct errinfo *reterr);

#endif
