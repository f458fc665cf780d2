/* run_preflight: can the agents' hosts, and the brokers, hold the clients of every case? */
#include "run_parts.h"

#include "plan_needs.h"
#include "plan_resident.h"

static struct plan_limits limits_of(const struct run *run, uint32_t agent)
{
    const struct hello *hello = &fleet_agent(run->session->fleet, agent)->hello;

    return (struct plan_limits){.open_files_max = hello->open_files_max,
                                .ports_count = hello->ports_count,
                                .memory_bytes = hello->memory_bytes};
}

/* The agent has too few open files. */
static int lack_files(const struct run *run, const struct plan_trial *trial, uint32_t agent,
                      struct errinfo *reterr)
{
    struct plan_needs needs = plan_needs_of(&trial->assignments[agent]);
    struct plan_limits limits = limits_of(run, agent);
    char why[PLAN_NEEDS_BYTES];

    return plan_needs_files(&needs, &limits, why)
               ? errinfo_set(reterr, -EMFILE, "%s, case %s: %s",
                             fleet_agent(run->session->fleet, agent)->name,
                             run->cases[trial->case_index].name, why)
               : 0;
}

/* All agents on the agent's host have too few ports for one target. */
static int lack_ports(const struct run *run, const struct plan_trial *trial, uint32_t agent,
                      struct errinfo *reterr)
{
    const struct fleet_agent *of = fleet_agent(run->session->fleet, agent);
    struct plan_limits limits = limits_of(run, agent);
    uint64_t connections = 0;
    char why[PLAN_NEEDS_BYTES];

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        if (plan_needs_share_ports(&fleet_agent(run->session->fleet, i)->hello, &of->hello)) {
            connections += plan_needs_of(&trial->assignments[i]).connections;
        }
    }
    return plan_needs_ports(connections, trial->assignments[agent].target.addresses_count, &limits,
                            why)
               ? errinfo_set(reterr, -EMFILE, "host %s, case %s: %s", of->hello.host,
                             run->cases[trial->case_index].name, why)
               : 0;
}

/* All agents on the agent's host take more memory than it has. */
static int lack_memory(const struct run *run, const struct plan_trial *trial, uint32_t agent,
                       struct errinfo *reterr)
{
    const struct fleet_agent *of = fleet_agent(run->session->fleet, agent);
    struct plan_limits limits = limits_of(run, agent);
    double bytes = 0.0;
    char why[PLAN_NEEDS_BYTES];

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        if (plan_needs_share_ports(&fleet_agent(run->session->fleet, i)->hello, &of->hello)) {
            bytes += plan_resident_kept_bytes(&trial->assignments[i]);
        }
    }
    return plan_needs_memory(bytes, &limits, why)
               ? errinfo_set(reterr, -EUSERS, "host %s, case %s: %s", of->hello.host,
                             run->cases[trial->case_index].name, why)
               : 0;
}

static int check_case(struct run *run, uint32_t index, struct errinfo *reterr)
{
    struct plan_trial trial = {.case_index = index};
    int r = plan_trial_fill(&run->plan_request, run->plan, NULL, &trial, reterr);

    for (uint32_t i = 0; r == 0 && i < trial.assignments_count; i++) {
        r = lack_files(run, &trial, i, reterr);
        r = r < 0 ? r : lack_ports(run, &trial, i, reterr);
        r = r < 0 ? r : lack_memory(run, &trial, i, reterr);
    }
    plan_trial_clear(&trial);
    return r;
}

int run_preflight(struct run *run, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < run->plan->cases_count; i++) {
        if (run->plan->cases[i].status == CASE_MEASURED) {
            r = check_case(run, i, reterr);
        }
    }
    return r;
}

/* Of all agents on the agent's host. 0 where memory lacks. */
static uint64_t host_connections(const struct run *run, uint32_t index, uint32_t agent)
{
    const struct hello *own = &fleet_agent(run->session->fleet, agent)->hello;
    struct plan_trial trial = {.case_index = index};
    uint64_t connections = 0;

    if (plan_trial_fill(&run->plan_request, run->plan, NULL, &trial, NULL) == 0) {
        for (uint32_t i = 0; i < trial.assignments_count; i++) {
            if (plan_needs_share_ports(&fleet_agent(run->session->fleet, i)->hello, own)) {
                connections += plan_needs_of(&trial.assignments[i]).connections;
            }
        }
    }
    plan_trial_clear(&trial);
    return connections;
}

int run_check_limits(const struct run *run, uint32_t index, const struct status *const *answers,
                     char *ret)
{
    const struct plan_case *of = &run->plan->cases[index];
    const struct scenario *scenario = run->config->scenario;
    const struct catalog_entry *entry = catalog_find(scenario->targets[of->target].backend);
    int r = 0;

    for (uint32_t a = 0; a < fleet_agents(run->session->fleet) && r == 0; a++) {
        struct plan_demand demand = plan_demand_of(&scenario->setups[of->setup], entry);
        const struct broker_limits *limits;

        if (of->target >= answers[a]->results_count) {
            continue;
        }
        limits = &answers[a]->results[of->target].limits;
        if (plan_demand_check(&demand, limits, ret) < 0) {
            demand.host_connections = host_connections(run, index, a);
            r = plan_demand_check(&demand, limits, ret);
        }
    }
    return r;
}
