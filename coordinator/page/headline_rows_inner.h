/*
 * headline_rows_inner: the rows of the first screen's tables where cases are taken together
 * (headline_groups.h): from the lowest to the highest of a group. Pure.
 */
#ifndef MILLRACE_HEADLINE_ROWS_INNER_H
#define MILLRACE_HEADLINE_ROWS_INNER_H

#include "document_inner.h"
#include "result.h"

/* What the figures of a table need to have explained. */
struct headline_notes {
    bool service;
    bool few_samples;
    bool not_reached;
    uint32_t phases_left_out;
};

/* Rows of the group that begins with first: one for each measured phase, and one for each way in
 * which cases of it were left out. The columns are those of the table of cases. */
void headline_group_rows(const struct result *result, const struct result_case *first,
                         bool phase_column, struct headline_notes *notes, struct document *doc);

/* How an objective came out in the group's cases: "✓ 5 of 5". like: any of the same question. */
void headline_group_objective(const struct result *result, const struct result_case *first,
                              const struct result_objective *like, struct document *doc);

#endif
