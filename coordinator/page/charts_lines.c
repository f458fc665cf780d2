#include "charts_lines_inner.h"

#include "mono.h"

#include <string.h>

void line_chart_begin(struct chart *chart, const struct result *result, const struct line *line,
                      const char *unit, bool log, const char *group)
{
    chart_begin(chart, "time", unit, log, group);
    chart_phases(chart, line->trial);
    chart_marks(chart, result, line->trial);
}

void line_chart_x(struct chart *chart, const struct line *line)
{
    chart_table(chart);
    for (uint32_t i = 0; i < line->points_count; i++) {
        chart_value(chart, line->points[i].middle_s);
    }
}

/* Counts are of a bin as a whole: they are drawn as its level, not as a slope to the next one. */
void line_chart_bins(struct chart *chart, const struct line *line)
{
    line_chart_x(chart, line);
    chart_lengths(chart);
    for (uint32_t i = 0; i < line->points_count; i++) {
        chart_value(chart, line->points[i].length_s);
    }
    chart_incomplete(chart);
    for (uint32_t i = 0; i < line->points_count; i++) {
        if (!line->points[i].complete) {
            chart_value(chart, i);
        }
    }
}

/* Is it about this latency, and of this case? */
static bool limits(const struct result_objective *objective, const struct result_case *only,
                   const char *metric)
{
    bool of_case = objective->case_name[0] == '\0' || only == NULL ||
                   strcmp(objective->case_name, only->name) == 0;

    return of_case && strcmp(objective->unit, "ns") == 0 && objective->limit > 0.0 &&
           strncmp(objective->text, metric, strlen(metric)) == 0;
}

void line_chart_limits(struct chart *chart, const struct result *result,
                       const struct result_case *only, bool e2e)
{
    const char *metric = e2e ? "e2e." : "publish.";

    chart_limits(chart);
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *one = &result->objectives[i];
        bool told = false;

        for (uint32_t j = 0; j < i && !told; j++) {
            told = limits(&result->objectives[j], only, metric) &&
                   strcmp(result->objectives[j].text, one->text) == 0;
        }
        if (!told && limits(one, only, metric)) {
            chart_limit(chart, one->limit, one->text + strlen(metric));
        }
    }
}

/* As fast as possible asks for no rate. */
static bool in_max(const struct result_trial *trial, double at_s)
{
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *phase = &trial->phases[i];
        double from_s = (double)phase->start_ns / NS_PER_S;

        if (phase->is_max && at_s >= from_s &&
            at_s < from_s + (double)phase->duration_ns / NS_PER_S) {
            return true;
        }
    }
    return false;
}

void line_chart_series(struct chart *chart, const struct line *line, enum line_value value,
                       const char *label, const char *style)
{
    chart_series(chart, label, value == VALUE_ASKED ? CHART_NO_TARGET : line->colour, style);
    for (uint32_t i = 0; i < line->points_count; i++) {
        bool none = value == VALUE_ASKED && in_max(line->trial, line->points[i].middle_s);

        chart_value(chart, none ? CHART_NONE : line_value(&line->points[i], value));
    }
}
