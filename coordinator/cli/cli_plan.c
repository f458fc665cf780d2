#include "cli_plan_inner.h"

#include "host_limits.h"
#include "host_share.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is not known of a host until it has joined. */
#define CPUS_MILLI_UNKNOWN 1000

static int make(const struct scenario *scenario, uint64_t seed, uint32_t agents_count,
                struct cli_plan *ret, struct errinfo *reterr)
{
    ret->request = (struct plan_request){.scenario = scenario,
                                         .agents = ret->agents,
                                         .agents_count = agents_count,
                                         .run_id = "RUN",
                                         .seed = seed};
    return plan_make(&ret->request, &ret->plan, reterr);
}

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
    return make(scenario, seed, agents_count, ret, reterr);
}

static void add_host(const struct host_entry *entry, struct cli_plan *ret, uint32_t *count)
{
    /* Those of a fleet are on a host each. */
    uint32_t on_host = entry->processes_count > 0 ? entry->processes_count : 1;

    for (uint32_t i = 0; i < host_entry_agents(entry); i++) {
        struct plan_agent *agent = &ret->agents[*count];

        *agent = (struct plan_agent){.cpus = CPUS_MILLI_UNKNOWN / 1000,
                                     .cpus_milli = CPUS_MILLI_UNKNOWN / on_host};
        host_share_fill(entry, on_host, agent);
        if (entry->processes_count > 0) {
            (void)snprintf(ret->names[*count], NAME_BYTES, "%.*s/%u", NAME_BYTES - 12, entry->name,
                           i + 1);
        } else {
            (void)snprintf(ret->names[*count], NAME_BYTES, "%.*s", NAME_BYTES - 1, entry->name);
        }
        ++*count;
    }
}

static int compare_hosts(const void *a, const void *b, void *context)
{
    const struct host_list *hosts = context;

    return strverscmp(hosts->entries[*(const uint32_t *)a].name,
                      hosts->entries[*(const uint32_t *)b].name);
}

/* In the order of their names, as a run has its agents. */
static int add_hosts(const struct host_list *hosts, struct cli_plan *ret, uint32_t *count,
                     struct errinfo *reterr)
{
    uint32_t *order = calloc((size_t)hosts->count + 1, sizeof *order);
    struct host_list list = *hosts; /* qsort_r()'s context is not const. */

    if (order == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < hosts->count; i++) {
        order[i] = i;
    }
    qsort_r(order, hosts->count, sizeof *order, compare_hosts, &list);
    for (uint32_t i = 0; i < hosts->count; i++) {
        add_host(&hosts->entries[order[i]], ret, count);
    }
    free(order);
    return 0;
}

int cli_plan_make_hosts(const struct scenario *scenario, const struct host_list *hosts,
                        uint64_t seed, struct cli_plan *ret, struct errinfo *reterr)
{
    uint64_t wanted = 0;
    uint32_t count = 0;
    int r;

    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < hosts->count; i++) {
        wanted += host_entry_agents(&hosts->entries[i]);
    }
    if (wanted > AGENTS_MAX) {
        return errinfo_set(reterr, -EINVAL, "these hosts may have %llu agents, a run %d",
                           (unsigned long long)wanted, AGENTS_MAX);
    }
    ret->agents = calloc((size_t)wanted + 1, sizeof ret->agents[0]);
    ret->names = calloc((size_t)wanted + 1, sizeof ret->names[0]);
    if (ret->agents == NULL || ret->names == NULL) {
        return errinfo_nomem(reterr);
    }
    r = add_hosts(hosts, ret, &count, reterr);
    return r < 0 ? r : make(scenario, seed, count, ret, reterr);
}

void cli_plan_done(struct cli_plan *plan)
{
    plan_free(plan->plan);
    free(plan->agents);
    free(plan->names);
    memset(plan, 0, sizeof *plan);
}
