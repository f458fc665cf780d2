/* Goes round the clients of an endpoint. */
#include "own_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#include <string.h>
#include <sys/epoll.h>

#define GONE ((uint32_t)EPOLLRDHUP | (uint32_t)EPOLLHUP | (uint32_t)EPOLLERR)

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

static void tick(struct endpoint *endpoint)
{
    uint64_t ticks = turns_take_ticks(&endpoint->turns);

    if (ticks > 0) {
        own_alive_tick(endpoint, ticks, mono_ns());
    }
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
    uint32_t queued = endpoint->turns.queue_count;

    if (endpoint->carry.client != NULL) { /* It goes on reading behind its bytes. */
        serve(endpoint, endpoint->carry.client, false, events);
    }
    while (queued > 0) {
        serve(endpoint, &endpoint->clients[turns_dequeue(&endpoint->turns)], false, events);
        queued--;
    }
}

static void serve_all_ready(struct endpoint *endpoint, struct own_events *events)
{
    uint32_t client;
    uint32_t ready;

    while (turns_next_ready(&endpoint->turns, &client, &ready)) {
        serve_ready(endpoint, &endpoint->clients[client], ready, events);
    }
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
    turns_find_ready(&endpoint->turns);
    serve_all_ready(endpoint, &out);
    tick(endpoint); /* Answers that wait unread have been heard by now. */
    tell_unmatched(endpoint, &out);
    own_acks_write(endpoint); /* What answers a broker without the worker waits for nobody. */
    turns_end(&endpoint->turns);
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
    return endpoint->turns.epoll_fd;
}

int own_watch(struct endpoint *endpoint, int set_fd, uint64_t tag)
{
    return turns_watch(&endpoint->turns, set_fd, tag);
}

void own_ready(struct endpoint *endpoint, uint32_t number, uint32_t events)
{
    turns_ready(&endpoint->turns, number, events);
}
