/*
 * sentence_answer_inner: what the run says to the question that its scenario asks: the rate that a
 * search found, the difference that comparing found. Pure.
 */
#ifndef MILLRACE_SENTENCE_ANSWER_INNER_H
#define MILLRACE_SENTENCE_ANSWER_INNER_H

#include "result.h"
#include "text.h"

/* Adds the answer; false, and nothing added, where the scenario asks no such question. */
bool sentence_answer(const struct result *result, struct text *out);

/* Is it a difference that a person would tell another of? */
bool sentence_tells_difference(const struct result_comparison *comparison);

#endif
