/*
 * config_overlay: laying a file or a single value over a tree.
 */
#ifndef MILLRACE_CONFIG_OVERLAY_H
#define MILLRACE_CONFIG_OVERLAY_H

#include "config_tree.h"

/* Lays the tree `over` over the root: mappings deeply, lists whose items have names by those, the
 * rest is replaced. */
void overlay_merge(struct config_tree *tree, struct node *over);

/* KEY=VALUE. at: file "--set KEY". The root must be a mapping. */
void overlay_set(struct config_tree *tree, const char *assignment, struct origin at);

/* Puts value in the place that key names ("parts.first.size"); its own key is forgotten. False: a
 * problem was added at `at`. */
bool overlay_put(struct config_tree *tree, const char *key, struct node *value, struct origin at);

#endif
