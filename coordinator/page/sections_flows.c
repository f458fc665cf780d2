#include "cells_inner.h"
#include "facts.h"
#include "sections_inner.h"

/* More of them nobody compares; every phase in figures has them all. */
#define ROWS_MAX 60u

static void add_row(const struct result *result, const struct result_case *of,
                    const struct result_phase *phase, bool *few, struct document *doc)
{
    char rate[UNITS_TEXT_BYTES];
    const struct hist *hist;
    bool service;

    cell_case(result, of->name, doc);
    doc_cell(doc, DOC_PLAIN, "%s", phase->name);
    doc_cell(doc, DOC_PLAIN, "%s", phase->flow);
    doc_cell(doc, DOC_PLAIN, "%s",
             phase->is_max ? "max" : units_format_rate(phase->asked_per_s, rate));
    doc_cell(doc, phase->is_max || facts_reached(phase) ? DOC_PLAIN : DOC_BAD, "%s",
             units_format_rate(phase->sent_per_s, rate));
    hist = facts_latency(phase, SERIES_E2E, &service);
    cell_latency(hist, 50.0, "", few, doc);
    cell_latency(hist, 99.0, "", few, doc);
    cell_latency(hist, 100.0, "", few, doc);
    cell_latency(facts_latency(phase, SERIES_PUBLISH, &service), 99.0, "", few, doc);
}

/* Of a flow, measured, and not a phase that only receives. */
static bool is_shown(const struct result_phase *phase)
{
    return phase->flow[0] != '\0' && phase->measured && phase->duration_ns > 0 &&
           (phase->is_max || phase->asked_per_s > 0.0);
}

static bool has_any(const struct result *result)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].phases_count; j++) {
            if (is_shown(&result->cases[i].phases[j])) {
                return true;
            }
        }
    }
    return false;
}

void section_flows(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"case", NULL, DOC_LEFT},
        {"phase", NULL, DOC_LEFT},
        {"flow", NULL, DOC_LEFT},
        {"asked", "Rate of the schedule", DOC_RIGHT},
        {"sent", "Rate that was reached", DOC_RIGHT},
        {"end to end p50", "From the intended send time to the consumer", DOC_RIGHT},
        {"p99", "End to end, from the intended send time", DOC_RIGHT},
        {"max", "End to end, from the intended send time", DOC_RIGHT},
        {"publish p99", "From the intended send time to the broker's confirm", DOC_RIGHT},
    };
    uint32_t rows = 0;
    bool few = false;

    if (!has_any(result)) {
        return;
    }
    doc_table(doc,
              facts_has_trials(result)
                  ? "Each flow by itself, all trials merged: a percentile of all flows together is "
                    "one of none of them"
                  : "Each flow by itself: a percentile of all together is one of none of them",
              columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *of = &result->cases[i];

        for (uint32_t j = 0; j < of->phases_count && rows < ROWS_MAX; j++) {
            if (is_shown(&of->phases[j])) {
                add_row(result, of, &of->phases[j], &few, doc);
                rows++;
            }
        }
    }
    if (few) {
        doc_paragraph(doc, DOC_PLAIN,
                      "~ Too few samples for this percentile (fewer than 10 lie above it).");
    }
}
