/* cells_inner: what tables of several sections put into a cell of theirs. Pure. */
#ifndef MILLRACE_CELLS_INNER_H
#define MILLRACE_CELLS_INNER_H

#include "document_inner.h"
#include "facts.h"

/* The case's name in its target's colour. */
void cell_case(const struct result *result, const char *name, struct document *doc);

/* A latency that facts_shown() found, muted and marked where the samples are too few, which sets
 * *few; a dash without. note is put behind it. */
void cell_shown(const struct facts_shown *shown, const char *note, bool *few, struct document *doc);

/* A percentile (100: the largest), muted and marked where the samples are too few for
 * it, which sets *few; a dash without a histogram. note is put behind it. */
void cell_latency(const struct hist *hist, double percentile, const char *note, bool *few,
                  struct document *doc);

/* A count of messages that had a fault, bad above zero; a dash where it is not known. */
void cell_fault_count(uint64_t count, bool known, struct document *doc);

#endif
