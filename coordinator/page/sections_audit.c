#include "facts.h"
#include "sections_inner.h"

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

static void begin_table(bool flows, struct document *doc)
{
    static const struct doc_column rest[] = {
        {"subscr.", "Number of the subscription", DOC_RIGHT},
        {"received", "Distinct messages", DOC_RIGHT},
        {"− unexpected", "Arrived though refused or unconfirmed", DOC_RIGHT},
        {"+ lost", "Confirmed and never received", DOC_RIGHT},
        {"+ expired", "Missing and older than its ttl", DOC_RIGHT},
        {"+ unaccounted", "Of an agent that was lost before it could report", DOC_RIGHT},
        {"= expected", "Confirmed messages", DOC_RIGHT},
        {"sum", "Does the sum hold?", DOC_LEFT},
        {"dupl.", "Copies beyond the first", DOC_RIGHT},
        {"reord.", "First seen after a later one of its stream", DOC_RIGHT},
        {"corrupt.", "The checksum was wrong; also counted as lost", DOC_RIGHT},
    };
    struct doc_column columns[3 + sizeof rest / sizeof rest[0]] = {{"target", NULL, DOC_LEFT},
                                                                   {"topic", NULL, DOC_LEFT}};
    uint32_t count = 2;

    if (flows) {
        columns[count++] = (struct doc_column){"flow", NULL, DOC_LEFT};
    }
    memcpy(columns + count, rest, sizeof rest);
    doc_table(doc, "", columns, count + sizeof rest / sizeof rest[0]);
}

/* Rows with faults first, each kind in the order of topics. */
static void add_rows(const struct result *result, const struct result_case *result_case,
                     const struct result_trial *trial, bool flows, struct document *doc)
{
    uint32_t rows_count = trial->audit_count < ROWS_MAX ? trial->audit_count : ROWS_MAX;
    uint32_t rows = 0;
    char name[FACTS_TRIAL_BYTES];

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < trial->audit_count && rows < ROWS_MAX; i++) {
            const struct result_audit *audit = &trial->audit[i];

            if ((faults(audit) > 0) != (pass == 0)) {
                continue;
            }
            if (rows++ == 0) {
                doc_cell_target(doc, facts_trial_name(result_case, trial, name),
                                facts_colour(result, result_case), rows_count);
            } else {
                doc_cell_covered(doc);
            }
            doc_cell(doc, DOC_PLAIN, "%s", short_topic(result, audit->topic));
            if (flows) {
                doc_cell(doc, DOC_PLAIN, "%s", audit->flow);
            }
            doc_cell(doc, DOC_PLAIN, "%u", audit->subscription);
            add_numbers(&audit->delivery, doc);
        }
    }
}

static void add_left(const struct result_case *result_case, const struct result_trial *trial,
                     struct document *doc)
{
    uint32_t with_faults = 0;
    char name[FACTS_TRIAL_BYTES];

    if (trial->audit_count <= ROWS_MAX) {
        return;
    }
    for (uint32_t i = 0; i < trial->audit_count; i++) {
        with_faults += faults(&trial->audit[i]) > 0 ? 1 : 0;
    }
    doc_item(doc, with_faults > ROWS_MAX ? DOC_WARN : DOC_MUTED,
             "%s: %u more %s not shown, %u of them with something wrong.",
             facts_trial_name(result_case, trial, name), trial->audit_count - ROWS_MAX,
             trial->audit_count - ROWS_MAX == 1 ? "row is" : "rows are",
             with_faults > ROWS_MAX ? with_faults - ROWS_MAX : 0);
}

static void add_details(const struct result *result, const struct result_case *result_case,
                        const struct result_trial *trial, struct document *doc)
{
    uint32_t items = 0;

    for (uint32_t i = 0; i < trial->audit_count && items < ROWS_MAX; i++) {
        const struct result_audit *audit = &trial->audit[i];

        if (audit->detail[0] != '\0') {
            doc_item(doc, DOC_WARN, "%s, %s, subscription %u: %s", result_case->name,
                     short_topic(result, audit->topic), audit->subscription, audit->detail);
            items++;
        }
    }
}

static void add_audit(const struct result *result, struct document *doc)
{
    bool flows = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        flows |= facts_has_flows(&result->cases[i]);
    }
    doc_paragraph(doc, DOC_MUTED,
                  "Every message is accounted for, none is sampled: received − unexpected + lost + "
                  "expired + unaccounted = expected. Counts cover all phases.");
    begin_table(flows, doc);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            add_rows(result, &result->cases[i], &result->cases[i].trials[j], flows, doc);
        }
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            add_details(result, &result->cases[i], &result->cases[i].trials[j], doc);
            add_left(&result->cases[i], &result->cases[i].trials[j], doc);
        }
    }
}

static void add_error_rows(const struct result *result, const struct result_case *result_case,
                           const struct result_trial *trial, struct document *doc)
{
    uint32_t shown = trial->errors_count < ROWS_MAX ? trial->errors_count : ROWS_MAX;
    char text[FACTS_TEXT_BYTES];

    for (uint32_t i = 0; i < shown; i++) {
        if (i == 0) {
            doc_cell_target(doc, result_case->name, facts_colour(result, result_case), shown);
        } else {
            doc_cell_covered(doc);
        }
        doc_cell(doc, DOC_PLAIN, "%s", facts_count(trial->errors[i].count, text));
        doc_cell(doc, DOC_PLAIN, "%s", trial->errors[i].text);
    }
}

static void add_errors(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"times", NULL, DOC_RIGHT},
        {"error", "As the broker or the client library put it", DOC_LEFT},
    };

    doc_table(doc, "Errors of the broker and the client library, most frequent first", columns, 3);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            add_error_rows(result, &result->cases[i], &result->cases[i].trials[j], doc);
        }
    }
}

/* One line where every message is accounted for and none has a fault. */
static void fold_if_complete(const struct result *result, struct document *doc)
{
    struct result_delivery total = {0};
    char expected[FACTS_TEXT_BYTES];
    char got[FACTS_TEXT_BYTES];

    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            const struct result_trial *trial = &result->cases[i].trials[j];

            for (uint32_t k = 0; k < trial->audit_count; k++) {
                facts_delivery_add(&total, &trial->audit[k].delivery);
            }
        }
    }
    if (total.lost + total.duplicated + total.reordered + total.corrupted + total.expired +
            total.unaccounted + total.unexpected ==
        0) {
        doc_fold_rest(
            doc, "✓ complete: %s of %s received, none lost, duplicated, reordered or corrupted",
            facts_count(total.received, got), facts_count(total.expected, expected));
    }
}

void section_audit(const struct result *result, struct document *doc)
{
    uint32_t audits = 0;
    uint32_t errors = 0;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].trials_count; j++) {
            audits += result->cases[i].trials[j].audit_count;
            errors += result->cases[i].trials[j].errors_count;
        }
    }
    if (audits + errors == 0) {
        return;
    }
    doc_section(doc, "audit", "Delivery audit");
    if (errors == 0) {
        fold_if_complete(result, doc);
    }
    if (audits > 0) {
        add_audit(result, doc);
    }
    if (errors > 0) {
        add_errors(result, doc);
    }
}
