/*
 * metric_value: what a metric came to in a phase of a trial, and over the trials of a case. Pure.
 */
#ifndef MILLRACE_METRIC_VALUE_H
#define MILLRACE_METRIC_VALUE_H

#include "objective.h"
#include "result.h"

struct metric_value {
    double value;
    uint64_t samples;
    const char *missing; /* Why there is no value; NULL: there is one. Constant text. */
    bool at_least;       /* It may be more: a latency of which samples never came. */
    double most;         /* The most that it can be; INFINITY: nobody knows. With a value only. */
};

/* Does the objective hold of a value that is at most `most`? An upper limit has to hold of all that
 * it can be: messages that never came must not meet it. */
bool metric_holds(const struct objective *objective, double value, double most);

/* phase is one of the trial's. A percentile q needs 10 / (1 - q) samples. */
struct metric_value metric_value(const struct metric *metric, const struct result_trial *trial,
                                 const struct result_phase *phase);

/* What it came to in a trial as a whole: a count over all phases of that name and flow, anything
 * else in the first of them. phase "": all phases of a count, else the measured ones. */
struct metric_value metric_over_trial(const struct metric *metric, const struct result_trial *trial,
                                      const char *phase, const char *flow);

/* The case's figures from its trials: each standard metric of each measured phase that at least one
 * trial has. 0 or -ENOMEM. */
int metric_figures(struct result_case *of, struct errinfo *reterr);

#endif
