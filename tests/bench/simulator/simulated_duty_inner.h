/* simulated_duty_inner: the threads of a simulated agent beside the one that polls. Of
 * simulated_agent alone. */
#ifndef MILLRACE_SIMULATED_DUTY_INNER_H
#define MILLRACE_SIMULATED_DUTY_INNER_H

#include "simulated_agent.h"

/* Remembers the first failure of all agents. */
void simulated_agent_fail(struct simulated_agent *agent, const struct errinfo *error);

/* Posts how a command ended; it stays the caller's. */
int simulated_agent_answer(struct simulated_agent *agent, struct status *status,
                           struct errinfo *reterr);

/* Bodies of threads; the argument is the agent. */
void *simulated_reports_main(void *argument);
void *simulated_probing_main(void *argument);

#endif
