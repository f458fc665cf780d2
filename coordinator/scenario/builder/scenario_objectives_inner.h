/* scenario_objectives_inner: what must hold. */
#ifndef MILLRACE_SCENARIO_OBJECTIVES_INNER_H
#define MILLRACE_SCENARIO_OBJECTIVES_INNER_H

#include "scenario_loading_inner.h"

/* After the setups: it looks whether phases and flows are there. */
void build_objectives(struct loading *loading);

#endif
