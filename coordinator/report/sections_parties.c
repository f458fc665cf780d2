#include "facts.h"
#include "sections.h"

#include <stdlib.h>
#include <string.h>

/* The worst few of each kind; the rest is like the median or better. */
#define WORST_MAX 3
#define SLOWER_FACTOR 1.2

static const char *const kinds[] = {
    [PARTY_PRODUCER] = "producers",   [PARTY_CONSUMER] = "consumers", [PARTY_TOPIC] = "topics",
    [PARTY_PARTITION] = "partitions", [PARTY_AGENT] = "agents",
};
#define KINDS_COUNT (sizeof kinds / sizeof kinds[0])

/* Slowest first; those without samples last, so that idle ones stand together. */
static int compare_latency(const void *a, const void *b)
{
    const struct result_party *const *left = a;
    const struct result_party *const *right = b;
    double difference = (*right)->latency_ns_mean - (*left)->latency_ns_mean;

    return difference > 0.0 ? 1 : difference < 0.0 ? -1 : 0;
}

struct parties {
    const struct result_party **list; /* Of one kind, slowest first. */
    uint32_t count;
    uint32_t with_samples;
    uint32_t idle;
};

static void collect(const struct result_trial *trial, enum party_kind kind, struct parties *parties)
{
    parties->count = 0;
    parties->with_samples = 0;
    parties->idle = 0;
    for (uint32_t i = 0; i < trial->parties_count; i++) {
        const struct result_party *party = &trial->parties[i];

        if (party->kind == kind) {
            parties->list[parties->count++] = party;
            parties->with_samples += party->latency_ns_mean > 0.0 ? 1 : 0;
            parties->idle += party->messages == 0 ? 1 : 0;
        }
    }
    if (parties->count > 0) {
        qsort(parties->list, parties->count, sizeof(const struct result_party *), compare_latency);
    }
}

static void add_row(const char *kind, const struct result_party *party,
                    const struct result_party *median, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];
    double factor =
        median->latency_ns_mean > 0.0 ? party->latency_ns_mean / median->latency_ns_mean : 0.0;

    doc_cell(doc, DOC_PLAIN, "%s", kind);
    doc_cell(doc, DOC_PLAIN, "%s", party->name);
    doc_cell(doc, DOC_PLAIN, "%s", facts_count(party->messages, text));
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns(party->latency_ns_mean, text));
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)party->latency_ns_max, text));
    doc_cell(doc, factor >= SLOWER_FACTOR ? DOC_WARN : DOC_PLAIN, "%.2f×", factor);
}

static void add_kind(const struct parties *parties, enum party_kind kind, struct document *doc)
{
    const struct result_party *median;

    if (parties->count < 2 || parties->with_samples == 0) {
        return;
    }
    median = parties->list[parties->with_samples / 2];
    for (uint32_t i = 0; i < WORST_MAX && i < parties->with_samples; i++) {
        add_row(i == 0 ? kinds[kind] : "", parties->list[i], median, doc);
    }
}

static void add_idle(const struct parties *parties, enum party_kind kind, struct document *doc)
{
    uint32_t named = 0;

    if (parties->idle == 0 || parties->idle == parties->count) {
        return;
    }
    for (uint32_t i = 0; i < parties->count; i++) {
        if (parties->list[i]->messages == 0 && named < WORST_MAX) {
            doc_item(doc, DOC_WARN, "Idle, not one message: %s.", parties->list[i]->name);
            named++;
        }
    }
    if (parties->idle > named) {
        doc_item(doc, DOC_WARN, "%u more %s were idle.", parties->idle - named, kinds[kind]);
    }
}

static bool is_compared(const struct result_trial *trial)
{
    uint32_t counts[KINDS_COUNT] = {0};

    for (uint32_t i = 0; i < trial->parties_count; i++) {
        if (++counts[trial->parties[i].kind] >= 2) {
            return true;
        }
    }
    return false;
}

static void add_trial(const struct result_case *result_case, const struct result_trial *trial,
                      struct document *doc)
{
    static const struct doc_column columns[] = {
        {"of the", NULL, DOC_LEFT},
        {"slowest", NULL, DOC_LEFT},
        {"messages", NULL, DOC_RIGHT},
        {"mean", "Of producers the publish latency, else end to end", DOC_RIGHT},
        {"max", NULL, DOC_RIGHT},
        {"against the median", "Mean latency, relative to the party in the middle", DOC_RIGHT},
    };
    struct parties parties = {0};

    parties.list = calloc(trial->parties_count + 1, sizeof *parties.list);
    if (parties.list == NULL) {
        doc->failed = true;
        return;
    }
    if (result_case->trials_count > 1) {
        doc_subheading(doc, "%s, trial %u", result_case->name, trial->repetition + 1);
    } else {
        doc_subheading(doc, "%s", result_case->name);
    }
    doc_table(doc, "", columns, sizeof columns / sizeof columns[0]);
    for (size_t kind = 0; kind < KINDS_COUNT; kind++) {
        collect(trial, (enum party_kind)kind, &parties);
        add_kind(&parties, (enum party_kind)kind, doc);
    }
    for (size_t kind = 0; kind < KINDS_COUNT; kind++) {
        collect(trial, (enum party_kind)kind, &parties);
        add_idle(&parties, (enum party_kind)kind, doc);
    }
    free(parties.list);
}

void section_parties(const struct result *result, struct document *doc)
{
    bool any = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            const struct result_trial *trial = &result->cases[i].trials[j];

            if (!is_compared(trial)) {
                continue;
            }
            if (!any) {
                doc_section(doc, "parties", "Who was slower than the rest");
                doc_paragraph(doc, DOC_MUTED,
                              "Totals hide one stuck queue: the slowest of each kind against the "
                              "one in the middle.");
                any = true;
            }
            add_trial(&result->cases[i], trial, doc);
        }
    }
}
