#include "charts_cases.h"

#include "charts.h"
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 64  /* More values than that no axis has room for. */
#define LOG_FROM 20.0 /* Values that span more than this are told apart on a log axis only. */
#define LABEL_BYTES (NAME_BYTES + 32)

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

/* false: there is no sweep over one key, which is what has an axis. */
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
        if (result_case->parameters_count > 1) {
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
            strcmp(result_case->variant, first->variant) != 0) {
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
            strcmp(result->cases[i].variant, result_case->variant) == 0) {
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

static void add_sweep(const struct result *result, const struct axis *axis, const char *phase,
                      bool latency, struct document *doc)
{
    static const struct line latencies[] = {
        {{"e2e.p99", "e2e_service.p99"}, "solid", "e2e p99"},
        {{"e2e.p50", "e2e_service.p50"}, "dash", "e2e p50"},
        {{"publish.p99", "publish_service.p99"}, "dot", "publish p99"},
    };
    static const struct line rates[] = {{{"received_rate", "sent_rate"}, "solid", "rate"}};
    const struct line *lines = latency ? latencies : rates;
    size_t lines_count = latency ? sizeof latencies / sizeof latencies[0] : 1;
    const struct result_case *cases[NAMES_MAX];
    struct chart chart;
    char caption[REASON_BYTES];

    chart_begin(&chart, "xy", latency ? "ns" : "rate", latency,
                latency ? "sweep-ns" : "sweep-rate");
    chart_x(&chart, axis->name, axis->unit, axis->log, axis->names, axis->names_count);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        uint32_t count;

        if (!begins_line(result, i)) {
            continue;
        }
        count = cases_of_target(result, axis, &result->cases[i], cases);
        if (!any_figure(cases, count, phase, lines, lines_count)) {
            continue;
        }
        chart_table(&chart);
        for (uint32_t j = 0; j < count; j++) {
            chart_value(&chart, value_of(axis, cases[j]));
        }
        for (size_t j = 0; j < lines_count; j++) {
            add_target(&chart, result, cases, count, phase, &lines[j]);
        }
    }
    chart_end(&chart);
    (void)snprintf(caption, sizeof caption, "%s over %s, %s: median and 95 %% interval",
                   latency ? "latency" : "rate", axis->name, phase);
    doc_chart(doc, caption, &chart.json);
}

/* Some case has the metrics: a chart of them is not empty. */
static bool has_figures(const struct result *result, const char *phase,
                        const char *const metrics[2])
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (is_drawn(&result->cases[i]) && figure_of(&result->cases[i], phase, metrics) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_latency(const struct result *result, const char *phase)
{
    static const char *const e2e[] = {"e2e.p99", "e2e_service.p99"};
    static const char *const median[] = {"e2e.p50", "e2e_service.p50"};
    static const char *const publish[] = {"publish.p99", "publish_service.p99"};

    return has_figures(result, phase, e2e) || has_figures(result, phase, median) ||
           has_figures(result, phase, publish);
}

void charts_sweep(const struct result *result, struct document *doc)
{
    static const char *const rates[] = {"received_rate", "sent_rate"};
    const struct result_case *first = NULL;
    const struct result_phase *phase = NULL;
    struct axis axis;

    for (uint32_t i = 0; i < result->cases_count && first == NULL; i++) {
        first = is_drawn(&result->cases[i]) ? &result->cases[i] : NULL;
    }
    if (first == NULL || !find_axis(result, &axis)) {
        return;
    }
    while ((phase = facts_measured_next(first, phase)) != NULL) {
        if (has_latency(result, phase->name)) {
            add_sweep(result, &axis, phase->name, true, doc);
        }
        if (has_figures(result, phase->name, rates)) {
            add_sweep(result, &axis, phase->name, false, doc);
        }
    }
}

static bool is_compared(const struct result_comparison *comparison, const char *phase,
                        const char *metric)
{
    return comparison->flow[0] == '\0' && strcmp(comparison->phase, phase) == 0 &&
           strcmp(comparison->metric, metric) == 0 && isfinite(comparison->ratio);
}

static double change_of(const struct result_comparison *comparison, int which)
{
    double ratio = which == 0 ? comparison->ratio : which == 1 ? comparison->low : comparison->high;

    return (ratio - 1.0) * 100.0;
}

/* Points of one colour: those whose case is of the target of that colour. */
static void add_changes(struct chart *chart, const struct result *result, const char *metric,
                        const struct axis *axis, const struct result_case *of)
{
    static const char *const styles[] = {"points", "low", "high"};
    const struct findings *findings = &result->findings;
    uint32_t colour = facts_colour(result, of);

    for (int which = 0; which < 3; which++) {
        uint32_t at = 0;

        chart_series(chart, which == 0 ? of->target : styles[which], colour, styles[which]);
        for (uint32_t i = 0; i < findings->comparisons_count && at < axis->names_count; i++) {
            const struct result_comparison *comparison = &findings->comparisons[i];
            const struct result_case *its = facts_case(result, comparison->case_name);

            if (!is_compared(comparison, findings->comparisons[0].phase, metric) ||
                strcmp(comparison->case_name, axis->names[at]) != 0) {
                continue;
            }
            chart_value(chart, its != NULL && facts_colour(result, its) == colour
                                   ? change_of(comparison, which)
                                   : CHART_NONE);
            at++;
        }
    }
}

/* Its case is the first of its target that is compared. */
static bool begins_changes(const struct result *result, const struct axis *axis, uint32_t number)
{
    const struct result_case *its = facts_case(result, axis->names[number]);

    for (uint32_t i = 0; i < number && its != NULL; i++) {
        const struct result_case *before = facts_case(result, axis->names[i]);

        if (before != NULL && strcmp(before->target, its->target) == 0) {
            return false;
        }
    }
    return its != NULL;
}

static void add_compared(const struct result *result, const char *metric, struct document *doc)
{
    const struct findings *findings = &result->findings;
    struct axis axis = {.name = "case", .unit = "count"};
    char caption[REASON_BYTES];
    struct chart chart;

    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        if (is_compared(&findings->comparisons[i], findings->comparisons[0].phase, metric)) {
            name_value(&axis, findings->comparisons[i].case_name);
        }
    }
    if (axis.names_count == 0) {
        return;
    }
    chart_begin(&chart, "xy", "change", false, metric);
    chart_x(&chart, axis.name, axis.unit, false, axis.names, axis.names_count);
    chart_table(&chart);
    for (uint32_t i = 0; i < axis.names_count; i++) {
        chart_value(&chart, i);
    }
    for (uint32_t i = 0; i < axis.names_count; i++) {
        if (begins_changes(result, &axis, i)) {
            add_changes(&chart, result, metric, &axis, facts_case(result, axis.names[i]));
        }
    }
    chart_end(&chart);
    (void)snprintf(caption, sizeof caption, "%s in %s: change against the baseline, 95 %% interval",
                   metric, findings->comparisons[0].phase);
    doc_chart(doc, caption, &chart.json);
}

