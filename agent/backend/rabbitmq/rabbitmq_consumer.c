#include "catalog_entries.h"
#include "invariant.h"
#include "mono.h"
#include "rabbitmq_endpoint_inner.h"
#include "rabbitmq_topics_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A token of ack() is client, epoch and delivery tag. */
#define TAG_BITS 40
#define EPOCH_BITS 8
#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)
#define UNSENT_BYTES 4096 /* A rest of acks or of a heartbeat. */

static_assert(RABBITMQ_ACKS_BYTES <= UNSENT_BYTES, "what is written at once can be kept");
static_assert(CLIENTS_MAX <= 1 << (64 - TAG_BITS - EPOCH_BITS), "a token has room for any client");

/* The partitions that a client reads: every shares_count-th, or one if there are more shares. */
static bool reads(const struct endpoint_client *client, uint32_t partitions, uint32_t partition)
{
    if (client->shares_count <= 1) {
        return true;
    }
    if (client->shares_count > partitions) {
        return partition == client->share_index % partitions;
    }
    return partition % client->shares_count == client->share_index;
}

/* The queues that a client reads, in the order of their consumer tags. */
static int make_sources(const struct endpoint_config *config, uint32_t index,
                        struct rabbitmq_source **ret, uint32_t *ret_count, struct errinfo *reterr)
{
    const struct endpoint_client *wanted = &config->clients[index];
    struct rabbitmq_source *sources;
    uint32_t count = 0;
    size_t count_max = 0;

    for (uint32_t i = 0; i < wanted->topics_count; i++) {
        count_max += config->topics[wanted->topics[i]].partitions;
    }
    sources = calloc(count_max > 0 ? count_max : 1, sizeof *sources);
    if (sources == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < wanted->topics_count; i++) {
        uint32_t partitions = config->topics[wanted->topics[i]].partitions;

        for (uint32_t p = 0; p < partitions; p++) {
            if (reads(wanted, partitions, p)) {
                sources[count++] =
                    (struct rabbitmq_source){.topic = wanted->topics[i], .partition = p};
            }
        }
    }
    *ret = sources;
    *ret_count = count;
    return 0;
}

int rabbitmq_consumer_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                           struct errinfo *reterr)
{
    struct rabbitmq_consumer *consumer = &client->consumer;
    int r = make_sources(endpoint->config, client->index, &consumer->sources,
                         &consumer->sources_count, reterr);

    if (r < 0) {
        return r;
    }
    consumer->assembled = malloc(endpoint->config->message_bytes_max);
    return consumer->assembled != NULL && kept_init(&client->unsent, UNSENT_BYTES) == 0
               ? 0
               : errinfo_nomem(reterr);
}

void rabbitmq_consumer_done(struct rabbitmq_client *client)
{
    kept_done(&client->unsent);
    free(client->consumer.sources);
    free(client->consumer.assembled);
    client->consumer.sources = NULL;
    client->consumer.assembled = NULL;
}

static uint16_t prefetch(const struct endpoint_config *config)
{
    int64_t count = catalog_option_number(&catalog_rabbitmq, config->target, "prefetch");

    /* With fewer than a batch the broker would wait for an ack that waits for the broker. */
    if (config->delivery->consume_ack == CONSUME_ACK_BATCH &&
        count < 2 * (int64_t)config->delivery->consume_ack_batch) {
        count = 2 * (int64_t)config->delivery->consume_ack_batch;
    }
    return count > UINT16_MAX ? 0 : (uint16_t)count; /* 0: unlimited. */
}

static int subscribe(const struct endpoint_config *config, uint32_t index,
                     const struct rabbitmq_source *source, uint32_t number,
                     struct rabbitmq_link *link, struct errinfo *reterr)
{
    bool no_ack = config->delivery->consume_ack == CONSUME_ACK_NONE;
    char queue[RABBITMQ_NAME_BYTES];
    char tag[16];

