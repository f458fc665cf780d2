/*
 * verdict_text: the answer of a run in a badge and one short sentence, as it stands on the first
 * screen, in result.json and in summary.md. What the sentence has no room for stands below it on
 * the page. Pure; plain text, the caller escapes.
 */
#ifndef MILLRACE_VERDICT_TEXT_H
#define MILLRACE_VERDICT_TEXT_H

#include "result.h"
#include "text.h"
#include "verdict_badge.h"

/* So many words a reader takes in at once. */
#define VERDICT_WORDS_MAX 25u

/* One sentence of at most VERDICT_WORDS_MAX words: "e2e.p99 was 321 ms in steady on rabbitmq, limit
 * 50 ms; broker away for 11.9 s". Whole clauses are left out where they do not fit. */
void verdict_sentence(const struct result *result, struct text *out);

/* "FAIL - " with the sentence. 0 or -ENOMEM. */
int verdict_text(const struct result *result, struct text *out);

#endif
