#include "catalog_entries.h"
#include "invariant.h"
#include "memory_endpoint_inner.h"
#include "pages.h"

#include <errno.h>
#include <stdlib.h>

/* A token is the client's index above the number of the delivery. */
#define NUMBER_BITS 44
#define NUMBER_MASK ((UINT64_C(1) << NUMBER_BITS) - 1)

/* With several consumers of a queue each is given so many at a time, or the first would have all.
 */
#define SHARED_CHUNK 16

static_assert((uint64_t)CLIENTS_MAX <= UINT64_C(1) << (64 - NUMBER_BITS), "a client fits");

/* Does the client read this partition? The rule is endpoint_client's. */
static bool reads(const struct endpoint_client *client, uint32_t partition, uint32_t partitions)
{
    if (client->shares_count > partitions) {
        return partition == client->share_index % partitions;
    }
    return partition % client->shares_count == client->share_index;
}

/* Counts the client's readings, and fills them in from *at on unless that is NULL. */
static uint32_t list_readings(struct endpoint *endpoint, uint32_t client_index, struct reading *at)
{
    const struct endpoint_client *client = &endpoint->config->clients[client_index];
    uint32_t count = 0;

    for (uint32_t t = 0; t < client->topics_count; t++) {
        struct memory_topic *topic = endpoint->topics[client->topics[t]];

        for (uint32_t p = 0; p < topic->partitions_count; p++) {
            if (!reads(client, p, topic->partitions_count)) {
                continue;
            }
            if (at != NULL) {
                at[count] = (struct reading){
                    .reader = {.partition = &topic->partitions[p],
                               .queue = &topic->partitions[p].queues[client->subscription],
                               .waker = &endpoint->waker},
                    .client = client_index,
                    .topic = client->topics[t],
                    .partition = p};
            }
            count++;
        }
    }
    return count;
}

static int check_subscriptions(const struct endpoint *endpoint, struct errinfo *reterr)
{
    for (uint32_t c = 0; c < endpoint->config->clients_count; c++) {
        const struct endpoint_client *client = &endpoint->config->clients[c];

        for (uint32_t t = 0; t < client->topics_count; t++) {
            const struct memory_topic *topic = endpoint->topics[client->topics[t]];

            if (client->subscription >= topic->subscriptions_count) {
                return errinfo_set(reterr, -EINVAL,
                                   "memory: topic %s was made with %u subscriptions, there is no "
                                   "number %u",
                                   topic->name, topic->subscriptions_count, client->subscription);
            }
        }
    }
    return 0;
}

/* What a client may hold: at least two batches, or it would wait for itself. */
static uint64_t holdings_max(const struct endpoint_config *config)
{
    uint64_t prefetch =
        (uint64_t)catalog_option_number(&catalog_memory, config->target, "prefetch");
    uint64_t batches = 2 * (uint64_t)config->delivery->consume_ack_batch;

    return prefetch > batches ? prefetch : batches;
}

static int make_holders(struct endpoint *endpoint)
{
    uint32_t clients_count = endpoint->config->clients_count;
    uint64_t capacity = 1;

    endpoint->holdings_max = holdings_max(endpoint->config);
    while (capacity < endpoint->holdings_max) {
        capacity *= 2;
    }
    endpoint->holdings_mask = capacity - 1;
    endpoint->dirty = calloc(clients_count, sizeof *endpoint->dirty);
    endpoint->holders = calloc(clients_count, sizeof *endpoint->holders);
    if (endpoint->dirty == NULL || endpoint->holders == NULL) {
        return -ENOMEM;
    }
    endpoint->rings = pages_new(clients_count * capacity * sizeof *endpoint->rings);
    if (endpoint->rings == NULL) {
        return -ENOMEM;
    }
    for (uint32_t c = 0; c < clients_count; c++) {
        endpoint->holders[c].ring = endpoint->rings + c * capacity;
    }
    return 0;
}

static struct holding *holding_at(const struct endpoint *endpoint, struct holder *holder,
                                  uint64_t number)
{
    return number - holder->near_from < HOLDINGS_NEAR
               ? &holder->near[number - holder->near_from]
               : &holder->ring[number & endpoint->holdings_mask];
}

int memory_consumer_open(struct endpoint *endpoint, struct errinfo *reterr)
{
    uint32_t count = 0;
    int r = check_subscriptions(endpoint, reterr);

    if (r < 0) {
        return r;
    }
    for (uint32_t c = 0; c < endpoint->config->clients_count; c++) {
        count += list_readings(endpoint, c, NULL);
    }
    endpoint->readings = calloc(count > 0 ? count : 1, sizeof *endpoint->readings);
    if (endpoint->readings == NULL || make_holders(endpoint) < 0) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t c = 0; c < endpoint->config->clients_count; c++) {
        endpoint->readings_count +=
            list_readings(endpoint, c, endpoint->readings + endpoint->readings_count);
    }
    for (uint32_t i = 0; i < endpoint->readings_count; i++) {
        memory_reader_attach(&endpoint->readings[i].reader);
    }
    return 0;
}

/* Ends the deliveries [from, until) of a client: acknowledged ones are done, others go back to
 * their queue. One lock for those of the same partition in a row. */
static void end_holdings(struct endpoint *endpoint, struct holder *holder, uint64_t from,
                         uint64_t until)
{
    struct memory_partition *locked = NULL;

    for (uint64_t number = from; number != until; number++) {
        struct holding *holding = holding_at(endpoint, holder, number);
        struct memory_reader *reader = &holding->reading->reader;

        if (reader->partition != locked) {
            if (locked != NULL) {
                (void)pthread_mutex_unlock(&locked->lock);
            }
            locked = reader->partition;
            (void)pthread_mutex_lock(&locked->lock);
        }
        if (holding->acked) {
            memory_queue_settle(reader->queue, holding->entry);
        } else {
            memory_queue_give_back(reader->queue, holding->entry);
            memory_queue_announce(reader->queue);
            memory_readers_wake(reader->queue);
        }
    }
    if (locked != NULL) {
        (void)pthread_mutex_unlock(&locked->lock);
    }
}

