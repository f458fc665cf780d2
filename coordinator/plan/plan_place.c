#include "plan_inner.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Which agent has its turn at a place of the request's order. */
static uint32_t agent_at(const struct layout *layout, uint32_t place)
{
    return layout->order == NULL ? place : layout->order[place];
}

/* ---- Brokers that everyone can reach ---- */

/* Places [first, first + count) of the order, whose agents take the clients of a flow's role in
 * turn. */
struct share {
    uint32_t first;
    uint32_t count;
    uint32_t *turn; /* Goes on over flows and roles, so that remainders don't all fall on one. */
};

static uint32_t share_next(const struct layout *layout, const struct share *share)
{
    return agent_at(layout, share->first + (*share->turn)++ % share->count);
}

static int place_shared(struct layout *layout, struct errinfo *reterr)
{
    uint32_t turns[3] = {0};                        /* spread; apart: producers, consumers. */
    uint32_t half = (layout->agents_count + 1) / 2; /* Sending costs more. */
    const struct share all = {0, layout->agents_count, &turns[0]};
    const struct share senders = {0, half, &turns[1]};
    const struct share readers = {half, layout->agents_count - half, &turns[2]};

    for (uint32_t i = 0; i < layout->flows_count; i++) {
        if (layout->setup->flows[i].topology.placement == PLACEMENT_APART &&
            layout->agents_count < 2) {
            return errinfo_set(reterr, -EINVAL,
                               "placement: apart needs at least 2 agents, there is 1");
        }
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        bool apart =
            layout->setup->flows[layout->producers[i].flow].topology.placement == PLACEMENT_APART;

        layout->producer_agents[i] = share_next(layout, apart ? &senders : &all);
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        bool apart =
            layout->setup->flows[layout->consumers[i].flow].topology.placement == PLACEMENT_APART;

        layout->consumer_agents[i] = share_next(layout, apart ? &readers : &all);
    }
    return 0;
}

/* How many workers each agent has: its clients, as many as it has cores for; where a publish can
 * block, at least one for each producer. */
static int count_workers(struct layout *layout, struct errinfo *reterr)
{
    uint32_t producers[AGENTS_MAX] = {0};

    for (uint32_t i = 0; i < layout->producers_count; i++) {
        producers[layout->producer_agents[i]]++;
        layout->workers_counts[layout->producer_agents[i]]++;
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        layout->workers_counts[layout->consumer_agents[i]]++;
    }
    for (uint32_t a = 0; a < layout->agents_count; a++) {
        uint32_t workers = less(layout->workers_counts[a], layout->agents[a].cpus);

        if (layout->entry->publish_blocks && workers < producers[a]) {
            workers = producers[a];
        }
        if (workers > WORKERS_MAX) {
            return errinfo_set(reterr, -EINVAL,
                               "%u workers on one agent are too many (at most %d; use more agents)",
                               workers, WORKERS_MAX);
        }
        layout->workers_counts[a] = workers > 0 ? workers : 1;
    }
    return 0;
}

/* Clients take the agent's workers in turn, producers first: where a publish can block, each
 * producer thus has a worker that no other producer holds up. */
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

/* ---- Brokers that live inside an agent ---- */

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

static void give_group(struct layout *layout, struct group *group, struct room *rooms)
{
    uint32_t best = agent_at(layout, 0);

    for (uint32_t place = 1; place < layout->agents_count; place++) {
        uint32_t agent = agent_at(layout, place);

        if (rooms[agent].clients < rooms[best].clients) {
            best = agent;
        }
    }
    group->agent = best;
    group->ordinal = rooms[best].groups++;
    group->worker_first = rooms[best].pairs;
    rooms[best].clients += group->producers + group->consumers;
    rooms[best].pairs += group->producers > group->consumers ? group->producers : group->consumers;
}

/* With as many groups as workers a group stays on one worker; with fewer, its clients are spread
 * pairwise, so that what a producer sends is read where it was sent. */
static uint32_t worker_of(const struct layout *layout, const struct group *group,
                          const struct room *room, uint32_t index)
{
    uint32_t workers = layout->workers_counts[group->agent];

    return (room->groups >= workers ? group->ordinal : group->worker_first + index) % workers;
}

static void put_clients(struct layout *layout, struct group *groups, const struct room *rooms)
{
    for (uint32_t i = 0; i < layout->topics_count; i++) {
        groups[i].producers = 0;
        groups[i].consumers = 0;
    }
    for (uint32_t i = 0; i < layout->producers_count; i++) {
        struct group *group = &groups[producer_group(layout, groups, i)];

        layout->producer_agents[i] = group->agent;
        layout->producers[i].worker =
            worker_of(layout, group, &rooms[group->agent], group->producers++);
    }
    for (uint32_t i = 0; i < layout->consumers_count; i++) {
        struct group *group = &groups[consumer_group(layout, groups, i)];

        layout->consumer_agents[i] = group->agent;
        layout->consumers[i].worker =
            worker_of(layout, group, &rooms[group->agent], group->consumers++);
    }
}

static int place_local(struct layout *layout, struct errinfo *reterr)
{
    struct group *groups = calloc(layout->topics_count, sizeof groups[0]);
    struct room *rooms = calloc(layout->agents_count, sizeof rooms[0]);

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
    for (uint32_t i = 0; i < layout->topics_count; i++) {
        if (group_root(groups, i) == i) {
            give_group(layout, &groups[i], rooms);
        }
    }
    for (uint32_t a = 0; a < layout->agents_count; a++) {
        uint32_t workers = less(rooms[a].pairs, layout->agents[a].cpus);

        layout->workers_counts[a] = workers > 0 ? less(workers, WORKERS_MAX) : 1;
    }
    put_clients(layout, groups, rooms);
    free(groups);
    free(rooms);
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
        r = place_local(layout, reterr);
    } else {
        r = place_shared(layout, reterr);
        r = r < 0 ? r : work_shared(layout, reterr);
    }
    return r < 0 ? r : fill_writers(layout, reterr);
}
