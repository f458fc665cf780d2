#include "metric_value.h"

#include "invariant.h"
#include "latency_figure.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct metric_value missing(const char *why)
{
    return (struct metric_value){.missing = why};
}

static struct metric_value latency(const struct metric *metric, const struct result_phase *phase)
{
    const struct hist *hist = phase->latency[metric->series];
    uint64_t count = hist == NULL ? 0 : hist_count(hist);
    struct metric_value ret = {.samples = count};
    struct latency_figure figure;

    if (count == 0) {
        return missing("there are no samples");
    }
    /* Ten samples beyond a percentile: one of fewer is one of them by chance. */
    if (metric->stat == STAT_PERCENTILE &&
        (double)count * (100.0 - metric->percentile) < 1000.0 * (1.0 - 1e-9)) {
        ret.missing = "there are too few samples for this percentile (p99 needs 1,000)";
        return ret;
    }
    figure = metric->stat == STAT_MEAN
                 ? latency_figure_mean(phase, metric->series)
                 : latency_figure(phase, metric->series,
                                  metric->stat == STAT_MIN   ? 0.0
                                  : metric->stat == STAT_MAX ? 100.0
                                                             : metric->percentile);
    ret.value = figure.value_ns;
    ret.at_least = figure.at_least;
    ret.most = figure.most_ns;
    return ret;
}

bool metric_holds(const struct objective *objective, double value, double most)
{
    bool limits_above = objective->relation == RELATION_LESS ||
                        objective->relation == RELATION_LESS_OR_EQUAL ||
                        objective->relation == RELATION_EQUAL;

    return objective_holds(objective, value) && (!limits_above || objective_holds(objective, most));
}

/* Messages that a figure is of. A run that only consumes sends nothing. */
static uint64_t moved(const struct result_delivery *delivery)
{
    return delivery->received > delivery->sent ? delivery->received : delivery->sent;
}

/* What can only happen to a message that was sent says nothing where none was. */
static uint64_t count_samples(enum metric_which which, const struct result_delivery *delivery)
{
    switch (which) {
    case WHICH_DUPLICATED:
    case WHICH_REORDERED:
    case WHICH_CORRUPTED:
    case WHICH_ERRORS:
        return moved(delivery);
    default:
        return delivery->sent;
    }
}

static struct metric_value rate(enum metric_which which, const struct result_phase *phase)
{
    struct metric_value ret = {.samples = moved(&phase->delivery)};

    if (phase->duration_ns <= 0) {
        return missing("the phase lasted no time");
    }
    if (!result_phase_has_rates(phase)) {
        return missing("the phase sent nothing and took less than a second");
    }
    ret.value = which == WHICH_SENT    ? phase->sent_per_s
                : which == WHICH_ACKED ? phase->acked_per_s
                                       : phase->received_per_s;
    return ret;
}

/* At the ends of the rows of the phase. */
static struct metric_value backlog(const struct metric *metric, const struct result_trial *trial,
                                   const struct result_phase *phase)
{
    struct metric_value ret = {.missing = "the backlog was known at no time in the phase "
                                          "(after an hour of a trial it is every 10 s)"};

    if (phase->flow[0] != '\0') {
        return missing("the backlog is known for all flows together");
    }
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];
        int64_t end_ns = interval->start_ns + result_interval_ns(interval);
        double value = (double)interval->backlog;

        if (end_ns <= phase->start_ns || end_ns > phase->start_ns + phase->duration_ns) {
            continue;
        }
        ret.missing = NULL;
        ret.samples++;
        ret.value = metric->stat == STAT_END ? value : fmax(ret.value, value);
    }
    return ret;
}

/* An outage that did not end lasts until the phase does. */
static struct metric_value outage(const struct result_trial *trial,
                                  const struct result_phase *phase)
{
    int64_t end_ns = phase->start_ns + phase->duration_ns;
    struct metric_value ret = {.samples = 1};

    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *one = &trial->outages[i];
        int64_t up_ns = one->up_ns < one->down_ns ? end_ns : one->up_ns;

        if (one->down_ns < end_ns && up_ns > phase->start_ns) {
            ret.value = fmax(ret.value, (double)(up_ns - one->down_ns));
        }
    }
    return ret;
}

static struct metric_value value_of(const struct metric *metric, const struct result_trial *trial,
                                    const struct result_phase *phase)
{
    if (metric->needs_schedule && phase->is_max) {
        return missing("a load as fast as possible has no schedule");
    }
    switch (metric->kind) {
    case METRIC_LATENCY:
        return latency(metric, phase);
    case METRIC_COUNT:
        return (struct metric_value){.value = (double)record_counter(
                                         &result_delivery_record, &phase->delivery, metric->name),
                                     .samples = count_samples(metric->which, &phase->delivery)};
    case METRIC_RATE:
        return rate(metric->which, phase);
    case METRIC_ATTAINED:
        return phase->due == 0 ? missing("nothing was asked")
                               : (struct metric_value){.value = (double)phase->sent_in_time /
                                                                (double)phase->due,
                                                       .samples = phase->due};
    case METRIC_BACKLOG:
        return backlog(metric, trial, phase);
    case METRIC_OUTAGE:
        return outage(trial, phase);
    }
    return missing("");
}

