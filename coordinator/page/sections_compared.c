#include "cells_inner.h"
#include "clients.h"
#include "facts.h"
#include "first_inner.h"
#include "sections_inner.h"

#include <stdio.h>
#include <string.h>

static void add_verdict(const struct result_comparison *comparison, struct document *doc)
{
    static const char *const words[] = {
        [COMPARISON_SAME] = "≈ same",
        [COMPARISON_BETTER] = "✓ better",
        [COMPARISON_WORSE] = "✗ worse",
        [COMPARISON_INCONCLUSIVE] = "? inconclusive",
        [COMPARISON_NOT_AVAILABLE] = "– not available",
    };
    static const enum doc_tone tones[] = {
        [COMPARISON_SAME] = DOC_PLAIN,          [COMPARISON_BETTER] = DOC_GOOD,
        [COMPARISON_WORSE] = DOC_BAD,           [COMPARISON_INCONCLUSIVE] = DOC_WARN,
        [COMPARISON_NOT_AVAILABLE] = DOC_MUTED,
    };
    char more[FACTS_TEXT_BYTES] = "";

    if (comparison->verdict == COMPARISON_INCONCLUSIVE && comparison->pairs_more > 0) {
        (void)snprintf(more, sizeof more, " (%u more pair%s needed)", comparison->pairs_more,
                       comparison->pairs_more == 1 ? "" : "s");
    }
    doc_cell(doc, tones[comparison->verdict], "%s%s%s%s%s", words[comparison->verdict], more,
             comparison->gates && comparison->verdict == COMPARISON_WORSE ? ": a regression" : "",
             comparison->reason[0] != '\0' ? ": " : "", comparison->reason);
}

static void add_comparison(const struct result *result, const struct result_comparison *comparison,
                           struct document *doc)
{
    char change[FACTS_TEXT_BYTES];
    char high[FACTS_TEXT_BYTES];

    cell_case(result, comparison->case_name, doc);
    doc_cell(doc, DOC_PLAIN, "%s", comparison->baseline);
    doc_cell(doc, DOC_PLAIN, "%s%s%s", comparison->phase, comparison->flow[0] == '\0' ? "" : ", ",
             comparison->flow);
    doc_cell(doc, DOC_PLAIN, "%s", comparison->metric);
    doc_cell(doc, DOC_PLAIN, "%s", facts_change(comparison->ratio, change));
    facts_change(comparison->low, change);
    doc_cell(doc, DOC_PLAIN, "%s to %s", change, facts_change(comparison->high, high));
    doc_cell(doc, DOC_MUTED, "%.4g %%", comparison->threshold * 100.0);
    doc_cell(doc, DOC_MUTED, "%u", comparison->pairs);
    add_verdict(comparison, doc);
}

/* Cases over different clients are two generators, too. */
static void add_clients(const struct result *result, struct document *doc)
{
    struct text line = {0};

    if (clients_mixed(result) && clients_line(result, &line)) {
        doc->failed = doc->failed || text_failed(&line);
        doc_paragraph(doc, DOC_WARN, "Cases differ in what drives their brokers: %s.",
                      text_failed(&line) ? "" : line.bytes);
    }
    text_done(&line);
}

void section_compared(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"case", NULL, DOC_LEFT},
        {"against", "The baseline", DOC_LEFT},
        {"phase", NULL, DOC_LEFT},
        {"metric", NULL, DOC_LEFT},
        {"change", "Geometric mean over the pairs of trials", DOC_RIGHT},
        {"95 % interval", NULL, DOC_RIGHT},
        {"matters from", "A smaller change counts as the same", DOC_RIGHT},
        {"pairs", NULL, DOC_RIGHT},
        {"verdict", "After Holm's correction for the number of comparisons", DOC_LEFT},
    };
    const struct findings *findings = &result->findings;
    uint32_t left = 0;

    if (findings->comparisons_count == 0) {
        return;
    }
    doc_section(doc, "compared", "Results against the baseline");
    add_clients(result, doc);
    doc_table(doc, "Paired trials against the baseline", columns,
              sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < findings->comparisons_count; i++) {
        if (forest_is_shown(&findings->comparisons[i])) {
            add_comparison(result, &findings->comparisons[i], doc);
        } else {
            left++;
        }
    }
    if (left > 0) {
        doc_paragraph(doc, DOC_PLAIN, "%u more %s without a clear change %s in result.json.", left,
                      left == 1 ? "comparison" : "comparisons", left == 1 ? "is" : "are");
    }
}
