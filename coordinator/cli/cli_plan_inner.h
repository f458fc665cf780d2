/* cli_plan_inner: the plan of a run whose agents all run on this host, for commands that say what a
 * run would do. Internal to cli. */
#ifndef MILLRACE_CLI_PLAN_INNER_H
#define MILLRACE_CLI_PLAN_INNER_H

#include "plan.h"

struct cli_plan {
    struct plan_request request;
    struct plan_agent *agents;
    struct plan *plan;
};

/* Own agents share this host's cores; those that join would bring their own. The scenario is
 * borrowed until cli_plan_done(), which is right also after a failure. As plan_make(). */
int cli_plan_make(const struct scenario *scenario, uint32_t agents_count, uint64_t seed,
                  struct cli_plan *ret, struct errinfo *reterr);
void cli_plan_done(struct cli_plan *plan);

#endif
