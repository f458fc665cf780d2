/* scenario_effective_inner: the scenario as it was taken. */
#ifndef MILLRACE_SCENARIO_EFFECTIVE_INNER_H
#define MILLRACE_SCENARIO_EFFECTIVE_INNER_H

#include "scenario_loading_inner.h"

/* Fills scenario->effective and sha256. 0 or -ENOMEM. */
int write_effective(struct loading *loading);

#endif
