#include "plan_inner.h"

#include "invariant.h"
#include "plan_deal_inner.h"
#include "plan_labels_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which agents take the clients of a flow's role. */
struct pool_key {
    uint32_t place_first; /* Of the order. */
    uint32_t places_count;
    const char *label; /* That their hosts have; "": any. */
    bool equal;
};

struct pool {
    struct pool_key key;
    struct deal_pool deal;
};

/* One for each key that a flow has, so that turns go on over flows and roles. */
struct pools {
    struct layout *layout;
    const uint32_t *planned; /* Clients of each agent, if none were full; NULL: nobody looked. */
    struct pool *list;
    uint32_t count;
};

static void fill_pool(const struct pools *pools, struct pool *ret)
{
    const struct layout *layout = pools->layout;

    for (uint32_t i = 0; i < ret->key.places_count; i++) {
        uint32_t index = layout_agent_at(layout, ret->key.place_first + i);
        const struct plan_agent *agent = &layout->agents[index];

        if (ret->key.label[0] == '\0' || plan_labels_have(agent, ret->key.label)) {
            bool full =
                pools->planned != NULL && layout_is_full(layout, index, pools->planned[index]);

            ret->deal.agents[ret->deal.agents_count++] =
                (struct deal_agent){.agent = index,
                                    .weight = layout_weight(layout, index, ret->key.equal),
                                    .is_full = full,
                                    .keeps = full ? layout->rooms[index].clients_max : 0,
                                    .of = full ? pools->planned[index] : 0};
        }
    }
}

static struct pool *pool_of(struct pools *pools, const struct pool_key *key)
{
    struct pool *pool = pools->list;

    for (; pool < pools->list + pools->count; pool++) {
        if (pool->key.place_first == key->place_first &&
            pool->key.places_count == key->places_count && pool->key.equal == key->equal &&
            strcmp(pool->key.label, key->label) == 0) {
            return pool;
        }
    }
    pools->count++;
    memset(pool, 0, sizeof *pool);
    pool->key = *key;
    fill_pool(pools, pool);
    return pool;
}

/* Half of the agents, rounded up, send where roles are apart: sending costs more. */
static struct pool_key key_of(const struct layout *layout, uint32_t flow, bool sends)
{
    const struct scenario_topology *topology = &layout->setup->flows[flow].topology;
    uint32_t half = (layout->agents_count + 1) / 2;
    struct pool_key key = {.places_count = layout->agents_count,
                           .label = sends ? topology->producers_label : topology->consumers_label,
                           .equal = topology->spread_equal};

    if (topology->placement == PLACEMENT_APART) {
        key.place_first = sends ? 0 : half;
        key.places_count = sends ? half : layout->agents_count - half;
    }
    return key;
}

/* The clients of one role in one flow, of which there is a number. */
static int deal_role(struct pools *pools, uint32_t flow, bool sends, uint32_t clients_count,
                     uint32_t *ret, struct errinfo *reterr)
{
    struct pool_key key = key_of(pools->layout, flow, sends);
    struct pool *pool;

    if (clients_count == 0) {
        return 0;
    }
    pool = pool_of(pools, &key);
    if (pool->deal.agents_count == 0) {
        return key.label[0] == '\0'
                   ? errinfo_set(reterr, -EINVAL,
                                 "placement: apart needs at least 2 agents, there is 1")
                   : plan_labels_tell_missing(pools->layout, sends ? "producers" : "consumers",
                                              key.label, reterr);
    }
    if (!deal_clients(&pool->deal, clients_count, ret)) {
        return errinfo_set(reterr, -EUSERS, "no agent has room for the rest of the %s of flow %s",
                           sends ? "producers" : "consumers",
                           pools->layout->setup->flows[flow].name);
    }
    return 0;
}

