#include "cells_inner.h"
#include "headline_groups.h"
#include "headline_rows_inner.h"
#include "mono.h"
#include "phase_choice.h"
#include "resumed.h"
#include "sections_inner.h"
#include "sentence.h"
#include "sentence_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reasons that the first screen has room for. */
#define REASONS_MAX 5

/* That it was resumed, and that it can be. */
static void add_resumes(const struct result *result, struct document *doc)
{
    struct text line = {0};
    struct text command = {0};

    for (uint32_t i = 0; i < result->resumes_count && i < RESUMED_LINES_MAX; i++) {
        line.bytes_count = 0;
        resumed_line(result, i, &line);
        doc_item(doc, resumed_elsewhere(result) ? DOC_WARN : DOC_MUTED, "%s",
                 text_failed(&line) ? "" : line.bytes);
    }
    if (result->resumes_count > RESUMED_LINES_MAX) {
        doc_item(doc, DOC_MUTED, "It was resumed %u times more.",
                 result->resumes_count - RESUMED_LINES_MAX);
    }
    text_done(&line);
    if (resumed_left(result, &line)) {
        resumed_command(result, NULL, &command);
        doc_item(doc, DOC_WARN,
                 "%s; %s goes on with the run. RUN_DIR is the folder of this report; give the "
                 "run's --hosts or --listen again, if it had them.",
                 text_failed(&line) ? "" : line.bytes, text_failed(&command) ? "" : command.bytes);
    }
    doc->failed = doc->failed || text_failed(&line) || text_failed(&command);
    text_done(&line);
    text_done(&command);
}

static void add_meta(const struct result *result, struct document *doc)
{
    char time[FACTS_TEXT_BYTES];
    char span[UNITS_TEXT_BYTES];
    int64_t took_ns = result->ended_unix_ns - result->started_unix_ns - resumed_away_ns(result);

    facts_time(result->started_unix_ns, time);
    if (result->ended_unix_ns != 0 && took_ns >= 0) {
        units_format_duration(took_ns / NS_PER_S * NS_PER_S, span);
    } else {
        (void)snprintf(span, sizeof span, "unknown");
    }
    doc_paragraph(doc, DOC_MUTED, "Run %s, started %s, took %s, %u %s, seed %llu.", result->run_id,
                  time[0] == '\0' ? "at an unknown time" : time, span, result->agents_count,
                  result->agents_count == 1 ? "agent" : "agents", (unsigned long long)result->seed);
}

static void add_reasons(const struct result *result, struct document *doc)
{
    struct text sentence = {0};
    bool *told = NULL;
    uint32_t listed = 0;
    uint32_t left = 0;

    sentence_body(result, &sentence);
    if (text_failed(&sentence) || sentence_told(sentence.bytes, result, &told) < 0) {
        doc->failed = true;
    }
    for (uint32_t i = 0; i < result->reasons_count && !doc->failed; i++) {
        const struct result_reason *reason = &result->reasons[i];
        bool named =
            reason->case_name[0] == '\0' || strstr(reason->text, reason->case_name) != NULL;

        if (told[i]) {
            continue;
        }
        if (listed >= REASONS_MAX) {
            left++;
        } else {
            listed++;
            doc_item(doc, result->verdict == VERDICT_FAIL ? DOC_BAD : DOC_WARN, "%s%s%s",
                     named ? "" : reason->case_name, named ? "" : ": ", reason->text);
        }
    }
    if (left > 0) {
        doc_item(doc, DOC_MUTED, "%u more %s in result.json.", left,
                 left == 1 ? "reason is" : "reasons are");
    }
    free(told);
    text_done(&sentence);
}

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

static void add_doubt(const struct result *result, struct document *doc)
{
    struct text doubt = {0};

    if (sentence_doubt(result, &doubt)) {
        if (text_failed(&doubt)) {
            doc->failed = true;
        } else {
            doc_paragraph(doc, DOC_WARN, "⚠ Self-check: %s.", doubt.bytes);
        }
    }
    text_done(&doubt);
}

static void add_targets(const struct result *result, struct document *doc)
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
    add_doubt(result, doc);
}

static bool same_question(const struct result_objective *a, const struct result_objective *b)
{
    return strcmp(a->text, b->text) == 0 && strcmp(a->phase, b->phase) == 0 &&
           strcmp(a->flow, b->flow) == 0;
}

static const struct result_objective *find_objective(const struct result *result,
                                                     const struct result_objective *like,
                                                     const char *case_name)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (same_question(objective, like) &&
            (strcmp(objective->case_name, case_name) == 0 || objective->case_name[0] == '\0')) {
            return objective;
        }
    }
    return NULL;
}

static void add_objective_cell(const struct result_objective *objective, struct document *doc)
{
    char value[FACTS_TEXT_BYTES];

    if (objective == NULL) {
        doc_cell(doc, DOC_MUTED, "–");
    } else if (objective->met == MET_NOT_AVAILABLE && !result_has_observed(objective)) {
        doc_cell(doc, DOC_MUTED, "n/a");
    } else if (objective->met == MET_NOT_AVAILABLE) {
        doc_cell(doc, DOC_WARN, "? %s, not judged", facts_observed(objective, value));
    } else if (objective->samples == 0 && objective->reason[0] != '\0') {
        doc_cell(doc, DOC_BAD, "✗ no figure");
    } else {
        facts_observed(objective, value);
        doc_cell(doc, objective->met == MET_YES ? DOC_GOOD : DOC_BAD, "%s %s",
                 objective->met == MET_YES ? "✓" : "✗", value);
    }
}

