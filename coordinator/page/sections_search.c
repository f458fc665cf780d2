#include "cells_inner.h"
#include "charts_cases_inner.h"
#include "facts.h"
#include "first_inner.h"
#include "latency_figure.h"
#include "sections_inner.h"

#include <stdio.h>
#include <string.h>

static void add_rate(double per_s, const char *otherwise, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];

    if (per_s > 0.0) {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_rate(per_s, text));
    } else {
        doc_cell(doc, DOC_WARN, "%s", otherwise);
    }
}

static void add_latency(int64_t ns, bool at_least, struct document *doc)
{
    char text[LATENCY_TEXT_BYTES];

    if (ns > 0) {
        doc_cell(doc, DOC_PLAIN, "%s", latency_text((double)ns, at_least, text));
    } else {
        doc_cell(doc, DOC_MUTED, "–");
    }
}

static void add_answers(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"case", NULL, DOC_LEFT},
        {"answer", NULL, DOC_LEFT},
        {"held", "The highest rate that held", DOC_RIGHT},
        {"did not hold", "The lowest rate that did not", DOC_RIGHT},
        {"wanted width", "Of the two bounds", DOC_RIGHT},
        {"limited by", NULL, DOC_LEFT},
    };

    doc_table(doc, "The highest sustainable rate", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < result->findings.searches_count; i++) {
        const struct result_search *search = &result->findings.searches[i];

        cell_case(result, search->case_name, doc);
        doc_cell(doc, search->found ? DOC_GOOD : DOC_WARN, "%s",
                 search->found ? "✓ found" : "⚠ not found");
        add_rate(search->lower_per_s, "none held", doc);
        add_rate(search->upper_per_s, "none failed", doc);
        doc_cell(doc, DOC_MUTED, "%.3g %%", search->width * 100.0);
        doc_cell(doc, DOC_PLAIN, "%s", search->limit);
    }
}

/* number: of the case's trials, as they are counted everywhere else. */
static void add_step(const struct result_search_step *step, uint32_t number, struct document *doc)
{
    static const char *const words[] = {
        [STEP_GOOD] = "✓ held", [STEP_BAD] = "✗ did not hold", [STEP_VOID] = "– invalid, repeated"};
    static const enum doc_tone tones[] = {
        [STEP_GOOD] = DOC_GOOD, [STEP_BAD] = DOC_BAD, [STEP_VOID] = DOC_MUTED};

    doc_cell(doc, DOC_PLAIN, "%u%s", number, step->confirms ? " (confirms)" : "");
    add_rate(step->asked_per_s, "–", doc);
    add_rate(step->sent_per_s, "none", doc);
    add_rate(step->received_per_s, "–", doc);
    add_latency(step->e2e_p50_ns, step->at_least.e2e_p50, doc);
    add_latency(step->e2e_p99_ns, step->at_least.e2e_p99, doc);
    add_latency(step->publish_p99_ns, step->at_least.publish_p99, doc);
    doc_cell(doc, tones[step->outcome], "%s", words[step->outcome]);
    doc_cell(doc, DOC_PLAIN, "%s", step->reason);
}

static void add_steps(const struct result *result, const char *case_name, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"trial", NULL, DOC_LEFT},
        {"asked", NULL, DOC_RIGHT},
        {"sent", NULL, DOC_RIGHT},
        {"received", NULL, DOC_RIGHT},
        {"e2e p50", "End to end", DOC_RIGHT},
        {"e2e p99", "End to end", DOC_RIGHT},
        {"publish p99", NULL, DOC_RIGHT},
        {"outcome", NULL, DOC_LEFT},
        {"why", NULL, DOC_LEFT},
    };
    char caption[NAME_BYTES + 32];
    uint32_t number = 0;

    for (uint32_t i = 0; i < result->findings.search_steps_count; i++) {
        const struct result_search_step *step = &result->findings.search_steps[i];

        if (strcmp(step->case_name, case_name) != 0) {
            continue;
        }
        if (number++ == 0) {
            (void)snprintf(caption, sizeof caption, "%s: the rates that were tried", case_name);
            doc_table(doc, caption, columns, sizeof columns / sizeof columns[0]);
        }
        add_step(step, number, doc);
    }
}

void section_search(const struct result *result, struct document *doc)
{
    if (result->findings.searches_count == 0) {
        return;
    }
    doc_section(doc, "search", "Highest sustainable rate");
    add_answers(result, doc);
    for (uint32_t i = FIRST_SEARCHES_MAX; i < result->findings.searches_count; i++) {
        charts_search(result, &result->findings.searches[i], doc);
    }
    for (uint32_t i = 0; i < result->findings.searches_count; i++) {
        add_steps(result, result->findings.searches[i].case_name, doc);
    }
}
