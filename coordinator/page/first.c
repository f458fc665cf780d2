/* The first screen: the answer, before anything else. */
#include "first_inner.h"
#include "mono.h"
#include "resumed.h"
#include "sections_inner.h"
#include "sentence.h"
#include "sentence_lists.h"
#include "verdict_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reasons that the first screen has room for. */
#define REASONS_MAX 5

/* That it was resumed, and that it can be. */
static void add_resumes(const struct result *result, struct document *doc)
{
    struct text line = {0};
    struct text command = {0};

    for (uint32_t i = 0; i < result->resumes_count && i < RESUMED_LINES_MAX; i++) {
        line.bytes_count = 0;
        resumed_line(result, i, &line);
        doc_item(doc, resumed_elsewhere(result) ? DOC_WARN : DOC_MUTED, "%s",
                 text_failed(&line) ? "" : line.bytes);
    }
    if (result->resumes_count > RESUMED_LINES_MAX) {
        doc_item(doc, DOC_MUTED, "It was resumed %u times more.",
                 result->resumes_count - RESUMED_LINES_MAX);
    }
    text_done(&line);
    if (resumed_left(result, &line)) {
        resumed_command(result, NULL, &command);
        doc_item(doc, DOC_WARN,
                 "%s; %s goes on with the run. RUN_DIR is the folder of this report; give the "
                 "run's --hosts or --listen again, if it had them.",
                 text_failed(&line) ? "" : line.bytes, text_failed(&command) ? "" : command.bytes);
    }
    doc->failed = doc->failed || text_failed(&line) || text_failed(&command);
    text_done(&line);
    text_done(&command);
}

void first_meta(const struct result *result, struct text *out)
{
    char time[FACTS_TEXT_BYTES];
    char span[UNITS_TEXT_BYTES];
    int64_t took_ns = result->ended_unix_ns - result->started_unix_ns - resumed_away_ns(result);

    facts_time(result->started_unix_ns, time);
    text_addf(out, "%s", time[0] == '\0' ? "at an unknown time" : time);
    if (result->ended_unix_ns != 0 && took_ns >= 0) {
        text_addf(out, " · %s", units_format_duration(took_ns / NS_PER_S * NS_PER_S, span));
    }
    text_addf(out, " · %u %s", result->agents_count,
              result->agents_count == 1 ? "agent" : "agents");
}

/* Each objective has a row of its own. */
static bool is_of_objective(const struct result *result, const struct result_reason *reason)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const char *text = result->objectives[i].text;

        if (strncmp(reason->text, text, strlen(text)) == 0) {
            return true;
        }
    }
    return false;
}

static void add_reasons(const struct result *result, struct document *doc)
{
    struct text sentence = {0};
    bool *told = NULL;
    uint32_t listed = 0;
    uint32_t left = 0;

    verdict_sentence(result, &sentence);
    if (text_failed(&sentence) || sentence_told(sentence.bytes, result, &told) < 0) {
        doc->failed = true;
    }
    for (uint32_t i = 0; i < result->reasons_count && !doc->failed; i++) {
        const struct result_reason *reason = &result->reasons[i];
        bool named =
            reason->case_name[0] == '\0' || strstr(reason->text, reason->case_name) != NULL;

        if (told[i] || is_of_objective(result, reason)) {
            continue;
        }
        if (listed >= REASONS_MAX) {
            left++;
        } else {
            listed++;
            doc_item(doc, result->verdict == VERDICT_FAIL ? DOC_BAD : DOC_WARN, "%s%s%s",
                     named ? "" : reason->case_name, named ? "" : ": ", reason->text);
        }
    }
    if (left > 0) {
        doc_item(doc, DOC_MUTED, "%u more %s in result.json.", left,
                 left == 1 ? "reason is" : "reasons are");
    }
    free(told);
    text_done(&sentence);
}

static void add_doubt(const struct result *result, struct document *doc)
{
    struct text doubt = {0};

    if (sentence_doubt(result, &doubt)) {
        if (text_failed(&doubt)) {
            doc->failed = true;
        } else {
            bool ended = doubt.bytes[strlen(doubt.bytes) - 1] == '.';

            doc_paragraph(doc, DOC_WARN, "⚠ Self-check: %s%s", doubt.bytes, ended ? "" : ".");
        }
    }
    text_done(&doubt);
}

/* A broker that is told by tiles needs no table, unless it has several phases. */
static void add_figures(const struct result *result, struct document *doc)
{
    if (result->cases_count == 0) {
        doc_paragraph(doc, DOC_WARN,
                      "No values were measured: the run ended before its first case.");
        return;
    }
    if (!first_tiles(result, doc) || facts_measured_count(&result->cases[0]) > 1) {
        first_cases(result, doc);
    }
}

void section_headline(const struct result *result, struct document *doc)
{
    doc_section(doc, "headline", "");
    add_figures(result, doc);
    add_doubt(result, doc);
    first_answer(result, doc);
    first_objectives(result, doc);
    add_reasons(result, doc);
    add_resumes(result, doc);
    first_objective_reasons(result, doc);
}
