#include "charts_cases_inner.h"
#include "charts_inner.h"
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64  /* More values than that no axis has room for. */
#define LOG_FROM 20.0 /* Values that span more than this are told apart on a log axis only. */
#define LABEL_BYTES (NAME_BYTES + 32)
#define SETS_MAX 16 /* Combinations of the other keys that are drawn; the table has them all. */

/* The values that a chart over cases has on its axis. */
struct axis {
    const char *name;
    const char *unit;
    bool log;
    const char *names[NAMES_MAX];
    uint32_t names_count; /* 0: the values are numbers. */
};

static bool is_drawn(const struct result_case *result_case)
{
    return result_case->parameters_count > 0 && facts_has_figures(result_case);
}

static bool is_named(const struct axis *axis, const char *name)
{
    for (uint32_t i = 0; i < axis->names_count; i++) {
        if (strcmp(axis->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void name_value(struct axis *axis, const char *name)
{
    if (!is_named(axis, name) && axis->names_count < NAMES_MAX) {
        axis->names[axis->names_count++] = name;
    }
}

static double value_of(const struct axis *axis, const struct result_case *result_case)
{
    if (axis->names_count == 0) {
        return result_case->parameters[0].number;
    }
    for (uint32_t i = 0; i < axis->names_count; i++) {
        if (strcmp(axis->names[i], result_case->parameters[0].value) == 0) {
            return i;
        }
    }
    return CHART_NONE;
}

static bool ends_with(const char *text, const char *end)
{
    size_t text_bytes = strlen(text);
    size_t end_bytes = strlen(end);

    return text_bytes >= end_bytes && strcmp(text + text_bytes - end_bytes, end) == 0;
}

/* What the numbers of a key mean, as its written value tells: "4KiB", "20k/s", "10ms". */
static const char *unit_of(const struct result_parameter *parameter)
{
    if (strstr(parameter->key, "size") != NULL) {
        return "bytes";
    }
    if (ends_with(parameter->value, "/s")) {
        return "rate";
    }
    return parameter->value[0] != '\0' && ends_with(parameter->value, "s") ? "ns" : "count";
}

/* The first key that is swept has the axis. Do they differ in it alone? Of a sweep over several
 * keys each combination of the others has charts of its own, side by side. */
static bool is_same_set(const struct result_case *a, const struct result_case *b)
{
    bool same = a->parameters_count == b->parameters_count;

    for (uint32_t i = 1; same && i < a->parameters_count; i++) {
        same = strcmp(a->parameters[i].key, b->parameters[i].key) == 0 &&
               strcmp(a->parameters[i].value, b->parameters[i].value) == 0;
    }
    return same;
}

static bool begins_set(const struct result *result, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        if (is_drawn(&result->cases[i]) && is_same_set(&result->cases[i], &result->cases[number])) {
            return false;
        }
    }
    return is_drawn(&result->cases[number]);
}

/* false: there are not two values, or not all cases have the key. */
static bool find_axis(const struct result *result, struct axis *ret)
{
    struct axis axis = {0};
    bool numbers = true;
    double low = INFINITY;
    double high = 0.0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];
        const struct result_parameter *parameter = result_case->parameters;

        if (!is_drawn(result_case)) {
            continue;
        }
        if (axis.name != NULL && strcmp(axis.name, parameter->key) != 0) {
            return false;
        }
        axis.name = parameter->key;
        axis.unit = unit_of(parameter);
        numbers = numbers && isfinite(parameter->number);
        low = parameter->number < low ? parameter->number : low;
        high = parameter->number > high ? parameter->number : high;
        name_value(&axis, parameter->value);
    }
    if (axis.names_count < 2) {
        return false;
    }
    if (numbers) {
        axis.names_count = 0;
        axis.log = low > 0.0 && high / low >= LOG_FROM;
    }
    *ret = axis;
    return true;
}

static const struct result_figure *figure_of(const struct result_case *result_case,
                                             const char *phase, const char *const metrics[2])
{
    for (int i = 0; i < 2 && metrics[i] != NULL; i++) {
        const struct result_figure *figure = facts_figure(result_case, phase, metrics[i]);

        if (figure != NULL && figure->trials > 0 && isfinite(figure->median)) {
            return figure;
        }
    }
    return NULL;
}

/* Its cases, smallest value first: a line goes from left to right. Returns how many. */
static uint32_t cases_of_target(const struct result *result, const struct axis *axis,
                                const struct result_case *first,
                                const struct result_case *ret[NAMES_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->cases_count && count < NAMES_MAX; i++) {
        const struct result_case *result_case = &result->cases[i];
        uint32_t at = count;

        if (!is_drawn(result_case) || strcmp(result_case->target, first->target) != 0 ||
            strcmp(result_case->variant, first->variant) != 0 || !is_same_set(result_case, first)) {
            continue;
        }
        for (; at > 0 && value_of(axis, ret[at - 1]) > value_of(axis, result_case); at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = result_case;
        count++;
    }
    return count;
}

/* Low, then high: the interval of each value of the series before. */
static void add_bounds(struct chart *chart, const struct result_figure *const *figures,
                       uint32_t count, uint32_t colour)
{
    for (int high = 0; high < 2; high++) {
        chart_series(chart, high ? "high" : "low", colour, high ? "high" : "low");
        for (uint32_t i = 0; i < count; i++) {
            double bound = figures[i] == NULL ? CHART_NONE
                           : high             ? figures[i]->high
                                              : figures[i]->low;

            chart_value(chart, bound);
        }
    }
}

/* One metric of all cases of a target. */
struct line {
    const char *metrics[2]; /* The second one where the first is not there. */
    const char *style;
    const char *words;
};

static void add_target(struct chart *chart, const struct result *result,
                       const struct result_case *const *cases, uint32_t count, const char *phase,
                       const struct line *line)
{
    const struct result_figure *figures[NAMES_MAX];
    uint32_t colour = facts_colour(result, cases[0]);
    char label[2 * LABEL_BYTES];
    bool any = false;

    for (uint32_t i = 0; i < count; i++) {
        figures[i] = figure_of(cases[i], phase, line->metrics);
        any |= figures[i] != NULL;
    }
    if (!any) {
        return;
    }
    (void)snprintf(label, sizeof label, "%s%s%s %s", cases[0]->target,
                   cases[0]->variant[0] == '\0' ? "" : " ", cases[0]->variant, line->words);
    chart_series(chart, label, colour, line->style);
    for (uint32_t i = 0; i < count; i++) {
        chart_value(chart, figures[i] == NULL ? CHART_NONE : figures[i]->median);
    }
    add_bounds(chart, figures, count, colour);
}

/* Is it the first case of its target and variant? Then it begins their line. */
static bool begins_line(const struct result *result, uint32_t number)
{
    const struct result_case *result_case = &result->cases[number];

    for (uint32_t i = 0; i < number; i++) {
        if (is_drawn(&result->cases[i]) &&
            strcmp(result->cases[i].target, result_case->target) == 0 &&
            strcmp(result->cases[i].variant, result_case->variant) == 0 &&
            is_same_set(&result->cases[i], result_case)) {
            return false;
        }
    }
    return is_drawn(result_case);
}

/* A table has at least one line. */
static bool any_figure(const struct result_case *const *cases, uint32_t count, const char *phase,
                       const struct line *lines, size_t lines_count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (size_t j = 0; j < lines_count; j++) {
            if (figure_of(cases[i], phase, lines[j].metrics) != NULL) {
                return true;
            }
        }
    }
    return false;
}

/* What a chart is of. */
struct panel {
    const struct axis *axis;
    const struct result_case *first; /* Of the set of cases that it draws. */
    const char *phase;
    const struct line *lines;
    size_t lines_count;
    bool latency;
};

static const struct line latencies[] = {
    {{"e2e.p99", "e2e_service.p99"}, "solid", "e2e p99"},
    {{"e2e.p50", "e2e_service.p50"}, "dash", "e2e p50"},
    {{"publish.p99", "publish_service.p99"}, "dot", "publish p99"},
};

static const struct line rates[] = {{{"received_rate", "sent_rate"}, "solid", "rate"}};

/* "latency over message.size, topology.producers=2, steady: median and 95 % interval" */
static void add_caption(const struct panel *panel, struct text *out)
{
    text_addf(out, "%s over %s, ", panel->latency ? "latency" : "rate", panel->axis->name);
    for (uint32_t i = 1; i < panel->first->parameters_count; i++) {
        text_addf(out, "%s=%s, ", panel->first->parameters[i].key,
                  panel->first->parameters[i].value);
    }
    text_addf(out, "%s: median and 95 %% interval", panel->phase);
}

static void add_lines(const struct panel *panel, const struct result *result, struct chart *chart)
{
    const struct result_case *cases[NAMES_MAX];

    for (uint32_t i = 0; i < result->cases_count; i++) {
        uint32_t count;

        if (!begins_line(result, i) || !is_same_set(&result->cases[i], panel->first)) {
            continue;
        }
        count = cases_of_target(result, panel->axis, &result->cases[i], cases);
        if (!any_figure(cases, count, panel->phase, panel->lines, panel->lines_count)) {
            continue;
        }
        chart_table(chart);
        for (uint32_t j = 0; j < count; j++) {
            chart_value(chart, value_of(panel->axis, cases[j]));
        }
        for (size_t j = 0; j < panel->lines_count; j++) {
            add_target(chart, result, cases, count, panel->phase, &panel->lines[j]);
        }
    }
}

static void add_panel(const struct result *result, const struct panel *panel, struct document *doc)
{
    const struct axis *axis = panel->axis;
    struct text caption = {0};
    struct chart chart;

    chart_begin(&chart, "xy", panel->latency ? "ns" : "rate", panel->latency,
                panel->latency ? "sweep-ns" : "sweep-rate");
    chart_x(&chart, axis->name, axis->unit, axis->log, axis->names, axis->names_count);
    add_lines(panel, result, &chart);
    chart_end(&chart);
    add_caption(panel, &caption);
    doc->failed |= text_failed(&caption);
    doc_chart(doc, text_failed(&caption) ? "" : caption.bytes, &chart.json);
    text_done(&caption);
}

/* Some case of the set has one of the metrics: a chart of them is not empty. */
static bool has_figures(const struct result *result, const struct panel *panel)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];

        if (is_drawn(of) && is_same_set(of, panel->first) &&
            any_figure(&of, 1, panel->phase, panel->lines, panel->lines_count)) {
            return true;
        }
    }
    return false;
}

