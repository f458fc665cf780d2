/* scenario_drain_inner: the phase that waits until all is consumed. */
#ifndef MILLRACE_SCENARIO_DRAIN_INNER_H
#define MILLRACE_SCENARIO_DRAIN_INNER_H

#include "mono.h"
#include "scenario.h"

#define DRAIN_NS (30 * NS_PER_S) /* The longest it waits, where nothing else is said. */

/* Adds the drain phase that a scenario does not have to write; there is room for it. */
void build_drain(struct scenario_setup *setup);

#endif
