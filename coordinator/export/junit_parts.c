#include "escape.h"
#include "junit_inner.h"

void junit_open(const char *class_name, const char *name, struct junit_totals *totals,
                struct text *out)
{
    totals->tests++;
    text_add(out, "    <testcase classname=\"");
    escape_markup(class_name, out);
    text_add(out, "\" name=\"");
    escape_markup(name, out);
    text_add(out, "\">");
}

void junit_outcome(enum junit_outcome outcome, const char *type, const char *message,
                   struct junit_totals *totals, struct text *out)
{
    static const char *const elements[] = {
        [JUNIT_FAILURE] = "failure", [JUNIT_ERROR] = "error", [JUNIT_SKIPPED] = "skipped"};

    totals->failures += outcome == JUNIT_FAILURE ? 1 : 0;
    totals->errors += outcome == JUNIT_ERROR ? 1 : 0;
    totals->skipped += outcome == JUNIT_SKIPPED ? 1 : 0;
    text_addf(out, "<%s type=\"%s\" message=\"", elements[outcome], type);
    escape_markup(message, out);
    text_add(out, "\"/>");
}

void junit_said(const char *said, struct text *out)
{
    text_add(out, "<system-out>");
    escape_markup(said, out);
    text_add(out, "</system-out>");
}

void junit_close(struct text *out)
{
    text_add(out, "</testcase>\n");
}
