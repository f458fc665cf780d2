/* What each case came to: over the values of a sweep, over variants, over repeated trials. */
#include "cells_inner.h"
#include "charts_cases_inner.h"
#include "charts_scaling_inner.h"
#include "headline_groups.h"
#include "sections_inner.h"

#include <math.h>

#define METRICS_COUNT 5

/* The answer to a question of cases stands in comparing them; one trial of one case per target is
 * told by the first screen. */
static bool is_asked(const struct result *result)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];

        if (result_case->figures_count > 0 &&
            (result_case->parameters_count > 0 || result_case->variant[0] != '\0' ||
             result_case->trials_count > 1)) {
            return true;
        }
    }
    return false;
}

static void add_row(const struct result *result, const struct result_case *result_case,
                    const struct result_phase *phase, struct document *doc)
{
    static const char *const metrics[METRICS_COUNT][2] = {
        {"sent_rate", NULL},
        {"received_rate", NULL},
        {"e2e.p50", "e2e_service.p50"},
        {"e2e.p99", "e2e_service.p99"},
        {"publish.p99", "publish_service.p99"},
    };
    uint32_t trials = 0;

    cell_case(result, result_case->name, doc);
    doc_cell(doc, DOC_PLAIN, "%s", phase->name);
    for (int i = 0; i < METRICS_COUNT; i++) {
        const struct result_figure *figure = facts_figure(result_case, phase->name, metrics[i][0]);
        bool service = false;
        char text[REASON_BYTES];

        if ((figure == NULL || figure->trials == 0 || !isfinite(figure->median)) &&
            metrics[i][1] != NULL) {
            figure = facts_figure(result_case, phase->name, metrics[i][1]);
            service = true;
        }
        if (figure == NULL || figure->trials == 0 || !isfinite(figure->median)) {
            doc_cell(doc, DOC_MUTED, "–");
            continue;
        }
        trials = figure->trials > trials ? figure->trials : trials;
        doc_cell(doc, DOC_PLAIN, "%s%s", facts_interval(figure, text), service ? " *" : "");
    }
    doc_cell(doc, DOC_MUTED, "%u", trials);
}

/* The cases of a target one after the other, though they were run in a mixed order. */
static void add_group(const struct result *result, const struct result_case *first,
                      struct document *doc)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];
        const struct result_phase *phase = NULL;

        while (headline_same_group(of, first) && facts_has_figures(of) &&
               (phase = facts_measured_next(of, phase)) != NULL) {
            add_row(result, of, phase, doc);
        }
    }
}

void section_sweep(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[METRICS_COUNT + 3] = {
        {"case", NULL, DOC_LEFT},
        {"phase", NULL, DOC_LEFT},
        {"sent", NULL, DOC_RIGHT},
        {"received", NULL, DOC_RIGHT},
        {"e2e p50", "End to end; * from the actual send", DOC_RIGHT},
        {"e2e p99", "End to end; * from the actual send", DOC_RIGHT},
        {"publish p99", "* from the actual send", DOC_RIGHT},
        {"trials", NULL, DOC_RIGHT},
    };

    if (!is_asked(result)) {
        return;
    }
    doc_section(doc, "cases", "Results by case");
    if (result->findings.comparisons_count > 0) { /* Else they stand on the first screen. */
        charts_scaling(result, doc);
        charts_sweep(result, doc);
    }
    doc_table(
        doc,
        "Each case: median over its trials (95 % interval; of latencies in fewer than 5 trials "
        "lowest to highest)",
        columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (headline_begins_group(result, &result->cases[i])) {
            add_group(result, &result->cases[i], doc);
        }
    }
}
