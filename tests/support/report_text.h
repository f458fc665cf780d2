/* report_text: a report as text, for tests that look for words in it. */
#ifndef MILLRACE_TEST_REPORT_TEXT_H
#define MILLRACE_TEST_REPORT_TEXT_H

#include "export.h"

/* What the format of that name writes ("md"), or the one that has that file ("junit.xml"); the
 * caller frees. */
char *report_text(const struct result *result, const char *name);

uint32_t report_text_count(const char *text, const char *what);

/* Fails the test, with the whole text, if it is not in it. */
void report_text_has(const char *text, const char *wanted);

#endif
