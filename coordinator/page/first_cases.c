/* The first screen's table: a row for each case and measured phase, or for each group of cases. */
#include "cells_inner.h"
#include "first_inner.h"
#include "headline_groups.h"
#include "headline_rows_inner.h"
#include "phase_choice.h"
#include "sentence_lists.h"

#include <string.h>

static void add_latency(const struct result_case *result_case, const struct result_phase *phase,
                        enum series series, double percentile, struct headline_notes *notes,
                        struct document *doc)
{
    struct facts_shown shown = facts_shown(result_case, phase, series, percentile);

    notes->service |= shown.any && shown.service;
    cell_shown(&shown, shown.service ? " †" : "", &notes->few_samples, doc);
}

static void add_rates(const struct result_phase *phase, struct headline_notes *notes,
                      struct document *doc)
{
    char text[UNITS_TEXT_BYTES];
    char peak[UNITS_TEXT_BYTES];

    if (sentence_only_receives(phase)) { /* A drain: what it is there for is what was taken. */
        doc_cell(doc, DOC_MUTED, "–");
        doc_cell(doc, DOC_PLAIN, "%s received", units_format_rate(phase->received_per_s, text));
        return;
    }
    if (phase->is_max) {
        doc_cell(doc, DOC_PLAIN, "max");
    } else if (facts_has_peak(phase)) {
        doc_cell(doc, DOC_PLAIN, "%s, highest %s", units_format_rate(phase->asked_per_s, text),
                 units_format_rate(phase->asked_peak_per_s, peak));
    } else {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_rate(phase->asked_per_s, text));
    }
    if (phase->is_max || facts_reached(phase)) {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_rate(phase->sent_per_s, text));
    } else {
        doc_cell(doc, DOC_BAD, "%s ‡", units_format_rate(phase->sent_per_s, text));
        notes->not_reached = true;
    }
}

static void add_faults(const struct result_case *result_case, bool covered, struct document *doc)
{
    struct result_delivery delivery;
    bool consumed;

    if (covered) {
        for (int i = 0; i < 4; i++) {
            doc_cell_covered(doc);
        }
        return;
    }
    facts_delivery(result_case, &delivery);
    consumed = delivery.expected > 0 || delivery.received > 0;
    cell_fault_count(delivery.lost, consumed, doc);
    cell_fault_count(delivery.duplicated, consumed, doc);
    cell_fault_count(delivery.reordered, consumed, doc);
    cell_fault_count(delivery.corrupted, consumed, doc);
}

/* One row per measured phase; what was delivered is one account of the whole case. */
static void add_case(const struct result *result, const struct result_case *result_case,
                     bool phase_column, struct headline_notes *notes, struct document *doc)
{
    struct phase_choice choice = phase_choice_make(result_case, true, PHASES_FIRST_SCREEN_MAX);
    const struct result_phase *phase = NULL;
    uint32_t rows = choice.listed == NULL ? facts_measured_count(result_case) : choice.count;
    bool first = true;

    while ((phase = facts_measured_next(result_case, phase)) != NULL) {
        if (!phase_choice_has(&choice, result_case, phase)) {
            continue;
        }
        if (first) {
            doc_cell_target(doc, result_case->name, facts_colour(result, result_case), rows);
        } else {
            doc_cell_covered(doc);
        }
        if (phase_column) {
            doc_cell(doc, DOC_PLAIN, "%s", phase->name);
        }
        add_rates(phase, notes, doc);
        add_latency(result_case, phase, SERIES_E2E, 50.0, notes, doc);
        add_latency(result_case, phase, SERIES_E2E, 99.0, notes, doc);
        add_latency(result_case, phase, SERIES_E2E, 100.0, notes, doc);
        add_latency(result_case, phase, SERIES_PUBLISH, 99.0, notes, doc);
        add_faults(result_case, !first, doc);
        if (first) {
            doc_cells_rows(doc, 4, rows);
        }
        first = false;
    }
    notes->phases_left_out += choice.left_out;
    phase_choice_done(&choice);
}

