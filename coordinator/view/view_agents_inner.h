/* view_agents_inner: the agents of a run, in a few lines however many they are. Private to this
 * module. */
#ifndef MILLRACE_VIEW_AGENTS_INNER_H
#define MILLRACE_VIEW_AGENTS_INNER_H

#include "run_progress.h"

#define VIEW_AGENTS_MAX 4 /* With a line of their own. */
#define VIEW_AGENT_BYTES 256

/* The agents that are shown, by number: those that are lost first, then suspect ones, then those
 * that are latest with what they send. How many they are. */
uint32_t view_agents_choose(const struct run_progress *progress, uint32_t ret[VIEW_AGENTS_MAX]);

/* "agent-2  34 %  late 120 µs  clock ±13.2 µs": of one agent. */
void view_agent_line(const struct run_progress *progress, uint32_t agent, char *ret);

/* "1,021 of 1,024 agents there, 2 suspect, 1 lost; shares 0.08 % to 0.12 %; clocks within 80 µs" */
void view_agents_sum(const struct run_progress *progress, char *ret);

/* ", 1 agent suspect, 2 lost"; "" while all are there. */
void view_agents_trouble(const struct run_progress *progress, char *ret);

/* How many are not heard of, and how many are lost. */
void view_agents_count(const struct run_progress *progress, uint32_t *ret_silent,
                       uint32_t *ret_lost);

#endif
