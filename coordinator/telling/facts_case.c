#include "facts.h"

#include "latency_figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct result_case *facts_case(const struct result *result, const char *name)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (strcmp(result->cases[i].name, name) == 0) {
            return &result->cases[i];
        }
    }
    return NULL;
}

const char *facts_which_trial(const struct result_case *result_case,
                              const struct result_trial *trial, char *text)
{
    text[0] = '\0';
    if (result_case->trials_count > 1) {
        (void)snprintf(text, FACTS_TEXT_BYTES, ", trial %u of %u",
                       (uint32_t)(trial - result_case->trials) + 1, result_case->trials_count);
    }
    return text;
}

const char *facts_trial_name(const struct result_case *result_case,
                             const struct result_trial *trial, char *text)
{
    if (result_case->trials_count > 1) {
        (void)snprintf(text, FACTS_TRIAL_BYTES, "%s, trial %u", result_case->name,
                       (uint32_t)(trial - result_case->trials) + 1);
    } else {
        (void)snprintf(text, FACTS_TRIAL_BYTES, "%s", result_case->name);
    }
    return text;
}

const char *facts_check_value(const struct result_check *check, double value, char *text)
{
    if (isnan(value)) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%s", "–");
        return text;
    }
    if (check->unit[0] == '\0' && check->limit > 0.0 && check->limit <= 1.0) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%.3g %%", value * 100.0);
        return text;
    }
    return facts_measure(value, check->unit, text);
}

bool facts_shares_target(const struct result *result, const struct result_case *result_case)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (&result->cases[i] != result_case &&
            strcmp(result->cases[i].target, result_case->target) == 0) {
            return true;
        }
    }
    return false;
}

const char *facts_label(const struct result *result, const struct result_case *result_case)
{
    return facts_shares_target(result, result_case) ? result_case->name : result_case->target;
}

const struct result_figure *facts_figure(const struct result_case *result_case, const char *phase,
                                         const char *metric)
{
    for (uint32_t i = 0; i < result_case->figures_count; i++) {
        const struct result_figure *figure = &result_case->figures[i];

        if (figure->flow[0] == '\0' && strcmp(figure->phase, phase) == 0 &&
            strcmp(figure->metric, metric) == 0) {
            return figure;
        }
    }
    return NULL;
}

/* The figure of the case's trials, where there are several. */
static const struct result_figure *figure_of(const struct result_case *result_case,
                                             const struct result_phase *phase, enum series series,
                                             double percentile)
{
    char metric[METRIC_BYTES];

    if (result_case->trials_count < 2) {
        return NULL;
    }
    if (percentile >= 100.0) {
        (void)snprintf(metric, sizeof metric, "%s.max", series_name(series));
    } else {
        (void)snprintf(metric, sizeof metric, "%s.p%.4g", series_name(series), percentile);
    }
    return facts_figure(result_case, phase->name, metric);
}

struct facts_shown facts_shown(const struct result_case *result_case,
                               const struct result_phase *phase, enum series response,
                               double percentile)
{
    struct facts_shown shown = {.any = false};
    const struct hist *hist = facts_latency(phase, response, &shown.service);
    enum series series = !shown.service           ? response
                         : response == SERIES_E2E ? SERIES_E2E_SERVICE
                                                  : SERIES_PUBLISH_SERVICE;
    const struct result_figure *figure;
    struct latency_figure merged;

    if (hist == NULL) {
        return shown;
    }
    shown.any = true;
    figure = figure_of(result_case, phase, series, percentile);
    if (figure != NULL) {
        shown.value_ns = figure->median;
        shown.at_least = figure->median_at_least;
        return shown;
    }
    merged = latency_figure(phase, series, percentile);
    shown.value_ns = merged.value_ns;
    shown.at_least = merged.at_least;
    shown.few = percentile < 100.0 && !facts_percentile_holds(hist, percentile);
    return shown;
}

bool facts_has_trials(const struct result *result)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (result->cases[i].trials_count > 1) {
            return true;
        }
    }
    return false;
}

const char *facts_interval(const struct result_figure *figure, char *text)
{
    char median[FACTS_TEXT_BYTES];
    char low[FACTS_TEXT_BYTES];
    char high[FACTS_TEXT_BYTES];
    const char *bound = figure->median_at_least ? "> " : "";

    facts_measure(figure->median, figure->unit, median);
    if (!isfinite(figure->low) || !isfinite(figure->high)) {
        (void)snprintf(text, REASON_BYTES, "%s%s", bound, median);
        return text;
    }
    /* Few trials that differ give an interval below zero, where nothing can be. */
    facts_measure(figure->low < 0.0 ? 0.0 : figure->low, figure->unit, low);
    facts_measure(figure->high, figure->unit, high);
    (void)snprintf(text, REASON_BYTES, "%s%s (%s to %s)", bound, median, low, high);
    return text;
}

const char *facts_times(double ratio, char *text)
{
    if (ratio >= FACTS_TIMES_MOST) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "over %.0f", FACTS_TIMES_MOST);
    } else {
        (void)snprintf(text, FACTS_TEXT_BYTES, fabs(ratio) < 9.95 ? "%.2g" : "%.0f", ratio);
    }
    return text;
}

const char *facts_change(double ratio, char *text)
{
    double percent = (ratio - 1.0) * 100.0;
    char times[FACTS_TEXT_BYTES];

    if (!isfinite(percent)) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "–");
    } else if (ratio >= FACTS_TIMES_FROM) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%.20s times", facts_times(ratio, times));
    } else {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%+.1f %%", percent);
    }
    return text;
}

const char *facts_measure(double value, const char *unit, char *text)
{
    if (!isfinite(value)) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "–");
        return text;
    }
    if (strcmp(unit, "bytes") == 0) {
        return units_format_bytes(value, text);
    }
    facts_value(value, unit, text);
    if (unit[0] != '\0' && strcmp(unit, "ns") != 0 && strcmp(unit, "/s") != 0 &&
        strcmp(unit, "%") != 0) {
        size_t used = strlen(text);

        (void)snprintf(text + used, FACTS_TEXT_BYTES - used, " %s", unit);
    }
    return text;
}
