/*
 * search_doubt_inner: does the self-check of a trial leave its outcome standing? Pure. Private to
 * this module.
 */
#ifndef MILLRACE_SEARCH_DOUBT_INNER_H
#define MILLRACE_SEARCH_DOUBT_INNER_H

#include "search_step.h"

/* Makes the step void, with the check in its reason, if an invalid check may have made its outcome.
 * missed: the objective that a bad trial missed; NULL: it was bad by itself. 0 or -ENOMEM. */
int search_doubt(const struct result_trial *trial, const struct search_terms *terms,
                 const struct objective *missed, struct result_search_step *step,
                 struct errinfo *reterr);

#endif
