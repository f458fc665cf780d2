/*
 * latency_figure: a percentile, a mean or a maximum of latencies, and whether that is what it was
 * or only a lower bound.
 *
 * A message that was due and never sent, confirmed or received stands in the response latencies
 * with how long it had been waited for (censored). A percentile among such samples is "at least"
 * its value. Messages that were skipped have no sample; where more of them were than a percentile
 * leaves above it, that is at least its value, too, and so is each mean. Pure.
 */
#ifndef MILLRACE_LATENCY_FIGURE_H
#define MILLRACE_LATENCY_FIGURE_H

#include "result.h"
#include "units.h"

struct latency_figure {
    double value_ns;
    bool at_least;  /* What never came could make it longer by more than a hundredth. */
    double most_ns; /* The most that it can be; INFINITY: nobody knows. */
};

/* phase->latency[series] has samples; percentile in [0, 100], 100 is the maximum. */
struct latency_figure latency_figure(const struct result_phase *phase, enum series series,
                                     double percentile);
/* The same of a histogram by itself: of skipped messages nothing is known then. */
struct latency_figure latency_figure_of(const struct hist *hist, double percentile);
struct latency_figure latency_figure_mean(const struct result_phase *phase, enum series series);

/* "7.2 s", or "> 7.2 s" for one that is at least that. */
#define LATENCY_TEXT_BYTES (UNITS_TEXT_BYTES + 4)
const char *latency_figure_text(const struct latency_figure *figure, char *text);
/* The same of a value by itself. */
const char *latency_text(double value_ns, bool at_least, char *text);

#endif
