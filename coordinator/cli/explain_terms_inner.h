/* explain_terms_inner: what a run looks for and judges by, in words, to stdout. Internal to cli. */
#ifndef MILLRACE_EXPLAIN_TERMS_INNER_H
#define MILLRACE_EXPLAIN_TERMS_INNER_H

#include "plan.h"

/* One a line, those that are implied too. */
void explain_objectives(const struct scenario *scenario);

/* How long the trials take: what is known, and the most that it can come to. Of a scenario without
 * a search. */
void explain_time(const struct scenario *scenario, const struct plan *plan);

/* What is sent into the memory backend first; nothing if none is. */
void explain_calibration(const struct scenario *scenario, const struct plan *plan);

/* How the search goes on, and the most that it can come to. Of a scenario that has one. */
void explain_search(const struct scenario *scenario, const struct plan *plan);

#endif
