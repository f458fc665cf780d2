/* summary: what the terminal shows at the end of a run. Pure. */
#ifndef MILLRACE_SUMMARY_H
#define MILLRACE_SUMMARY_H

#include "result.h"
#include "text.h"

/* The sentence, one line per target, reasons. Plain text, at
 * most width columns. */
int summary_write(const struct result *result, int width, struct text *out);

#endif
