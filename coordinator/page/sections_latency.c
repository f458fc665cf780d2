#include "charts_lines_inner.h"
#include "facts.h"
#include "latency_figure.h"
#include "sections_inner.h"

#include <stdio.h>
#include <string.h>

/* Charts beyond it: the figures stand in the table of phases. */
#define CURVES_MAX 16
#define POINTS_PER_NINE 12

/* A curve from the fastest to the slowest message over -log10(1 - q). The last point is the
 * maximum, where one message of all is left. */
static double nines_max(const struct hist *hist)
{
    return log10((double)hist_count(hist));
}

static double value_at(const struct hist *hist, double nines)
{
    double last = nines_max(hist);

    if (nines > last + 1e-9) {
        return CHART_NONE;
    }
    if (nines >= last - 1e-9) {
        return (double)hist_max(hist);
    }
    return (double)hist_percentile(hist, 100.0 * (1.0 - pow(10.0, -nines)));
}

static void add_curve(struct chart *chart, const struct hist *hist, double last, const char *label,
                      uint32_t colour, const char *style)
{
    chart_series(chart, label, colour, style);
    for (uint32_t i = 0; (double)i / POINTS_PER_NINE < last; i++) {
        chart_value(chart, value_at(hist, (double)i / POINTS_PER_NINE));
    }
    chart_value(chart, value_at(hist, last));
}

static const char *caption_of(const struct result_case *result_case,
                              const struct result_phase *phase, const char *metric,
                              const struct hist *response, const struct hist *service,
                              char *caption)
{
    char p99[LATENCY_TEXT_BYTES];
    char other[UNITS_TEXT_BYTES];
    struct latency_figure shown = latency_figure_of(response != NULL ? response : service, 99.0);
    int used = snprintf(caption, REASON_BYTES, "%s, %s%s%s: p99 %s", result_case->name, phase->name,
                        metric, result_case->trials_count > 1 ? ", all trials merged" : "",
                        latency_figure_text(&shown, p99));

    if (used > 0 && used < REASON_BYTES && response != NULL && service != NULL) {
        (void)snprintf(caption + used, (size_t)(REASON_BYTES - used), " (service %s)",
                       units_format_ns((double)hist_percentile(service, 99.0), other));
    } else if (used > 0 && used < REASON_BYTES && response == NULL) {
        (void)snprintf(caption + used, (size_t)(REASON_BYTES - used), " service");
    }
    return caption;
}

static const struct hist *series_of(const struct result_phase *phase, enum series series)
{
    const struct hist *hist = phase->latency[series];

    return hist != NULL && hist_count(hist) > 0 ? hist : NULL;
}

static bool add_chart(const struct result *result, const struct result_case *result_case,
                      const struct result_phase *phase, bool e2e, bool together,
                      struct document *doc)
{
    const char *metric = !together ? "" : e2e ? ", end to end" : ", publish";
    const struct hist *response =
        phase->is_max ? NULL : series_of(phase, e2e ? SERIES_E2E : SERIES_PUBLISH);
    const struct hist *service =
        series_of(phase, e2e ? SERIES_E2E_SERVICE : SERIES_PUBLISH_SERVICE);
    uint32_t colour = facts_colour(result, result_case);
    char caption[REASON_BYTES];
    struct chart chart;
    double last;

    if (response == NULL && service == NULL) {
        return false;
    }
    last = response != NULL ? nines_max(response) : nines_max(service);
    if (response != NULL && service != NULL && nines_max(service) > last) {
        last = nines_max(service);
    }
    chart_begin(&chart, "percentile", "ns", true, e2e ? "curve-e2e" : "curve-publish");
    if (response != NULL && service != NULL) {
        chart_fill(&chart, 0, 1, "coordinated omission");
    }
    line_chart_limits(&chart, result, result_case, e2e);
    chart_table(&chart);
    for (uint32_t i = 0; (double)i / POINTS_PER_NINE < last; i++) {
        chart_value(&chart, (double)i / POINTS_PER_NINE);
    }
    chart_value(&chart, last);
    if (response != NULL) {
        add_curve(&chart, response, last, "response", colour, "solid");
    }
    if (service != NULL) {
        add_curve(&chart, service, last, "service", colour, "dash");
    }
    chart_end(&chart);
    doc_chart(doc, caption_of(result_case, phase, metric, response, service, caption), &chart.json);
    return true;
}

/* One chart per case and measured phase that has such a latency. */
static void add_charts(const struct result *result, bool e2e, bool together, struct document *doc)
{
    uint32_t curves = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];
        const struct result_phase *phase = NULL;

        while ((phase = facts_measured_next(result_case, phase)) != NULL) {
            if (curves == CURVES_MAX) {
                left++;
            } else {
                curves += add_chart(result, result_case, phase, e2e, together, doc) ? 1 : 0;
            }
        }
    }
    if (left > 0) {
        doc_paragraph(doc, DOC_MUTED, "%u more %s not drawn; the table of phases has %s figures.",
                      left, left == 1 ? "is" : "are", left == 1 ? "its" : "their");
    }
}

/* In how many cases and measured phases there is such a latency. */
static uint32_t count_latencies(const struct result *result, bool e2e)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = NULL;
        bool service;

        while ((phase = facts_measured_next(&result->cases[i], phase)) != NULL) {
            count += facts_latency(phase, e2e ? SERIES_E2E : SERIES_PUBLISH, &service) != NULL;
        }
    }
    return count;
}

void section_latency(const struct result *result, struct document *doc)
{
    uint32_t e2e = count_latencies(result, true);
    uint32_t publish = count_latencies(result, false);
    bool together = e2e <= 1 && publish <= 1;

    if (e2e + publish == 0) {
        return;
    }
    doc_section(doc, "latency", "Latency distribution");
    doc_fold_rest(doc, "percentiles of each case, response and service time");
    doc_paragraph(doc, DOC_MUTED,
                  "How many messages were faster than what. Response counts from the moment a "
                  "message was scheduled, service from the moment it was sent. The shaded area "
                  "between them is the coordinated omission. Tools that measure only the call "
                  "do not show it.");
    section_flows(result, doc);
    if (e2e > 0 && !together) {
        doc_subheading(doc, "End to end");
    }
    add_charts(result, true, together, doc);
    if (publish > 0 && !together) {
        doc_subheading(doc, "Publish, to the broker's confirm");
    }
    add_charts(result, false, together, doc);
}
