/* scenario_flows_inner: flows of one setup. */
#ifndef MILLRACE_SCENARIO_FLOWS_INNER_H
#define MILLRACE_SCENARIO_FLOWS_INNER_H

#include "scenario_loading_inner.h"

/* Of loading->setup, from loading->tree.root. */
void build_flows(struct loading *loading);

/* Warnings that need targets and flows: idle consumers, what is not available where. */
void build_warnings(struct loading *loading);

#endif
