/* junit: what CI systems read. One test case for the run, per case of it, per objective, per
 * search, per comparison that gates, and per signal of the self-check. */
#include "escape.h"
#include "facts.h"
#include "formats_inner.h"
#include "junit_inner.h"
#include "mono.h"
#include "resumed.h"
#include "sentence.h"
#include "verdict_text.h"

#include <inttypes.h>
#include <string.h>

static void add_case(const struct result_case *result_case, struct junit_totals *totals,
                     struct text *out)
{
    const char *reason = result_case->reason[0] == '\0' ? case_status_name(result_case->status)
                                                        : result_case->reason;

    junit_open(result_case->name, "measured", totals, out);
    switch (result_case->status) {
    case CASE_MEASURED:
        break;
    case CASE_SKIPPED:
    case CASE_NOT_AVAILABLE:
        junit_outcome(JUNIT_SKIPPED, case_status_name(result_case->status), reason, totals, out);
        break;
    case CASE_FAILED:
        junit_outcome(JUNIT_ERROR, "failed", reason, totals, out);
        break;
    }
    junit_close(out);
}

static void add_objective(const struct result_objective *objective, struct junit_totals *totals,
                          struct text *out)
{
    struct text name = {0};
    struct text message = {0};

    text_add(&name, objective->text);
    if (objective->phase[0] != '\0') {
        text_addf(&name, " in %s", objective->phase);
    }
    if (objective->flow[0] != '\0') {
        text_addf(&name, " by flow %s", objective->flow);
    }
    sentence_objective(objective, &message);
    if (!text_failed(&name) && !text_failed(&message)) {
        junit_open(objective->case_name[0] == '\0' ? "run" : objective->case_name, name.bytes,
                   totals, out);
        if (objective->met == MET_NO) {
            junit_outcome(JUNIT_FAILURE, "objective", message.bytes, totals, out);
        } else if (objective->met == MET_NOT_AVAILABLE) {
            junit_outcome(JUNIT_SKIPPED, "n/a", message.bytes, totals, out);
        } else if (objective->reason[0] != '\0') {
            junit_said(message.bytes, out);
        }
        junit_close(out);
    } else {
        out->failed = true;
    }
    text_done(&name);
    text_done(&message);
}

/* What no objective says: the run itself. */
static void add_run(const struct result *result, struct junit_totals *totals, struct text *out)
{
    struct text sentence = {0};

    junit_open("run", "verdict", totals, out);
    sentence_body(result, &sentence);
    if (text_failed(&sentence)) {
        out->failed = true;
    } else if (result->cut_off || result->verdict == VERDICT_FAILED ||
               result->verdict == VERDICT_INVALID || result->verdict == VERDICT_INTERRUPTED) {
        junit_outcome(JUNIT_ERROR, result->cut_off ? "cut_off" : verdict_name(result->verdict),
                      sentence.bytes, totals, out);
    } else if (result->verdict != VERDICT_PASS) {
        junit_outcome(JUNIT_FAILURE, verdict_name(result->verdict), sentence.bytes, totals, out);
    } else if (result->selfcheck_warns) {
        junit_said(verdict_badge(result), out);
    }
    junit_close(out);
    text_done(&sentence);
}

static void add_resumes(const struct result *result, struct text *out)
{
    for (uint32_t i = 0; i < result->resumes_count; i++) {
        struct text line = {0};

        resumed_line(result, i, &line);
        text_add(out, "<property name=\"resumed\" value=\"");
        escape_markup(text_failed(&line) ? "" : line.bytes, out);
        text_add(out, "\"/>");
        out->failed = out->failed || text_failed(&line);
        text_done(&line);
    }
}

int junit_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    struct junit_totals totals = {0};
    struct text cases = {0};
    int64_t took_ns = result->ended_unix_ns - result->started_unix_ns - resumed_away_ns(result);
    double took_s = result->ended_unix_ns == 0 || took_ns < 0 ? 0.0 : (double)took_ns / NS_PER_S;

    add_run(result, &totals, &cases);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        add_case(&result->cases[i], &totals, &cases);
    }
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (!junit_is_searched(result, &result->objectives[i])) {
            add_objective(&result->objectives[i], &totals, &cases);
        }
    }
    junit_findings(result, &totals, &cases);
    text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    escape_markup(result->name == NULL ? "millrace" : result->name, out);
    text_addf(out,
              "\" tests=\"%" PRIu32 "\" failures=\"%" PRIu32 "\" errors=\"%" PRIu32
              "\" skipped=\"%" PRIu32 "\" time=\"%.3f\">\n",
              totals.tests, totals.failures, totals.errors, totals.skipped, took_s);
    out->failed = out->failed || text_failed(&cases);
    if (!out->failed) {
        text_addf(out, "    <properties><property name=\"selfcheck\" value=\"%s\"/>",
                  result->selfcheck_warns ? "warn" : "strict");
        add_resumes(result, out);
        text_add(out, "</properties>\n");
        text_add_bytes(out, cases.bytes, cases.bytes_count);
        text_add(out, "  </testsuite>\n</testsuites>\n");
    }
    text_done(&cases);
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
