/* cli_plan_inner: the plan of a run, on this host or on hosts of the store, for commands that say
 * what a run would do. Internal to cli. */
#ifndef MILLRACE_CLI_PLAN_INNER_H
#define MILLRACE_CLI_PLAN_INNER_H

#include "hosts.h"
#include "plan.h"

struct cli_plan {
    struct plan_request request;
    struct plan_agent *agents;
    char (*names)[NAME_BYTES]; /* Of the agents' hosts; NULL: they are all on this one. */
    struct plan *plan;
};

/* Own agents share this host's cores; those that join would bring their own. The scenario is
 * borrowed until cli_plan_done(), which is right also after a failure. As plan_make(). */
int cli_plan_make(const struct scenario *scenario, uint32_t agents_count, uint64_t seed,
                  struct cli_plan *ret, struct errinfo *reterr);

/* Same with an agent on each of these hosts, by their weights and labels; of a fleet with as many
 * agents as it may have. A host without a weight counts as one CPU: how many it has is told when it
 * joins. -EINVAL also for more than AGENTS_MAX agents. */
int cli_plan_make_hosts(const struct scenario *scenario, const struct host_list *hosts,
                        uint64_t seed, struct cli_plan *ret, struct errinfo *reterr);
void cli_plan_done(struct cli_plan *plan);

#endif
