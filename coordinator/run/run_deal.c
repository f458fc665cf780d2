/* run_deal: a trial's clients are dealt to the agents that are there. */
#include "run_inner.h"

#include <stdio.h>

bool run_goes_on(const struct run *run)
{
    const struct fleet *fleet = run->session->fleet;

    return run->config->scenario->agent_loss_continues &&
           fleet_lost_count(fleet) < fleet_agents(fleet);
}

/* The agents that are left, as the planner knows them, and their order. */
struct left {
    uint32_t agents[AGENTS_MAX]; /* By their number among those that are left. */
    uint32_t count;
    struct plan_agent plan_agents[AGENTS_MAX];
    struct plan_room rooms[AGENTS_MAX];
    uint32_t order[AGENTS_MAX];
};

static void find_left(const struct run *run, const struct plan_request *all, struct left *left)
{
    uint32_t numbers[AGENTS_MAX];
    uint32_t ordered = 0;

    left->count = 0;
    for (uint32_t i = 0; i < all->agents_count; i++) {
        numbers[i] = UINT32_MAX;
        if (!fleet_is_lost(run->session->fleet, i)) {
            numbers[i] = left->count;
            left->plan_agents[left->count] = all->agents[i];
            if (all->rooms != NULL) {
                left->rooms[left->count] = all->rooms[i];
            }
            left->agents[left->count++] = i;
        }
    }
    for (uint32_t place = 0; place < all->agents_count; place++) {
        uint32_t number = numbers[all->order[place]];

        if (number != UINT32_MAX) {
            left->order[ordered++] = number;
        }
    }
}

void run_deal_id(const struct run *run, const char *run_id, char *ret)
{
    if (run->called_off > 0) { /* Who was lost may come back, and remove what was the trial's. */
        (void)snprintf(ret, NAME_BYTES, "%.40s-again%u", run_id, run->called_off);
    } else {
        (void)snprintf(ret, NAME_BYTES, "%.63s", run_id);
    }
}

int run_deal(const struct run *run, const struct plan_request *all,
             const struct scenario_setup *setup, struct plan_trial *trial, struct errinfo *reterr)
{
    struct plan_request request = *all;
    char id[NAME_BYTES];
    struct left left;
    int r;

    if (!run_goes_on(run) || fleet_lost(run->session->fleet) == UINT32_MAX) {
        return plan_trial_fill(all, run->plan, setup, trial, reterr);
    }
    find_left(run, all, &left);
    run_deal_id(run, all->run_id, id);
    request.run_id = id;
    request.agents = left.plan_agents;
    request.agents_count = left.count;
    request.order = left.order;
    request.rooms = all->rooms == NULL ? NULL : left.rooms;
    r = plan_trial_fill(&request, run->plan, setup, trial, reterr);
    return r < 0 ? r : plan_trial_spread(trial, left.agents, all->agents_count, reterr);
}
