/*
 * explain_needs_inner: what a trial asks of its hosts: memory, disk, open files and ports. Internal
 * to cli. The disk is an expectation, within a factor of two of what is seen on the four backends
 * (tests/system/test_explain.py); files and ports are lower bounds.
 */
#ifndef MILLRACE_EXPLAIN_NEEDS_INNER_H
#define MILLRACE_EXPLAIN_NEEDS_INNER_H

#include "plan.h"

/* What of this host would not do for its agents; nothing where all is well. To stdout. */
void explain_limits(const struct plan_trial *trial);

/* The journal's growth. To stdout. */
void explain_disk(const struct plan_trial *trial);

#endif
