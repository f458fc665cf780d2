#include "facts.h"
#include "sections_inner.h"

#include <stdio.h>
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

struct ranked {
    const struct result_party *party;
};

/* Slowest first; those without samples last, so that idle ones stand together. */
static int compare_latency(const void *a, const void *b)
{
    const struct ranked *left = a;
    const struct ranked *right = b;
    double difference = right->party->latency_ns_mean - left->party->latency_ns_mean;

    return difference > 0.0 ? 1 : difference < 0.0 ? -1 : 0;
}

struct parties {
    struct ranked *list; /* Of one kind, slowest first. */
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
            parties->list[parties->count++].party = party;
            parties->with_samples += party->latency_ns_mean > 0.0 ? 1 : 0;
            parties->idle += party->messages == 0 ? 1 : 0;
        }
    }
    if (parties->count > 0) {
        qsort(parties->list, parties->count, sizeof *parties->list, compare_latency);
    }
}

static void add_row(const struct parties *parties, const char *kind, uint32_t place,
                    struct document *doc)
{
    const struct result_party *median = parties->list[parties->with_samples / 2].party;
    const struct result_party *party = parties->list[place].party;
    double factor = party->latency_ns_mean / median->latency_ns_mean;
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, DOC_PLAIN, "%s", place == 0 ? kind : "");
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns(median->latency_ns_mean, text));
    doc_cell(doc, DOC_PLAIN, "%s", party->name);
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns(party->latency_ns_mean, text));
    doc_cell(doc, factor >= SLOWER_FACTOR ? DOC_WARN : DOC_PLAIN, "%.2f×%s", factor,
             factor >= SLOWER_FACTOR ? " ▲" : "");
    doc_cell(doc, DOC_PLAIN, "%s", units_format_ns((double)party->latency_ns_max, text));
    doc_cell(doc, DOC_PLAIN, "%s", facts_count(party->messages, text));
}

/* The slowest of its kind, and who else is far from the median. */
static uint32_t rows_of(const struct parties *parties)
{
    uint32_t rows = 1;

    if (parties->with_samples < 2) {
        return 0;
    }
    while (rows < WORST_MAX && rows < parties->with_samples &&
           parties->list[rows].party->latency_ns_mean >=
               SLOWER_FACTOR * parties->list[parties->with_samples / 2].party->latency_ns_mean) {
        rows++;
    }
    return rows;
}

static void add_idle(const struct parties *parties, enum party_kind kind, const char *where,
                     struct document *doc)
{
    uint32_t named = 0;

    if (parties->idle == 0 || parties->idle == parties->count) {
        return;
    }
    for (uint32_t i = 0; i < parties->count; i++) {
        if (parties->list[i].party->messages == 0 && named < WORST_MAX) {
            doc_item(doc, DOC_WARN, "%s: %s was idle, not one message.", where,
                     parties->list[i].party->name);
            named++;
        }
    }
    if (parties->idle > named) {
        doc_item(doc, DOC_WARN, "%s: %u more %s were idle.", where, parties->idle - named,
                 kinds[kind]);
    }
}

/* Rows that a trial has in the table; without a document they are only counted. */
static uint32_t add_trial(const struct result_trial *trial, struct parties *parties,
                          const struct doc_cell *target, struct document *doc)
{
    uint32_t rows = 0;

    for (size_t kind = 0; kind < KINDS_COUNT; kind++) {
        uint32_t kind_rows;

        collect(trial, (enum party_kind)kind, parties);
        kind_rows = rows_of(parties);
        for (uint32_t i = 0; i < kind_rows && doc != NULL; i++) {
            if (rows + i == 0) {
                doc_cell_target(doc, target->text, target->colour, target->rows);
            } else {
                doc_cell_covered(doc);
            }
            add_row(parties, kinds[kind], i, doc);
        }
        rows += kind_rows;
    }
    return rows;
}

