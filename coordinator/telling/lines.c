#include "lines.h"

#include "facts.h"
#include "invariant.h"
#include "mono.h"

#include <stdlib.h>
#include <string.h>

void lines_done(struct lines *lines)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        free(lines->list[i].points);
    }
    free(lines->list);
}

static void thin_trial(struct line *line, uint32_t factor, struct lines *lines)
{
    const struct result_trial *trial = line->trial;
    uint32_t first = 0;

    ASSERT(trial != NULL);
    line->points = calloc((size_t)thin_seconds(trial) / factor + 1, sizeof *line->points);
    if (line->points == NULL) {
        lines->failed = true;
        return;
    }
    while (first < trial->intervals_count) {
        struct thin_point *point = &line->points[line->points_count++];
        uint32_t count =
            thin_group(trial->intervals + first, trial->intervals_count - first, factor);

        *point = thin_merge(trial->intervals + first, count);
        line->any_latency |= point->e2e.samples > 0;
        line->any_publish |= point->publish.samples > 0;
        first += count;
    }
}

bool lines_drawn(const struct result *result, uint32_t number)
{
    uint32_t before = 0;
    uint32_t all = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (facts_trial(&result->cases[i]) != NULL) {
            before += i < number ? 1 : 0;
            all++;
        }
    }
    if (facts_trial(&result->cases[number]) == NULL || all <= LINES_MAX) {
        return facts_trial(&result->cases[number]) != NULL;
    }
    /* The first of each of LINES_MAX equal parts. */
    return before == 0 || before * LINES_MAX / all != (before - 1) * LINES_MAX / all;
}

/* Whole seconds and the one in which draining ends. */
#define INTERVALS_MIN 3

bool lines_last(const struct result_trial *trial)
{
    return trial->intervals_count >= INTERVALS_MIN;
}

static const struct result_trial *trial_of(const struct result_case *of, uint32_t number)
{
    bool there = number > 0 && number <= of->trials_count && lines_last(&of->trials[number - 1]);

    return there ? &of->trials[number - 1] : facts_trial(of);
}

void lines_find(const struct result *result, uint32_t number, uint32_t points_max,
                struct lines *lines)
{
    uint32_t seconds_max = 0;
    uint32_t factor;

    memset(lines, 0, sizeof *lines);
    lines->list = calloc(result->cases_count + 1, sizeof *lines->list);
    if (lines->list == NULL) {
        lines->failed = true;
        return;
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_trial *trial = trial_of(&result->cases[i], number);

        if (!lines_drawn(result, i) || !lines_last(trial)) {
            continue;
        }
        lines->list[lines->count++] =
            (struct line){.result_case = &result->cases[i],
                          .trial = trial,
                          .colour = facts_colour(result, &result->cases[i])};
        seconds_max = thin_seconds(trial) > seconds_max ? thin_seconds(trial) : seconds_max;
    }
    /* One factor for all, so that their points stand above each other. */
    factor = thin_factor(seconds_max, points_max);
    lines->step_s = factor * ((double)INTERVAL_NS / NS_PER_S);
    for (uint32_t i = 0; i < lines->count && !lines->failed; i++) {
        thin_trial(&lines->list[i], factor, lines);
    }
}

static double per_s(uint64_t count, const struct thin_point *point)
{
    return point->length_s > 0.0 ? (double)count / point->length_s : LINE_NONE;
}

static double latency(const struct thin_latency *of, enum line_value value)
{
    if (of->samples == 0) {
        return LINE_NONE;
    }
    switch (value) {
    case VALUE_E2E_P50:
    case VALUE_PUBLISH_P50:
        return of->p50_ns;
    case VALUE_E2E_P99:
    case VALUE_PUBLISH_P99:
        return (double)of->p99_ns;
    default:
        return (double)of->max_ns;
    }
}

double line_value(const struct thin_point *point, enum line_value value)
{
    switch (value) {
    case VALUE_ASKED:
        return per_s(point->due, point);
    case VALUE_SENT:
        return per_s(point->sent, point);
    case VALUE_ACKED:
        return per_s(point->acked, point);
    case VALUE_RECEIVED:
        return per_s(point->received, point);
    case VALUE_FAILED:
        return per_s(point->failed, point);
    case VALUE_BACKLOG:
        return (double)point->backlog_max;
    case VALUE_E2E_P50:
    case VALUE_E2E_P99:
    case VALUE_E2E_MAX:
        return latency(&point->e2e, value);
    default:
        return latency(&point->publish, value);
    }
}

double line_max(const struct line *line, enum line_value value, double *at_s)
{
    double max = LINE_NONE;

    for (uint32_t i = 0; i < line->points_count; i++) {
        double one = line_value(&line->points[i], value);

        if (!isnan(one) && (isnan(max) || one > max)) {
            max = one;
            *at_s = line->points[i].middle_s;
        }
    }
    return max;
}

const struct line *lines_highest(const struct lines *lines, enum line_value value, double *highest,
                                 double *at_s)
{
    const struct line *found = NULL;

    *highest = 0.0;
    for (uint32_t i = 0; i < lines->count; i++) {
        double line_at_s = 0.0;
        double max = line_max(&lines->list[i], value, &line_at_s);

        if (!isnan(max) && max > *highest) {
            *highest = max;
            *at_s = line_at_s;
            found = &lines->list[i];
        }
    }
    return found;
}
