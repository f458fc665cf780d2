#include "facts.h"
#include "lines.h"
#include "memory_use.h"
#include "sections_inner.h"
#include "text.h"

#include <math.h>

static const struct doc_column columns[] = {
    {"case", NULL, DOC_LEFT},
    {"agent", NULL, DOC_LEFT},
    {"clients", NULL, DOC_RIGHT},
    {"before", "Resident memory before the clients were opened", DOC_RIGHT},
    {"opened", "Once all of them were", DOC_RIGHT},
    {"per client", "What opening them took, through their number", DOC_RIGHT},
    {"highest", "At the end of a second under load", DOC_RIGHT},
    {"in flight", "Most messages at the end of a second", DOC_RIGHT},
    {"per message in flight", "At most: all that load took, through the most messages in flight",
     DOC_RIGHT},
    {"threads", "Of the process, its libraries' too, at the end of the trial's first second",
     DOC_LEFT},
};

static void bytes_cell(struct document *doc, double bytes)
{
    char text[FACTS_TEXT_BYTES];

    if (isnan(bytes)) {
        doc_cell(doc, DOC_MUTED, "–");
    } else {
        doc_cell(doc, DOC_PLAIN, "%s", units_format_bytes(bytes, text));
    }
}

/* "23: hand, nng:task 4, worker 2". */
static void threads_cell(struct document *doc, const struct result_trial *trial, uint32_t agent)
{
    struct text names = {0};
    uint64_t sum = 0;

    for (uint32_t i = 0; i < trial->threads_count; i++) {
        const struct thread_count *of = &trial->threads[i].of;

        if (trial->threads[i].agent != agent) {
            continue;
        }
        text_addf(&names, sum == 0 ? ": %s" : ", %s", of->name);
        if (of->count > 1) {
            text_addf(&names, " %u", of->count);
        }
        sum += of->count;
    }
    if (sum == 0) {
        doc_cell(doc, DOC_MUTED, "–");
    } else if (text_failed(&names)) {
        doc->failed = true;
    } else {
        doc_cell(doc, DOC_PLAIN, "%llu%s", (unsigned long long)sum, names.bytes);
    }
    text_done(&names);
}

static void add_row(const struct result_case *of, const char *agent, const struct memory_use *use,
                    struct document *doc)
{
    char which[FACTS_TEXT_BYTES];

    doc_cell(doc, DOC_PLAIN, "%s%s", of->name, facts_which_trial(of, facts_trial(of), which));
    doc_cell(doc, DOC_PLAIN, "%s", agent);
    doc_cell(doc, DOC_PLAIN, "%u", use->clients);
    bytes_cell(doc, (double)use->before_bytes);
    bytes_cell(doc, (double)use->opened_bytes);
    bytes_cell(doc, use->per_client_bytes);
    bytes_cell(doc, (double)use->bytes_max);
    doc_cell(doc, DOC_PLAIN, "%llu", (unsigned long long)use->in_flight_max);
    bytes_cell(doc, use->per_in_flight_bytes);
}

/* Agents of earlier versions told none. */
static bool any_threads(const struct result *result)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_trial *trial = facts_trial(&result->cases[i]);

        if (trial != NULL && trial->threads_count > 0) {
            return true;
        }
    }
    return false;
}

void section_memory(const struct result *result, struct document *doc)
{
    const uint32_t columns_count = sizeof columns / sizeof columns[0];
    bool threads = any_threads(result);
    bool begun = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_trial *trial = facts_trial(&result->cases[i]);

        for (uint32_t a = 0; trial != NULL && lines_drawn(result, i) && a < result->agents_count;
             a++) {
            struct memory_use use;

            if (!memory_use_of(trial, a, &use)) {
                continue;
            }
            if (!begun) {
                begun = true;
                doc_table(doc, "Memory of the agents", columns,
                          threads ? columns_count : columns_count - 1);
            }
            add_row(&result->cases[i], result->agents[a].name, &use, doc);
            if (threads) {
                threads_cell(doc, trial, a);
            }
        }
    }
    if (begun) {
        doc_paragraph(doc, DOC_MUTED,
                      "A message in flight costs at most what is shown: whatever load touches for "
                      "the first time is in it. Below %d messages in flight there is no figure.",
                      MEMORY_IN_FLIGHT_MIN);
    }
}