/* Columns of the table of objectives: cases, or groups of them. Returns how many. */
static uint32_t find_columns(const struct result *result, const struct result_case **ret)
{
    bool grouped = headline_is_grouped(result);
    uint32_t count = 0;

    for (uint32_t i = 0; i < result->cases_count && count < TARGETS_MAX; i++) {
        if (!grouped || headline_begins_group(result, &result->cases[i])) {
            ret[count++] = &result->cases[i];
        }
    }
    return count;
}

/* Its row is there: it stands twice in the scenario, or is one of several cases' of a question. */
static bool has_row(const struct result *result, const uint32_t *shown, uint32_t shown_count,
                    uint32_t number)
{
    for (uint32_t i = 0; i < shown_count; i++) {
        if (same_question(&result->objectives[shown[i]], &result->objectives[number])) {
            return true;
        }
    }
    return false;
}

/* What a column is called: a case without its target, where all are of that. */
static const char *column_name(const struct result *result, const struct result_case *of)
{
    size_t target_bytes = strlen(of->target);

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *other = &result->cases[i];

        if (strcmp(other->target, of->target) != 0 ||
            strncmp(other->name, of->target, target_bytes) != 0 ||
            other->name[target_bytes] != '/') {
            return of->name;
        }
    }
    return of->name + target_bytes + 1;
}

static void add_objective_row(const struct result *result, const struct result_case *const *cases,
                              uint32_t cases_count, bool grouped,
                              const struct result_objective *objective, struct document *doc)
{
    doc_cell(doc, DOC_PLAIN, "%s", objective->text);
    doc_cell(doc, DOC_PLAIN, "%s%s%s", objective->phase[0] == '\0' ? "all" : objective->phase,
             objective->flow[0] == '\0' ? "" : ", flow ", objective->flow);
    for (uint32_t j = 0; j < cases_count; j++) {
        if (grouped && objective->case_name[0] != '\0') {
            headline_group_objective(result, cases[j], objective, doc);
        } else {
            add_objective_cell(find_objective(result, objective, cases[j]->name), doc);
        }
    }
}

/* Objectives down, cases across: what differs between brokers is seen at once. */
static void add_objectives(const struct result *result, struct document *doc)
{
    struct doc_column columns[TARGETS_MAX + 2] = {{"objective", NULL, DOC_LEFT},
                                                  {"phase", NULL, DOC_LEFT}};
    const struct result_case *cases[TARGETS_MAX];
    char names[TARGETS_MAX][HEADLINE_NAME_BYTES];
    bool grouped = headline_is_grouped(result);
    uint32_t count = find_columns(result, cases);
    uint32_t shown_count = 0;
    uint32_t *shown;

    if (result->objectives_count == 0) {
        return;
    }
    shown = calloc(result->objectives_count, sizeof *shown);
    if (shown == NULL) {
        doc->failed = true;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        columns[i + 2] = (struct doc_column){column_name(result, cases[i]), NULL, DOC_RIGHT};
        if (grouped) {
            columns[i + 2].heading = headline_group_name(result, cases[i], names[i]);
        }
    }
    doc_table(doc,
              grouped ? "Objectives: in how many cases they were met"
                      : "Objectives: observed, and whether it was met",
              columns, count + 2);
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (!has_row(result, shown, shown_count, i)) {
            shown[shown_count++] = i;
            add_objective_row(result, cases, count, grouped, &result->objectives[i], doc);
        }
    }
    free(shown);
}

static bool was_measured(const struct result *result, const char *case_name)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        if (strcmp(result->cases[i].name, case_name) == 0) {
            return result->cases[i].status == CASE_MEASURED;
        }
    }
    return true;
}

/* There is no figure, or it says less, or more, than it seems to. */
static bool needs_word(const struct result_objective *objective)
{
    return objective->met == MET_NO ? objective->samples == 0 : objective->reason[0] != '\0';
}

/* That a case was skipped stands in its row already. */
static void add_objective_reasons(const struct result *result, struct document *doc)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (objective->reason[0] != '\0' && needs_word(objective) &&
            was_measured(result, objective->case_name)) {
            doc_item(doc, objective->met == MET_NO ? DOC_WARN : DOC_MUTED, "%s%s%s%s%s: %s",
                     objective->text, objective->phase[0] == '\0' ? "" : " in ", objective->phase,
                     objective->case_name[0] == '\0' ? "" : ", ", objective->case_name,
                     objective->reason);
        }
    }
}

void section_headline(const struct result *result, struct document *doc)
{
    doc_section(doc, "headline", "");
    add_reasons(result, doc);
    add_resumes(result, doc);
    if (result->cases_count > 0) {
        add_targets(result, doc);
    } else {
        doc_paragraph(doc, DOC_WARN,
                      "No values were measured: the run ended before its first case.");
    }
    add_objectives(result, doc);
    add_objective_reasons(result, doc);
    add_meta(result, doc);
}
