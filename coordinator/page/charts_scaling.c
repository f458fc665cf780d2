#include "charts_scaling_inner.h"

#include "charts_inner.h"
#include "facts.h"
#include "scaling.h"

#include <stdio.h>
#include <string.h>

#define SAMPLES_MAX 64   /* Points of the law's line. */
#define LOG_FROM 100.0   /* The law has its usual shape on a linear axis, while points are apart. */
#define PEAK_TIMES_MAX 4 /* A peak further out than that is told, not drawn. */
#define BEYOND_SHARE 0.25 /* How much of the law is drawn beyond the last point. */

static double last_x(const struct scaling *scaling)
{
    return scaling->points.list[scaling->points.count - 1].x;
}

static bool peak_is_drawn(const struct scaling *scaling)
{
    return scaling->follows && isfinite(scaling->law.peak_clients) &&
           scaling->law.peak_clients <= PEAK_TIMES_MAX * last_x(scaling);
}

/* Where the law's line ends. */
static double law_end(const struct scaling *scaling)
{
    double end = last_x(scaling) * (1.0 + BEYOND_SHARE);

    if (peak_is_drawn(scaling) && scaling->law.peak_clients * (1.0 + BEYOND_SHARE) > end) {
        end = scaling->law.peak_clients * (1.0 + BEYOND_SHARE);
    }
    return ceil(end);
}

static void add_points(struct chart *chart, const struct scaling *scaling, uint32_t colour)
{
    static const char *const bounds[] = {"low", "high"};
    const struct points *points = &scaling->points;

    chart_table(chart);
    for (uint32_t i = 0; i < points->count; i++) {
        chart_value(chart, points->list[i].x);
    }
    chart_series(chart, "measured", colour, "points");
    for (uint32_t i = 0; i < points->count; i++) {
        chart_value(chart, points->list[i].figure->median);
    }
    for (int high = 0; high < 2; high++) {
        chart_series(chart, bounds[high], colour, bounds[high]);
        for (uint32_t i = 0; i < points->count; i++) {
            const struct result_figure *figure = points->list[i].figure;

            chart_value(chart, high ? figure->high : figure->low);
        }
    }
}

/* At whole numbers of clients, from one point on to another: SAMPLES_MAX at most. */
static uint32_t sample(double from, double to, double ret[SAMPLES_MAX])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < SAMPLES_MAX; i++) {
        double x = to - from < SAMPLES_MAX - 1
                       ? from + i
                       : round(from * pow(to / from, (double)i / (SAMPLES_MAX - 1)));

        if (x <= to && (count == 0 || x > ret[count - 1])) {
            ret[count++] = x;
        }
    }
    return count;
}

static void add_law(struct chart *chart, const struct scaling *scaling, double from, double to,
                    const char *label, const char *style)
{
    uint32_t colour = CHART_NO_TARGET;
    double x[SAMPLES_MAX];
    uint32_t count = sample(from, to, x);

    chart_table(chart);
    for (uint32_t i = 0; i < count; i++) {
        chart_value(chart, x[i]);
    }
    chart_series(chart, label, colour, style);
    for (uint32_t i = 0; i < count; i++) {
        chart_value(chart, usl_rate(&scaling->law, x[i]));
    }
}

static void describe(const struct scaling *scaling, struct text *out)
{
    const struct usl *law = &scaling->law;
    char rate[UNITS_TEXT_BYTES];

    text_addf(out, "%s, %s: throughput (%s) by %s", scaling->first->target, scaling->phase->name,
              scaling->points.list[0].figure->metric, scaling->key);
    if (!scaling->follows) {
        text_add(out, ": no law fits");
    } else if (isfinite(law->peak_clients)) {
        text_addf(out, ": predicted peak %s with %.0f", units_format_rate(law->peak_rate, rate),
                  law->peak_clients);
    } else if (isfinite(law->peak_rate)) {
        text_addf(out, ": no peak, but below %s", units_format_rate(law->peak_rate, rate));
    } else {
        text_add(out, ": neither peak nor limit");
    }
}

static void add_chart(const struct result *result, const struct scaling *scaling,
                      struct document *doc)
{
    double first = scaling->points.list[0].x;
    struct text caption = {0};
    struct chart chart;

    chart_begin(&chart, "xy", "rate", false, "");
    chart_x(&chart, scaling->key, "count", last_x(scaling) / first >= LOG_FROM, NULL, 0);
    if (peak_is_drawn(scaling)) {
        chart_mark(&chart, scaling->law.peak_clients, "predicted peak");
    }
    add_points(&chart, scaling, facts_colour(result, scaling->first));
    if (scaling->follows) {
        add_law(&chart, scaling, first, last_x(scaling), "fitted law", "curve");
        add_law(&chart, scaling, last_x(scaling), law_end(scaling), "beyond what was measured",
                "beyond");
    }
    chart_end(&chart);
    describe(scaling, &caption);
    doc->failed |= text_failed(&caption);
    doc_chart(doc, text_failed(&caption) ? "" : caption.bytes, &chart.json);
    text_done(&caption);
}

