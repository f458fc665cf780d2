/*
 * headline_groups: the cases of the first screen taken together. A sweep has more cases than a
 * screen has lines: then each target (and variant) has one row, from its lowest to its highest
 * case, and the cases stand in the section of the scenario's question. Pure.
 */
#ifndef MILLRACE_HEADLINE_GROUPS_H
#define MILLRACE_HEADLINE_GROUPS_H

#include "facts.h"

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

#endif
