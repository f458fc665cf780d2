/* explain_case_inner: one trial of a plan in words, to stdout. Internal to cli. */
#ifndef MILLRACE_EXPLAIN_CASE_INNER_H
#define MILLRACE_EXPLAIN_CASE_INNER_H

#include "plan.h"

/* hosts: names of the agents' hosts, of whose limits nothing is known; NULL: all agents are on this
 * one. whole: topics, too, and who writes and reads them. */
void explain_trial(const struct plan_trial *trial, char (*hosts)[NAME_BYTES], bool whole);

#endif
