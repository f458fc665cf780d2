#include "facts.h"

#include "latency_figure.h"
#include "mono.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const struct result_phase *facts_phase_next(const struct result_case *result_case,
                                            const struct result_phase *after)
{
    uint32_t i = after == NULL ? 0 : (uint32_t)(after - result_case->phases) + 1;

    for (; i < result_case->phases_count; i++) {
        if (result_case->phases[i].flow[0] == '\0') {
            return &result_case->phases[i];
        }
    }
    return NULL;
}

const struct result_phase *facts_measured_next(const struct result_case *result_case,
                                               const struct result_phase *after)
{
    do {
        after = facts_phase_next(result_case, after);
    } while (after != NULL && (!after->measured || after->duration_ns <= 0));
    return after;
}

uint32_t facts_measured_count(const struct result_case *result_case)
{
    const struct result_phase *phase = NULL;
    uint32_t count = 0;

    while ((phase = facts_measured_next(result_case, phase)) != NULL) {
        count++;
    }
    return count;
}

bool facts_has_figures(const struct result_case *result_case)
{
    return result_case->status != CASE_SKIPPED && result_case->status != CASE_NOT_AVAILABLE &&
           facts_phase_next(result_case, NULL) != NULL;
}

bool facts_has_flows(const struct result_case *result_case)
{
    for (uint32_t i = 0; i < result_case->phases_count; i++) {
        if (result_case->phases[i].flow[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* Above what Poisson arrivals bring about by chance. */
#define PEAK_RATIO_MIN 1.25

bool facts_has_peak(const struct result_phase *phase)
{
    return !phase->is_max && phase->asked_per_s > 0.0 &&
           phase->asked_peak_per_s >= PEAK_RATIO_MIN * phase->asked_per_s;
}

void facts_delivery_add(struct result_delivery *delivery, const struct result_delivery *from)
{
    record_add(&result_delivery_record, delivery, from);
}

void facts_delivery(const struct result_case *result_case, struct result_delivery *ret)
{
    const struct result_phase *phase = NULL;

    memset(ret, 0, sizeof *ret);
    while ((phase = facts_phase_next(result_case, phase)) != NULL) {
        facts_delivery_add(ret, &phase->delivery);
    }
}

/* Does it ask for what the case is told by? A search's trials ask for one rate after the other. */
static bool asks_the_same(const struct result_case *result_case, const struct result_trial *trial)
{
    const struct result_phase *of_case = facts_measured_next(result_case, NULL);

    for (uint32_t i = 0; i < trial->phases_count && of_case != NULL; i++) {
        const struct result_phase *phase = &trial->phases[i];

        if (phase->measured && phase->flow[0] == '\0') {
            return fabs(phase->asked_per_s - of_case->asked_per_s) <= 0.001 * phase->asked_per_s;
        }
    }
    return true;
}

const struct result_trial *facts_trial(const struct result_case *result_case)
{
    const struct result_trial *first = NULL;

    for (uint32_t i = 0; i < result_case->trials_count; i++) {
        const struct result_trial *trial = &result_case->trials[i];

        if (trial->intervals_count == 0) {
            continue;
        }
        if (asks_the_same(result_case, trial)) {
            return trial;
        }
        first = first == NULL ? trial : first;
    }
    return first;
}

uint32_t facts_colour(const struct result *result, const struct result_case *result_case)
{
    uint32_t colour = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        bool seen_before = false;

        if (strcmp(result->cases[i].target, result_case->target) == 0) {
            break;
        }
        for (uint32_t j = 0; j < i && !seen_before; j++) {
            seen_before = strcmp(result->cases[j].target, result->cases[i].target) == 0;
        }
        colour += seen_before ? 0 : 1;
    }
    return colour;
}

bool facts_reached(const struct result_phase *phase)
{
    return phase->due == 0 || (double)phase->sent_in_time >= 0.99 * (double)phase->due;
}

const struct hist *facts_latency(const struct result_phase *phase, enum series response,
                                 bool *service)
{
    enum series other = response == SERIES_E2E ? SERIES_E2E_SERVICE : SERIES_PUBLISH_SERVICE;
    const struct hist *hist = phase->is_max ? NULL : phase->latency[response];

    *service = false;
    if (hist != NULL && hist_count(hist) > 0) {
        return hist;
    }
    hist = phase->latency[other];
    *service = hist != NULL && hist_count(hist) > 0;
    return *service ? hist : NULL;
}

bool facts_percentile_holds(const struct hist *hist, double percentile)
{
    double above = 1.0 - percentile / 100.0;

    return above <= 0.0 || (double)hist_count(hist) * above >= 9.9999999;
}

const char *facts_count(uint64_t count, char *text)
{
    return units_format_whole(count, text);
}

const char *facts_time(int64_t unix_ns, char *text)
{
    time_t seconds = (time_t)(unix_ns / NS_PER_S);
    struct tm utc;

    text[0] = '\0';
    if (unix_ns != 0 && gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(text, FACTS_TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &utc);
    }
    return text;
}

const char *facts_offset(int64_t offset_ns, char *text)
{
    char span[UNITS_TEXT_BYTES];
    double s = (double)offset_ns / NS_PER_S;

    if (fabs(s) < 60.0) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%+.1f s", s);
    } else {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%s%s", offset_ns < 0 ? "-" : "+",
                       units_format_duration(offset_ns < 0 ? -offset_ns : offset_ns, span));
    }
    return text;
}

const char *facts_value(double value, const char *unit, char *text)
{
    if (!isfinite(value)) {
        (void)snprintf(text, FACTS_TEXT_BYTES, "not a number");
    } else if (strcmp(unit, "ns") == 0) {
        return units_format_ns(value, text);
    } else if (strcmp(unit, "/s") == 0) {
        return units_format_rate(value, text);
    } else if (strcmp(unit, "messages") == 0 && value >= 0.0 && value < 1e18 &&
               value == floor(value)) {
        return facts_count((uint64_t)value, text);
    } else {
        (void)snprintf(text, FACTS_TEXT_BYTES, "%.4g%s", value, strcmp(unit, "%") == 0 ? " %" : "");
    }
    return text;
}

const char *facts_observed(const struct result_objective *objective, char *text)
{
    bool is_share = objective->unit[0] == '\0' && strchr(objective->text, '%') != NULL;

    if (objective->at_least) {
        return latency_text(objective->observed, true, text);
    }
    return is_share ? facts_value(objective->observed * 100.0, "%", text)
                    : facts_value(objective->observed, objective->unit, text);
}
