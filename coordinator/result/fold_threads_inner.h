/* fold_threads: which threads the agents of a trial told of. */
#ifndef MILLRACE_FOLD_THREADS_INNER_H
#define MILLRACE_FOLD_THREADS_INNER_H

#include "fold_trial_inner.h"

/* Those of a snapshot; of an agent that tells of them again the first count. 0 or -ENOMEM. */
int fold_threads_take(struct fold_trial *trial, const struct snapshot *snapshot,
                      struct errinfo *reterr);

/* Fills the result's list, by agent. 0 or -ENOMEM. */
int fold_threads_make(const struct fold_trial *trial, struct result_trial *ret,
                      struct errinfo *reterr);

#endif
