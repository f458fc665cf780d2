/* scenario_sums_inner: limits of all of a scenario together. */
#ifndef MILLRACE_SCENARIO_SUMS_INNER_H
#define MILLRACE_SCENARIO_SUMS_INNER_H

#include "scenario_loading_inner.h"

/* Last: what all of it comes to. */
void check_sums(struct loading *loading);

#endif