static void add_peak(const struct usl *law, struct document *doc)
{
    char rate[UNITS_TEXT_BYTES];

    if (isfinite(law->peak_clients)) {
        doc_cell(doc, DOC_PLAIN, "%.0f clients", law->peak_clients);
        doc_cell(doc, DOC_PLAIN, "%s", units_format_rate(law->peak_rate, rate));
        return;
    }
    doc_cell(doc, DOC_MUTED, "none");
    if (isfinite(law->peak_rate)) {
        doc_cell(doc, DOC_PLAIN, "below %s", units_format_rate(law->peak_rate, rate));
    } else {
        doc_cell(doc, DOC_MUTED, "no limit");
    }
}

/* The parameters that the curve's cases share: "topology.topics=2". */
static void add_set(const struct scaling *scaling, struct document *doc)
{
    struct text text = {0};

    text_addf(&text, "%s", scaling->key);
    for (uint32_t i = 0; i < scaling->first->parameters_count; i++) {
        const struct result_parameter *parameter = &scaling->first->parameters[i];

        if (strcmp(parameter->key, scaling->key) != 0) {
            text_addf(&text, ", %s=%s", parameter->key, parameter->value);
        }
    }
    doc_cell(doc, DOC_PLAIN, "%s", text_failed(&text) ? scaling->key : text.bytes);
    text_done(&text);
}

static void add_row(const struct result *result, const struct scaling *scaling,
                    struct document *doc)
{
    const struct usl *law = &scaling->law;
    const char *variant = scaling->first->variant;
    char name[2 * NAME_BYTES + 2];
    char rate[UNITS_TEXT_BYTES];

    (void)snprintf(name, sizeof name, "%s%s%s", scaling->first->target,
                   variant[0] == '\0' ? "" : "/", variant);
    doc_cell_target(doc, name, facts_colour(result, scaling->first), 1);
    add_set(scaling, doc);
    doc_cell(doc, DOC_PLAIN, "%s", scaling->phase->name);
    if (!scaling->follows) {
        doc_cell(doc, DOC_MUTED, "%s",
                 scaling->points.count < USL_POINTS_MIN
                     ? "too few numbers of clients for a law"
                     : "no law fits better than within 10 %: something else decides");
        doc_cell_columns(doc, 6);
        return;
    }
    doc_cell(doc, DOC_PLAIN, "%s", units_format_rate(law->lambda, rate));
    doc_cell(doc, DOC_PLAIN, "%.3g", law->sigma);
    doc_cell(doc, DOC_PLAIN, "%.3g", law->kappa);
    add_peak(law, doc);
    doc_cell(doc, DOC_PLAIN, "%.1f %%", law->fit_error * 100.0);
}

/* Rows or a chart for each measured phase whose points make a curve. Returns how many. */
static uint32_t each_phase(const struct result *result, const struct result_case *first,
                           const char *key, bool table, struct document *doc)
{
    const struct result_phase *phase = NULL;
    struct scaling scaling;
    uint32_t count = 0;

    while ((phase = facts_measured_next(first, phase)) != NULL) {
        if (!scaling_find(result, first, phase, key, &scaling)) {
            continue;
        }
        count++;
        if (table) {
            add_row(result, &scaling, doc);
        } else {
            add_chart(result, &scaling, doc);
        }
    }
    return count;
}

/* All curves of the result, as rows of a table or as charts. Returns how many. */
static uint32_t each(const struct result *result, bool table, struct document *doc)
{
    const char *key;
    uint32_t count = 0;

    for (uint32_t k = 0; (key = scaling_key(k)) != NULL; k++) {
        for (uint32_t i = 0; i < result->cases_count; i++) {
            const struct result_case *first = &result->cases[i];

            if (facts_has_figures(first) && points_begin(result, first, key)) {
                count += each_phase(result, first, key, table, doc);
            }
        }
    }
    return count;
}

void charts_scaling(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"clients", "The key whose values are the numbers of clients", DOC_LEFT},
        {"phase", NULL, DOC_LEFT},
        {"one client brings", "lambda of the law", DOC_RIGHT},
        {"contention", "sigma: the share of the work for which clients queue", DOC_RIGHT},
        {"coherency", "kappa: what each pair of clients costs", DOC_RIGHT},
        {"predicted peak at", "sqrt((1 - sigma) / kappa)", DOC_RIGHT},
        {"predicted peak", "Throughput there, or what it comes ever closer to", DOC_RIGHT},
        {"points off by", "Relative distance from the law, root mean square", DOC_RIGHT},
    };

    if (each(result, false, doc) == 0) {
        return;
    }
    doc_table(doc,
              "The Universal Scalability Law, fitted to the medians: rate(N) = lambda N / (1 + "
              "sigma (N - 1) + kappa N (N - 1))",
              columns, sizeof columns / sizeof columns[0]);
    (void)each(result, true, doc);
}
