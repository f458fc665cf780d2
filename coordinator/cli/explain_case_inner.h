/* explain_case_inner: one trial of a plan in words, to stdout. Internal to cli. */
#ifndef MILLRACE_EXPLAIN_CASE_INNER_H
#define MILLRACE_EXPLAIN_CASE_INNER_H

#include "plan.h"

/* whole: topics, too, and who writes and reads them. */
void explain_trial(const struct plan_trial *trial, bool whole);

#endif