static void add_left_out(const struct result *result, const struct result_case *result_case,
                         uint32_t columns_count, struct document *doc)
{
    const char *status = result_case->status == CASE_MEASURED
                             ? "no measured phase"
                             : case_status_name(result_case->status);

    doc_cell_target(doc, result_case->name, facts_colour(result, result_case), 1);
    doc_cell(doc, result_case->status == CASE_FAILED ? DOC_BAD : DOC_WARN, "%s%s%s", status,
             result_case->reason[0] == '\0' ? "" : ": ", result_case->reason);
    doc_cell_columns(doc, columns_count - 1);
}

/* The cases of a group, one after the other. */
static void add_cases(const struct result *result, const struct result_case *first,
                      bool phase_column, struct headline_notes *notes, struct document *doc)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];

        if (!headline_same_group(result_case, first)) {
            continue;
        }
        if (facts_has_figures(result_case) && facts_measured_count(result_case) > 0) {
            add_case(result, result_case, phase_column, notes, doc);
        }
        if (result_case->status != CASE_MEASURED || facts_measured_count(result_case) == 0) {
            add_left_out(result, result_case, phase_column ? 12 : 11, doc);
        }
    }
}

static void add_notes(const struct headline_notes *notes, struct document *doc)
{
    if (notes->service) {
        doc_paragraph(doc, DOC_MUTED,
                      "† From the actual send: as fast as possible has no schedule that a message "
                      "could be late against.");
    }
    if (notes->not_reached) {
        doc_paragraph(doc, DOC_MUTED, "‡ Less than 99 %% of what was due was sent in time.");
    }
    if (notes->phases_left_out > 0) {
        doc_paragraph(doc, DOC_MUTED,
                      "Shown are phases with faults or with the highest p99; %u more are not.",
                      notes->phases_left_out);
    }
    if (notes->few_samples) {
        doc_paragraph(doc, DOC_MUTED,
                      "~ Too few samples for this percentile (fewer than 10 lie above it).");
    }
}

void first_cases(const struct result *result, struct document *doc)
{
    static const struct doc_column figures[] = {
        {"asked", "Rate of the schedule", DOC_RIGHT},
        {"sent", "Rate that was reached", DOC_RIGHT},
        {"end to end p50", "From the intended send time to the consumer", DOC_RIGHT},
        {"p99", "End to end, from the intended send time", DOC_RIGHT},
        {"max", "End to end, from the intended send time", DOC_RIGHT},
        {"publish p99", "From the intended send time to the broker's confirm", DOC_RIGHT},
        {"lost", "Confirmed, and a subscription never got it", DOC_RIGHT},
        {"dupl.", "Duplicated: copies beyond the first", DOC_RIGHT},
        {"reord.", "Reordered: first seen after a later one of its stream", DOC_RIGHT},
        {"corrupt.", "Corrupted: the checksum was wrong", DOC_RIGHT},
    };
    struct doc_column columns[12] = {{"target", NULL, DOC_LEFT}, {"phase", NULL, DOC_LEFT}};
    struct headline_notes notes = {0};
    bool phase_column = false;
    uint32_t columns_count;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        phase_column |= facts_measured_count(&result->cases[i]) > 1;
    }
    columns_count = phase_column ? 2 : 1;
    memcpy(columns + columns_count, figures, sizeof figures);
    columns_count += sizeof figures / sizeof figures[0];
    doc_table(doc, "", columns, columns_count);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *first = &result->cases[i];

        if (!headline_begins_group(result, first)) {
            continue;
        }
        if (headline_is_grouped(result)) {
            headline_group_rows(result, first, phase_column, &notes, doc);
        } else {
            add_cases(result, first, phase_column, &notes, doc);
        }
    }
    if (headline_is_grouped(result)) {
        doc_paragraph(doc, DOC_MUTED,
                      "From the lowest to the highest of each target's cases; what was lost, of "
                      "all of them. Each case stands in the question of the scenario.");
    }
    if (facts_has_trials(result)) {
        doc_paragraph(doc, DOC_MUTED,
                      "Latencies of several trials are the median over them, which is what is "
                      "judged.");
    }
    add_notes(&notes, doc);
}
