/* run_preflight: can the agents' hosts, and the brokers, hold the clients of every case? */
#include "run_inner.h"

#include "session_plan.h"

#include <errno.h>
#include <stdlib.h>

static struct plan_room *rooms_of(const struct run *run, uint32_t case_index)
{
    return run->rooms == NULL ? NULL
                              : &run->rooms[(size_t)case_index * fleet_agents(run->session->fleet)];
}

int run_fill_trial(const struct run *run, const struct scenario_setup *setup,
                   struct plan_trial *trial, struct errinfo *reterr)
{
    struct plan_request request = run->plan_request;

    request.rooms = rooms_of(run, trial->case_index);
    return run_deal(run, &request, setup, trial, reterr);
}

/* Keeps what the agents have room for, and says so. */
static int keep_rooms(struct run *run, uint32_t case_index, const struct session_lack *lacks,
                      struct errinfo *reterr)
{
    uint32_t count = fleet_agents(run->session->fleet);
    struct plan_room *rooms;

    if (run->rooms == NULL) {
        run->rooms = calloc((size_t)run->plan->cases_count * count, sizeof *run->rooms);
    }
    rooms = rooms_of(run, case_index);
    if (rooms == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (lacks[i].code < 0) {
            rooms[i] = (struct plan_room){true, lacks[i].clients_max};
            run_notice(run, "%s, case %s: %s. It has room for %u: others take the rest",
                       lacks[i].who, run->cases[case_index].name, lacks[i].why,
                       lacks[i].clients_max);
        }
    }
    return 0;
}

static const struct session_lack *first_lack(const struct session_lack *lacks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (lacks[i].code < 0) {
            return &lacks[i];
        }
    }
    return NULL;
}

static int tell_lack(const struct run *run, uint32_t case_index, const struct session_lack *lack,
                     struct errinfo *reterr)
{
    return errinfo_set(reterr, lack->code, "%s, case %s: %s", lack->who,
                       run->cases[case_index].name, lack->why);
}

/* Plans the case, and once more without what agents have no room for. */
static int check_case(struct run *run, uint32_t index, struct session_lack *lacks,
                      struct errinfo *reterr)
{
    uint32_t count = fleet_agents(run->session->fleet);
    struct session_lack first = {0};

    for (int plans = 1;; plans++) {
        struct plan_trial trial = {.case_index = index};
        const struct session_lack *lack;
        int r = run_fill_trial(run, NULL, &trial, reterr);

        if (r == 0) {
            r = session_look_for_room(run->session, &trial, lacks, reterr);
        } else if (r == -EUSERS && first.code < 0) { /* Nobody takes the rest. */
            r = tell_lack(run, index, &first, reterr);
        }
        plan_trial_clear(&trial);
        lack = r < 0 ? NULL : first_lack(lacks, count);
        if (lack == NULL) {
            return r;
        }
        if (plans == 2) {
            return tell_lack(run, index, lack, reterr);
        }
        first = *lack;
        r = keep_rooms(run, index, lacks, reterr);
        if (r < 0) {
            return r;
        }
    }
}

int run_preflight(struct run *run, struct errinfo *reterr)
{
    struct session_lack *lacks =
        calloc((size_t)fleet_agents(run->session->fleet) + 1, sizeof *lacks);
    int r = lacks == NULL ? errinfo_nomem(reterr) : 0;

    for (uint32_t i = 0; r == 0 && i < run->plan->cases_count; i++) {
        if (run->plan->cases[i].status == CASE_MEASURED) {
            r = check_case(run, i, lacks, reterr);
        }
    }
    free(lacks);
    return r;
}

/* Of all agents on the agent's host. 0 where memory lacks. */
static uint64_t host_connections(const struct run *run, uint32_t index, uint32_t agent)
{
    struct plan_trial trial = {.case_index = index};
    uint64_t connections = 0;

    if (run_fill_trial(run, NULL, &trial, NULL) == 0) {
        connections = session_host_needs_of(run->session, &trial, agent).connections;
    }
    plan_trial_clear(&trial);
    return connections;
}

int run_check_limits(const struct run *run, uint32_t index, const struct status *const *answers,
                     char *ret)
{
    const struct plan_case *of = &run->plan->cases[index];
    const struct scenario *scenario = run->config->scenario;
    const struct catalog_entry *entry = catalog_entry_of(&scenario->targets[of->target]);
    int r = 0;

    for (uint32_t a = 0; a < fleet_agents(run->session->fleet) && r == 0; a++) {
        struct plan_demand demand = plan_demand_of(&scenario->setups[of->setup], entry);
        const struct broker_limits *limits;

        if (answers[a] == NULL || of->target >= answers[a]->results_count) {
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