    rabbitmq_queue_name(config->topics[source->topic].name, config->clients[index].subscription,
                        source->partition, queue);
    (void)snprintf(tag, sizeof tag, "%u", number);
    (void)amqp_basic_consume(link->connection, RABBITMQ_CHANNEL, amqp_cstring_bytes(queue),
                             amqp_cstring_bytes(tag), 0, no_ack, 0, amqp_empty_table);
    return rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr,
                          "subscribing to queue %s", queue);
}

int rabbitmq_consumer_begin(const struct endpoint_config *config, uint32_t index,
                            struct rabbitmq_link *link, struct errinfo *reterr)
{
    struct rabbitmq_source *sources = NULL;
    uint32_t sources_count = 0;
    int r = make_sources(config, index, &sources, &sources_count, reterr);

    if (r == 0 && config->delivery->consume_ack != CONSUME_ACK_NONE) {
        (void)amqp_basic_qos(link->connection, RABBITMQ_CHANNEL, 0, prefetch(config), 0);
        r = rabbitmq_reply(link, amqp_get_rpc_reply(link->connection), reterr,
                           "setting the prefetch");
    }
    for (uint32_t i = 0; i < sources_count && r == 0; i++) {
        r = subscribe(config, index, &sources[i], i, link, reterr);
    }
    free(sources);
    return r;
}

void rabbitmq_consumer_linked(struct rabbitmq_client *client)
{
    client->consumer.epoch++;
}

static uint32_t tag_number(amqp_bytes_t tag)
{
    const char *digits = tag.bytes;
    uint32_t number = 0;

    for (size_t i = 0; i < tag.len; i++) {
        number = number * 10 + (uint32_t)(digits[i] - '0');
    }
    return number;
}

static void delivered(struct endpoint *endpoint, struct rabbitmq_client *client, const char *bytes,
                      struct rabbitmq_events *events)
{
    const struct rabbitmq_consumer *consumer = &client->consumer;
    const struct rabbitmq_source *source = &consumer->sources[consumer->source];
    struct event *event = rabbitmq_event_add(events, EVENT_MESSAGE, client, mono_ns());

    ASSERT(event != NULL); /* The caller reads no frame without room for its event. */
    event->token = (uint64_t)client->index << (TAG_BITS + EPOCH_BITS) |
                   (uint64_t)consumer->epoch << TAG_BITS | (consumer->delivery_tag & TAG_MASK);
    event->topic = source->topic;
    event->partition = source->partition;
    event->bytes = bytes;
    event->bytes_count = client->content_bytes < endpoint->config->message_bytes_max
                             ? (uint32_t)client->content_bytes
                             : endpoint->config->message_bytes_max;
    client->content = CONTENT_NONE;
}

/* A body in one frame goes to the arena, one in several is put together in a buffer of the client's
 * own, which is lent to the caller until the next poll. More than message_bytes_max is cut: it
 * isn't ours, and the checksum will say so. */
static void body_came(struct endpoint *endpoint, struct rabbitmq_client *client, amqp_bytes_t part,
                      struct rabbitmq_events *events)
{
    size_t bytes_max = endpoint->config->message_bytes_max;
    char *to = client->consumer.assembled;

    if (part.len == client->content_bytes && part.len <= bytes_max) {
        to = endpoint->arena + endpoint->arena_used;
        endpoint->arena_used += part.len;
        memcpy(to, part.bytes, part.len);
    } else if (client->content_offset < bytes_max) {
        size_t room = bytes_max - client->content_offset;

        memcpy(to + client->content_offset, part.bytes, part.len < room ? part.len : room);
    }
    client->content_offset += part.len;
    if (client->content_offset >= client->content_bytes) {
        if (to == client->consumer.assembled) {
            client->consumer.lent_round = endpoint->round;
        }
        delivered(endpoint, client, to, events);
    }
}