static void begin(bool *begun, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"of its", NULL, DOC_LEFT},
        {"median", "Mean latency of the one in the middle", DOC_RIGHT},
        {"the slowest", NULL, DOC_LEFT},
        {"mean", "Of producers the publish latency, else end to end", DOC_RIGHT},
        {"against the median", NULL, DOC_RIGHT},
        {"max", NULL, DOC_RIGHT},
        {"messages", NULL, DOC_RIGHT},
    };

    if (!*begun) {
        doc_section(doc, "parties", "Slowest clients");
        doc_fold_rest(doc, "the slowest of each kind against the median");
        doc_paragraph(doc, DOC_MUTED,
                      "Totals hide one stuck queue: the slowest of each kind against the one in "
                      "the middle, by mean latency.");
        doc_table(doc, "", columns, sizeof columns / sizeof columns[0]);
        *begun = true;
    }
}

static void add_all(const struct result *result, bool idle, bool *begun, struct document *doc)
{
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            const struct result_trial *trial = &result->cases[i].trials[j];
            struct parties parties = {.list =
                                          calloc(trial->parties_count + 1, sizeof *parties.list)};
            char name[NAME_BYTES + 24];
            struct doc_cell target = {.text = name,
                                      .colour = facts_colour(result, &result->cases[i])};

            if (parties.list == NULL) {
                doc->failed = true;
                return;
            }
            facts_trial_name(&result->cases[i], trial, name);
            for (size_t kind = 0; kind < KINDS_COUNT && idle && *begun; kind++) {
                collect(trial, (enum party_kind)kind, &parties);
                add_idle(&parties, (enum party_kind)kind, name, doc);
            }
            target.rows = idle ? 0 : add_trial(trial, &parties, &target, NULL);
            if (target.rows > 0) {
                begin(begun, doc);
                (void)add_trial(trial, &parties, &target, doc);
            }
            free(parties.list);
        }
    }
}

/* More of them are in result.json. */
#define LISTED_MAX 2000u

/* Of the trial that a case is told by. Returns how many did not fit. */
static uint32_t list_trial(const struct result *result, const struct result_case *of,
                           uint32_t *listed, struct document *doc)
{
    const struct result_trial *trial = facts_trial(of);
    uint32_t left = 0;
    char text[FACTS_TEXT_BYTES];

    for (uint32_t i = 0; trial != NULL && i < trial->parties_count; i++) {
        const struct result_party *party = &trial->parties[i];

        if (party->kind == PARTY_AGENT) {
            continue;
        }
        if (*listed == LISTED_MAX) {
            left++;
            continue;
        }
        (*listed)++;
        doc_cell_target(doc, of->name, facts_colour(result, of), 1);
        doc_cell(doc, DOC_PLAIN, "%s", party->name);
        doc_cell(doc, DOC_PLAIN, "%s", kinds[party->kind]);
        doc_cell(doc, DOC_PLAIN, "%s", facts_count(party->messages, text));
        doc_cell(doc, DOC_PLAIN, "%s",
                 party->latency_ns_mean > 0.0 ? units_format_ns(party->latency_ns_mean, text)
                                              : "–");
        doc_cell(doc, DOC_PLAIN, "%s",
                 party->latency_ns_mean > 0.0 ? units_format_ns((double)party->latency_ns_max, text)
                                              : "–");
    }
    return left;
}

static uint32_t count_parties(const struct result *result)
{
    uint32_t most = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_trial *trial = facts_trial(&result->cases[i]);

        most = trial != NULL && trial->parties_count > most ? trial->parties_count : most;
    }
    return most;
}

/* Folded: a table to look one up in, and to sort. */
static void list_all(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"client, topic or partition", NULL, DOC_LEFT},
        {"of the", NULL, DOC_LEFT},
        {"messages", NULL, DOC_RIGHT},
        {"mean", "Of producers the publish latency, else end to end", DOC_RIGHT},
        {"max", NULL, DOC_RIGHT},
    };
    uint32_t listed = 0;
    uint32_t left = 0;

    doc_table(doc, "All clients, topics and partitions", columns,
              sizeof columns / sizeof columns[0]);
    doc_fold(doc);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        left += list_trial(result, &result->cases[i], &listed, doc);
    }
    if (left > 0) {
        doc_paragraph(doc, DOC_MUTED, "%u more are not listed; result.json has them.", left);
    }
}

void section_parties(const struct result *result, struct document *doc)
{
    bool begun = false;

    add_all(result, false, &begun, doc);
    add_all(result, true, &begun, doc);
    if (begun && count_parties(result) > 0) {
        list_all(result, doc);
    }
}
