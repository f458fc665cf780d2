#include "facts.h"
#include "sections.h"

static void add_outage(const struct result *result, const struct result_case *result_case,
                       const struct result_outage *outage, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];
    bool back = outage->up_ns >= outage->down_ns;

    doc_cell_target(doc, result_case->name, facts_colour(result, result_case), 1);
    doc_cell(doc, DOC_PLAIN, "%s", facts_offset(outage->down_ns, text));
    if (back) {
        doc_cell(doc, DOC_PLAIN, "%s", facts_offset(outage->up_ns, text));
        doc_cell(doc, DOC_PLAIN, "%s",
                 units_format_ns((double)(outage->up_ns - outage->down_ns), text));
    } else {
        doc_cell(doc, DOC_BAD, "✗ never");
        doc_cell(doc, DOC_MUTED, "–");
    }
    doc_cell(doc, DOC_PLAIN, "%s", facts_count(outage->backlog_peak, text));
    doc_cell(doc, outage->unconfirmed == 0 ? DOC_MUTED : DOC_WARN, "%s",
             facts_count(outage->unconfirmed, text));
    doc_cell(doc, DOC_PLAIN, "%s", outage->text);
}

static void add_trial(const struct result *result, const struct result_case *result_case,
                      const struct result_trial *trial, bool *begun, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"down", "After the trial's start", DOC_RIGHT},
        {"back", NULL, DOC_RIGHT},
        {"away for", NULL, DOC_RIGHT},
        {"highest backlog", "Messages confirmed and not yet received", DOC_RIGHT},
        {"unconfirmed", "Messages that were under way when the connection broke", DOC_RIGHT},
        {"what was seen", NULL, DOC_LEFT},
    };

    for (uint32_t i = 0; i < trial->outages_count; i++) {
        if (!*begun) {
            doc_section(doc, "outages", "What went down and came back");
            doc_table(doc, "", columns, sizeof columns / sizeof columns[0]);
            *begun = true;
        }
        add_outage(result, result_case, &trial->outages[i], doc);
    }
}

void section_outages(const struct result *result, struct document *doc)
{
    bool begun = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            add_trial(result, &result->cases[i], &result->cases[i].trials[j], &begun, doc);
        }
    }
}
