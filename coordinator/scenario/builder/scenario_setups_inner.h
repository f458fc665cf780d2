/* scenario_setups_inner: what differs between cases. */
#ifndef MILLRACE_SCENARIO_SETUPS_INNER_H
#define MILLRACE_SCENARIO_SETUPS_INNER_H

#include "scenario_loading_inner.h"

/* Every case's flows and phases, with their warnings. */
void build_setups(struct loading *loading);

#endif
