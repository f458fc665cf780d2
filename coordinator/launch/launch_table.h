/*
 * launch_table: the launchers that there are. Only who chooses one needs the table; who uses one
 * needs launch.h alone. Constant data, safe from any thread.
 */
#ifndef MILLRACE_LAUNCH_TABLE_H
#define MILLRACE_LAUNCH_TABLE_H

#include "launch.h"

/* NULL-terminated; local is the first. */
const struct launcher_ops *const *launcher_all(void);

/* 0, or -ENOENT with the names that there are. */
int launcher_find(const char *name, const struct launcher_ops **ret, struct errinfo *reterr);

#endif
