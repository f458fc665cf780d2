#include "facts.h"
#include "sections.h"

#include <math.h>
#include <string.h>

/* Close to its limit: 1 is at it. What has no limit is judged by its class alone. */
static double strain(const struct result_check *check)
{
    return check->limit > 0.0 && isfinite(check->observed) ? check->observed / check->limit : 0.0;
}

/* Of all that is well, the row of each signal that came closest to its limit stands for the rest.
 */
static bool is_shown(const struct findings *findings, const struct result_check *check)
{
    if (check->status != CHECK_OK) {
        return true;
    }
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        const struct result_check *other = &findings->checks[i];

        if (other != check && other->status == CHECK_OK &&
            strcmp(other->check, check->check) == 0 &&
            (strain(other) > strain(check) || (strain(other) >= strain(check) && other < check))) {
            return false;
        }
    }
    return true;
}

static void add_check(const struct result *result, const struct result_check *check,
                      struct document *doc)
{
    static const char *const words[] = {
        [CHECK_OK] = "✓ ok", [CHECK_SUSPECT] = "⚠ suspect", [CHECK_INVALID] = "✗ invalid"};
    static const enum doc_tone tones[] = {
        [CHECK_OK] = DOC_GOOD, [CHECK_SUSPECT] = DOC_WARN, [CHECK_INVALID] = DOC_BAD};
    char text[FACTS_TEXT_BYTES];

    doc_cell(doc, DOC_PLAIN, "%s", check->check);
    doc_cell(doc, tones[check->status], "%s", words[check->status]);
    doc_cell(doc, DOC_PLAIN, "%s", facts_measure(check->observed, check->unit, text));
    doc_cell(doc, DOC_PLAIN, "%s", facts_measure(check->limit, check->unit, text));
    doc_cell(doc, DOC_PLAIN, "%s", check->agent[0] == '\0' ? "all" : check->agent);
    facts_case_cell(result, check->case_name, doc);
    doc_cell(doc, DOC_PLAIN, "%s", check->text);
}

void section_check(const struct result *result, struct document *doc)
{
    static const struct doc_column columns[] = {
        {"signal", NULL, DOC_LEFT},
        {"state", "Suspect: read it with care; invalid: the numbers can't be vouched for",
         DOC_LEFT},
        {"observed", NULL, DOC_RIGHT},
        {"limit", NULL, DOC_RIGHT},
        {"agent", NULL, DOC_LEFT},
        {"case", NULL, DOC_LEFT},
        {"what it means", NULL, DOC_LEFT},
    };
    const struct findings *findings = &result->findings;
    uint32_t well = 0;

    if (findings->checks_count == 0) {
        return;
    }
    for (uint32_t i = 0; i < findings->checks_count; i++) {
        well += findings->checks[i].status == CHECK_OK ? 1 : 0;
    }
    doc_section(doc, "check", "Can I believe it");
    doc_paragraph(doc, well == findings->checks_count ? DOC_GOOD : DOC_WARN,
                  "%u of %u checks of the instrument are within their limits. Shown are all that "
                  "are not, and for each signal the one that came closest to its limit.",
                  well, findings->checks_count);
    doc_table(doc, "Self-check of the load generator", columns, sizeof columns / sizeof columns[0]);
    for (int status = CHECK_INVALID; status >= CHECK_OK; status--) {
        for (uint32_t i = 0; i < findings->checks_count; i++) {
            if (findings->checks[i].status == (enum check_status)status &&
                is_shown(findings, &findings->checks[i])) {
                add_check(result, &findings->checks[i], doc);
            }
        }
    }
}
