/* Making and ending endpoints, and bringing clients back. */
#include "own_endpoint_inner.h"

#include "mono.h"
#include "pages.h"

#include <errno.h>
#include <stdlib.h>

/* For brokers to close after our goodbye. */
#define CLOSE_NS (500 * NS_PER_MS)
#define HANG_UP_NS (200 * NS_PER_MS)

/* What adopt() takes. */
struct link {
    struct own_route route;
    struct own_link link;
};

/* ---- Open ------------------------------------------------------------------------------------ */

static int prepare_clients(struct endpoint *endpoint, struct errinfo *reterr)
{
    bool is_producer = endpoint->config->role == ROLE_PRODUCER;
    int r =
        is_producer ? own_producers_init(endpoint, reterr) : own_consumers_init(endpoint, reterr);

    for (uint32_t i = 0; i < endpoint->config->clients_count && r == 0; i++) {
        struct own_client *client = &endpoint->clients[i];

        client->index = i;
        r = is_producer ? own_producer_init(endpoint, client) : own_consumer_init(endpoint, client);
        if (r < 0) {
            r = errinfo_nomem(reterr);
        }
    }
    return r;
}

static int prepare(struct endpoint *endpoint, struct errinfo *reterr)
{
    uint32_t clients = endpoint->config->clients_count;
    int r = turns_init(&endpoint->turns, clients, reterr);

    if (r < 0) {
        return r;
    }
    endpoint->clients = calloc(clients, sizeof *endpoint->clients);
    endpoint->arena = pages_new(OWN_ARENA_BYTES);
    if (endpoint->clients == NULL || endpoint->arena == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < clients; i++) {
        endpoint->clients[i].link.stream.fd = -1;
    }
    return prepare_clients(endpoint, reterr);
}

int own_endpoint_new(const struct endpoint_config *config, struct endpoint **ret,
                     struct errinfo *reterr)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    int r;

    if (endpoint == NULL) {
        return errinfo_nomem(reterr);
    }
    endpoint->config = config;
    endpoint->qos = own_route_qos(config);
    r = prepare(endpoint, reterr);
    if (r < 0) {
        own_close(endpoint);
        return r;
    }
    *ret = endpoint;
    return 0;
}

int own_open(const struct endpoint_config *config, struct endpoint **ret, struct errinfo *reterr)
{
    struct endpoint *endpoint = NULL;
    enum probe_failure ignored;
    int r = own_endpoint_new(config, &endpoint, reterr);

    if (r < 0) {
        return r;
    }
    r = own_route_init(config->target, config->open_deadline_ns, &endpoint->route, &ignored,
                       reterr);
    if (r == 0) {
        r = own_dial_all(endpoint, reterr);
    }
    if (r < 0) {
        own_close(endpoint);
        return r;
    }
    own_alive_start(endpoint);
    *ret = endpoint;
    return 0;
}

/* ---- Back again ------------------------------------------------------------------------------ */

int own_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                struct link **ret, struct errinfo *reterr)
{
    struct link *made = calloc(1, sizeof *made);
    struct own_dial_request request = {
        .config = config, .client = client, .deadline_ns = deadline_ns};
    struct own_dial dial = {.link = {.stream = {.fd = -1}}};
    enum probe_failure ignored;
    int r;

    if (made == NULL) {
        return errinfo_nomem(reterr);
    }
    request.route = &made->route;
    r = own_route_init(config->target, deadline_ns, &made->route, &ignored, reterr);
    if (r == 0) {
        r = own_dial_await(&dial, &request, reterr);
    }
    if (r < 0) {
        own_dial_done(&dial);
        own_route_done(&made->route);
        free(made);
        return r;
    }
    made->link = own_dial_take(&dial);
    *ret = made;
    return 0;
}

int own_adopt(struct endpoint *endpoint, uint32_t index, struct link *link)
{
    struct own_client *client = &endpoint->clients[index];
    int r;

    if (client->is_up) {
        return -EISCONN; /* Its EVENT_UP was not polled yet. */
    }
    r = own_client_take(endpoint, client, &link->link);
    if (r < 0) {
        return r;
    }
    own_route_done(&link->route);
    free(link);
    own_alive_came_back(endpoint, client);
    client->tells_up = true;
    client->up_ns = mono_ns();
    own_client_enqueue(endpoint, client);
    return 0;
}

void own_hang_up(struct link *link)
{
    own_link_bid(&link->link);
    own_link_end(&link->link, mono_ns() + HANG_UP_NS);
    own_route_done(&link->route);
    free(link);
}

/* ---- Close ----------------------------------------------------------------------------------- */

static void close_clients(struct endpoint *endpoint)
{
    uint32_t clients = endpoint->clients != NULL ? endpoint->config->clients_count : 0;
    int64_t deadline_ns;

    own_acks_write(endpoint);
    for (uint32_t i = 0; i < clients; i++) {
        struct own_client *client = &endpoint->clients[i];

        if (client->is_up && client->unsent.end > 0) {
            own_write_rest(endpoint, client);
        }
        if (client->is_up && client->unsent.end > 0) {
            own_link_drop(&client->link); /* A goodbye would stand within a packet. */
        } else {
            own_link_bid(&client->link);
        }
    }
    /* All are told before one is waited for. */
    deadline_ns = mono_ns() + CLOSE_NS;
    for (uint32_t i = 0; i < clients; i++) {
        own_link_end(&endpoint->clients[i].link, deadline_ns);
        kept_done(&endpoint->clients[i].unsent);
    }
}

void own_close(struct endpoint *endpoint)
{
    if (endpoint == NULL) {
        return;
    }
    close_clients(endpoint);
    if (endpoint->config->role == ROLE_PRODUCER) {
        own_producers_done(endpoint);
    } else {
        own_consumers_done(endpoint);
    }
    pages_free(endpoint->arena, OWN_ARENA_BYTES);
    free(endpoint->clients);
    turns_done(&endpoint->turns);
    own_route_done(&endpoint->route);
    free(endpoint);
}
