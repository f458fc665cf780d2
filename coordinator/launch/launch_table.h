/*
 * launch_table: the launchers that there are. Only who chooses one needs the table; who uses one
 * needs launch.h alone. Constant data, safe from any thread.
 */
#ifndef MILLRACE_LAUNCH_TABLE_H
#define MILLRACE_LAUNCH_TABLE_H

#include "launch.h"
#include "text.h"

/* NULL-terminated; local is the first. */
const struct launcher_ops *const *launcher_all(void);

/* 0, or -ENOENT with the names that there are. */
int launcher_find(const char *name, const struct launcher_ops **ret, struct errinfo *reterr);

/* "local:N, ..": what launch_plan_parse() takes, for help. */
void launcher_takes(struct text *out);

/* What "NAME:ARGUMENT" asks for. 0, -ENOENT as launcher_find(), or what its parse() fails with. On
 * success the caller owns *ret, for launch_plan_done(). */
int launch_plan_parse(const char *what, struct launch_plan *ret, struct errinfo *reterr);

#endif
