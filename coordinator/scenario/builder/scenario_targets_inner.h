/* scenario_targets_inner: the systems under test. */
#ifndef MILLRACE_SCENARIO_TARGETS_INNER_H
#define MILLRACE_SCENARIO_TARGETS_INNER_H

#include "scenario_loading_inner.h"

void build_targets(struct loading *loading);

#endif