void memory_consumer_settle(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->dirty_count; i++) {
        struct holder *holder = &endpoint->holders[endpoint->dirty[i]];

        end_holdings(endpoint, holder, holder->settled, holder->acked);
        holder->settled = holder->acked;
        holder->dirty = false;
    }
    endpoint->dirty_count = 0;
}

void memory_consumer_drop(struct endpoint *endpoint)
{
    for (uint32_t c = 0; c < endpoint->config->clients_count; c++) {
        struct holder *holder = &endpoint->holders[c];

        end_holdings(endpoint, holder, holder->settled, holder->next);
        holder->settled = holder->next;
        holder->acked = holder->next;
        holder->dirty = false;
    }
    endpoint->dirty_count = 0;
}

void memory_consumer_close(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < endpoint->readings_count; i++) {
        memory_reader_detach(&endpoint->readings[i].reader);
    }
    if (endpoint->readings_count > 0) {
        memory_consumer_drop(endpoint); /* After leaving, so that it wakes the others. */
    }
    pages_free(endpoint->rings, endpoint->config->clients_count * (endpoint->holdings_mask + 1) *
                                    sizeof *endpoint->rings);
    free(endpoint->holders);
    free(endpoint->dirty);
    free(endpoint->readings);
}

static void mark_dirty(struct endpoint *endpoint, uint32_t client)
{
    if (!endpoint->holders[client].dirty) {
        endpoint->holders[client].dirty = true;
        endpoint->dirty[endpoint->dirty_count++] = client;
    }
}

/* Takes what a queue has, with its partition locked. */
static uint32_t take(struct endpoint *endpoint, struct reading *reading, struct event *events,
                     uint32_t max, int64_t now_ns, int64_t *due_ns)
{
    struct holder *holder = &endpoint->holders[reading->client];
    bool at_delivery = endpoint->config->delivery->consume_ack == CONSUME_ACK_NONE;
    uint32_t count = 0;

    while (count < max) {
        struct memory_entry *entry = memory_queue_take(reading->reader.queue, now_ns, due_ns);

        if (entry == NULL) {
            break;
        }
        if (holder->settled == holder->next) {
            holder->near_from = holder->next;
        }
        *holding_at(endpoint, holder, holder->next) =
            (struct holding){.reading = reading, .entry = entry, .acked = at_delivery};
        events[count++] =
            (struct event){.kind = EVENT_MESSAGE,
                           .client = reading->client,
                           .at_ns = now_ns,
                           .token = (uint64_t)reading->client << NUMBER_BITS | holder->next,
                           .topic = reading->topic,
                           .partition = reading->partition,
                           .bytes = entry->bytes,
                           .bytes_count = entry->bytes_count};
        holder->next++;
    }
    if (at_delivery && count > 0) {
        holder->acked = holder->next;
        mark_dirty(endpoint, reading->client);
    }
    return count;
}

static uint32_t poll_reading(struct endpoint *endpoint, struct reading *reading,
                             struct event *events, uint32_t max, int64_t now_ns, int64_t *due_ns)
{
    struct memory_reader *reader = &reading->reader;
    const struct holder *holder = &endpoint->holders[reading->client];
    uint64_t room = endpoint->holdings_max - (holder->next - holder->settled);
    uint32_t count = 0;

    if (memory_queue_unread(reader->queue) == 0) {
        return 0;
    }
    if (room <= max) {
        max = (uint32_t)room;
        endpoint->throttled = true;
    }
    (void)pthread_mutex_lock(&reader->partition->lock);
    if (reader->queue->readers != reader || reader->next != NULL) {
        max = max < SHARED_CHUNK ? max : SHARED_CHUNK;
    }
    if (max > 0 && memory_reader_is_active(reader)) {
        count = take(endpoint, reading, events, max, now_ns, due_ns);
    }
    (void)pthread_mutex_unlock(&reader->partition->lock);
    return count;
}

uint32_t memory_consumer_poll(struct endpoint *endpoint, struct event *events, uint32_t max,
                              int64_t now_ns, int64_t *due_ns)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < endpoint->readings_count && count < max; i++) {
        struct reading *reading = &endpoint->readings[endpoint->readings_cursor];

        if (++endpoint->readings_cursor == endpoint->readings_count) {
            endpoint->readings_cursor = 0;
        }
        count += poll_reading(endpoint, reading, events + count, max - count, now_ns, due_ns);
    }
    return count;
}

int memory_ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    uint32_t client = (uint32_t)(token >> NUMBER_BITS);
    uint64_t number = token & NUMBER_MASK;
    struct holder *holder;

    if (endpoint->down) {
        return -ENOTCONN;
    }
    ASSERT(client < endpoint->config->clients_count);
    holder = &endpoint->holders[client];
    ASSERT(number < holder->next);
    if (number < holder->acked) {
        return 0; /* Of before the connection was lost, or acknowledged already. */
    }
    for (uint64_t i = multiple ? holder->acked : number; i <= number; i++) {
        holding_at(endpoint, holder, i)->acked = true;
    }
    while (holder->acked != holder->next && holding_at(endpoint, holder, holder->acked)->acked) {
        holder->acked++;
        mark_dirty(endpoint, client);
    }
    if (endpoint->throttled) {
        endpoint->throttled = false;
        memory_waker_wake(&endpoint->waker);
    }
    return 0;
}
