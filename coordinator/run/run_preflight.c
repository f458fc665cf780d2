/* run_preflight: can the agents' hosts, and the brokers, hold the clients of every case? */
#include "run_inner.h"

#include "needs_resident.h"
#include "plan_needs.h"
#include "plan_usable.h"

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
    struct needs needs = needs_of(&trial->assignments[agent]);
    struct plan_limits limits = limits_of(run, agent);
    char why[PLAN_NEEDS_BYTES];

    return plan_needs_files(&needs, &limits, why)
               ? errinfo_set(reterr, -EMFILE, "%s, case %s: %s",
                             fleet_agent(run->session->fleet, agent)->name,
                             run->cases[trial->case_index].name, why)
               : 0;
}

/* What all agents on one host need together. */
struct host_needs {
    uint64_t connections;
    double bytes; /* Of memory. */
};

static struct host_needs host_needs_of(const struct run *run, const struct plan_trial *trial,
                                       uint32_t agent)
{
    const struct hello *own = &fleet_agent(run->session->fleet, agent)->hello;
    struct host_needs needs = {0};

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        if (plan_usable_same_host(&fleet_agent(run->session->fleet, i)->hello, own)) {
            needs.connections += needs_of(&trial->assignments[i]).connections;
            needs.bytes += needs_resident_kept_bytes(&trial->assignments[i]);
        }
    }
    return needs;
}

/* The agent's host has too few ports for one target, or less memory than they take. */
static int lack_of_host(const struct run *run, const struct plan_trial *trial, uint32_t agent,
                        struct errinfo *reterr)
{
    struct host_needs needs = host_needs_of(run, trial, agent);
    struct plan_limits limits = limits_of(run, agent);
    char why[PLAN_NEEDS_BYTES];
    int r = 0;

    if (plan_needs_ports(needs.connections, trial->assignments[agent].target.addresses_count,
                         &limits, why)) {
        r = -EMFILE;
    } else if (plan_needs_memory(needs.bytes, &limits, why)) {
        r = -EUSERS;
    }
    return r < 0 ? errinfo_set(reterr, r, "host %s, case %s: %s",
                               fleet_agent(run->session->fleet, agent)->hello.host,
                               run->cases[trial->case_index].name, why)
                 : 0;
}

static int check_case(struct run *run, uint32_t index, struct errinfo *reterr)
{
    struct plan_trial trial = {.case_index = index};
    int r = plan_trial_fill(&run->plan_request, run->plan, NULL, &trial, reterr);

    for (uint32_t i = 0; r == 0 && i < trial.assignments_count; i++) {
        r = lack_files(run, &trial, i, reterr);
        r = r < 0 ? r : lack_of_host(run, &trial, i, reterr);
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
    struct plan_trial trial = {.case_index = index};
    uint64_t connections = 0;

    if (plan_trial_fill(&run->plan_request, run->plan, NULL, &trial, NULL) == 0) {
        connections = host_needs_of(run, &trial, agent).connections;
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
