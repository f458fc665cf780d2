#include "plan_inner.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint32_t less(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Places [first, first + count) of the order, whose agents take the clients of a flow's role in
 * turn. */
struct share {
    uint32_t first;
    uint32_t count;
    uint32_t *turn; /* Goes on over flows and roles, so that remainders don't all fall on one. */
};

static uint32_t share_next(const struct layout *layout, const struct share *share)
{
    return layout_agent_at(layout, share->first + (*share->turn)++ % share->count);
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
