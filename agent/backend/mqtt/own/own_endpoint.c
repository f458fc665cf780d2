/* Goes round the clients of an endpoint. */
#include "own_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define READY_MAX 64
#define GONE ((uint32_t)EPOLLRDHUP | (uint32_t)EPOLLHUP | (uint32_t)EPOLLERR)

static struct own_client *dequeue(struct endpoint *endpoint)
{
    struct own_client *client = &endpoint->clients[endpoint->queue[endpoint->queue_first]];

    endpoint->queue_first = (endpoint->queue_first + 1) % endpoint->config->clients_count;
    endpoint->queue_count--;
    client->is_queued = false;
    return client;
}

/* Writes on where a socket was full. */
static void find_room(struct endpoint *endpoint, struct own_client *client)
{
    if (client->unsent.end > 0) {
        own_write_rest(endpoint, client);
    }
    if (client->is_up && client->unsent.end == 0) {
        own_client_watch(endpoint, client, false);
        own_producer_written(endpoint, client);
        if (client->is_stalled || client->link.stream.tls != NULL) { /* It may wait to read. */
            own_client_enqueue(endpoint, client);
        }
        own_alive_catch_up(endpoint, client);
    }
}

/* A broker grants less than it was asked for (3.9.3). */
static bool tell_granted(struct endpoint *endpoint, struct own_client *client,
                         struct own_events *events)
{
    const char *text;

    if (events->count == events->count_max) {
        return false;
    }
    text = own_text(endpoint, "the broker grants QoS %u to subscriptions that asked for QoS %u",
                    client->link.granted_qos, endpoint->qos);
    if (text == NULL) {
        return false;
    }
    own_event_add(events, EVENT_SAYS, client, client->link.up_ns)->text = text;
    client->tells_granted = false;
    return true;
}

/* Tells what is known without reading. False if there was no room for all of it. */
static bool tell(struct endpoint *endpoint, struct own_client *client, struct own_events *events)
{
    if (client->tells_down) {
        struct event *event = own_event_add(events, EVENT_DOWN, client, client->down_ns);

        if (event == NULL) {
            return false;
        }
        event->text = client->reason;
        client->tells_down = false;
    }
    if (endpoint->config->role == ROLE_PRODUCER && !own_producer_settle(endpoint, client, events)) {
        return false;
    }
    if (client->tells_up) {
        if (own_event_add(events, EVENT_UP, client, client->up_ns) == NULL) {
            return false;
        }
        client->tells_up = false;
    }
    return !client->tells_granted || tell_granted(endpoint, client, events);
}

static void serve(struct endpoint *endpoint, struct own_client *client, bool is_readable,
                  struct own_events *events)
{
    bool told = tell(endpoint, client, events);

    if (told && client->is_up) {
        own_read(endpoint, client, is_readable, events);
        told = client->is_up || tell(endpoint, client, events);
    }
    if (!told) {
        own_client_enqueue(endpoint, client);
    }
}

/* The broker has closed the connection, and messages that are held stand before the end of it. To
 * drop them is right where they wait for an ack: the broker has to give them to another. Those that
 * it counts as delivered are taken first, or they would be missing through our doing. */
static void gone(struct endpoint *endpoint, struct own_client *client)
{
    if (own_acknowledges(endpoint) &&
        (client->stands_before_message || client->is_stalled || own_is_paused(endpoint, client))) {
        own_client_lost(endpoint, client, OWN_BROKE);
    }
}

static void serve_ready(struct endpoint *endpoint, struct own_client *client, uint32_t ready,
                        struct own_events *events)
{
    if (client->is_up && (ready & EPOLLOUT) != 0) {
        find_room(endpoint, client);
    }
    if (client->is_up && (ready & ~(uint32_t)EPOLLOUT) != 0) {
        serve(endpoint, client, true, events);
    }
    if (client->is_up && (ready & GONE) != 0) {
        gone(endpoint, client);
    }
}

