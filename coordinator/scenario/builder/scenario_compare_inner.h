/* scenario_compare_inner: which cases are compared, and how. */
#ifndef MILLRACE_SCENARIO_COMPARE_INNER_H
#define MILLRACE_SCENARIO_COMPARE_INNER_H

#include "scenario_loading_inner.h"

/* After the targets. */
void build_compare(struct loading *loading);

#endif
