/* scenario_phases_inner: phases of one setup. */
#ifndef MILLRACE_SCENARIO_PHASES_INNER_H
#define MILLRACE_SCENARIO_PHASES_INNER_H

#include "scenario_loading_inner.h"

/* Of loading->setup, from loading->tree.root, after its flows. */
void build_phases(struct loading *loading);

#endif
