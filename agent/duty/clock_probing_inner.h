/* clock_probing_inner: a thread that exchanges times with the coordinator in bursts of 8, with a
 * pause that the coordinator tells: all agents together have a budget. The coordinator keeps the
 * relation. Every agent probes, always: two hosts that were cloned may claim to be one. */
#ifndef MILLRACE_CLOCK_PROBING_INNER_H
#define MILLRACE_CLOCK_PROBING_INNER_H

#include "coordinator_link_inner.h"

struct clock_probing;

int clock_probing_new(struct coordinator_link *link, struct clock_probing **ret,
                      struct errinfo *reterr);
/* Waits for a call that is under way: cancel the link before it. NULL is allowed. */
void clock_probing_free(struct clock_probing *probing);

/* When the next burst is due, after one that was due at due_ns and ended at now_ns: pause_ns later,
 * but at least 50 ms and at most a minute. One that took longer is followed by a whole pause:
 * bursts that were missed while the coordinator was away would come back to back, and all say the
 * same. */
int64_t clock_probing_next_ns(int64_t due_ns, int64_t now_ns, int64_t pause_ns);

#endif
