/* explain_case: one trial of a plan in words, to stdout. Internal to cli. */
#ifndef MILLRACE_EXPLAIN_CASE_H
#define MILLRACE_EXPLAIN_CASE_H

#include "plan.h"

/* whole: topics, too, and who writes and reads them. */
void explain_trial(const struct plan_trial *trial, bool whole);

#endif
