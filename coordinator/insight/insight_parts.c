#include "insight_inner.h"

#include "invariant.h"
#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the halves of a phase may differ by in what was asked: more is a ramp, or a curve. */
#define LOAD_CHANGE_MAX 0.05

struct result_insight *insight_new(struct insights *insights, const char *case_name, double weight)
{
    struct weighed_insight *item = &insights->spare;

    if (insights->count == insights->capacity) {
        uint32_t capacity = insights->capacity == 0 ? 16 : insights->capacity * 2;
        struct weighed_insight *grown = realloc(insights->items, capacity * sizeof *grown);

        insights->out_of_memory = insights->out_of_memory || grown == NULL;
        if (grown != NULL) {
            insights->items = grown;
            insights->capacity = capacity;
        }
    }
    if (insights->count < insights->capacity) {
        item = &insights->items[insights->count++];
    }
    memset(item, 0, sizeof *item);
    item->weight = weight;
    (void)snprintf(item->insight.rule, sizeof item->insight.rule, "%s", insights->rule);
    (void)snprintf(item->insight.case_name, sizeof item->insight.case_name, "%s", case_name);
    return &item->insight;
}

void insight_say(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    /* The analyzer does not know that va_start() sets args. */
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    if (ERRINFO_BYTES - used >= TEXT_FIT_BYTES_MIN) {
        (void)text_fit_args(text + used, ERRINFO_BYTES - used, format, args);
    }
    va_end(args);
}

void insight_figure(struct result_insight *insight, const char *name, double value,
                    const char *unit)
{
    struct insight_figure *figure = &insight->figures[insight->figures_count];

    ASSERT(insight->figures_count < INSIGHT_FIGURES_MAX);
    insight->figures_count++;
    (void)snprintf(figure->name, sizeof figure->name, "%s", name);
    (void)snprintf(figure->unit, sizeof figure->unit, "%s", unit);
    figure->value = value;
}

void insight_place(struct result_insight *insight, const struct result_case *of, const char *phase,
                   const char *flow)
{
    insight_say(insight->text, "%s, %s%s%s: ", of->name, phase, flow[0] == '\0' ? "" : ", flow ",
                flow);
}

static bool has_flow_rows(const struct result_case *of)
{
    for (uint32_t i = 0; i < of->phases_count; i++) {
        if (of->phases[i].flow[0] != '\0') {
            return true;
        }
    }
    return false;
}

bool insight_row(const struct result_case *of, const struct result_phase *phase)
{
    return phase->measured && (phase->flow[0] != '\0') == has_flow_rows(of);
}

bool insight_whole_row(const struct result_phase *phase)
{
    return phase->measured && phase->flow[0] == '\0';
}

bool insight_within(const struct result_interval *interval, const struct result_phase *phase)
{
    return interval->complete && interval->start_ns >= phase->start_ns + INTERVAL_NS &&
           interval->start_ns + result_interval_ns(interval) <=
               phase->start_ns + phase->duration_ns;
}

bool insight_row_within(const struct result_trial *trial, const struct result_agent_interval *row,
                        const struct result_phase *phase)
{
    uint32_t of = snapshot_row(row->index);

    return of < trial->intervals_count && insight_within(&trial->intervals[of], phase);
}

bool insight_is_steady(const struct result_trial *trial, const struct result_phase *phase)
{
    double sums[2] = {0.0, 0.0};
    double seconds[2] = {0.0, 0.0};

    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        const struct result_interval *interval = &trial->intervals[i];
        int half = interval->start_ns - phase->start_ns < phase->duration_ns / 2 ? 0 : 1;

        if (insight_within(interval, phase)) {
            sums[half] += (double)interval->due;
            seconds[half] += interval->length_s;
        }
    }
    return sums[0] > 0.0 && sums[1] > 0.0 &&
           fabs(sums[1] / seconds[1] * seconds[0] / sums[0] - 1.0) <= LOAD_CHANGE_MAX;
}

static double blocked_of_trial(const struct result_trial *trial, const struct result_phase *phase)
{
    double blocked_s = 0.0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (insight_row_within(trial, row, phase) &&
            trial->intervals[snapshot_row(row->index)].clients_down == 0) {
            blocked_s += (double)row->blocked_ns / 1e9;
        }
    }
    return blocked_s;
}

double insight_blocked_s(const struct result_case *of, uint32_t phase)
{
    double blocked_s = 0.0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        if (phase < of->trials[t].phases_count) {
            blocked_s += blocked_of_trial(&of->trials[t], &of->trials[t].phases[phase]);
        }
    }
    return blocked_s;
}

double insight_percentile(const struct result_phase *phase, enum series series, double percentile)
{
    return (double)hist_percentile(phase->latency[series], percentile);
}