struct metric_value metric_value(const struct metric *metric, const struct result_trial *trial,
                                 const struct result_phase *phase)
{
    struct metric_value ret = value_of(metric, trial, phase);

    if (metric->kind != METRIC_LATENCY) {
        ret.most = ret.value; /* Counts and rates are what they are. */
    }
    return ret;
}

struct metric_value metric_over_trial(const struct metric *metric, const struct result_trial *trial,
                                      const char *phase, const char *flow)
{
    struct metric_value ret = missing("the trial has no such phase");
    bool is_count = metric->kind == METRIC_COUNT;

    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *one = &trial->phases[i];
        struct metric_value value;

        if (strcmp(one->flow, flow) != 0 ||
            (phase[0] != '\0' ? strcmp(one->name, phase) != 0 : !is_count && !one->measured)) {
            continue;
        }
        value = metric_value(metric, trial, one);
        if (!is_count) {
            return value;
        }
        ret.value += value.value;
        ret.most += value.most;
        ret.samples += value.samples;
        ret.missing = NULL;
    }
    return ret;
}

/* Times are spread over decades: an interval of their sum would reach below 0. Of few trials none
 * that could be told holds what it says, so those are told from end to end. */
static struct stats_interval interval_of(const struct metric *metric, const double *values,
                                         uint32_t n)
{
    double lowest = INFINITY;
    double highest = 0.0;
    struct stats_interval ret;

    if (n < 2 || strcmp(metric->unit, "ns") != 0) {
        ret = stats_t_interval(values, n);
        ret.low = ret.low < 0.0 ? 0.0 : ret.low; /* No metric is. */
        return ret;
    }
    for (uint32_t i = 0; i < n; i++) {
        lowest = fmin(lowest, values[i]);
        highest = fmax(highest, values[i]);
    }
    return n < INTERVAL_TRIALS_MIN || lowest <= 0.0 ? (struct stats_interval){lowest, highest}
                                                    : stats_log_interval(values, n);
}

/* One metric of one phase row over all trials; adds nothing where no trial has it. */
static void add_figure(struct result_case *of, uint32_t phase, const struct metric *metric,
                       double *values, double *most)
{
    struct result_figure *figure = &of->figures[of->figures_count];
    struct stats_interval interval;
    uint32_t n = 0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        const struct result_trial *trial = &of->trials[t];
        struct metric_value value;

        if (phase >= trial->phases_count) {
            continue;
        }
        value = metric_value(metric, trial, &trial->phases[phase]);
        if (value.missing == NULL) {
            figure->at_least = figure->at_least || value.at_least;
            most[n] = value.most;
            values[n++] = value.value;
        }
    }
    if (n == 0) {
        return;
    }
    of->figures_count++;
    memcpy(figure->phase, of->phases[phase].name, sizeof figure->phase);
    memcpy(figure->flow, of->phases[phase].flow, sizeof figure->flow);
    memcpy(figure->metric, metric->name, sizeof figure->metric);
    (void)snprintf(figure->unit, sizeof figure->unit, "%s", metric->unit);
    interval = interval_of(metric, values, n);
    figure->trials = n;
    figure->mean = stats_mean(values, n);
    figure->low = interval.low;
    figure->high = interval.high;
    figure->median = stats_median(values, n); /* Sorts them. */
    figure->median_at_least = figure->at_least && stats_median(most, n) > figure->median;
    figure->min = values[0];
    figure->max = values[n - 1];
}

int metric_figures(struct result_case *of, struct errinfo *reterr)
{
    double *values = calloc(2 * ((size_t)of->trials_count + 1), sizeof *values);
    size_t metrics_count = 0;

    while (metric_standard[metrics_count] != NULL) {
        metrics_count++;
    }
    of->figures = calloc(of->phases_count * metrics_count + 1, sizeof *of->figures);
    if (values == NULL || of->figures == NULL) {
        free(values);
        return errinfo_nomem(reterr);
    }
    for (uint32_t phase = 0; phase < of->phases_count; phase++) {
        for (size_t m = 0; of->phases[phase].measured && m < metrics_count; m++) {
            struct metric metric;
            int r = metric_parse(metric_standard[m], &metric, NULL);

            ASSERT(r == 0);
            add_figure(of, phase, &metric, values, values + of->trials_count + 1);
        }
    }
    free(values);
    return 0;
}
