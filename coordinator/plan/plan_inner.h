/*
 * plan_inner: one trial over all agents, before it is cut into assignments. Internal to plan.
 *
 * Three steps, each pure: the tables (flows, topics, phases), the clients with what they write and
 * read, and where each client lives (agent and worker).
 */
#ifndef MILLRACE_PLAN_INNER_H
#define MILLRACE_PLAN_INNER_H

#include "plan.h"

struct layout {
    const struct scenario_setup *setup;
    const struct catalog_entry *entry;
    const struct plan_agent *agents;
    uint32_t agents_count;
    const uint32_t *order;         /* As the request has it, */
    const struct plan_room *rooms; /* and this. */
    struct assigned_flow *flows;
    uint32_t flows_count;
    struct assigned_topic *topics;
    uint32_t topics_count;
    struct assigned_phase *phases;
    uint32_t phases_count;
    struct assigned_producer *producers; /* Of all agents, in the order of their streams. */
    uint32_t producers_count;
    struct assigned_consumer *consumers;
    uint32_t consumers_count;
    struct assigned_writer *writers;
    uint32_t writers_count;
    uint32_t *producer_agents;
    uint32_t *consumer_agents;
    uint32_t *workers_counts; /* Of each agent. */
};

void layout_done(struct layout *layout);

/* Flows, topics (named by prefix, "millrace-RUN-cN-tM") and phases. -EINVAL, -ENOMEM. */
int layout_tables(struct layout *layout, const char *prefix, struct errinfo *reterr);

/* Who writes and reads what. -ENOMEM. */
int layout_clients(struct layout *layout, struct errinfo *reterr);

/* Agent and worker of each client, and the table of writers. -EINVAL, -EUSERS, -ENOMEM. */
int layout_place(struct layout *layout, struct errinfo *reterr);

/* Lowers workers_counts, of which clients could use so many, to what each agent has cores for and
 * its part of the load needs, at least 1. The clients' agents are known. -ENOMEM. */
int layout_limit_workers(struct layout *layout, struct errinfo *reterr);

/* Which agent has its turn at a place of the request's order. */
uint32_t layout_agent_at(const struct layout *layout, uint32_t place);

/* Has the agent no room for so many clients? */
bool layout_is_full(const struct layout *layout, uint32_t agent, uint64_t clients_count);

/* What an agent's share of the clients is in proportion to, at least 1; equal: of all alike. */
uint64_t layout_weight(const struct layout *layout, uint32_t agent, bool equal);

/* Same as layout_place() for a broker that lives inside an agent, without the table of writers.
 * -EUSERS, -ENOMEM. */
int layout_place_local(struct layout *layout, struct errinfo *reterr);

/* The trials of all cases that can be measured, in the order in which they are run. -EINVAL,
 * -ENOMEM. */
int plan_order_trials(const struct plan_request *request, struct plan *plan,
                      struct errinfo *reterr);

#endif