void charts_compared(const struct result *result, struct document *doc)
{
    add_compared(result, "received_rate", doc);
    add_compared(result, "e2e.p99", doc);
}

/* Smallest rate first; those that do not count are left out. Returns how many. */
static uint32_t steps_of(const struct result *result, const char *case_name,
                         struct result_search_step *ret)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->findings.search_steps_count; i++) {
        const struct result_search_step *step = &result->findings.search_steps[i];
        uint32_t at = count;

        if (strcmp(step->case_name, case_name) != 0 || step->outcome == STEP_VOID ||
            step->e2e_p99_ns <= 0) {
            continue;
        }
        for (; at > 0 && ret[at - 1].asked_per_s > step->asked_per_s; at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = *step;
        count++;
    }
    return count;
}

static void add_rates(const struct result *result, const struct result_search *search,
                      const struct result_search_step *steps, uint32_t count, struct document *doc)
{
    const struct result_case *result_case = facts_case(result, search->case_name);
    uint32_t colour = result_case == NULL ? 0 : facts_colour(result, result_case);
    char caption[REASON_BYTES];
    struct chart chart;

    chart_begin(&chart, "xy", "ns", true, "search");
    chart_x(&chart, "asked rate", "rate", false, NULL, 0);
    chart_bounds(&chart, search->lower_per_s, search->upper_per_s);
    chart_table(&chart);
    for (uint32_t i = 0; i < count; i++) {
        chart_value(&chart, steps[i].asked_per_s);
    }
    chart_series(&chart, "e2e p99", colour, "solid");
    for (uint32_t i = 0; i < count; i++) {
        chart_value(&chart, (double)steps[i].e2e_p99_ns);
    }
    chart_series(&chart, "e2e p50", colour, "dash");
    for (uint32_t i = 0; i < count; i++) {
        chart_value(&chart, steps[i].e2e_p50_ns > 0 ? (double)steps[i].e2e_p50_ns : CHART_NONE);
    }
    chart_end(&chart);
    (void)snprintf(caption, sizeof caption, "%s: latency against the asked rate",
                   search->case_name);
    doc_chart(doc, caption, &chart.json);
}

void charts_search(const struct result *result, const struct result_search *search,
                   struct document *doc)
{
    struct result_search_step *steps =
        calloc((size_t)result->findings.search_steps_count + 1, sizeof *steps);
    uint32_t count;

    if (steps == NULL) {
        doc->failed = true;
        return;
    }
    count = steps_of(result, search->case_name, steps);
    if (count > 0) {
        add_rates(result, search, steps, count, doc);
    }
    free(steps);
}
