#include "catalog_entries.h"
#include "deadlines.h"
#include "mono.h"
#include "rabbitmq_endpoint_inner.h"
#include "rabbitmq_read_inner.h"
#include "rabbitmq_topics_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define ARENA_BYTES_MIN ((size_t)1024 * 1024)
#define MESSAGES_PER_ARENA 4
#define CLOSE_NS (4 * NS_PER_S)
#define HANG_UP_NS (NS_PER_S / 2)

static_assert(CLOSE_NS + HANG_UP_NS <= ENDPOINT_CLOSE_NS, "an endpoint closes within its time");

/* A connection that no client has yet. */
struct link {
    struct rabbitmq_link link;
};

static int connect_link(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                        struct rabbitmq_link *ret, struct errinfo *reterr)
{
    const char *role = config->role == ROLE_PRODUCER ? "producer" : "consumer";
    uint32_t number = config->clients[client].client;
    char name[NAME_BYTES * 2];
    struct rabbitmq_link_config wanted = {.target = config->target,
                                          .address_first = number,
                                          .name = name,
                                          .message_bytes_max = config->message_bytes_max,
                                          .deadline_ns = deadline_ns};
    int r;

    if (config->connect_times != NULL) {
        wanted.times = &config->connect_times[client];
    }

    (void)snprintf(name, sizeof name, "millrace-%s-%u-%s-%u", config->run_id, config->trial, role,
                   number);
    r = rabbitmq_link_open(&wanted, ret, NULL, reterr);
    if (r == 0) {
        rabbitmq_link_deadline(ret, deadline_ns);
    }
    return r;
}

/* Confirms on, subscribed. */
static int begin_link(const struct endpoint_config *config, uint32_t client,
                      struct rabbitmq_link *link, struct errinfo *reterr)
{
    return config->role == ROLE_PRODUCER ? rabbitmq_producer_begin(config, link, reterr)
                                         : rabbitmq_consumer_begin(config, client, link, reterr);
}

/* The client is up with this link. */
static int take_link(struct endpoint *endpoint, struct rabbitmq_client *client,
                     const struct rabbitmq_link *link)
{
    int r = turns_add(&endpoint->turns, client->index, link->fd, RABBITMQ_WATCHED);

    if (r < 0) {
        return r;
    }
    client->link = *link;
    client->is_up = true;
    client->is_blocked = false;
    client->waits_for_room = false;
    client->has_sent = true;
    client->silent_ticks = 0;
    client->room_bytes = 0;
    kept_drop(&client->unsent);
    kept_drop(&client->unread);
    client->is_read_by_us = false;
    client->content = CONTENT_NONE;
    if (endpoint->config->role == ROLE_PRODUCER) {
        rabbitmq_producer_linked(client);
    } else {
        rabbitmq_consumer_linked(client);
    }
    if (rabbitmq_is_buffered(client)) {
        rabbitmq_client_enqueue(endpoint, client);
    }
    return 0;
}

static int client_init(struct endpoint *endpoint, uint32_t index, struct errinfo *reterr)
{
    const struct endpoint_config *config = endpoint->config;
    struct rabbitmq_client *client = &endpoint->clients[index];
    struct rabbitmq_link link = {.fd = -1};
    int r;

    client->index = index;
    r = config->role == ROLE_PRODUCER ? rabbitmq_producer_init(endpoint, client, reterr)
                                      : rabbitmq_consumer_init(endpoint, client, reterr);
    if (r == 0 && rabbitmq_read_init(client) < 0) {
        r = errinfo_nomem(reterr);
    }
    if (r == 0) {
        r = connect_link(config, index, config->open_deadline_ns, &link, reterr);
    }
    if (r == 0) {
        r = begin_link(config, index, &link, reterr);
    }
    if (r == 0) {
        r = take_link(endpoint, client, &link);
        if (r < 0) {
            (void)errinfo_set(reterr, r, "epoll_ctl: %s", strerror(-r));
        }
    }
    if (r < 0) {
        rabbitmq_link_drop(&link);
    }
    return r;
}

