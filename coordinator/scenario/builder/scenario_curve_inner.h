/* scenario_curve_inner: a phase's rate that changes. */
#ifndef MILLRACE_SCENARIO_CURVE_INNER_H
#define MILLRACE_SCENARIO_CURVE_INNER_H

#include "scenario_loading_inner.h"

/* The mapping form of a phase's rate: a ramp over the phase's duration, or a curve. */
void build_curve(struct loading *loading, struct node *rate, struct scenario_phase *phase);

#endif
