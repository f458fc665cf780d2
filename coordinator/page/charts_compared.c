#include "charts_cases_inner.h"
#include "charts_inner.h"
#include "facts.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 64  /* More cases than that no axis has room for. */
#define CHARTS_MAX 24 /* The table has them all. */

/* What one chart shows: the cases that a metric of a phase was compared in. */
struct question {
    const char *phase;
    const char *metric;
    const struct result_comparison *rows[NAMES_MAX];
    const char *names[NAMES_MAX];
    uint32_t count;
};

static bool is_drawn(const struct result_comparison *comparison)
{
    return comparison->flow[0] == '\0' && isfinite(comparison->ratio);
}

static bool is_same_question(const struct result_comparison *a, const struct result_comparison *b)
{
    return strcmp(a->phase, b->phase) == 0 && strcmp(a->metric, b->metric) == 0;
}

/* Those of the same phase and metric as its first row. */
static void collect(const struct findings *findings, uint32_t first, struct question *ret)
{
    ret->phase = findings->comparisons[first].phase;
    ret->metric = findings->comparisons[first].metric;
    ret->count = 0;
    for (uint32_t i = first; i < findings->comparisons_count && ret->count < NAMES_MAX; i++) {
        const struct result_comparison *row = &findings->comparisons[i];

        if (is_drawn(row) && is_same_question(row, &findings->comparisons[first])) {
            ret->names[ret->count] = row->case_name;
            ret->rows[ret->count++] = row;
        }
    }
}

static bool begins_question(const struct findings *findings, uint32_t number)
{
    for (uint32_t i = 0; i < number; i++) {
        if (is_drawn(&findings->comparisons[i]) &&
            is_same_question(&findings->comparisons[i], &findings->comparisons[number])) {
            return false;
        }
    }
    return is_drawn(&findings->comparisons[number]);
}

static double change_of(const struct result_comparison *comparison, int which)
{
    double ratio = which == 0 ? comparison->ratio : which == 1 ? comparison->low : comparison->high;

    return (ratio - 1.0) * 100.0;
}

/* Points of one colour: those whose case is of the target of that colour. */
static void add_changes(struct chart *chart, const struct result *result,
                        const struct question *question, const struct result_case *of)
{
    static const char *const styles[] = {"points", "low", "high"};
    uint32_t colour = facts_colour(result, of);

    for (int which = 0; which < 3; which++) {
        chart_series(chart, which == 0 ? of->target : styles[which], colour, styles[which]);
        for (uint32_t i = 0; i < question->count; i++) {
            const struct result_case *its = facts_case(result, question->names[i]);

            chart_value(chart, its != NULL && facts_colour(result, its) == colour
                                   ? change_of(question->rows[i], which)
                                   : CHART_NONE);
        }
    }
}

/* Its case is the first of its target that is compared. */
static bool begins_changes(const struct result *result, const struct question *question,
                           uint32_t number)
{
    const struct result_case *its = facts_case(result, question->names[number]);

    for (uint32_t i = 0; i < number && its != NULL; i++) {
        const struct result_case *before = facts_case(result, question->names[i]);

        if (before != NULL && strcmp(before->target, its->target) == 0) {
            return false;
        }
    }
    return its != NULL;
}

/* Of one target the rest of its cases' names tells them apart. */
static const char *label_of(const struct result *result, const struct question *question,
                            uint32_t number)
{
    const char *name = question->names[number];
    const struct result_case *its = facts_case(result, name);
    size_t bytes = its == NULL ? 0 : strlen(its->target);

    for (uint32_t i = 0; i < question->count && its != NULL; i++) {
        const struct result_case *other = facts_case(result, question->names[i]);

        if (other == NULL || strcmp(other->target, its->target) != 0) {
            return name;
        }
    }
    return bytes > 0 && strncmp(name, its->target, bytes) == 0 && name[bytes] == '/' &&
                   name[bytes + 1] != '\0'
               ? name + bytes + 1
               : name;
}

static void add_question(const struct result *result, const struct question *question,
                         struct document *doc)
{
    const char *labels[NAMES_MAX];
    char caption[REASON_BYTES];
    struct chart chart;

    for (uint32_t i = 0; i < question->count; i++) {
        labels[i] = label_of(result, question, i);
    }
    chart_begin(&chart, "xy", "change", false, "");
    chart_x(&chart, "case", "count", false, labels, question->count);
    chart_table(&chart);
    for (uint32_t i = 0; i < question->count; i++) {
        chart_value(&chart, i);
    }
    for (uint32_t i = 0; i < question->count; i++) {
        if (begins_changes(result, question, i)) {
            add_changes(&chart, result, question, facts_case(result, question->names[i]));
        }
    }
    chart_end(&chart);
    (void)snprintf(caption, sizeof caption, "%s in %s: change against the baseline, 95 %% interval",
                   question->metric, question->phase);
    doc_chart(doc, caption, &chart.json);
}

/* What most people ask of first. */
static int rank_of(const struct result_comparison *comparison)
{
    static const char *const first[] = {"received_rate", "e2e.p99"};

    for (int i = 0; i < 2; i++) {
        if (strcmp(comparison->metric, first[i]) == 0) {
            return i;
        }
    }
    return comparison->gates ? 2 : 3;
}

void charts_compared(const struct result *result, struct document *doc)
{
    const struct findings *findings = &result->findings;
    struct question question;
    uint32_t drawn = 0;
    uint32_t left = 0;

    for (int rank = 0; rank < 4; rank++) {
        for (uint32_t i = 0; i < findings->comparisons_count; i++) {
            if (rank_of(&findings->comparisons[i]) != rank || !begins_question(findings, i)) {
                continue;
            }
            if (drawn == CHARTS_MAX) {
                left++;
                continue;
            }
            collect(findings, i, &question);
            add_question(result, &question, doc);
            drawn++;
        }
    }
    if (left > 0) {
        doc_paragraph(doc, DOC_MUTED, "%u more %s not drawn; result.json has %s.", left,
                      left == 1 ? "metric is" : "metrics are", left == 1 ? "it" : "them");
    }
}
