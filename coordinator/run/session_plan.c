#include "session_plan.h"

#include "deadlines.h"
#include "host_share.h"
#include "needs_resident.h"
#include "plan_usable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct hello *hello_of(const struct session *session, uint32_t agent)
{
    return &fleet_agent(session->fleet, agent)->hello;
}

static const struct host_entry *entry_of(const struct host_list *hosts, const struct hello *hello)
{
    for (uint32_t i = 0; hosts != NULL && i < hosts->count; i++) {
        if (strcmp(hosts->entries[i].name, hello->host_name) == 0) {
            return &hosts->entries[i];
        }
    }
    return NULL;
}

/* Agents that joined by the same file on the same host. */
static uint32_t count_on_host(const struct session *session, const struct hello *own)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fleet_agents(session->fleet); i++) {
        const struct hello *other = hello_of(session, i);

        count += strcmp(other->host_name, own->host_name) == 0 && plan_usable_same_host(other, own)
                     ? 1
                     : 0;
    }
    return count;
}

struct named_agent {
    const char *name;
    uint32_t index;
};

static int compare_names(const void *a, const void *b)
{
    return strverscmp(((const struct named_agent *)a)->name, ((const struct named_agent *)b)->name);
}

void session_order_agents(const struct session *session, uint32_t *ret)
{
    struct named_agent named[AGENTS_MAX];
    uint32_t count = fleet_agents(session->fleet);

    for (uint32_t i = 0; i < count; i++) {
        named[i] = (struct named_agent){fleet_agent(session->fleet, i)->name, i};
    }
    qsort(named, count, sizeof named[0], compare_names);
    for (uint32_t i = 0; i < count; i++) {
        ret[i] = named[i].index;
    }
}

void session_plan_agents(const struct session *session, const struct host_list *hosts,
                         struct plan_agent *ret, uint32_t *ret_order)
{
    const struct hello *hellos[AGENTS_MAX];
    uint32_t count = fleet_agents(session->fleet);

    for (uint32_t i = 0; i < count; i++) {
        hellos[i] = hello_of(session, i);
    }
    plan_usable_cpus(hellos, count, ret);
    for (uint32_t i = 0; i < count; i++) {
        const struct host_entry *entry = entry_of(hosts, hellos[i]);

        if (entry != NULL) {
            host_share_fill(entry, count_on_host(session, hellos[i]), &ret[i]);
        }
    }
    session_order_agents(session, ret_order);
}

struct session_host_needs session_host_needs_of(const struct session *session,
                                                const struct plan_trial *trial, uint32_t agent)
{
    const struct hello *own = hello_of(session, agent);
    struct session_host_needs needs = {0};

    for (uint32_t i = 0; i < trial->assignments_count; i++) {
        if (plan_usable_same_host(hello_of(session, i), own)) {
            needs.connections += needs_of(&trial->assignments[i]).connections;
            needs.bytes += needs_resident_kept_bytes(&trial->assignments[i]);
        }
    }
    return needs;
}

static void take_lack(struct session_lack *lack, int code, uint32_t clients_max, const char *why)
{
    lack->code = code;
    lack->clients_max = clients_max;
    (void)snprintf(lack->why, sizeof lack->why, "not enough: %.*s",
                   (int)(sizeof lack->why - sizeof "not enough: "), why);
}

/* The agent's host has too few ports for one target, or less memory than all of its agents take. */
static void look_at_host(const struct session *session, const struct plan_trial *trial,
                         uint32_t agent, struct session_lack *ret)
{
    const struct hello *hello = hello_of(session, agent);
    const struct needs_limits limits = {.ports_count = hello->ports_count,
                                        .memory_bytes = hello->memory_bytes};
    struct session_host_needs needs = session_host_needs_of(session, trial, agent);
    uint32_t addresses = trial->assignments[agent].target.addresses_count;
    uint64_t clients = needs_of(&trial->assignments[agent]).clients;
    char why[NEEDS_TEXT_BYTES];

    if (needs_lack_ports(needs.connections, addresses, &limits, why)) {
        take_lack(ret, -EMFILE,
                  needs_clients_fit(
                      clients, (double)needs.connections,
                      (double)limits.ports_count * (addresses == 0 ? 1.0 : (double)addresses), 0.0),
                  why);
    } else if (needs_lack_memory(needs.bytes, &limits, why)) {
        take_lack(ret, -EUSERS,
                  needs_clients_fit(clients, needs.bytes, (double)limits.memory_bytes, 0.0), why);
    }
    (void)snprintf(ret->who, sizeof ret->who, "host %s", hello->host);
}

/* What the agent answered; NULL: it is lost. */
static void look_at_answer(const struct session *session, uint32_t agent,
                           const struct status *answer, struct session_lack *ret)
{
    if (answer != NULL && answer->is_full &&
        (ret->code == 0 || ret->clients_max > answer->clients_max)) {
        take_lack(ret, -EMFILE, answer->clients_max, answer->text);
        (void)snprintf(ret->who, sizeof ret->who, "%s", fleet_agent(session->fleet, agent)->name);
    }
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

int session_look_for_room(struct session *session, struct plan_trial *trial,
                          struct session_lack *lacks, struct errinfo *reterr)
{
    const struct status *answers[AGENTS_MAX] = {NULL};
    struct session_order order = {.make = make_question,
                                  .context = trial,
                                  .deadline_ns = ROOM_ANSWER_NS,
                                  .interruptible = true,
                                  .survivors = true};
    uint32_t count = trial->assignments_count;
    int r;

    memset(lacks, 0, count * sizeof *lacks);
    for (uint32_t i = 0; i < count; i++) {
        look_at_host(session, trial, i, &lacks[i]);
    }
    r = session_order_all(session, &order, answers, reterr);
    for (uint32_t i = 0; r == 0 && i < count; i++) {
        look_at_answer(session, i, answers[i], &lacks[i]);
    }
    return r;
}
