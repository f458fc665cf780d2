/* run_preflight: can the agents' hosts, and the brokers, hold the clients of every case? */
#include "run_inner.h"

#include "deadlines.h"
#include "needs_limits.h"
#include "needs_resident.h"
#include "plan_usable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct needs_limits limits_of(const struct run *run, uint32_t agent)
{
    const struct hello *hello = &fleet_agent(run->session->fleet, agent)->hello;

    return (struct needs_limits){.open_files_max = hello->open_files_max,
                                 .ports_count = hello->ports_count,
                                 .memory_bytes = hello->memory_bytes};
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

/* What an agent lacks, and how many clients it has room for. */
struct lack {
    int code; /* 0: nothing. */
    uint32_t clients_max;
    char text[ERRINFO_BYTES]; /* With who lacks it in front. */
};

/* The agent's host has too few ports for one target, or less memory than all of its agents take. */
static void lack_of_host(const struct run *run, const struct plan_trial *trial, uint32_t agent,
                         struct lack *ret)
{
    const char *host = fleet_agent(run->session->fleet, agent)->hello.host;
    struct host_needs needs = host_needs_of(run, trial, agent);
    struct needs_limits limits = limits_of(run, agent);
    uint32_t addresses = trial->assignments[agent].target.addresses_count;
    uint64_t clients = needs_of(&trial->assignments[agent]).clients;
    char why[NEEDS_TEXT_BYTES];

    if (needs_lack_ports(needs.connections, addresses, &limits, why)) {
        ret->code = -EMFILE;
        ret->clients_max = needs_clients_fit(
            clients, (double)needs.connections,
            (double)limits.ports_count * (addresses == 0 ? 1.0 : (double)addresses), 0.0);
    } else if (needs_lack_memory(needs.bytes, &limits, why)) {
        ret->code = -EUSERS;
        ret->clients_max =
            needs_clients_fit(clients, needs.bytes, (double)limits.memory_bytes, 0.0);
    } else {
        return;
    }
    (void)snprintf(ret->text, sizeof ret->text, "host %s, case %s: not enough: %s", host,
                   run->cases[trial->case_index].name, why);
}

/* What the agent answered. */
static void lack_of_agent(const struct run *run, uint32_t case_index, uint32_t agent,
                          const struct status *answer, struct lack *ret)
{
    if (!answer->is_full || (ret->code < 0 && ret->clients_max <= answer->clients_max)) {
        return;
    }
    ret->code = -EMFILE;
    ret->clients_max = answer->clients_max;
    (void)snprintf(ret->text, sizeof ret->text, "%s, case %s: not enough: %.255s",
                   fleet_agent(run->session->fleet, agent)->name, run->cases[case_index].name,
                   answer->text);
}

static int make_question(void *context, uint32_t agent, struct command *ret, struct errinfo *reterr)
{
    struct plan_trial *trial = context;

    ret->kind = COMMAND_PREPARE;
    ret->step = PREPARE_ROOM;
    ret->trial = trial->number;
    ret->deadline_ns = ROOM_NS;
    ret->assignment = calloc(1, sizeof *ret->assignment);
    if (ret->assignment == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret->assignment = trial->assignments[agent];
    memset(&trial->assignments[agent], 0, sizeof trial->assignments[agent]);
    return 0;
}

/* Asks every agent whether it has room for its part; the trial's assignments go with the question.
 * Fills lacks, one for each agent. */
static int look_for_lacks(struct run *run, struct plan_trial *trial, struct lack *lacks,
                          struct errinfo *reterr)
{
    const struct status *answers[AGENTS_MAX] = {NULL};
    struct session_order order = {.make = make_question,
                                  .context = trial,
                                  .deadline_ns = ROOM_ANSWER_NS,
                                  .interruptible = true};
    uint32_t count = trial->assignments_count;
    int r;

    for (uint32_t i = 0; i < count; i++) {
        lack_of_host(run, trial, i, &lacks[i]);
    }
    r = session_order_all(run->session, &order, answers, reterr);
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        lack_of_agent(run, trial->case_index, i, answers[i], &lacks[i]);
    }
    return r;
}

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
static int keep_rooms(struct run *run, uint32_t case_index, const struct lack *lacks,
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
            run_notice(run, "%s. It has room for %u: others take the rest", lacks[i].text,
                       lacks[i].clients_max);
        }
    }
    return 0;
}

static const struct lack *first_lack(const struct lack *lacks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (lacks[i].code < 0) {
            return &lacks[i];
        }
    }
    return NULL;
}

/* Plans the case, and once more without what agents have no room for. */
static int check_case(struct run *run, uint32_t index, struct lack *lacks, struct errinfo *reterr)
{
    uint32_t count = fleet_agents(run->session->fleet);
    struct lack first = {0};

    for (int plans = 1;; plans++) {
        struct plan_trial trial = {.case_index = index};
        const struct lack *lack;
        int r = run_fill_trial(run, NULL, &trial, reterr);

        if (r == 0) {
            memset(lacks, 0, count * sizeof *lacks);
            r = look_for_lacks(run, &trial, lacks, reterr);
        } else if (r == -EUSERS && first.code < 0) { /* Nobody takes the rest. */
            r = errinfo_set(reterr, first.code, "%s", first.text);
        }
        plan_trial_clear(&trial);
        lack = r < 0 ? NULL : first_lack(lacks, count);
        if (lack == NULL) {
            return r;
        }
        if (plans == 2) {
            return errinfo_set(reterr, lack->code, "%s", lack->text);
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
    struct lack *lacks = calloc((size_t)fleet_agents(run->session->fleet) + 1, sizeof *lacks);
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
