#include "clients.h"
#include "facts.h"
#include "sections_inner.h"

#include <string.h>

static void add_versions(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {{"what", NULL, DOC_LEFT},
                                                {"version", NULL, DOC_LEFT}};

    if (result->versions_count == 0) {
        return;
    }
    doc_table(doc, "Versions", columns, 2);
    for (uint32_t i = 0; i < result->versions_count; i++) {
        doc_cell(doc, DOC_PLAIN, "%s", result->versions[i].name);
        doc_cell(doc, DOC_PLAIN, "%s", result->versions[i].value);
    }
}

static void add_brokers(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"target", NULL, DOC_LEFT},
        {"backend", NULL, DOC_LEFT},
        {"address", NULL, DOC_LEFT},
        {"broker version", "As far as the broker tells", DOC_LEFT},
    };

    if (result->cases_count == 0) {
        return;
    }
    doc_table(doc, "Brokers", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];
        bool address = result_case->address[0] != '\0';
        bool version = result_case->broker_version[0] != '\0';
        char driver[CLIENTS_DRIVER_BYTES];

        doc_cell_target(doc, result_case->name, facts_colour(result, result_case), 1);
        doc_cell(doc, DOC_PLAIN, "%s", clients_driver(result_case, driver));
        doc_cell(doc, address ? DOC_PLAIN : DOC_MUTED, "%s",
                 address ? result_case->address : "inside the agents");
        doc_cell(doc, version ? DOC_PLAIN : DOC_MUTED, "%s",
                 version ? result_case->broker_version : "not told");
    }
}

static bool has_note(const struct result_case *result_case, const char *note)
{
    for (size_t i = 0; result_case->equivalence != NULL && result_case->equivalence[i] != NULL;
         i++) {
        if (strcmp(result_case->equivalence[i], note) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a backend once, however many cases it has; what holds for one of its clients names that. */
static void add_note(const struct result *result, uint32_t index, const char *note,
                     struct document *doc)
{
    const struct result_case *result_case = &result->cases[index];
    bool of_all = true;
    char driver[CLIENTS_DRIVER_BYTES];

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *other = &result->cases[i];

        if (strcmp(other->backend, result_case->backend) == 0) {
            if (i < index && has_note(other, note)) {
                return;
            }
            of_all = of_all && has_note(other, note);
        }
    }
    doc_item(doc, DOC_PLAIN, "%s: %s",
             of_all ? result_case->backend : clients_driver(result_case, driver), note);
}

static void add_equivalences(const struct result *result, struct document *doc)
{
    bool heading = false;

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const char *const *notes = result->cases[i].equivalence;

        for (size_t j = 0; notes != NULL && notes[j] != NULL; j++) {
            if (!heading) {
                doc_subheading(doc, "What the same words mean on each broker");
                heading = true;
            }
            add_note(result, i, notes[j], doc);
        }
    }
}

void section_repeat(const struct result *result, struct document *doc)
{
    doc_section(doc, "repeat", "Reproduce this run");
    doc_fold_rest(doc, "command, scenario, seed, versions, glossary, files");
    if (result->command != NULL && result->command[0] != '\0') {
        doc_code(doc, "Command", result->command);
    }
    doc_paragraph(doc, DOC_PLAIN,
                  "Seed %llu: with the same seed every message is due at the same "
                  "offset and has the same content.",
                  (unsigned long long)result->seed);
    if (result->scenario != NULL && result->scenario[0] != '\0') {
        doc_code(doc, "Effective scenario, secrets removed", result->scenario);
        doc_paragraph(doc, DOC_MUTED, "SHA-256 of the scenario: %s", result->scenario_sha256);
    }
    add_brokers(result, doc);
    add_equivalences(result, doc);
    add_versions(result, doc);
    doc_paragraph(
        doc, DOC_PLAIN,
        "Beside this page, in the folder of the run: result.json (all figures), summary.md, "
        "intervals.jsonl (each second), histograms.hlog (for HdrHistogram's tools), "
        "run.bson (the journal: millrace report makes all of them again from it) and "
        "coordinator.log.");
    section_glossary(doc);
    if (result->journal_lacks != NULL) {
        doc_paragraph(
            doc, DOC_WARN,
            "The journal was written by an earlier version, which did not keep: %s. Where "
            "this report would use these, it says nothing, or 0.",
            result->journal_lacks);
    }
}
