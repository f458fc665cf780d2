/* config_expand: values taken from the environment. */
#ifndef MILLRACE_CONFIG_EXPAND_H
#define MILLRACE_CONFIG_EXPAND_H

#include "config_tree.h"

/* ${NAME} and ${NAME:-default} in all scalars; $${ stands for itself. */
void expand(struct config_tree *tree);

#endif
