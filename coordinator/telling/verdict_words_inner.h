/*
 * verdict_words_inner: clauses that are put together to one sentence of at most VERDICT_WORDS_MAX
 * words. A clause that does not fit is left out as a whole: nothing is cut within. Pure.
 */
#ifndef MILLRACE_VERDICT_WORDS_INNER_H
#define MILLRACE_VERDICT_WORDS_INNER_H

#include "text.h"

#include <stdint.h>

struct verdict_clauses {
    struct text *out;
    uint32_t words;
    uint32_t count; /* Of clauses. */
};

/* Adds a clause behind the separator if there are any, and if it fits. Takes it over. */
void verdict_clause(struct verdict_clauses *clauses, const char *separator, struct text *clause);
void verdict_clausef(struct verdict_clauses *clauses, const char *separator, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/* Adds as many clauses of a longer text as fit, of at most so many words. Takes it over. */
void verdict_leading(struct verdict_clauses *clauses, struct text *text, uint32_t words_max);

/* A capital at the beginning, unless that is a name or a metric; a full stop. */
void verdict_clauses_end(struct verdict_clauses *clauses);

#endif
