/*
 * compare: cases against a baseline, metric by metric. Pure.
 *
 * The unit is the trial: trials of the same repetition ran near each other and are a pair. Of each
 * pair the logarithm of case / baseline is taken; their mean with its 95 % t interval is the ratio,
 * and Holm's correction holds over all metrics of a case. With few pairs the t interval covers what
 * it says, where a bootstrap does not (tests/accuracy/README.md, "Comparing").
 *
 * A metric is worse when the whole interval lies beyond the threshold in the bad direction, better
 * likewise in the good one, the same when the interval lies inside the thresholds; everything else
 * is inconclusive, with the number of further pairs that would tell. Metrics that gate have a row
 * also where there are no pairs: inconclusive when they lack samples (or are 0), else not
 * available; of others such rows are left out.
 */
#ifndef MILLRACE_COMPARE_H
#define MILLRACE_COMPARE_H

#include "compare_terms.h"
#include "result.h"

/* Of metrics that nobody named. */
#define COMPARE_RATE_THRESHOLD 0.05
#define COMPARE_LATENCY_THRESHOLD 0.10

/* Two samples of pairs; ratio is b / a. n >= 1; with one pair the interval is NAN. Leaves
 * p_value uncorrected, and the verdict to compare_judge(). Values must be above 0. */
void compare_pairs(const double *a, const double *b, uint32_t n, struct result_comparison *ret);

/* The verdict of a row whose figures and corrected p value stand, and the pairs that are missing.
 */
void compare_judge(struct result_comparison *row, bool higher_is_better, double sd);

/* Replaces result->findings.comparisons. 0 or -ENOMEM. */
int compare_result(struct result *result, const struct compare_terms *terms,
                   struct errinfo *reterr);

#endif
