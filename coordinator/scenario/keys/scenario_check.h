/*
 * scenario_check: a tree against the table of keys, and what a checked value is.
 */
#ifndef MILLRACE_SCENARIO_CHECK_H
#define MILLRACE_SCENARIO_CHECK_H

#include "config_tree.h"
#include "scenario_keys.h"

/* Every node against the table of keys: unknown, not yet, type, range, missing. */
void check_keys(struct config_tree *tree);

/* The node's row in the table of keys; NULL: it was not checked, or was refused. */
const struct scenario_key *node_row(const struct node *node);

/* Entry of a mapping if it can be used: there, checked, of the right type; else NULL. */
const struct node *usable(const struct node *map, const char *key);

/* Its value, or the table's default of the row at path; its number alone. */
struct key_value usable_value(const struct node *node, const char *path);
int64_t usable_number(const struct node *node, const char *path);

#endif
