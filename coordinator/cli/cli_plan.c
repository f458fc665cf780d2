#include "cli_plan_inner.h"

#include "host_limits.h"

#include <stdlib.h>
#include <string.h>

int cli_plan_make(const struct scenario *scenario, uint32_t agents_count, uint64_t seed,
                  struct cli_plan *ret, struct errinfo *reterr)
{
    uint32_t cpus_milli = host_cpus_milli() / agents_count;

    *ret = (struct cli_plan){.agents = calloc(agents_count, sizeof ret->agents[0])};
    if (ret->agents == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < agents_count; i++) {
        ret->agents[i] = (struct plan_agent){.cpus = cpus_milli < 1000 ? 1 : cpus_milli / 1000,
                                             .cpus_milli = cpus_milli};
    }
    ret->request = (struct plan_request){.scenario = scenario,
                                         .agents = ret->agents,
                                         .agents_count = agents_count,
                                         .run_id = "RUN",
                                         .seed = seed};
    return plan_make(&ret->request, &ret->plan, reterr);
}

void cli_plan_done(struct cli_plan *plan)
{
    plan_free(plan->plan);
    free(plan->agents);
    memset(plan, 0, sizeof *plan);
}
