#include "headline_rows_inner.h"

#include "cells_inner.h"
#include "headline_groups.h"
#include "invariant.h"
#include "phase_choice.h"
#include "sentence_lists.h"

#include <math.h>
#include <string.h>

/* The lowest and the highest of a group's cases. */
struct range {
    double low;
    double high;
    bool any;
};

static void widen(struct range *range, double value)
{
    if (!isfinite(value)) {
        return;
    }
    range->low = !range->any || value < range->low ? value : range->low;
    range->high = !range->any || value > range->high ? value : range->high;
    range->any = true;
}

/* The phase of that name, measured, in a case with figures. */
static const struct result_phase *phase_of(const struct result_case *of, const char *name)
{
    const struct result_phase *phase = NULL;

    while (facts_has_figures(of) && (phase = facts_measured_next(of, phase)) != NULL) {
        if (strcmp(phase->name, name) == 0) {
            return phase;
        }
    }
    return NULL;
}

static void range_cell(const struct range *range, const char *unit, enum doc_tone tone,
                       const char *before, const char *after, struct document *doc)
{
    char low[FACTS_TEXT_BYTES];
    char high[FACTS_TEXT_BYTES];

    if (!range->any) {
        doc_cell(doc, DOC_MUTED, "–");
        return;
    }
    facts_measure(range->low, unit, low);
    facts_measure(range->high, unit, high);
    if (strcmp(low, high) == 0) {
        doc_cell(doc, tone, "%s%s%s", before, low, after);
    } else {
        doc_cell(doc, tone, "%s%s to %s%s", before, low, high, after);
    }
}

static void add_rates(const struct result *result, const struct result_case *first,
                      const char *name, struct headline_notes *notes, struct document *doc)
{
    struct range asked = {0};
    struct range sent = {0};
    struct range received = {0};
    bool is_max = false;
    bool reached = true;
    bool only_receives = true;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = phase_of(&result->cases[i], name);

        if (phase == NULL || !headline_same_group(&result->cases[i], first)) {
            continue;
        }
        if (phase->is_max) {
            is_max = true;
        } else {
            widen(&asked, phase->asked_per_s);
            reached = reached && facts_reached(phase);
        }
        only_receives = only_receives && sentence_only_receives(phase);
        widen(&sent, phase->sent_per_s);
        widen(&received, phase->received_per_s);
    }
    if (only_receives && received.any) {
        doc_cell(doc, DOC_MUTED, "–");
        range_cell(&received, "/s", DOC_PLAIN, "", " received", doc);
        return;
    }
    if (is_max) {
        doc_cell(doc, DOC_PLAIN, "max");
    } else {
        range_cell(&asked, "/s", DOC_PLAIN, "", "", doc);
    }
    notes->not_reached |= !reached;
    range_cell(&sent, "/s", reached ? DOC_PLAIN : DOC_BAD, "", reached ? "" : " ‡", doc);
}

/* A column of latencies. */
struct figure {
    enum series series;
    double percentile;
};

static void add_latency(const struct result *result, const struct result_case *first,
                        const char *name, struct figure figure, struct headline_notes *notes,
                        struct document *doc)
{
    struct range range = {0};
    bool any_service = false;
    bool at_least = false;
    bool all_hold = true;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_phase *phase = phase_of(&result->cases[i], name);
        struct facts_shown shown = {.any = false};

        if (phase != NULL && headline_same_group(&result->cases[i], first)) {
            shown = facts_shown(&result->cases[i], phase, figure.series, figure.percentile);
        }
        if (shown.any) {
            any_service |= shown.service;
            at_least |= shown.at_least;
            all_hold = all_hold && !shown.few;
            widen(&range, shown.value_ns);
        }
    }
    notes->service |= any_service;
    notes->few_samples |= !all_hold;
    range_cell(&range, "ns", all_hold ? DOC_PLAIN : DOC_MUTED,
               !all_hold  ? "~"
               : at_least ? "> "
                          : "",
               any_service ? " †" : "", doc);
}

/* One account of all cases together: each message of them is in it once. */
static void add_faults(const struct result *result, const struct result_case *first, uint32_t rows,
                       struct document *doc)
{
    struct result_delivery total = {0};
    bool consumed;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        struct result_delivery delivery;

        if (headline_same_group(&result->cases[i], first) && facts_has_figures(&result->cases[i])) {
            facts_delivery(&result->cases[i], &delivery);
            facts_delivery_add(&total, &delivery);
        }
    }
    consumed = total.expected > 0 || total.received > 0;
    cell_fault_count(total.lost, consumed, doc);
    cell_fault_count(total.duplicated, consumed, doc);
    cell_fault_count(total.reordered, consumed, doc);
    cell_fault_count(total.corrupted, consumed, doc);
    doc_cells_rows(doc, 4, rows);
}

static void add_phases(const struct result *result, const struct result_case *first,
                       const struct result_case *with_figures, bool phase_column,
                       struct headline_notes *notes, struct document *doc)
{
    static const struct figure figures[] = {
        {SERIES_E2E, 50.0}, {SERIES_E2E, 99.0}, {SERIES_E2E, 100.0}, {SERIES_PUBLISH, 99.0}};
    struct phase_choice choice = phase_choice_make(with_figures, true, PHASES_FIRST_SCREEN_MAX);
    const struct result_phase *phase = NULL;
    uint32_t rows = choice.listed == NULL ? facts_measured_count(with_figures) : choice.count;
    char name[HEADLINE_NAME_BYTES];
    bool begins = true;

