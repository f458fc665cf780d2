/* scenario_keys_inner: the tables of keys, one by subject, of which scenario_keys.h makes one list.
 */
#ifndef MILLRACE_SCENARIO_KEYS_INNER_H
#define MILLRACE_SCENARIO_KEYS_INNER_H

#include "mono.h"
#include "scenario_keys.h"

#define HOUR_NS (3600 * NS_PER_S)
#define RANGE(low, high) .min = (low), .max = (high)

/* Each ends with a NULL path. */
extern const struct scenario_key scenario_keys_targets[]; /* Begins with the root. */
extern const struct scenario_key scenario_keys_traffic[];
extern const struct scenario_key scenario_keys_course[];

#endif
