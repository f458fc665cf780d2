#include "plan_deal_inner.h"

#include "invariant.h"

static bool weigh_alike(const struct deal_pool *pool)
{
    for (uint32_t i = 0; i < pool->agents_count; i++) {
        if (pool->agents[i].weight != pool->agents[0].weight || pool->agents[i].is_full) {
            return false;
        }
    }
    return true;
}

static uint64_t weights_sum(const struct deal_pool *pool, bool open_only)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < pool->agents_count; i++) {
        sum += open_only && pool->agents[i].is_full ? 0 : pool->agents[i].weight;
    }
    return sum;
}

/* The agent that lacks most. */
static uint32_t neediest(const struct deal_pool *pool, bool open_only)
{
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < pool->agents_count; i++) {
        if ((!open_only || !pool->agents[i].is_full) &&
            (best == UINT32_MAX || pool->agents[i].credit > pool->agents[best].credit)) {
            best = i;
        }
    }
    return best;
}

/* Adds so many clients to counts: to each agent the whole part of its share, and what is left to
 * those that lack most. */
static void share_out(struct deal_pool *pool, uint32_t clients_count, bool open_only,
                      uint32_t *counts)
{
    int64_t sum = (int64_t)weights_sum(pool, open_only);
    uint32_t left = clients_count;

    for (uint32_t i = 0; i < pool->agents_count; i++) {
        struct deal_agent *agent = &pool->agents[i];
        int64_t due = (int64_t)(clients_count * agent->weight);

        if (!open_only || !agent->is_full) {
            counts[i] += (uint32_t)(due / sum);
            left -= (uint32_t)(due / sum);
            agent->credit += due % sum;
        }
    }
    for (; left > 0; left--) {
        uint32_t i = neediest(pool, open_only);

        pool->agents[i].credit -= sum;
        counts[i]++;
    }
}

/* Takes from the full agents what they have no room for. */
static uint32_t cut_full(const struct deal_pool *pool, uint32_t *counts)
{
    uint32_t cut = 0;

    for (uint32_t i = 0; i < pool->agents_count; i++) {
        const struct deal_agent *agent = &pool->agents[i];

        if (agent->is_full) {
            uint32_t kept = (uint32_t)((uint64_t)counts[i] * agent->keeps / agent->of);

            cut += counts[i] - kept;
            counts[i] = kept;
        }
    }
    return cut;
}

/* Each agent's clients spread evenly over all of them: at each place the agent that is furthest
 * behind (smooth weighted round robin, as of nginx), with its count as weight. */
static void interleave(const struct deal_pool *pool, const uint32_t *counts, uint32_t clients_count,
                       uint32_t *ret)
{
    int64_t behind[AGENTS_MAX] = {0};

    for (uint32_t c = 0; c < clients_count; c++) {
        uint32_t best = 0;

        for (uint32_t i = 0; i < pool->agents_count; i++) {
            behind[i] += counts[i];
            best = behind[i] > behind[best] ? i : best;
        }
        behind[best] -= clients_count;
        ret[c] = pool->agents[best].agent;
    }
}

bool deal_clients(struct deal_pool *pool, uint32_t clients_count, uint32_t *ret)
{
    uint32_t counts[AGENTS_MAX] = {0};
    uint32_t cut;

    ASSERT(pool->agents_count > 0);
    if (weigh_alike(pool)) {
        for (uint32_t c = 0; c < clients_count; c++) {
            ret[c] = pool->agents[pool->turn++ % pool->agents_count].agent;
        }
        return true;
    }
    share_out(pool, clients_count, false, counts);
    cut = cut_full(pool, counts);
    if (cut > 0 && weights_sum(pool, true) == 0) {
        return false;
    }
    if (cut > 0) {
        struct deal_pool open = *pool; /* Credits are in parts of another sum there. */

        for (uint32_t i = 0; i < open.agents_count; i++) {
            open.agents[i].credit = 0;
        }
        share_out(&open, cut, true, counts);
    }
    interleave(pool, counts, clients_count, ret);
    return true;
}
