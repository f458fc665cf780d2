/* junit_inner: the elements of a JUnit report, shared by the files that write it. */
#ifndef MILLRACE_JUNIT_INNER_H
#define MILLRACE_JUNIT_INNER_H

#include "result.h"
#include "text.h"

struct junit_totals {
    uint32_t tests, failures, errors, skipped;
};

/* Wrong; could not be judged; does not apply. Without one a test case has passed. */
enum junit_outcome { JUNIT_FAILURE, JUNIT_ERROR, JUNIT_SKIPPED };

/* Each test case is opened, has one outcome or none, then at most one output, and is closed. */
void junit_open(const char *class_name, const char *name, struct junit_totals *totals,
                struct text *out);
void junit_outcome(enum junit_outcome outcome, const char *type, const char *message,
                   struct junit_totals *totals, struct text *out);
void junit_said(const char *said, struct text *out);
void junit_close(struct text *out);

/* Is the objective what a search is judged by? junit_findings() has a test case for that search. */
bool junit_is_searched(const struct result *result, const struct result_objective *objective);

/* Searches, comparisons that gate, the self-check. */
void junit_findings(const struct result *result, struct junit_totals *totals, struct text *out);

#endif
