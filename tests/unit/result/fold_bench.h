/* fold_bench: made-up journals folded to the results that tests look at. */
#ifndef MILLRACE_TEST_FOLD_BENCH_H
#define MILLRACE_TEST_FOLD_BENCH_H

#include "check.h"

#include "fold.h"
#include "made_journal.h"

/* Adds an entry to the fold that context is; fails the test where it is refused. */
void fold_bench_take(void *context, const struct journal_entry *entry);

/* The result of a whole journal; the caller frees it. */
struct result *fold_bench_result(const struct made_journal *journal);

/* A trial whose options were adjusted, and the result of its run. The caller frees both. */
struct result *fold_bench_result_of_options(const struct made_options *options,
                                            struct made_trial **ret_made);

/* Options of a trial in which nothing goes wrong. */
struct made_options fold_bench_faultless(void);

#endif
