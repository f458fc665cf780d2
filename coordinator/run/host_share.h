/* host_share: what the store of hosts says of an agent's share, for the plan. Pure. */
#ifndef MILLRACE_HOST_SHARE_H
#define MILLRACE_HOST_SHARE_H

#include "host_entry.h"
#include "plan.h"

/* Weight and labels of the agent's host, of whose agents there are agents_count: they share its
 * weight, which counts as so many CPUs beside hosts without one. The labels stay the entry's. */
void host_share_fill(const struct host_entry *entry, uint32_t agents_count, struct plan_agent *ret);

#endif
