#include "latency_figure.h"

#include <math.h>
#include <stdio.h>

/* A censored sample among a million moves a percentile by less than its bucket; nobody is served by
 * a "> " for that. */
#define TELLING_SHARE 1.01

/* Skipped messages would have been late, nobody knows how late. */
static bool is_among_skipped(const struct result_phase *phase, enum series series,
                             double percentile)
{
    bool response = series == SERIES_PUBLISH || series == SERIES_E2E;

    return response &&
           (double)phase->skipped > (1.0 - percentile / 100.0) * (double)phase->due * (1.0 + 1e-9);
}

struct latency_figure latency_figure_of(const struct hist *hist, double percentile)
{
    int64_t most_ns = hist_percentile_most(hist, percentile);
    struct latency_figure ret = {.value_ns = (double)hist_percentile(hist, percentile)};

    ret.most_ns = most_ns == HIST_UNBOUNDED ? (double)INFINITY : (double)most_ns;
    ret.at_least = ret.most_ns > ret.value_ns * TELLING_SHARE;
    return ret;
}

struct latency_figure latency_figure(const struct result_phase *phase, enum series series,
                                     double percentile)
{
    struct latency_figure ret = latency_figure_of(phase->latency[series], percentile);

    if (is_among_skipped(phase, series, percentile)) {
        ret.most_ns = (double)INFINITY;
        ret.at_least = true;
    }
    return ret;
}

struct latency_figure latency_figure_mean(const struct result_phase *phase, enum series series)
{
    const struct hist *hist = phase->latency[series];
    bool censored = hist_censored(hist) > 0;
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
