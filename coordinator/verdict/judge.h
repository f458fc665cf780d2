/*
 * judge: objectives against a result -> verdict and reasons. Pure. No objective passes over zero
 * samples.
 *
 * Precedence: interrupted, failed, fail, invalid, regression, pass. A regression is a comparison
 * that is worse in a metric that gates. A metric that gates is like an objective: where less than
 * two pairs of trials have samples of it, or where it could be compared nowhere, it is not met.
 *
 * A result whose sums do not hold (result.violation) is invalid, with the code "audit".
 *
 * Implied, unless the scenario has an objective of its own about the same: lost == 0 and corrupted
 * == 0 over the whole case, with confirms or without; attained >= 99% and refused + unconfirmed +
 * errors <= 0.1% of each measured phase that keeps a rate. A case of which not one message was
 * confirmed, where there are confirms, never passes.
 */
#ifndef MILLRACE_JUDGE_H
#define MILLRACE_JUDGE_H

#include "compare_terms.h"
#include "objective.h"
#include "result.h"
#include "windows.h"

/* What happened to the run beside its figures. */
struct judge_events {
    bool interrupted;
    bool failed;                  /* It could not be made. */
    char failed_code[NAME_BYTES]; /* "no_target", "agent_lost", "disk_full", ... */
    char failed_text[ERRINFO_BYTES];
    bool broker_lost; /* Away longer than on_broker_loss. */
    char broker_lost_case[NAME_BYTES];
    char broker_lost_text[ERRINFO_BYTES];
    bool aborted; /* The first trial that an objective with `abort` ended. */
    char aborted_case[NAME_BYTES];
    char aborted_text[ERRINFO_BYTES];
};

/* What the scenario asks for. Borrowed. */
struct judge_terms {
    const struct objective *objectives;
    uint32_t objectives_count;
    const struct window_count *windows; /* Of all trials, in the order of their numbers. */
    uint32_t windows_count;
    const struct compare_terms *compare; /* NULL: nothing is compared. */
    bool selfcheck_warns; /* What the self-check doubts is judged as it was observed. */
};

/* Fills result->objectives, reasons and verdict. 0 or -ENOMEM. */
int judge_result(struct result *result, const struct judge_terms *terms,
                 const struct judge_events *events, struct errinfo *reterr);

/* What became of the result after it was judged, a journal that could not be closed: the verdict is
 * VERDICT_FAILED from now on, unless the user interrupted the run, and this its first reason. 0 or
 * -ENOMEM. */
int judge_failure(struct result *result, const char *code, const char *text,
                  struct errinfo *reterr);

#endif