void rabbitmq_consumer_frame(struct endpoint *endpoint, struct rabbitmq_client *client,
                             const amqp_frame_t *frame, struct rabbitmq_events *events)
{
    struct rabbitmq_consumer *consumer = &client->consumer;

    if (frame->frame_type == AMQP_FRAME_METHOD &&
        frame->payload.method.id == AMQP_BASIC_DELIVER_METHOD) {
        const amqp_basic_deliver_t *deliver = frame->payload.method.decoded;

        consumer->delivery_tag = deliver->delivery_tag;
        consumer->source = tag_number(deliver->consumer_tag);
        client->content = CONTENT_DELIVERED;
        if (consumer->source >= consumer->sources_count) {
            rabbitmq_client_lost(endpoint, client, "the broker delivers for an unknown consumer");
        }
    } else if (frame->frame_type == AMQP_FRAME_METHOD &&
               frame->payload.method.id == AMQP_BASIC_CANCEL_METHOD) {
        rabbitmq_client_lost(endpoint, client,
                             "the broker cancelled the subscription: the queue is gone");
    } else if (frame->frame_type == AMQP_FRAME_HEADER && client->content == CONTENT_DELIVERED) {
        client->content_bytes = frame->payload.properties.body_size;
        client->content_offset = 0;
        if (client->content_bytes == 0) {
            delivered(endpoint, client, "", events);
        }
    } else if (frame->frame_type == AMQP_FRAME_BODY && client->content == CONTENT_DELIVERED) {
        body_came(endpoint, client, frame->payload.body_fragment, events);
    }
}

void rabbitmq_acks_write(struct endpoint *endpoint)
{
    if (endpoint->acks_bytes > 0) {
        rabbitmq_write(endpoint, endpoint->acks_of, endpoint->acks, endpoint->acks_bytes,
                       "acknowledging");
        endpoint->acks_bytes = 0;
    }
}

/* One client's at a time: a poll gives the messages of one behind the other. */
static int gather(struct endpoint *endpoint, struct rabbitmq_client *client, uint64_t tag,
                  bool multiple)
{
    if (endpoint->acks_of != client ||
        endpoint->acks_bytes + RABBITMQ_ACK_BYTES > sizeof endpoint->acks) {
        rabbitmq_acks_write(endpoint);
    }
    if (!client->is_up) {
        return -ENOTCONN;
    }
    if (client->unsent.end > 0) {
        return -EAGAIN;
    }
    endpoint->acks_of = client;
    rabbitmq_encode_ack(tag, multiple, endpoint->acks + endpoint->acks_bytes);
    endpoint->acks_bytes += RABBITMQ_ACK_BYTES;
    return 1;
}

/* Over TLS. */
static int acknowledge(struct endpoint *endpoint, struct rabbitmq_client *client, uint64_t tag,
                       bool multiple)
{
    int status;

    if (!rabbitmq_client_has_room(endpoint, client, RABBITMQ_ACK_BYTES)) {
        return -EAGAIN;
    }
    client->has_sent = true;
    status = amqp_basic_ack(client->link.connection, RABBITMQ_CHANNEL, tag, multiple);
    if (status != AMQP_STATUS_OK) {
        rabbitmq_client_lost(endpoint, client, "acknowledging failed: %s",
                             amqp_error_string2(status));
    }
    return 0;
}

int rabbitmq_ack(struct endpoint *endpoint, uint64_t token, bool multiple)
{
    uint64_t index = token >> (TAG_BITS + EPOCH_BITS);
    struct rabbitmq_client *client;
    int r;

    ASSERT(index < endpoint->config->clients_count);
    client = &endpoint->clients[index];
    /* A tag of an earlier connection means nothing to this one: the broker will deliver again. */
    if (!client->is_up || (uint8_t)(token >> TAG_BITS) != client->consumer.epoch) {
        return -ENOTCONN;
    }
    r = client->link.is_plain ? gather(endpoint, client, token & TAG_MASK, multiple)
                              : acknowledge(endpoint, client, token & TAG_MASK, multiple);
    return client->is_up ? r : -ENOTCONN;
}

int rabbitmq_flush(struct endpoint *endpoint)
{
    int r;

    rabbitmq_acks_write(endpoint);
    r = endpoint->acks_lost ? -ENOTCONN : 0;
    endpoint->acks_lost = false;
    return r;
}
