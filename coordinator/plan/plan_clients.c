#include "plan_inner.h"

#include <stdlib.h>

/*
 * scenarios/README.md, "Who writes what": client k of n uses topic k mod topics; with fewer clients
 * than topics it goes round those t with t mod n = k.
 */
struct topics_of_client {
    uint32_t first;
    uint32_t stride;
    uint32_t count;
};

static struct topics_of_client topics_of(uint32_t client, uint32_t clients, uint32_t topics)
{
    if (clients >= topics) {
        return (struct topics_of_client){client % topics, 1, 1};
    }
    return (struct topics_of_client){client, clients, (topics - client + clients - 1) / clients};
}

static void add_producer(struct layout *layout, uint32_t flow_index, uint32_t index,
                         uint32_t *stream)
{
    const struct assigned_flow *flow = &layout->flows[flow_index];
    struct assigned_producer *producer = &layout->producers[layout->producers_count];
    struct topics_of_client topics = topics_of(index, flow->producers_count, flow->topics_count);

    producer->client = layout->producers_count++;
    producer->flow = flow_index;
    producer->index = index;
    producer->stream_first = *stream;
    producer->topic_first = topics.first;
    producer->topic_stride = topics.stride;
    producer->topics_count = topics.count;
    *stream += topics.count * flow->partitions;
}

static void add_consumer(struct layout *layout, uint32_t flow_index, uint32_t subscription,
                         uint32_t index)
{
    const struct assigned_flow *flow = &layout->flows[flow_index];
    struct assigned_consumer *consumer = &layout->consumers[layout->consumers_count];
    struct topics_of_client topics = topics_of(index, flow->consumers_count, flow->topics_count);

    consumer->client = layout->producers_count + layout->consumers_count++;
    consumer->flow = flow_index;
    consumer->subscription = subscription;
    consumer->index = index;
    consumer->topic_first = topics.first;
    consumer->topic_stride = topics.stride;
    consumer->topics_count = topics.count;
    consumer->shares_count = 1;
    if (flow->consumers_count > flow->topics_count) {
        /* Those with the same remainder share a topic. */
        consumer->share_index = index / flow->topics_count;
        consumer->shares_count =
            (flow->consumers_count - topics.first + flow->topics_count - 1) / flow->topics_count;
    }
}

int layout_clients(struct layout *layout, struct errinfo *reterr)
{
    size_t producers = 0;
    size_t consumers = 0;

    for (uint32_t i = 0; i < layout->flows_count; i++) {
        producers += layout->flows[i].producers_count;
        consumers +=
            (size_t)layout->flows[i].subscriptions_count * layout->flows[i].consumers_count;
    }
    /* One more than needed: a list of none is still a list. */
    layout->producers = calloc(producers + 1, sizeof layout->producers[0]);
    layout->consumers = calloc(consumers + 1, sizeof layout->consumers[0]);
    if (layout->producers == NULL || layout->consumers == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < layout->flows_count; i++) {
        uint32_t stream = layout->flows[i].stream_first;

        for (uint32_t k = 0; k < layout->flows[i].producers_count; k++) {
            add_producer(layout, i, k, &stream);
        }
    }
    for (uint32_t i = 0; i < layout->flows_count; i++) {
        for (uint32_t s = 0; s < layout->flows[i].subscriptions_count; s++) {
            for (uint32_t k = 0; k < layout->flows[i].consumers_count; k++) {
                add_consumer(layout, i, s, k);
            }
        }
    }
    return 0;
}
