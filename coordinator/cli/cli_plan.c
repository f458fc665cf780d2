#include "cli_plan_inner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_plan_make(const struct scenario *scenario, uint32_t agents_count, uint64_t seed,
                  struct cli_plan *ret, struct errinfo *reterr)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    *ret = (struct cli_plan){.agents = calloc(agents_count, sizeof ret->agents[0])};
    if (ret->agents == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < agents_count; i++) {
        ret->agents[i].cpus = cpus > agents_count ? (uint32_t)cpus / agents_count : 1;
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
