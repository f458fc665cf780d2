/* The first screen's objectives: bars against their limits where there is one case, a table where
 * there are several. Those that every run has are one line when they are met. */
#include "first_inner.h"
#include "headline_groups.h"
#include "headline_rows_inner.h"
#include "invariant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_question(const struct result_objective *a, const struct result_objective *b)
{
    return strcmp(a->text, b->text) == 0 && strcmp(a->phase, b->phase) == 0 &&
           strcmp(a->flow, b->flow) == 0;
}

/* What every run is judged by, unless its scenario says otherwise. */
static bool is_of_every_run(const struct result_objective *objective)
{
    static const char *const texts[] = {"lost == 0", "corrupted == 0", "attained >= 99%"};
    size_t bytes = strlen(objective->text);

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(objective->text, texts[i]) == 0) {
            return true;
        }
    }
    return strncmp(objective->text, "refused", strlen("refused")) == 0 && bytes > 7 &&
           strcmp(objective->text + bytes - 7, "<= 0.1%") == 0;
}

/* Then one line for all of those is enough. */
static bool is_met_by_all(const struct result *result, const struct result_objective *objective)
{
    if (!is_of_every_run(objective)) {
        return false;
    }
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (same_question(&result->objectives[i], objective) &&
            (result->objectives[i].met == MET_NO || result->objectives[i].reason[0] != '\0')) {
            return false;
        }
    }
    return true;
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
static void add_table(const struct result *result, struct document *doc)
{
    struct doc_column columns[TARGETS_MAX + 2] = {{"objective", NULL, DOC_LEFT},
                                                  {"phase", NULL, DOC_LEFT}};
    const struct result_case *cases[TARGETS_MAX];
    char names[TARGETS_MAX][HEADLINE_NAME_BYTES];
    bool grouped = headline_is_grouped(result);
    uint32_t count = find_columns(result, cases);
    uint32_t shown_count = 0;
    uint32_t *shown;

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
        if (!is_met_by_all(result, &result->objectives[i]) &&
            !has_row(result, shown, shown_count, i)) {
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
void first_objective_reasons(const struct result *result, struct document *doc)
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

/* ---- Of one case ---- */

static double share_of(const struct result_objective *objective)
{
    bool drawn = result_has_observed(objective) && isfinite(objective->limit) &&
                 objective->limit > 0.0 && isfinite(objective->observed) &&
                 objective->observed >= 0.0;

    return drawn ? objective->observed / objective->limit : NAN;
}

static void add_bar(const struct result_objective *objective, struct document *doc)
{
    char value[FACTS_TEXT_BYTES] = "no figure";
    enum doc_tone tone = objective->met == MET_YES  ? DOC_GOOD
                         : objective->met == MET_NO ? DOC_BAD
                                                    : DOC_MUTED;

    if (result_has_observed(objective)) {
        facts_observed(objective, value);
    }
    doc_bar(doc, tone, share_of(objective), value, "%s%s%s%s%s", objective->text,
            objective->phase[0] == '\0' ? "" : " in ", objective->phase,
            objective->flow[0] == '\0' ? "" : ", flow ", objective->flow);
}

static void add_bars(const struct result *result, struct document *doc)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (!is_met_by_all(result, &result->objectives[i])) {
            add_bar(&result->objectives[i], doc);
        }
    }
}

/* "Also met, as every run has to: lost == 0, corrupted == 0." */
static void add_met_by_all(const struct result *result, struct document *doc)
{
    struct text list = {0};

    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        if (is_met_by_all(result, objective) &&
            find_objective(result, objective, objective->case_name) == objective &&
            (list.bytes == NULL || strstr(list.bytes, objective->text) == NULL)) {
            text_addf(&list, "%s%s", list.bytes_count == 0 ? "" : ", ", objective->text);
        }
    }
    if (list.bytes_count > 0) {
        doc_item(doc, DOC_GOOD, "Also met, as in every run: %s.", list.bytes);
    }
    doc->failed = doc->failed || text_failed(&list);
    text_done(&list);
}

static bool is_table_empty(const struct result *result)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (!is_met_by_all(result, &result->objectives[i])) {
            return false;
        }
    }
    return true;
}

void first_objectives(const struct result *result, struct document *doc)
{
    if (result->cases_count == 1) {
        add_bars(result, doc);
    } else if (!is_table_empty(result)) {
        add_table(result, doc);
    }
    add_met_by_all(result, doc);
}
