#include "cells_inner.h"

#include "latency_figure.h"

void cell_case(const struct result *result, const char *name, struct document *doc)
{
    const struct result_case *result_case = facts_case(result, name);

    if (result_case == NULL) {
        doc_cell(doc, DOC_PLAIN, "%s", name[0] == '\0' ? "all" : name);
    } else {
        doc_cell_target(doc, name, facts_colour(result, result_case), 1);
    }
}

void cell_shown(const struct facts_shown *shown, const char *note, bool *few, struct document *doc)
{
    char text[LATENCY_TEXT_BYTES];

    if (!shown->any) {
        doc_cell(doc, DOC_MUTED, "–");
        return;
    }
    *few = *few || shown->few;
    doc_cell(doc, shown->few ? DOC_MUTED : DOC_PLAIN, "%s%s%s", shown->few ? "~" : "",
             latency_text(shown->value_ns, shown->at_least, text), note);
}

void cell_latency(const struct hist *hist, double percentile, const char *note, bool *few,
                  struct document *doc)
{
    char text[LATENCY_TEXT_BYTES];
    struct latency_figure figure;
    bool holds;

    if (hist == NULL) {
        doc_cell(doc, DOC_MUTED, "–");
        return;
    }
    holds = percentile >= 100.0 || facts_percentile_holds(hist, percentile);
    *few = *few || !holds;
    figure = latency_figure_of(hist, percentile);
    doc_cell(doc, holds ? DOC_PLAIN : DOC_MUTED, "%s%s%s", holds ? "" : "~",
             latency_figure_text(&figure, text), note);
}

void cell_fault_count(uint64_t count, bool known, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];

    if (!known) {
        doc_cell(doc, DOC_MUTED, "–");
    } else {
        doc_cell(doc, count == 0 ? DOC_MUTED : DOC_BAD, "%s", facts_count(count, text));
    }
}