    while ((phase = facts_measured_next(with_figures, phase)) != NULL) {
        if (!phase_choice_has(&choice, with_figures, phase)) {
            continue;
        }
        if (begins) {
            doc_cell_target(doc, headline_group_name(result, first, name),
                            facts_colour(result, first), rows);
        } else {
            doc_cell_covered(doc);
        }
        if (phase_column) {
            doc_cell(doc, DOC_PLAIN, "%s", phase->name);
        }
        add_rates(result, first, phase->name, notes, doc);
        for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
            add_latency(result, first, phase->name, figures[i], notes, doc);
        }
        if (begins) {
            add_faults(result, first, rows, doc);
        } else {
            for (int i = 0; i < 4; i++) {
                doc_cell_covered(doc);
            }
        }
        begins = false;
    }
    notes->phases_left_out += choice.left_out;
    phase_choice_done(&choice);
}

static bool is_left_out(const struct result_case *of)
{
    return of->status != CASE_MEASURED || facts_measured_count(of) == 0;
}

static bool same_reason(const struct result_case *a, const struct result_case *b)
{
    return is_left_out(a) && is_left_out(b) && a->status == b->status &&
           strcmp(a->reason, b->reason) == 0 && headline_same_group(a, b);
}

/* A broker that is away has one reason, however many cases it would have had. */
static void add_left_out(const struct result *result, const struct result_case *of,
                         uint32_t columns_count, struct document *doc)
{
    const char *status =
        of->status == CASE_MEASURED ? "no measured phase" : case_status_name(of->status);
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (same_reason(&result->cases[i], of)) {
            if (&result->cases[i] < of) {
                return; /* Its row is there. */
            }
            count++;
        }
    }
    doc_cell_target(doc, count == 1 ? of->name : of->target, facts_colour(result, of), 1);
    if (count > 1) {
        doc_cell(doc, of->status == CASE_FAILED ? DOC_BAD : DOC_WARN, "%u cases %s%s%s", count,
                 status, of->reason[0] == '\0' ? "" : ": ", of->reason);
    } else {
        doc_cell(doc, of->status == CASE_FAILED ? DOC_BAD : DOC_WARN, "%s%s%s", status,
                 of->reason[0] == '\0' ? "" : ": ", of->reason);
    }
    doc_cell_columns(doc, columns_count - 1);
}

void headline_group_rows(const struct result *result, const struct result_case *first,
                         bool phase_column, struct headline_notes *notes, struct document *doc)
{
    const struct result_case *with_figures = NULL;
    uint32_t columns_count = phase_column ? 12 : 11;

    ASSERT(result->cases != NULL); /* The first is one of them. */
    for (uint32_t i = 0; i < result->cases_count && with_figures == NULL; i++) {
        const struct result_case *of = &result->cases[i];

        if (headline_same_group(of, first) && facts_has_figures(of) &&
            facts_measured_count(of) > 0) {
            with_figures = of;
        }
    }
    if (with_figures != NULL) {
        add_phases(result, first, with_figures, phase_column, notes, doc);
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (headline_same_group(&result->cases[i], first) && is_left_out(&result->cases[i])) {
            add_left_out(result, &result->cases[i], columns_count, doc);
        }
    }
}

/* The case of that name, looked for from *at on: objectives stand in the order of their cases. */
static const struct result_case *next_case(const struct result *result, const char *name,
                                           uint32_t *at)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        uint32_t index = (*at + i) % result->cases_count;

        if (strcmp(result->cases[index].name, name) == 0) {
            *at = index;
            return &result->cases[index];
        }
    }
    return NULL;
}

static bool is_of_group(const struct result *result, const struct result_objective *objective,
                        const struct result_objective *like, const struct result_case *first,
                        uint32_t *at)
{
    const struct result_case *of;

    if (strcmp(objective->text, like->text) != 0 || strcmp(objective->phase, like->phase) != 0 ||
        strcmp(objective->flow, like->flow) != 0) {
        return false;
    }
    of = next_case(result, objective->case_name, at);
    return of != NULL && headline_same_group(of, first);
}

void headline_group_objective(const struct result *result, const struct result_case *first,
                              const struct result_objective *like, struct document *doc)
{
    uint32_t met = 0;
    uint32_t missed = 0;
    uint32_t all = 0;
    uint32_t at = 0;

    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (is_of_group(result, objective, like, first, &at)) {
            met += objective->met == MET_YES ? 1 : 0;
            missed += objective->met == MET_NO ? 1 : 0;
            all++;
        }
    }
    if (all == 0) {
        doc_cell(doc, DOC_MUTED, "–");
    } else if (missed > 0) {
        doc_cell(doc, DOC_BAD, "✗ missed in %u of %u", missed, all);
    } else if (met > 0) {
        doc_cell(doc, DOC_GOOD, "✓ %u of %u", met, all);
    } else {
        doc_cell(doc, DOC_MUTED, "n/a");
    }
}
