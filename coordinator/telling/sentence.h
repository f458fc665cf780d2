/* sentence: the one line a run comes to. Pure; plain text, the caller escapes. */
#ifndef MILLRACE_SENTENCE_H
#define MILLRACE_SENTENCE_H

#include "result.h"
#include "text.h"

/* The whole sentence: "PASS - 20.0k/s held for 30 s on 3 brokers, nothing lost; p99 end to end 4.12
 * ms (rabbitmq)". */
int sentence_write(const struct result *result, struct text *out);

/* What comes after "PASS - ". */
void sentence_body(const struct result *result, struct text *out);

/* What was asked and reached, and what became of it: "5.00k/s held for 8 s on memory, nothing
 * lost".
 */
void sentence_load(const struct result *result, struct text *out);

/* "e2e.p99 < 10ms in steady: 14.2 ms (kafka)" of an objective that was not met, or why it has no
 * figure. */
void sentence_objective(const struct result_objective *objective, struct text *out);

/* Of each of result->reasons: does the sentence tell already what it says, or does an earlier one?
 * Phases may share a reason. Then it need not be listed below. 0, and the caller frees *ret, or
 * -ENOMEM. */
int sentence_told(const char *sentence, const struct result *result, bool **ret);

#endif
