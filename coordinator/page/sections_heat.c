#include "charts_lines_inner.h"
#include "facts.h"
#include "sections_inner.h"

#include <stdio.h>

/* More of them are on request. */
#define HEATS_OPEN_MAX 4u

/* The lines over it are those of the chart above: what lies beyond a percentile is seen here. */
static void add_heat(const struct result *result, const struct lines *lines, uint32_t number,
                     struct document *doc)
{
    const struct line *line = &lines->list[number];
    bool e2e = line->trial->heat_is_e2e;
    char which[FACTS_TEXT_BYTES];
    char caption[REASON_BYTES];
    struct chart chart;

    line_chart_begin(&chart, result, line, "ns", true, "heat");
    chart_step(&chart, lines->step_s);
    chart_heat(&chart, &line->trial->heat);
    line_chart_limits(&chart, result, line->result_case, e2e);
    line_chart_x(&chart, line);
    line_chart_series(&chart, line, e2e ? VALUE_E2E_P99 : VALUE_PUBLISH_P99, "p99", "over");
    line_chart_series(&chart, line, e2e ? VALUE_E2E_P50 : VALUE_PUBLISH_P50, "p50", "over-dash");
    chart_end(&chart);
    (void)snprintf(caption, sizeof caption, "%s%s, %s: all messages by time and latency",
                   line->result_case->name,
                   facts_which_trial(line->result_case, line->trial, which),
                   e2e ? "end to end" : "publish");
    doc_chart(doc, caption, &chart.json);
}

void section_heat(const struct result *result, struct document *doc)
{
    struct lines lines;
    uint32_t drawn = 0;

    lines_find(result, 0, THIN_POINTS_MAX, &lines);
    doc->failed |= lines.failed;
    for (uint32_t i = 0; i < lines.count && !lines.failed; i++) {
        if (lines.list[i].trial->heat.columns_count == 0) {
            continue;
        }
        if (drawn == 0) {
            doc_section(doc, "heat", "Latency heat map");
            doc_paragraph(doc, DOC_MUTED,
                          "Each cell counts the messages that had this latency at this time. Its "
                          "colour is the logarithm of the count.");
        }
        if (drawn++ == HEATS_OPEN_MAX) {
            doc_fold_rest(doc, "of the other cases");
        }
        add_heat(result, &lines, i, doc);
    }
    lines_done(&lines);
}
