/*
 * search_step: was a trial of a search good, bad or void? Pure.
 *
 * A trial is good when it sent what was asked (99 %; 99.9 % to confirm a bound),
 * refusals and errors are at most 0.1 %, nothing is lost after the drain, the backlog does not grow
 * (its slope by least squares, minus 2 standard errors, 3 when the residuals are autocorrelated, is
 * at most 0.1 % of the rate), and the objectives are met. What was not sent although neither the
 * in-flight window nor the broker held it back is the generator's fault: the trial is void and says
 * nothing of the broker.
 */
#ifndef MILLRACE_SEARCH_STEP_H
#define MILLRACE_SEARCH_STEP_H

#include "objective.h"
#include "result.h"

/* Seconds of load that a slope with its error needs, at least. */
#define SEARCH_SECONDS_MIN 5

/* What a trial is judged by. Borrowed. */
struct search_terms {
    const struct objective *objectives;
    uint32_t objectives_count;
    const char *target; /* Its label: objectives may be about another one. */
    const char *case_name;
    double asked_per_s;
    bool confirms;
    bool selfcheck_warns; /* No trial is void by the self-check. */
    struct result_calibration calibration;
    const struct result_agent *agents; /* As they are numbered in the trial. */
    uint32_t agents_count;
};

/* Fills the row of the table of steps, with the outcome and its reason. The trial's first measured
 * phase is the one that counts; losses are counted over all of them. 0 or -ENOMEM. */
int search_step(const struct result_trial *trial, const struct search_terms *terms,
                struct result_search_step *ret, struct errinfo *reterr);

/* Growth of a backlog over time, in messages a second, minus as many standard errors as its
 * residuals ask for. n >= 3 values, a second apart. */
double search_growth(const double *backlog, uint32_t n);

#endif
