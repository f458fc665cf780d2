/*
 * target_probes_inner: asks all targets of a PROBE or CLEAN at once, a thread for each: many that
 * don't answer take as long as one. A PROBE may look more deeply (look.h). Two targets at one
 * address are cleaned in turn, as they would take the same topics away from each other.
 */
#ifndef MILLRACE_TARGET_PROBES_INNER_H
#define MILLRACE_TARGET_PROBES_INNER_H

#include "control_messages.h"
#include "errinfo.h"

#include <stdatomic.h>

/* Fills status->results, one for each target. Blocks until all have answered or their time is over;
 * a target that fails is a result. called_back: see look.h. 0 or -ENOMEM. */
int target_probes(const struct command *command, int64_t allowed_ns, const atomic_bool *called_back,
                  struct status *status, struct errinfo *reterr);

#endif
