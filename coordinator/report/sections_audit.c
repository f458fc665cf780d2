#include "facts.h"
#include "sections.h"

#include <stdlib.h>
#include <string.h>

/* Rows of one case; those with faults come first, the rest is counted. */
#define ROWS_MAX 24

static uint64_t faults(const struct result_audit *audit)
{
    const struct result_delivery *delivery = &audit->delivery;

    return delivery->lost + delivery->duplicated + delivery->reordered + delivery->corrupted +
           delivery->expired + delivery->unaccounted + delivery->unexpected;
}

/* The run's own prefix says nothing within its report. */
static const char *short_topic(const struct result *result, const char *topic)
{
    static const char prefix[] = "millrace-";
    size_t id_bytes = strlen(result->run_id);

    if (strncmp(topic, prefix, sizeof prefix - 1) == 0 &&
        strncmp(topic + sizeof prefix - 1, result->run_id, id_bytes) == 0 &&
        topic[sizeof prefix - 1 + id_bytes] == '-') {
        return topic + sizeof prefix + id_bytes;
    }
    return topic;
}

static void add_count(uint64_t count, enum doc_tone tone, struct document *doc)
{
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, count == 0 ? DOC_MUTED : tone, "%s", facts_count(count, text));
}

static void add_numbers(const struct result_delivery *delivery, struct document *doc)
{
    bool holds = delivery->received - delivery->unexpected + delivery->lost + delivery->expired +
                     delivery->unaccounted ==
                 delivery->expected;

    add_count(delivery->received, DOC_PLAIN, doc);
    add_count(delivery->unexpected, DOC_WARN, doc);
    add_count(delivery->lost, DOC_BAD, doc);
    add_count(delivery->expired, DOC_WARN, doc);
    add_count(delivery->unaccounted, DOC_WARN, doc);
    add_count(delivery->expected, DOC_PLAIN, doc);
    doc_cell(doc, holds ? DOC_GOOD : DOC_BAD, "%s", holds ? "✓" : "✗ does not hold");
    add_count(delivery->duplicated, DOC_BAD, doc);
    add_count(delivery->reordered, DOC_WARN, doc);
    add_count(delivery->corrupted, DOC_BAD, doc);
}

static void add_row(const struct result *result, const struct result_audit *audit, bool flows,
                    struct document *doc)
{
    doc_cell(doc, DOC_PLAIN, "%s", short_topic(result, audit->topic));
    if (flows) {
        doc_cell(doc, DOC_PLAIN, "%s", audit->flow);
    }
    doc_cell(doc, DOC_PLAIN, "%u", audit->subscription + 1);
    add_numbers(&audit->delivery, doc);
}

static void begin_table(bool flows, struct document *doc)
{
    static const struct doc_column rest[] = {
        {"subscription", NULL, DOC_RIGHT},
        {"received", "Distinct messages", DOC_RIGHT},
        {"− unexpected", "Arrived though refused or unconfirmed", DOC_RIGHT},
        {"+ lost", "Confirmed and never received", DOC_RIGHT},
        {"+ expired", "Missing and older than its ttl", DOC_RIGHT},
        {"+ unaccounted", "Of an agent that was lost before it could report", DOC_RIGHT},
        {"= expected", "Confirmed messages", DOC_RIGHT},
        {"sum", "Does the sum hold?", DOC_LEFT},
        {"duplicated", "Copies beyond the first", DOC_RIGHT},
        {"reordered", "First seen after a later one of its stream", DOC_RIGHT},
        {"corrupted", "The checksum was wrong; also counted as lost", DOC_RIGHT},
    };
    struct doc_column columns[2 + sizeof rest / sizeof rest[0]] = {{"topic", NULL, DOC_LEFT}};
    uint32_t count = 1;

    if (flows) {
        columns[count++] = (struct doc_column){"flow", NULL, DOC_LEFT};
    }
    memcpy(columns + count, rest, sizeof rest);
    count += sizeof rest / sizeof rest[0];
    doc_table(doc, "", columns, count);
}

/* Rows with faults first, each kind in the order of topics. */
static uint32_t add_rows(const struct result *result, const struct result_trial *trial, bool flows,
                         struct document *doc)
{
    uint32_t rows = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < trial->audit_count && rows < ROWS_MAX; i++) {
            const struct result_audit *audit = &trial->audit[i];

            if ((faults(audit) > 0) == (pass == 0)) {
                add_row(result, audit, flows, doc);
                rows++;
            }
        }
    }
    return rows;
}

static void add_left(const struct result_trial *trial, uint32_t rows, struct document *doc)
{
    uint32_t with_faults = 0;

    if (rows == trial->audit_count) {
        return;
    }
    for (uint32_t i = 0; i < trial->audit_count; i++) {
        with_faults += faults(&trial->audit[i]) > 0 ? 1 : 0;
    }
    doc_paragraph(doc, DOC_MUTED, "%u more rows are not shown, %u of them with something wrong.",
                  trial->audit_count - rows, with_faults > rows ? with_faults - rows : 0);
}

static void add_details(const struct result *result, const struct result_trial *trial,
                        struct document *doc)
{
    uint32_t items = 0;

    for (uint32_t i = 0; i < trial->audit_count && items < ROWS_MAX; i++) {
        const struct result_audit *audit = &trial->audit[i];

        if (audit->detail[0] != '\0') {
            doc_item(doc, DOC_WARN, "%s, subscription %u: %s", short_topic(result, audit->topic),
                     audit->subscription + 1, audit->detail);
            items++;
        }
    }
}

static void add_errors(const struct result_trial *trial, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"times", NULL, DOC_RIGHT},
        {"error", "As the broker or the client library put it", DOC_LEFT},
    };
    char text[FACTS_TEXT_BYTES];

    if (trial->errors_count == 0) {
        return;
    }
    doc_table(doc, "Errors of the broker and the client library", columns, 2);
    for (uint32_t i = 0; i < trial->errors_count && i < ROWS_MAX; i++) {
        doc_cell(doc, DOC_PLAIN, "%s", facts_count(trial->errors[i].count, text));
        doc_cell(doc, DOC_PLAIN, "%s", trial->errors[i].text);
    }
    if (trial->errors_count > ROWS_MAX) {
        doc_paragraph(doc, DOC_MUTED, "%u rarer texts are not shown.",
                      trial->errors_count - ROWS_MAX);
    }
}

static void add_trial(const struct result *result, const struct result_case *result_case,
                      const struct result_trial *trial, struct document *doc)
{
    bool flows = facts_has_flows(result_case);
    uint32_t rows;

    if (result_case->trials_count > 1) {
        doc_subheading(doc, "%s, trial %u", result_case->name, trial->repetition + 1);
    } else {
        doc_subheading(doc, "%s", result_case->name);
    }
    if (trial->audit_count > 0) {
        begin_table(flows, doc);
        rows = add_rows(result, trial, flows, doc);
        add_left(trial, rows, doc);
        add_details(result, trial, doc);
    }
    add_errors(trial, doc);
}

void section_audit(const struct result *result, struct document *doc)
{
    bool any = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            const struct result_trial *trial = &result->cases[i].trials[j];

            if (trial->audit_count == 0 && trial->errors_count == 0) {
                continue;
            }
            if (!any) {
                doc_section(doc, "audit", "Was everything delivered");
                doc_paragraph(doc, DOC_MUTED,
                              "Every message is accounted for, none is sampled: received − "
                              "unexpected + lost + expired + unaccounted = expected. Counts cover "
                              "all phases.");
                any = true;
            }
            add_trial(result, &result->cases[i], trial, doc);
        }
    }
}
