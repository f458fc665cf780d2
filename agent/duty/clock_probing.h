/* clock_probing: a thread that exchanges times with the coordinator in bursts of 8, with a pause
 * that the coordinator tells: all agents together have a budget. The coordinator keeps the
 * relation. Every agent probes, always: two hosts that were cloned may claim to be one. */
#ifndef MILLRACE_CLOCK_PROBING_H
#define MILLRACE_CLOCK_PROBING_H

#include "coordinator_link.h"

struct clock_probing;

int clock_probing_new(struct coordinator_link *link, struct clock_probing **ret,
                      struct errinfo *reterr);
/* Waits for a call that is under way: cancel the link before it. NULL is allowed. */
void clock_probing_free(struct clock_probing *probing);

#endif
