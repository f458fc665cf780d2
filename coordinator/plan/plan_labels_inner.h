/* plan_labels_inner: labels of hosts, "zone=a", by which clients are placed. Pure; internal to
 * plan. */
#ifndef MILLRACE_PLAN_LABELS_INNER_H
#define MILLRACE_PLAN_LABELS_INNER_H

#include "plan_inner.h"

/* Has its host the label? */
bool plan_labels_have(const struct plan_agent *agent, const char *label);

/* -EINVAL with what is asked for, by which key of the placement, and which labels there are. */
int plan_labels_tell_missing(const struct layout *layout, const char *key, const char *label,
                             struct errinfo *reterr);

#endif
