#include "cells_inner.h"
#include "facts.h"
#include "sections_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 200u

/* Close to its limit: 1 is at it. What has no limit is judged by its class alone. */
static double strain(const struct result_check *check)
{
    return check->limit > 0.0 && isfinite(check->observed) ? check->observed / check->limit : 0.0;
}

/* One of the table. */
struct row {
    const struct result_check *check;
};

/* Worse is more. */
static int rank(enum check_status status)
{
    static const int ranks[] = {
        [CHECK_OK] = 0, [CHECK_NOT_MEASURED] = 1, [CHECK_SUSPECT] = 2, [CHECK_INVALID] = 3};

    return ranks[status];
}

/* Of many agents and cases, one row tells what these are. */
static bool is_told_once(enum check_status status)
{
    return status == CHECK_OK || status == CHECK_NOT_MEASURED;
}

/* The worst first; of what is well, the row of each signal that is closest to its limit comes
 * before the others of that signal. */
static int compare_rows(const void *a, const void *b)
{
    const struct result_check *left = ((const struct row *)a)->check;
    const struct result_check *right = ((const struct row *)b)->check;
    int names = strcmp(left->check, right->check);

    if (left->status != right->status) {
        return rank(left->status) > rank(right->status) ? -1 : 1;
    }
    if (is_told_once(left->status) && names != 0) {
        return names;
    }
    if (left->status == CHECK_OK &&
        (strain(left) < strain(right) || strain(left) > strain(right))) {
        return strain(left) > strain(right) ? -1 : 1;
    }
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Is it one of those that stand for the rest? before: the row in front of it; NULL: none. */
static bool is_shown(const struct result_check *check, const struct result_check *before)
{
    return !is_told_once(check->status) || before == NULL || before->status != check->status ||
           strcmp(before->check, check->check) != 0;
}

static void add_check(const struct result *result, const struct result_check *check,
                      struct document *doc)
{
    static const char *const words[] = {[CHECK_OK] = "✓ ok",
                                        [CHECK_SUSPECT] = "⚠ suspect",
                                        [CHECK_INVALID] = "✗ invalid",
                                        [CHECK_NOT_MEASURED] = "? not measured"};
    static const enum doc_tone tones[] = {[CHECK_OK] = DOC_GOOD,
                                          [CHECK_SUSPECT] = DOC_WARN,
                                          [CHECK_INVALID] = DOC_BAD,
                                          [CHECK_NOT_MEASURED] = DOC_MUTED};
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, DOC_PLAIN, "%s", check->check);
    doc_cell(doc, tones[check->status], "%s", words[check->status]);
    doc_cell(doc, DOC_PLAIN, "%s", facts_check_value(check, check->observed, text));
    doc_cell(doc, DOC_PLAIN, "%s", facts_check_value(check, check->limit, text));
    doc_cell(doc, DOC_PLAIN, "%s", check->agent[0] == '\0' ? "all" : check->agent);
    cell_case(result, check->case_name, doc);
    doc_cell(doc, DOC_PLAIN, "%s", check->text);
}

/* Runs of many cases on many agents have more rows than anybody reads. */
static void add_rows(const struct result *result, const struct row *rows, struct document *doc)
{
    uint32_t shown = 0;
    uint32_t left = 0;

    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        if (!is_shown(rows[i].check, i == 0 ? NULL : rows[i - 1].check)) {
            continue;
        }
        if (shown < ROWS_MAX || is_told_once(rows[i].check->status)) {
            add_check(result, rows[i].check, doc);
            shown++;
        } else {
            left++;
        }
    }
    if (left > 0) {
        doc_paragraph(doc, DOC_WARN, "%u more that %s not within %s in result.json.", left,
                      left == 1 ? "is" : "are", left == 1 ? "its limit is" : "their limits are");
    }
}

/* Why the headroom of cases is not among the checks; once for those of the same reason. */
static void add_missing_headroom(const struct result *result, struct document *doc)
{
    const char *told = "";

    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_calibration *made = &result->cases[i].calibration;

        if (made->reason[0] != '\0' && strcmp(made->reason, told) != 0) {
            told = made->reason;
            doc_paragraph(doc, DOC_WARN,
                          "The headroom of %s is not known, as the generator's ceiling could not "
                          "be measured: %s.",
                          result->cases[i].name, told);
        }
    }
}

void section_check(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"signal", NULL, DOC_LEFT},
        {"state",
         "Suspect: read it with care; invalid: the numbers are not reliable; not measured: "
         "the host does not tell",
         DOC_LEFT},
        {"observed", NULL, DOC_RIGHT},
        {"limit", NULL, DOC_RIGHT},
        {"agent", NULL, DOC_LEFT},
        {"case", NULL, DOC_LEFT},
        {"what it means", NULL, DOC_LEFT},
    };
    const struct findings *findings = &result->findings;
    struct row *rows;
    uint32_t well = 0;
    uint32_t measured = 0;

    if (findings->checks_count == 0 && result->agents_count == 0) {
        return;
    }
    doc_section(doc, "check", "Measurement quality");
    if (findings->checks_count == 0) {
        return; /* The agents follow. */
    }
    rows = calloc(findings->checks_count, sizeof *rows);
    if (rows == NULL) {
        doc->failed = true;
        return;
    }
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        well += findings->checks[i].status == CHECK_OK ? 1 : 0;
        measured += findings->checks[i].status == CHECK_NOT_MEASURED ? 0 : 1;
    }
    doc_paragraph(doc, well == measured ? DOC_GOOD : DOC_WARN,
                  "%u of %u checks of the instrument are within their limits. Shown are all that "
                  "are not, and for each signal the one that came closest to its limit.",
                  well, measured);
    doc_table(doc, "Self-check of the load generator", columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        rows[i].check = &findings->checks[i];
    }
    qsort(rows, findings->checks_count, sizeof *rows, compare_rows);
    add_rows(result, rows, doc);
    add_missing_headroom(result, doc);
    free(rows);
}