static int prepare_keys(struct endpoint *endpoint)
{
    uint32_t partitions = 1;

    for (uint32_t i = 0; i < endpoint->config->topics_count; i++) {
        if (endpoint->config->topics[i].partitions > partitions) {
            partitions = endpoint->config->topics[i].partitions;
        }
    }
    endpoint->keys = calloc(partitions, sizeof *endpoint->keys);
    if (endpoint->keys == NULL) {
        return -ENOMEM;
    }
    for (uint32_t p = 0; p < partitions; p++) {
        (void)snprintf(endpoint->keys[p], sizeof endpoint->keys[p], "%u", p);
    }
    return 0;
}

static void prepare_properties(struct endpoint *endpoint)
{
    const struct delivery *delivery = endpoint->config->delivery;
    /* Whole milliseconds, rounded up: 0 would drop what no consumer can take at once. */
    int64_t ttl_ms = (delivery->ttl_ns + NS_PER_MS - 1) / NS_PER_MS;

    endpoint->is_confirmed = delivery->publish_ack != PUBLISH_ACK_NONE;
    endpoint->properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    endpoint->properties.delivery_mode =
        delivery->persistent ? AMQP_DELIVERY_PERSISTENT : AMQP_DELIVERY_NONPERSISTENT;
    if (delivery->ttl_ns > 0) {
        (void)snprintf(endpoint->expiration, sizeof endpoint->expiration, "%lld",
                       (long long)ttl_ms);
        endpoint->properties._flags |= AMQP_BASIC_EXPIRATION_FLAG;
        endpoint->properties.expiration = amqp_cstring_bytes(endpoint->expiration);
    }
}

static int prepare_arena(struct endpoint *endpoint)
{
    uint32_t message = endpoint->config->message_bytes_max;
    uint32_t frame =
        (uint32_t)catalog_option_number(&catalog_rabbitmq, endpoint->config->target, "frame_max");

    endpoint->arena_message_bytes = message < frame ? message : frame;
    endpoint->arena_bytes = MESSAGES_PER_ARENA * endpoint->arena_message_bytes;
    if (endpoint->arena_bytes < ARENA_BYTES_MIN) {
        endpoint->arena_bytes = ARENA_BYTES_MIN;
    }
    endpoint->arena = malloc(endpoint->arena_bytes);
    return endpoint->arena != NULL ? 0 : -ENOMEM;
}

static void begin_ticks(struct endpoint *endpoint)
{
    int64_t heartbeat_ns =
        catalog_option_number(&catalog_rabbitmq, endpoint->config->target, "heartbeat");

    turns_tick(&endpoint->turns, heartbeat_ns / NS_PER_S * NS_PER_S / RABBITMQ_TICKS_PER_HEARTBEAT);
}

static int prepare(struct endpoint *endpoint, struct errinfo *reterr)
{
    uint32_t clients = endpoint->config->clients_count;
    int r = turns_init(&endpoint->turns, clients, reterr);

    if (r < 0) {
        return r;
    }
    endpoint->clients = calloc(clients, sizeof *endpoint->clients);
    if (endpoint->clients == NULL || prepare_keys(endpoint) < 0 || prepare_arena(endpoint) < 0 ||
        rabbitmq_reads_init(endpoint) < 0) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < clients; i++) {
        endpoint->clients[i].link.fd = -1;
    }
    begin_ticks(endpoint);
    prepare_properties(endpoint);
    if (endpoint->config->role == ROLE_PRODUCER && rabbitmq_producers_init(endpoint) < 0) {
        return errinfo_nomem(reterr);
    }
    return 0;
}

