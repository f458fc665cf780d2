/*
 * first_inner: the parts of the first screen, in the order in which they stand there. Each adds to
 * the section that is open, or nothing. Pure.
 */
#ifndef MILLRACE_FIRST_INNER_H
#define MILLRACE_FIRST_INNER_H

#include "document_inner.h"
#include "facts.h"
#include "result.h"

/* Of a run of one case: its rate, its latencies and what was delivered. false: it has none. */
bool first_tiles(const struct result *result, struct document *doc);

/* Of several, or of several phases: a row for each. */
void first_cases(const struct result *result, struct document *doc);

/* Searches whose charts stand on the first screen, side by side. */
#define FIRST_SEARCHES_MAX 2u

/* The chart that answers the scenario's question: of its comparisons, of its searches, over the
 * values of its sweep. Nothing where the question is what happened over time. */
void first_answer(const struct result *result, struct document *doc);

/* All comparisons in one picture. */
void first_forest(const struct result *result, struct document *doc);

/* Of the many metrics those that people ask for, and whatever changed. */
bool forest_is_shown(const struct result_comparison *comparison);

void first_objectives(const struct result *result, struct document *doc);
void first_objective_reasons(const struct result *result, struct document *doc);

/* "name - 29 Nov 2026 17:07 UTC - 30 s - 2 agents". */
void first_meta(const struct result *result, struct text *out);

#endif
