/*
 * headline_groups: the cases of the first screen taken together. A sweep has more cases than a
 * screen has lines: then each target (and variant) has one row, from its lowest to its highest
 * case, and the cases stand in the section of the scenario's question. Pure.
 */
#ifndef MILLRACE_HEADLINE_GROUPS_H
#define MILLRACE_HEADLINE_GROUPS_H

#include "facts.h"

/* What the figures of a table need to have explained. */
struct headline_notes {
    bool service;
    bool few_samples;
    bool not_reached;
    uint32_t phases_left_out;
};

/* Rows that the first screen has room for, beside sentence and objectives. */
#define HEADLINE_ROWS_MAX 8

/* Would a row for each case and measured phase leave no room, and do groups make fewer? */
bool headline_is_grouped(const struct result *result);

/* Is it the first case of its group? */
bool headline_begins_group(const struct result *result, const struct result_case *result_case);

/* Are they of the same group? */
bool headline_same_group(const struct result_case *a, const struct result_case *b);

/* "kafka (5 cases)"; of a group's first case. FACTS_TEXT_BYTES more than two names. */
#define HEADLINE_NAME_BYTES (2 * NAME_BYTES + FACTS_TEXT_BYTES)
const char *headline_group_name(const struct result *result, const struct result_case *first,
                                char *text);

/* Rows of the group that begins with first: one for each measured phase, and one for each way in
 * which cases of it were left out. The columns are those of the table of cases. */
void headline_group_rows(const struct result *result, const struct result_case *first,
                         bool phase_column, struct headline_notes *notes, struct document *doc);

/* How an objective came out in the group's cases: "✓ 5 of 5". like: any of the same question. */
void headline_group_objective(const struct result *result, const struct result_case *first,
                              const struct result_objective *like, struct document *doc);

#endif
