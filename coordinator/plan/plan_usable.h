/*
 * plan_usable: how many CPUs an agent can use: those of its host, less what control groups take
 * away, divided among the agents that share them. Pure.
 */
#ifndef MILLRACE_PLAN_USABLE_H
#define MILLRACE_PLAN_USABLE_H

#include "control_messages.h"
#include "plan.h"

/* Thousandths of a CPU for each of the agents that said these hellos, at least 1. Agents of one
 * boot of a kernel share its CPUs; a limit that is lower than these is shared by those that also
 * name their host alike, as containers have a limit and a name each. */
void plan_usable_cpus(const struct hello *const *hellos, uint32_t count, struct plan_agent *ret);

/* Do both run on one host? Containers on one have a host name each. */
bool plan_usable_same_host(const struct hello *a, const struct hello *b);

#endif
