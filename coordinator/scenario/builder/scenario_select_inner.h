/* scenario_select_inner: which targets a run is about. */
#ifndef MILLRACE_SCENARIO_SELECT_INNER_H
#define MILLRACE_SCENARIO_SELECT_INNER_H

#include "scenario_loading_inner.h"

/* Keeps the targets named by LABEL or LABEL=ADDRESS, in that order; a backend's name alone adds a
 * plain target of it. */
void select_targets(struct loading *loading, const char *const *names, uint32_t names_count,
                    uint32_t order);

#endif