/* Where the worker does not say it. */
static void ask_who_is_ready(struct endpoint *endpoint)
{
    struct epoll_event ready[READY_MAX];
    uint32_t rounds = endpoint->config->clients_count / READY_MAX + 1;
    int count;

    do { /* Those that were told of are told of again only after all others. */
        count = epoll_wait(endpoint->epoll_fd, ready, READY_MAX, 0);
        for (int i = 0; i < count; i++) {
            own_ready(endpoint, (uint32_t)ready[i].data.u64, ready[i].events);
        }
    } while (count == READY_MAX && --rounds > 0);
}

static void tick(struct endpoint *endpoint)
{
    uint64_t ticks;

    if (endpoint->ticked && read(endpoint->timer_fd, &ticks, sizeof ticks) == sizeof ticks) {
        own_alive_tick(endpoint, ticks, mono_ns());
    }
    endpoint->ticked = false;
}

/* What was lent goes back. The rest of the last poll's bytes stays where it is, or comes to the
 * front where little room is behind it. */
static void turn(struct endpoint *endpoint)
{
    struct own_carry *carry = &endpoint->carry;

    endpoint->round++;
    endpoint->texts_count = 0;
    endpoint->arena_used = 0;
    if (carry->client != NULL) {
        if (carry->end > OWN_ARENA_BYTES / 2) {
            memmove(endpoint->arena, endpoint->arena + carry->begin, carry->end - carry->begin);
            carry->end -= carry->begin;
            carry->begin = 0;
        }
        endpoint->arena_used = carry->end;
    }
}

static void serve_queue(struct endpoint *endpoint, struct own_events *events)
{
    uint32_t queued = endpoint->queue_count;

    if (endpoint->carry.client != NULL) { /* It goes on reading behind its bytes. */
        serve(endpoint, endpoint->carry.client, false, events);
    }
    while (queued > 0) {
        serve(endpoint, dequeue(endpoint), false, events);
        queued--;
    }
}

static void serve_all_ready(struct endpoint *endpoint, struct own_events *events)
{
    for (uint32_t i = 0; i < endpoint->ready_count; i++) {
        struct own_client *client = &endpoint->clients[endpoint->ready[i]];
        uint32_t ready = client->ready_events;

        client->ready_events = 0;
        serve_ready(endpoint, client, ready, events);
    }
    endpoint->ready_count = 0;
}

/* What brokers said of messages that they took nevertheless. */
static void tell_unmatched(struct endpoint *endpoint, struct own_events *events)
{
    struct event *event =
        endpoint->unmatched != NULL
            ? own_event_add(events, EVENT_SAYS, &endpoint->clients[endpoint->unmatched_client],
                            mono_ns())
            : NULL;

    if (event != NULL) {
        event->text = endpoint->unmatched;
        endpoint->unmatched = NULL;
    }
}

static int poll_clients(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    struct own_events out = {.events = events, .count_max = events_max};

    turn(endpoint);
    own_acks_write(endpoint);
    serve_queue(endpoint, &out);
    if (endpoint->set_fd < 0) {
        ask_who_is_ready(endpoint);
    }
    serve_all_ready(endpoint, &out);
    tick(endpoint); /* Answers that wait unread have been heard by now. */
    tell_unmatched(endpoint, &out);
    own_acks_write(endpoint); /* What answers a broker without the worker waits for nobody. */
    own_signal(endpoint, endpoint->queue_count > 0);
    return (int)out.count;
}

int own_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    endpoint->is_held = false;
    return poll_clients(endpoint, events, events_max);
}

int own_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    ASSERT(endpoint->config->role == ROLE_CONSUMER);
    endpoint->is_held = true;
    return poll_clients(endpoint, events, events_max);
}

int own_wait_fd(const struct endpoint *endpoint)
{
    return endpoint->epoll_fd;
}