/* The latencies of the set in each measured phase, or its rates. */
static void add_set(const struct result *result, const struct axis *axis,
                    const struct result_case *first, bool latency, struct document *doc)
{
    struct panel panel = {.axis = axis,
                          .first = first,
                          .lines = latency ? latencies : rates,
                          .lines_count = latency ? sizeof latencies / sizeof latencies[0] : 1,
                          .latency = latency};
    const struct result_phase *phase = NULL;

    while ((phase = facts_measured_next(first, phase)) != NULL) {
        panel.phase = phase->name;
        if (has_figures(result, &panel)) {
            add_panel(result, &panel, doc);
        }
    }
}

void charts_sweep(const struct result *result, struct document *doc)
{
    const struct result_case *sets[SETS_MAX];
    uint32_t sets_count = 0;
    uint32_t left = 0;
    struct axis axis;

    if (!find_axis(result, &axis)) {
        return;
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (!begins_set(result, i)) {
            continue;
        }
        if (sets_count < SETS_MAX) {
            sets[sets_count++] = &result->cases[i];
        } else {
            left++;
        }
    }
    /* What is to be compared stands side by side. */
    for (int latency = 1; latency >= 0; latency--) {
        for (uint32_t i = 0; i < sets_count; i++) {
            add_set(result, &axis, sets[i], latency == 1, doc);
        }
    }
    if (left > 0) {
        doc_paragraph(doc, DOC_MUTED,
                      "%u more %s of the other keys %s not drawn; the table has %s.", left,
                      left == 1 ? "combination" : "combinations", left == 1 ? "is" : "are",
                      left == 1 ? "it" : "them");
    }
}