int rabbitmq_open(const struct endpoint_config *config, struct endpoint **ret,
                  struct errinfo *reterr)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    int r;

    if (endpoint == NULL) {
        return errinfo_nomem(reterr);
    }
    endpoint->config = config;
    r = prepare(endpoint, reterr);
    for (uint32_t i = 0; i < config->clients_count && r == 0; i++) {
        int64_t begin_ns = mono_ns();

        r = client_init(endpoint, i, reterr);
        if (config->connect_times != NULL) {
            config->connect_times[i].whole_ns = mono_ns() - begin_ns;
        }
    }
    if (r < 0) {
        rabbitmq_close(endpoint);
        return r;
    }
    *ret = endpoint;
    return 0;
}

/* Makes a client's exchanges, queues and bindings again where they are gone: those that aren't
 * durable went with the broker, and one that was killed may have lost durable ones of its last
 * second. Their messages stay lost, and are counted. */
static int declare_again(const struct endpoint_config *config, uint32_t client,
                         struct rabbitmq_link *link, struct errinfo *reterr)
{
    const struct endpoint_client *wanted = &config->clients[client];
    int r = 0;

    for (uint32_t i = 0; i < wanted->topics_count && r == 0; i++) {
        r = rabbitmq_topic_declare(link, config->target, &config->topics[wanted->topics[i]],
                                   reterr);
    }
    return r;
}

int rabbitmq_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                     struct link **ret, struct errinfo *reterr)
{
    struct link *made = calloc(1, sizeof *made);
    int r;

    if (made == NULL) {
        return errinfo_nomem(reterr);
    }
    made->link.fd = -1;
    r = connect_link(config, client, deadline_ns, &made->link, reterr);
    if (r == 0) {
        r = declare_again(config, client, &made->link, reterr);
    }
    if (r == 0) {
        r = begin_link(config, client, &made->link, reterr);
    }
    if (r < 0) {
        rabbitmq_link_drop(&made->link);
        free(made);
        return r;
    }
    *ret = made;
    return 0;
}

int rabbitmq_adopt(struct endpoint *endpoint, uint32_t index, struct link *link)
{
    struct rabbitmq_client *client = &endpoint->clients[index];
    int r;

    if (client->is_up) {
        return -EISCONN; /* Its EVENT_UP was not polled yet. */
    }
    r = take_link(endpoint, client, &link->link);
    if (r < 0) {
        return r;
    }
    free(link);
    client->tells_up = true;
    client->up_ns = mono_ns();
    rabbitmq_client_enqueue(endpoint, client);
    return 0;
}

void rabbitmq_hang_up(struct link *link)
{
    rabbitmq_link_close(&link->link, mono_ns() + HANG_UP_NS);
    free(link);
}

void rabbitmq_close(struct endpoint *endpoint)
{
    int64_t deadline_ns = mono_ns() + CLOSE_NS;

    if (endpoint == NULL) {
        return;
    }
    rabbitmq_acks_write(endpoint);
    /* All are asked before one is waited for: a silent one takes the time, not the others' goodbye.
     */
    for (uint32_t i = 0; endpoint->clients != NULL && i < endpoint->config->clients_count; i++) {
        struct rabbitmq_client *client = &endpoint->clients[i];

        if (client->unsent.end > 0) {
            rabbitmq_link_drop(&client->link); /* A goodbye would stand within the publish. */
        }
        rabbitmq_read_hand_back(client);
        rabbitmq_link_close_begin(&client->link);
    }
    for (uint32_t i = 0; endpoint->clients != NULL && i < endpoint->config->clients_count; i++) {
        rabbitmq_link_close_end(&endpoint->clients[i].link, deadline_ns);
        rabbitmq_read_done(&endpoint->clients[i]);
        if (endpoint->config->role == ROLE_PRODUCER) {
            rabbitmq_producer_done(&endpoint->clients[i]);
        } else {
            rabbitmq_consumer_done(&endpoint->clients[i]);
        }
    }
    free(endpoint->clients);
    turns_done(&endpoint->turns);
    free(endpoint->arena);
    rabbitmq_reads_done(endpoint);
    rabbitmq_producers_done(endpoint);
    free(endpoint->keys);
    free(endpoint);
}
