#include "cells_inner.h"
#include "facts.h"
#include "sections_inner.h"

#include <math.h>

static void add_insight(const struct result_insight *insight, struct document *doc)
{
    doc_item(doc, DOC_PLAIN, "%s%s%s", insight->text, insight->advice[0] == '\0' ? "" : " → ",
             insight->advice);
}

static void add_figures(const struct result *result, const struct result_insight *insight,
                        struct document *doc)
{
    struct text figures = {0};
    char text[FACTS_TEXT_BYTES];

    for (uint32_t i = 0; i < insight->figures_count && i < INSIGHT_FIGURES_MAX; i++) {
        const struct insight_figure *figure = &insight->figures[i];

        text_addf(&figures, "%s%s %s", i == 0 ? "" : ", ", figure->name,
                  facts_measure(figure->value, figure->unit, text));
    }
    doc_cell(doc, DOC_PLAIN, "%s", insight->rule);
    cell_case(result, insight->case_name, doc);
    doc_cell(doc, DOC_PLAIN, "%s", figures.bytes == NULL ? "–" : figures.bytes);
    doc->failed |= text_failed(&figures);
    text_done(&figures);
}

void section_insights(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"rule", NULL, DOC_LEFT},
        {"case", NULL, DOC_LEFT},
        {"figures", NULL, DOC_LEFT},
    };
    const struct findings *findings = &result->findings;

    if (findings->insights_count == 0) {
        return;
    }
    doc_section(doc, "insights", "Findings and advice");
    for (uint32_t i = 0; i < findings->insights_count; i++) {
        add_insight(&findings->insights[i], doc);
    }
    doc_table(doc, "The rule and the figures behind each sentence", columns,
              sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < findings->insights_count; i++) {
        add_figures(result, &findings->insights[i], doc);
    }
}

static void add_share(double share, struct document *doc)
{
    if (isfinite(share)) {
        doc_cell(doc, DOC_PLAIN, "%.1f %%", share * 100.0);
    } else {
        doc_cell(doc, DOC_MUTED, "–");
    }
}

void section_noise(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"objective", NULL, DOC_LEFT},
        {"phase", NULL, DOC_LEFT},
        {"case", NULL, DOC_LEFT},
        {"would have failed", "Trials that would have missed it, each taken by itself", DOC_RIGHT},
        {"spread", "Relative standard deviation over the trials", DOC_RIGHT},
        {"smallest change told", "With this many trials, at 80 % power and 5 % false alarms",
         DOC_RIGHT},
    };
    const struct findings *findings = &result->findings;

    if (findings->noise_count == 0) {
        return;
    }
    doc_section(doc, "noise", "Certainty of the objectives");
    doc_table(doc, "Each objective over the trials", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < findings->noise_count; i++) {
        const struct result_noise *noise = &findings->noise[i];

        doc_cell(doc, DOC_PLAIN, "%s", noise->objective);
        doc_cell(doc, DOC_PLAIN, "%s", noise->phase[0] == '\0' ? "all" : noise->phase);
        cell_case(result, noise->case_name, doc);
        doc_cell(doc, noise->failed == 0 ? DOC_PLAIN : DOC_WARN, "%u of %u trials", noise->failed,
                 noise->trials);
        add_share(noise->spread, doc);
        add_share(noise->detectable, doc);
    }
}
