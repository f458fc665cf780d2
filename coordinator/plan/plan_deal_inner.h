/*
 * plan_deal_inner: deals clients to the agents of a pool in proportion to their weights. Internal
 * to plan.
 *
 * A pool is a list of agents that take clients together. What its agents were given too little or
 * too much of is carried over from one group of clients to the next, so that remainders don't all
 * fall on one agent. Agents of one weight take turns. Pure.
 */
#ifndef MILLRACE_PLAN_DEAL_INNER_H
#define MILLRACE_PLAN_DEAL_INNER_H

#include "bounds.h"

#include <stdbool.h>
#include <stdint.h>

struct deal_agent {
    uint32_t agent;
    uint64_t weight; /* At least 1. */
    int64_t credit;  /* What it lacks so far, in clients times the sum of weights. */
    bool is_full; /* Keeps `keeps` in `of` of what it would be given; the others take the rest. */
    uint32_t keeps;
    uint32_t of;
};

struct deal_pool {
    struct deal_agent agents[AGENTS_MAX]; /* As they have their turns. */
    uint32_t agents_count;
    uint32_t turn; /* Where all weigh alike. */
};

/* Gives each of so many clients its agent in ret. Exact: by largest remainder, of equal ones to
 * whom comes first. False if all agents are full, and clients are left. */
bool deal_clients(struct deal_pool *pool, uint32_t clients_count, uint32_t *ret);

#endif
