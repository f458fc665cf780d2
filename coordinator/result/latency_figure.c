#include "latency_figure.h"

#include <math.h>
#include <stdio.h>

/* A censored sample among a million moves a percentile by less than its bucket; nobody is served by
 * a "> " for that. */
#define TELLING_SHARE 1.01

static bool lacks_skipped(const struct result_phase *phase, enum series series)
{
    return phase->skipped > 0 && (series == SERIES_PUBLISH || series == SERIES_E2E);
}

/* Skipped messages would have been late, nobody knows how late. Were they later than all others, a
 * percentile of what was due would be a higher one of what was sent; beyond 100 it is among them.
 */
static double percentile_of_sent(const struct result_phase *phase, enum series series,
                                 double percentile)
{
    double due = (double)phase->due;
    double sent = due - (double)phase->skipped;

    if (!lacks_skipped(phase, series)) {
        return percentile;
    }
    return sent > 0.0 ? fmax(percentile, percentile * due / sent / (1.0 + 1e-9)) : (double)INFINITY;
}

static double most_ns(const struct hist *hist, double percentile)
{
    int64_t ns = percentile > 100.0 ? HIST_UNBOUNDED : hist_percentile_most(hist, percentile);

    return ns == HIST_UNBOUNDED ? (double)INFINITY : (double)ns;
}

static struct latency_figure figure_of(const struct hist *hist, double percentile, double at_most)
{
    struct latency_figure ret = {.value_ns = (double)hist_percentile(hist, percentile),
                                 .most_ns = most_ns(hist, at_most)};

    ret.at_least = ret.most_ns > ret.value_ns * TELLING_SHARE;
    return ret;
}

struct latency_figure latency_figure_of(const struct hist *hist, double percentile)
{
    return figure_of(hist, percentile, percentile);
}

struct latency_figure latency_figure(const struct result_phase *phase, enum series series,
                                     double percentile)
{
    return figure_of(phase->latency[series], percentile,
                     percentile_of_sent(phase, series, percentile));
}

struct latency_figure latency_figure_mean(const struct result_phase *phase, enum series series)
{
    const struct hist *hist = phase->latency[series];
    /* One that is as late as can be moves a mean without end. */
    bool censored = hist_censored(hist) > 0 || lacks_skipped(phase, series);
    double mean_ns = hist_mean(hist);

    return (struct latency_figure){.value_ns = mean_ns,
                                   .at_least = censored,
                                   .most_ns = censored ? (double)INFINITY : mean_ns};
}

const char *latency_text(double value_ns, bool at_least, char *text)
{
    char value[UNITS_TEXT_BYTES];

    (void)snprintf(text, LATENCY_TEXT_BYTES, "%s%s", at_least ? "> " : "",
                   units_format_ns(value_ns, value));
    return text;
}

const char *latency_figure_text(const struct latency_figure *figure, char *text)
{
    return latency_text(figure->value_ns, figure->at_least, text);
}
