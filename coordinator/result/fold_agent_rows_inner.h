/*
 * fold_agent_rows_inner: what the agents of a trial said of themselves, a row for each report, with
 * a bound: a thousand agents would take 800 MB an hour.
 *
 * Where the bound is reached, neighbouring seconds of an agent become one row: two of them, four
 * the next time, and so on. As with reports after an hour (coalesce.h) times are added up and of
 * delays the longest is kept. Rows that are merged lie in the same phase, but not in its first
 * second, and nothing but them lies between. A second that the self-check may doubt stays by itself
 * as long as that leaves room enough: merged with others it would make all of them doubtful.
 *
 * Pure: the same entries make the same rows, in a run and of its journal. Private to this module.
 */
#ifndef MILLRACE_FOLD_AGENT_ROWS_INNER_H
#define MILLRACE_FOLD_AGENT_ROWS_INNER_H

#include "fold_trial_inner.h"

#define FOLD_AGENT_ROWS_MAX (UINT32_C(1) << 18) /* Of all trials of a run; 60 MB. */

/* Takes memory for so many rows, but for no more than the trial may have. 0 or -ENOMEM. */
int fold_agent_rows_reserve(struct fold_trial *trial, uint64_t count, struct errinfo *reterr);

/* Appends a row; makes room first where the trial has as many as it may. More than that are kept
 * only where a phase or an agent would be left without. 0 or -ENOMEM. */
int fold_agent_rows_add(struct fold_trial *trial, const struct result_agent_interval *row,
                        struct errinfo *reterr);

/* Merges down to so many rows, as far as can be, and gives back the memory of the rest. For trials
 * that are over. */
void fold_agent_rows_shrink(struct fold_trial *trial, uint32_t rows_max);

#endif