/* Clients stand flow by flow, as layout_clients() made them. */
static int deal_all(struct pools *pools, struct errinfo *reterr)
{
    struct layout *layout = pools->layout;
    uint32_t first = 0;
    int r = 0;

    pools->count = 0;
    for (uint32_t f = 0; r == 0 && f < layout->flows_count; f++) {
        uint32_t count = layout->flows[f].producers_count;

        r = deal_role(pools, f, true, count, layout->producer_agents + first, reterr);
        first += count;
    }
    first = 0;
    for (uint32_t f = 0; r == 0 && f < layout->flows_count; f++) {
        uint32_t count = layout->flows[f].subscriptions_count * layout->flows[f].consumers_count;

        r = deal_role(pools, f, false, count, layout->consumer_agents + first, reterr);
        first += count;
    }
    return r;
}

/* True if an agent was given more than it has room for. Counts the clients of each. */
static bool look_for_full(const struct layout *layout, uint32_t *planned)
{
    bool full = false;

    for (uint32_t i = 0; i < layout->producers_count; i++) {
        planned[layout->producer_agents[i]]++;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        planned[layout->consumer_agents[i]]++;
    }
    for (uint32_t a = 0; a < layout->agents_count; a++) {
        full = full || layout_is_full(layout, a, planned[a]);
    }
    return full;
}

static int place_shared(struct layout *layout, struct errinfo *reterr)
{
    struct pools pools = {.layout = layout, .list = calloc(2 * FLOWS_MAX, sizeof *pools.list)};
    uint32_t planned[AGENTS_MAX] = {0};
    int r;

    if (pools.list == NULL) {
        return errinfo_nomem(reterr);
    }
    r = deal_all(&pools, reterr);
    if (r == 0 && look_for_full(layout, planned)) {
        pools.planned = planned;
        r = deal_all(&pools, reterr);
    }
    free(pools.list);
    return r;
}

/* No more workers than clients. */
static int count_workers(struct layout *layout, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        layout->workers_counts[layout->producer_agents[i]]++;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        layout->workers_counts[layout->consumer_agents[i]]++;
    }
    return layout_limit_workers(layout, reterr);
}

/* Clients take the agent's workers in turn, producers first. */
static int work_shared(struct layout *layout, struct errinfo *reterr)
{
    uint32_t turns[AGENTS_MAX] = {0};
    int r = count_workers(layout, reterr);

    if (r < 0) {
        return r;
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        uint32_t agent = layout->producer_agents[i];

        layout->producers[i].worker = turns[agent]++ % layout->workers_counts[agent];
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        uint32_t agent = layout->consumer_agents[i];

        layout->consumers[i].worker = turns[agent]++ % layout->workers_counts[agent];
    }
    return 0;
}

/* Producers stand in the order of their streams, so runs of one agent become one row. */
static int fill_writers(struct layout *layout, struct errinfo *reterr)
{
    layout->writers = calloc((size_t)layout->producers_count + 1, sizeof layout->writers[0]);
    if (layout->writers == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        const struct assigned_producer *producer = &layout->producers[i];
        uint32_t streams = producer->topics_count * layout->flows[producer->flow].partitions;
        struct assigned_writer *last =
            layout->writers_count > 0 ? &layout->writers[layout->writers_count - 1] : NULL;

        if (last != NULL && last->agent == layout->producer_agents[i]) {
            ASSERT(last->stream_first + last->streams_count == producer->stream_first);
            last->streams_count += streams;
        } else {
            layout->writers[layout->writers_count++] = (struct assigned_writer){
                producer->stream_first, streams, layout->producer_agents[i]};
        }
    }
    return 0;
}

int layout_place(struct layout *layout, struct errinfo *reterr)
{
    int r = 0;

    layout->producer_agents =
        calloc((size_t)layout->producers_count + 1, sizeof layout->producer_agents[0]);
    layout->consumer_agents =
        calloc((size_t)layout->consumers_count + 1, sizeof layout->consumer_agents[0]);
    layout->workers_counts = calloc(layout->agents_count, sizeof layout->workers_counts[0]);
    if (layout->producer_agents == NULL || layout->consumer_agents == NULL ||
        layout->workers_counts == NULL) {
        return errinfo_nomem(reterr);
    }
    if (layout->entry->local) {
        r = layout_place_local(layout, reterr);
    } else {
        r = place_shared(layout, reterr);
        r = r < 0 ? r : work_shared(layout, reterr);
    }
    return r < 0 ? r : fill_writers(layout, reterr);
}
