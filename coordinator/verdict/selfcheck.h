/*
 * selfcheck: was the generator the bottleneck? Pure.
 *
 * Each check (tests/accuracy/README.md, "Self-check") is judged for every second and agent of the
 * measured phases; the worst class that covers more than 1 % of the seconds counts. A generator
 * that is held back by the in-flight window, the broker or the client library is told from one that
 * is slow by itself. Where a phase sends as fast as it can, a busy generator is what limits it, not
 * a fault of the instrument.
 */
#ifndef MILLRACE_SELFCHECK_H
#define MILLRACE_SELFCHECK_H

#include "metric.h"
#include "result.h"

/* Replaces result->findings.checks: a row for each case, agent and check. 0 or -ENOMEM with the old
 * ones gone. */
int selfcheck_find(struct result *result, struct errinfo *reterr);

/* The same rows of one trial, as of a case that has no other, but for name and calibration, which
 * are those of like: replaces ret->checks. 0 or -ENOMEM. */
int selfcheck_trial(const struct result_trial *trial, const struct result_agent *agents,
                    uint32_t agents_count, const struct result_case *like, struct findings *ret,
                    struct errinfo *reterr);

/*
 * The invalid check that makes a metric of a case untrustworthy, or NULL; after selfcheck_find(). A
 * slow generator voids latencies, rates and backlogs; a clock that can't be trusted voids `e2e`
 * alone; nothing voids a count: the audit is exact however late messages are.
 */
const struct result_check *selfcheck_void(const struct result *result, const struct result_case *of,
                                          const struct metric *metric);

/*
 * The invalid check by which a metric of a phase may look better than it was, or NULL. A generator
 * that is late or does not get its CPU only makes response latencies longer and rates lower, as
 * long as it sent its load: in every trial 99 % of what was due, and for no more than a second (or
 * 5 % of the phase) less than 99 % of what was due until then. What is bounded on that side and
 * holds, holds in spite of it. Of other metrics the direction is not known: as selfcheck_void().
 */
const struct result_check *selfcheck_void_better(const struct result *result,
                                                 const struct result_case *of,
                                                 const struct metric *metric, const char *phase);

/* Is the share of an agent that was lost missing from some phase of the trial? What that makes
 * untrustworthy is told phase by phase (result_phase.lacks_agent), not by selfcheck_void(). */
bool selfcheck_lacks_agent(const struct result_trial *trial);

/* Does that row by itself make the metric untrustworthy? False for one that is not invalid. */
bool selfcheck_concerns(const struct result_check *check, const struct metric *metric);

/* Can what the check found make a figure look better than it was? A generator that is late, or does
 * not get its CPU, only makes it look worse: its lateness is part of what it measures. */
bool selfcheck_flatters(const struct result_check *check);

#endif
