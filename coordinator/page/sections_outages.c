#include "facts.h"
#include "sections_inner.h"

#define CLIENTS_LISTED_MAX 20 /* Of one trial. */
#define NOTICES_LISTED_MAX 10 /* Likewise. */

static void add_figures(const struct result_outage *outage, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];

    if (outage->kind == OUTAGE_CLIENT) {
        doc_cell(doc, DOC_MUTED, "–");
        doc_cell(doc, DOC_MUTED, "–");
        return;
    }
    doc_cell(doc, DOC_PLAIN, "%s", facts_count(outage->backlog_peak, text));
    doc_cell(doc, outage->unconfirmed == 0 ? DOC_MUTED : DOC_WARN, "%s",
             facts_count(outage->unconfirmed, text));
}

static void add_outage(const struct result *result, const struct result_case *result_case,
                       const struct result_outage *outage, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];
    bool back = outage->up_ns >= outage->down_ns;

    doc_cell_target(doc, result_case->name, facts_colour(result, result_case), 1);
    doc_cell(doc, DOC_PLAIN, "%s", outage->kind == OUTAGE_BROKER ? "the broker" : outage->client);
    doc_cell(doc, DOC_PLAIN, "%s", facts_offset(outage->down_ns, text));
    if (back) {
        doc_cell(doc, DOC_PLAIN, "%s", facts_offset(outage->up_ns, text));
        doc_cell(doc, DOC_PLAIN, "%s",
                 units_format_ns((double)(outage->up_ns - outage->down_ns), text));
    } else {
        doc_cell(doc, DOC_BAD, "✗ never");
        doc_cell(doc, DOC_MUTED, "–");
    }
    add_figures(outage, doc);
    doc_cell(doc, DOC_PLAIN, "%s", outage->text);
}

/* The broker's outages come first, those of clients as far as there is room. */
static void add_rows(const struct result *result, const struct result_case *result_case,
                     const struct result_trial *trial, struct document *doc)
{
    uint32_t clients = 0;

    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        clients += outage->kind == OUTAGE_CLIENT ? 1 : 0;
        if (outage->kind == OUTAGE_BROKER || clients <= CLIENTS_LISTED_MAX) {
            add_outage(result, result_case, outage, doc);
        }
    }
}

static void begin(bool *begun, struct document *doc)
{
    if (!*begun) {
        doc_section(doc, "outages", "Outages");
        *begun = true;
    }
}

static void add_tables(const struct result *result, bool *begun, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"who", "The broker is away while no client can use it", DOC_LEFT},
        {"down", "After the trial's start", DOC_RIGHT},
        {"back", NULL, DOC_RIGHT},
        {"away for", NULL, DOC_RIGHT},
        {"highest backlog", "Messages confirmed and not yet received", DOC_RIGHT},
        {"unconfirmed", "Messages that were under way when the connection broke", DOC_RIGHT},
        {"what was seen", NULL, DOC_LEFT},
    };
    bool table = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            const struct result_trial *trial = &result->cases[i].trials[j];

            if (trial->outages_count == 0) {
                continue;
            }
            begin(begun, doc);
            if (!table) {
                doc_table(doc, "", columns, sizeof columns / sizeof columns[0]);
                table = true;
            }
            add_rows(result, &result->cases[i], trial, doc);
        }
    }
}

static uint64_t count_left(const struct result_trial *trial)
{
    uint32_t clients = 0;

    for (uint32_t i = 0; i < trial->outages_count; i++) {
        clients += trial->outages[i].kind == OUTAGE_CLIENT ? 1 : 0;
    }
    return (clients > CLIENTS_LISTED_MAX ? clients - CLIENTS_LISTED_MAX : 0) +
           trial->outages_untold;
}

static void add_words(const struct result_case *result_case, const struct result_trial *trial,
                      bool *begun, struct document *doc)
{
    uint64_t left = count_left(trial);
    char first[FACTS_TEXT_BYTES];
    char last[FACTS_TEXT_BYTES];
    char which[FACTS_TEXT_BYTES];
    char times[FACTS_TEXT_BYTES];

    facts_which_trial(result_case, trial, which);
    if (left > 0) {
        begin(begun, doc);
        doc_item(doc, DOC_MUTED, "%s%s: %s more lost connections are not listed.",
                 result_case->name, which, facts_count(left, times));
    }
    for (uint32_t i = 0; i < trial->notices_count && i < NOTICES_LISTED_MAX; i++) {
        const struct notice_delta *notice = &trial->notices[i];

        begin(begun, doc);
        if (notice->count == 1) {
            doc_item(doc, DOC_WARN, "%s%s said at %s: %s", result_case->name, which,
                     facts_offset(notice->first_ns, first), notice->text);
        } else {
            doc_item(doc, DOC_WARN, "%s%s said %s times, from %s to %s: %s", result_case->name,
                     which, facts_count(notice->count, times),
                     facts_offset(notice->first_ns, first), facts_offset(notice->last_ns, last),
                     notice->text);
        }
    }
}

void section_outages(const struct result *result, struct document *doc)
{
    bool begun = false;

    add_tables(result, &begun, doc);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            add_words(&result->cases[i], &result->cases[i].trials[j], &begun, doc);
        }
    }
}
