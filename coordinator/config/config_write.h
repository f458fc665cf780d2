/* config_write: a tree as YAML again. */
#ifndef MILLRACE_CONFIG_WRITE_H
#define MILLRACE_CONFIG_WRITE_H

#include "config_tree.h"

/* Adds the tree to text, in blocks of two spaces. Read back it is the same tree, except that what
 * is secret has become "***", or "${NAME}" again if it was that. The root must be a mapping. */
void config_write(const struct config_tree *tree, struct text *text);

#endif
