/* insight_inner: what the rules share. Private to this module. */
#ifndef MILLRACE_INSIGHT_INNER_H
#define MILLRACE_INSIGHT_INNER_H

#include "result.h"

#include <stdbool.h>
#include <stddef.h>

/* What a rule has found so far. */
struct insights {
    const struct result *result;
    const char *rule; /* Name of the rule that looks now. */
    struct weighed_insight {
        struct result_insight insight;
        double weight; /* Of those of a rule, the heaviest are kept. */
    } * items;
    uint32_t count;
    uint32_t capacity;
    bool out_of_memory; /* Then what was found is incomplete, and dropped. */
    struct weighed_insight spare;
    double *x; /* Room for the points of the longest series there is. */
    double *y;
};

/* A new insight of the current rule, for the rule to fill. Never NULL: without memory it is one
 * that is dropped. Valid until the next call. */
struct result_insight *insight_new(struct insights *insights, const char *case_name, double weight);

/* Appends to a text or an advice; what does not fit is cut. */
void insight_say(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

void insight_figure(struct result_insight *insight, const char *name, double value,
                    const char *unit);

/* "rabbit, steady, flow orders: " in front of a sentence; flow "" for all. */
void insight_place(struct result_insight *insight, const struct result_case *of, const char *phase,
                   const char *flow);

/* Is it a measured row that says something by itself? With several flows those are the rows of the
 * flows: a percentile of all together is one of none of them. */
bool insight_row(const struct result_case *of, const struct result_phase *phase);

/* Same, for what is known of all flows together only (intervals, backlog). */
bool insight_whole_row(const struct result_phase *phase);

/* Is the interval one whole second within the phase? The first one is left out: it holds what the
 * phase before left behind. */
bool insight_within(const struct result_interval *interval, const struct result_phase *phase);

/* Same, of the seconds of a row of an agent. */
bool insight_row_within(const struct result_trial *trial, const struct result_agent_interval *row,
                        const struct result_phase *phase);

/* Does the phase ask for about the same in its two halves? False when it asks for nothing. */
bool insight_is_steady(const struct result_trial *trial, const struct result_phase *phase);

/* Seconds, summed over load threads and trials, in which producers could not send what was due
 * while every client was connected: their window was full, or a call did not take it. */
double insight_blocked_s(const struct result_case *of, uint32_t phase);

double insight_percentile(const struct result_phase *phase, enum series series, double percentile);

#endif
