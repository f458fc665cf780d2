/* junit: what CI systems read. One test case per case of the run and per objective. */
#include "escape.h"
#include "facts.h"
#include "formats.h"
#include "mono.h"
#include "sentence.h"

#include <inttypes.h>
#include <string.h>

struct totals {
    uint32_t tests, failures, errors, skipped;
};

static void open_testcase(const char *class_name, const char *name, struct totals *totals,
                          struct text *out)
{
    totals->tests++;
    text_add(out, "    <testcase classname=\"");
    escape_markup(class_name, out);
    text_add(out, "\" name=\"");
    escape_markup(name, out);
    text_add(out, "\">");
}

/* element: failure, error or skipped. */
static void add_outcome(const char *element, const char *type, const char *message,
                        struct text *out)
{
    text_addf(out, "<%s type=\"%s\" message=\"", element, type);
    escape_markup(message, out);
    text_add(out, "\"/>");
}

static void close_testcase(struct text *out)
{
    text_add(out, "</testcase>\n");
}

static void add_case(const struct result_case *result_case, struct totals *totals, struct text *out)
{
    const char *reason = result_case->reason[0] == '\0' ? case_status_name(result_case->status)
                                                        : result_case->reason;

    open_testcase(result_case->name, "measured", totals, out);
    switch (result_case->status) {
    case CASE_MEASURED:
        break;
    case CASE_SKIPPED:
    case CASE_NOT_AVAILABLE:
        totals->skipped++;
        add_outcome("skipped", case_status_name(result_case->status), reason, out);
        break;
    case CASE_FAILED:
        totals->errors++;
        add_outcome("error", "failed", reason, out);
        break;
    }
    close_testcase(out);
}

static void add_objective(const struct result_objective *objective, struct totals *totals,
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
        open_testcase(objective->case_name[0] == '\0' ? "run" : objective->case_name, name.bytes,
                      totals, out);
        if (objective->met == MET_NO) {
            totals->failures++;
            add_outcome("failure", "objective", message.bytes, out);
        } else if (objective->met == MET_NOT_AVAILABLE) {
            totals->skipped++;
            add_outcome("skipped", "n/a", message.bytes, out);
        }
        close_testcase(out);
    } else {
        out->failed = true;
    }
    text_done(&name);
    text_done(&message);
}

/* What no objective says: the run itself. */
static void add_run(const struct result *result, struct totals *totals, struct text *out)
{
    struct text sentence = {0};

    open_testcase("run", "verdict", totals, out);
    sentence_body(result, &sentence);
    if (text_failed(&sentence)) {
        out->failed = true;
    } else if (result->cut_off || result->verdict == VERDICT_FAILED ||
               result->verdict == VERDICT_INVALID || result->verdict == VERDICT_INTERRUPTED) {
        totals->errors++;
        add_outcome("error", result->cut_off ? "cut_off" : verdict_name(result->verdict),
                    sentence.bytes, out);
    } else if (result->verdict != VERDICT_PASS) {
        totals->failures++;
        add_outcome("failure", verdict_name(result->verdict), sentence.bytes, out);
    }
    close_testcase(out);
    text_done(&sentence);
}

int junit_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    struct totals totals = {0};
    struct text cases = {0};
    int64_t took_ns = result->ended_unix_ns - result->started_unix_ns;
    double took_s = result->ended_unix_ns == 0 || took_ns < 0 ? 0.0 : (double)took_ns / NS_PER_S;

    add_run(result, &totals, &cases);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        add_case(&result->cases[i], &totals, &cases);
    }
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        add_objective(&result->objectives[i], &totals, &cases);
    }
    text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    escape_markup(result->name == NULL ? "millrace" : result->name, out);
    text_addf(out,
              "\" tests=\"%" PRIu32 "\" failures=\"%" PRIu32 "\" errors=\"%" PRIu32
              "\" skipped=\"%" PRIu32 "\" time=\"%.3f\">\n",
              totals.tests, totals.failures, totals.errors, totals.skipped, took_s);
    out->failed = out->failed || text_failed(&cases);
    if (!out->failed) {
        text_add_bytes(out, cases.bytes, cases.bytes_count);
        text_add(out, "  </testsuite>\n</testsuites>\n");
    }
    text_done(&cases);
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
