/* Where clients of brokers live that are inside an agent: with their topics. */
#include "plan_inner.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Topics that share a client must share an agent: a group of them, found by union and find
 * (Tarjan 1975). Fields but `above` count at the group's root only. */
struct group {
    uint32_t above; /* Towards the root. */
    uint32_t producers;
    uint32_t consumers;
    uint32_t agent;
    uint32_t ordinal;      /* Of the agent's groups. */
    uint32_t worker_first; /* Of its first pair of clients; the others follow in turn. */
};

/* What an agent has been given so far. */
struct room {
    uint32_t clients;
    uint32_t groups;
    uint32_t pairs; /* Of a producer and a consumer at most, over its groups. */
};

static uint32_t group_root(struct group *groups, uint32_t topic)
{
    while (groups[topic].above != topic) {
        groups[topic].above = groups[groups[topic].above].above;
        topic = groups[topic].above;
    }
    return topic;
}

/* Joins the client's topics and returns its group. */
static uint32_t join_topics(struct layout *layout, struct group *groups, uint32_t flow,
                            const uint32_t topics[3])
{
    uint32_t root =
        group_root(groups, assigned_topic_index(&layout->flows[flow], topics[0], topics[1], 0));

    for (uint32_t i = 1; i < topics[2]; i++) {
        uint32_t other =
            group_root(groups, assigned_topic_index(&layout->flows[flow], topics[0], topics[1], i));

        /* The lower topic stays root, so that the plan does not depend on the order of joins. */
        groups[other > root ? other : root].above = less(other, root);
        root = less(other, root);
    }
    return root;
}

static uint32_t producer_group(struct layout *layout, struct group *groups, uint32_t index)
{
    const struct assigned_producer *p = &layout->producers[index];

    return join_topics(layout, groups, p->flow,
                       (const uint32_t[]){p->topic_first, p->topic_stride, p->topics_count});
}

static uint32_t consumer_group(struct layout *layout, struct group *groups, uint32_t index)
{
    const struct assigned_consumer *c = &layout->consumers[index];

    return join_topics(layout, groups, c->flow,
                       (const uint32_t[]){c->topic_first, c->topic_stride, c->topics_count});
}

/* How full an agent would be, compared without rounding: clients a of weight b, against c of d. */
static bool is_fuller(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    return a * d > c * b;
}

/* To the agent that has the fewest clients for its weight then, of those with room for it. */
static int give_group(struct layout *layout, struct group *group, bool equal, struct room *rooms,
                      struct errinfo *reterr)
{
    uint32_t clients = group->producers + group->consumers;
    uint32_t best = UINT32_MAX;

    for (uint32_t place = 0; place < layout->agents_count; place++) {
        uint32_t agent = layout_agent_at(layout, place);
        uint64_t here = rooms[agent].clients + clients;

        if (layout_is_full(layout, agent, here)) {
            continue;
        }
        if (best == UINT32_MAX ||
            is_fuller(rooms[best].clients + clients, layout_weight(layout, best, equal), here,
                      layout_weight(layout, agent, equal))) {
            best = agent;
        }
    }
    if (best == UINT32_MAX) {
        return errinfo_set(reterr, -EUSERS, "no agent has room for the %u clients of a topic",
                           clients);
    }
    group->agent = best;
    group->ordinal = rooms[best].groups++;
    group->worker_first = rooms[best].pairs;
    rooms[best].clients += clients;
    rooms[best].pairs += group->producers > group->consumers ? group->producers : group->consumers;
    return 0;
}

/* With as many groups as workers a group stays on one worker; with fewer, its clients are spread
 * pairwise, so that what a producer sends is read where it was sent. */
static uint32_t worker_of(const struct layout *layout, const struct group *group,
                          const struct room *room, uint32_t index)
{
    uint32_t workers = layout->workers_counts[group->agent];

    ASSERT(workers > 0);
    return (room->groups >= workers ? group->ordinal : group->worker_first + index) % workers;
}

static void put_on_agents(struct layout *layout, struct group *groups)
{
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        layout->producer_agents[i] = groups[producer_group(layout, groups, i)].agent;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        layout->consumer_agents[i] = groups[consumer_group(layout, groups, i)].agent;
    }
}

static void put_on_workers(struct layout *layout, struct group *groups, const struct room *rooms)
{
    for (uint32_t i = 0; i < layout->topics_count; i++) {
        groups[i].producers = 0;
        groups[i].consumers = 0;
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        struct group *group = &groups[producer_group(layout, groups, i)];

        layout->producers[i].worker =
            worker_of(layout, group, &rooms[group->agent], group->producers++);
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        struct group *group = &groups[consumer_group(layout, groups, i)];

        layout->consumers[i].worker =
            worker_of(layout, group, &rooms[group->agent], group->consumers++);
    }
}

int layout_place_local(struct layout *layout, struct errinfo *reterr)
{
    struct group *groups = calloc(layout->topics_count, sizeof groups[0]);
    struct room *rooms = calloc(layout->agents_count, sizeof rooms[0]);
    int r = 0;

    if (groups == NULL || rooms == NULL) {
        free(groups);
        free(rooms);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < layout->topics_count; i++) {
        groups[i].above = i;
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        (void)producer_group(layout, groups, i);
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        (void)consumer_group(layout, groups, i);
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        groups[producer_group(layout, groups, i)].producers++;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        groups[consumer_group(layout, groups, i)].consumers++;
    }
    for (uint32_t i = 0; r == 0 && i < layout->topics_count; i++) {
        if (group_root(groups, i) == i) {
            bool equal = layout->setup->flows[layout->topics[i].flow].topology.spread_equal;

            r = give_group(layout, &groups[i], equal, rooms, reterr);
        }
    }
    for (uint32_t a = 0; a < layout->agents_count; a++) {
        layout->workers_counts[a] = rooms[a].pairs;
    }
    if (r == 0) {
        put_on_agents(layout, groups);
        r = layout_limit_workers(layout, reterr);
    }
    if (r == 0) {
        put_on_workers(layout, groups, rooms);
    }
    free(groups);
    free(rooms);
    return r;
}
