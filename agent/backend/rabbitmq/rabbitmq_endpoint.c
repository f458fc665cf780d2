#include "rabbitmq_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"
#include "rabbitmq_read_inner.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define GONE ((uint32_t)EPOLLRDHUP | (uint32_t)EPOLLHUP | (uint32_t)EPOLLERR)

/* After how many ticks without a byte a connection is lost: AMQP says two intervals. */
#define SILENT_TICKS_MAX (2 * RABBITMQ_TICKS_PER_HEARTBEAT + 1)

/* A consumer whose acks the socket does not take gets no more to acknowledge. */
static bool is_paused(const struct endpoint *endpoint, const struct rabbitmq_client *client)
{
    return rabbitmq_acknowledges(endpoint) && client->waits_for_room;
}

/* Writes on where a socket was full. */
static void find_room(struct endpoint *endpoint, struct rabbitmq_client *client)
{
    int r = 0;

    if (client->unsent.end > 0) {
        r = client->link.is_plain ? rabbitmq_write_rest(client)
                                  : rabbitmq_publish_secure_rest(client);
    }
    if (r < 0) {
        rabbitmq_client_lost(endpoint, client, "writing on failed: %s", strerror(-r));
    } else if (client->unsent.end == 0) {
        rabbitmq_client_watch(endpoint, client, false);
        rabbitmq_producer_written(endpoint, client);
        if (rabbitmq_is_buffered(client)) { /* What was left while it was paused. */
            rabbitmq_client_enqueue(endpoint, client);
        }
    }
}

/* Tells what is known without reading. False if there was no room for all of it. */
static bool tell(struct endpoint *endpoint, struct rabbitmq_client *client,
                 struct rabbitmq_events *events)
{
    struct event *event;

    if (client->tells_down) {
        event = rabbitmq_event_add(events, EVENT_DOWN, client, client->down_ns);
        if (event == NULL) {
            return false;
        }
        event->text = client->reason;
        client->tells_down = false;
    }
    if (endpoint->config->role == ROLE_PRODUCER && !rabbitmq_producer_settle(client, events)) {
        return false;
    }
    if (client->tells_up) {
        if (rabbitmq_event_add(events, EVENT_UP, client, client->up_ns) == NULL) {
            return false;
        }
        client->tells_up = false;
    }
    return true;
}

/* The broker takes no more messages, and says why: "low on memory". Its words go away with the
 * frame. */
static void take_blocked(struct rabbitmq_client *client, const amqp_connection_blocked_t *blocked,
                         struct rabbitmq_events *events)
{
    client->is_blocked = true;
    (void)snprintf(client->says, sizeof client->says, "blocked: %.*s", (int)blocked->reason.len,
                   (const char *)blocked->reason.bytes);
    rabbitmq_event_add(events, EVENT_SAYS, client, mono_ns())->text = client->says;
}

/* A method about the connection or the channel itself; false if it is about something else. There
 * is room for one event at least. */
static bool take_control(struct endpoint *endpoint, struct rabbitmq_client *client,
                         const amqp_frame_t *frame, struct rabbitmq_events *events)
{
    const amqp_method_t *method = &frame->payload.method;
    char text[REASON_BYTES];

    if (frame->frame_type != AMQP_FRAME_METHOD) {
        return false;
    }
    switch (method->id) {
    case AMQP_CONNECTION_CLOSE_METHOD:
    case AMQP_CHANNEL_CLOSE_METHOD:
        rabbitmq_close_text(method, text, sizeof text);
        rabbitmq_client_lost(endpoint, client, "the broker closed the connection: %s", text);
        return true;
    case AMQP_CONNECTION_BLOCKED_METHOD:
        take_blocked(client, method->decoded, events);
        return true;
    case AMQP_CONNECTION_UNBLOCKED_METHOD:
        client->is_blocked = false;
        rabbitmq_event_add(events, EVENT_SAYS, client, mono_ns())->text = "no longer blocked";
        return true;
    default:
        return false;
    }
}

/* Of consumers that are held: the next frames are a message. Its first was taken, to look. */
static bool stands_before_message(const struct endpoint *endpoint,
                                  const struct rabbitmq_client *client)
{
    return endpoint->is_held && client->content == CONTENT_DELIVERED;
}

static bool may_read(const struct endpoint *endpoint, const struct rabbitmq_client *client,
                     const struct rabbitmq_events *events)
{
    return client->is_up && !is_paused(endpoint, client) && events->count < events->count_max &&
           !stands_before_message(endpoint, client) &&
           endpoint->arena_bytes - endpoint->arena_used >= endpoint->arena_message_bytes &&
           client->consumer.lent_round != endpoint->round;
}

static void take(struct endpoint *endpoint, struct rabbitmq_client *client,
                 const amqp_frame_t *frame, struct rabbitmq_events *events)
{
    if (take_control(endpoint, client, frame, events)) {
        return;
    }
    if (endpoint->config->role == ROLE_PRODUCER) {
        rabbitmq_producer_frame(client, frame, events);
    } else {
        rabbitmq_consumer_frame(endpoint, client, frame, events);
    }
}

/* Takes frames until nothing is left, or there is no room for more. Everything in a frame has been
 * copied when it was handled, so the library may have its memory back at once: its pool then stays
 * as small as the largest frame. */
static void serve(struct endpoint *endpoint, struct rabbitmq_client *client, bool is_readable,
                  struct rabbitmq_events *events)
{
    bool told = tell(endpoint, client, events);
    struct rabbitmq_reading reading;
    amqp_frame_t frame;

    rabbitmq_read_begin(&reading, endpoint, client, is_readable);
    while (told && may_read(endpoint, client, events) && rabbitmq_read_next(&reading, &frame)) {
        take(endpoint, client, &frame, events);
        rabbitmq_read_release(&reading, &frame);
    }
    rabbitmq_read_end(&reading);
    if (!told || (rabbitmq_is_buffered(client) && !is_paused(endpoint, client)) ||
        !tell(endpoint, client, events)) {
        rabbitmq_client_enqueue(endpoint, client);
    }
}

/* A full socket needs none: the bytes in it are one. */
static void send_heartbeat(struct endpoint *endpoint, struct rabbitmq_client *client)
{
    amqp_frame_t heartbeat = {.frame_type = AMQP_FRAME_HEARTBEAT, .channel = 0};
    char bytes[RABBITMQ_HEARTBEAT_BYTES];

    if (client->link.is_plain) {
        if (client->unsent.end == 0) {
            rabbitmq_encode_heartbeat(bytes);
            rabbitmq_write(endpoint, client, bytes, sizeof bytes, "sending a heartbeat");
        }
    } else if (rabbitmq_client_has_room(endpoint, client, sizeof bytes) &&
               amqp_send_frame(client->link.connection, &heartbeat) != AMQP_STATUS_OK) {
        rabbitmq_client_lost(endpoint, client, "sending a heartbeat failed");
    }
}

/* Sends what heartbeats are due, finds connections that went silent, gives memory of quiet ones
 * back. */
static void tick(struct endpoint *endpoint)
{
    if (turns_take_ticks(&endpoint->turns) == 0) {
        return;
    }
    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        struct rabbitmq_client *client = &endpoint->clients[i];

        if (!client->is_up || client->link.heartbeat_s == 0) {
            continue;
        }
        kept_shrink(&client->unsent);
        kept_shrink(&client->unread);
        /* One that is paused is not read from: the kernel's watchdog ends it. */
        client->silent_ticks += is_paused(endpoint, client) ? 0 : 1;
        if (client->silent_ticks >= SILENT_TICKS_MAX) {
            rabbitmq_client_lost(endpoint, client, "no heartbeat for %d s",
                                 2 * client->link.heartbeat_s);
        } else if (!client->has_sent) {
            send_heartbeat(endpoint, client);
        }
        client->has_sent = false;
    }
}

/* The broker has closed the connection, and messages that are held stand before the end of it. To
 * drop them is right where they wait for an ack: the broker delivers them again. Those that it
 * counts as delivered are taken first, or they would be missing through our doing. */
static void gone(struct endpoint *endpoint, struct rabbitmq_client *client)
{
    if (rabbitmq_acknowledges(endpoint) &&
        (stands_before_message(endpoint, client) || is_paused(endpoint, client))) {
        rabbitmq_client_lost(endpoint, client, "the broker closed the connection");
    }
}

static void serve_ready(struct endpoint *endpoint, struct rabbitmq_client *client, uint32_t ready,
                        struct rabbitmq_events *events)
{
    if (!client->is_up) {
        return;
    }
    if ((ready & EPOLLOUT) != 0) {
        find_room(endpoint, client);
    }
    if (!client->is_up) {
        return;
    }
    if ((ready & ~(uint32_t)EPOLLOUT) != 0) {
        client->silent_ticks = 0;
        serve(endpoint, client, true, events);
    }
    if ((ready & GONE) != 0) {
        gone(endpoint, client);
    }
}

static int poll_clients(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    struct rabbitmq_events out = {.events = events, .count_max = events_max};
    uint32_t queued = endpoint->turns.queue_count;
    uint32_t client;
    uint32_t ready;

    rabbitmq_acks_write(endpoint); /* Nothing else is written before them. */
    endpoint->arena_used = 0;
    endpoint->round++;
    while (queued > 0) {
        serve(endpoint, &endpoint->clients[turns_dequeue(&endpoint->turns)], false, &out);
        queued--;
    }
    turns_find_ready(&endpoint->turns);
    tick(endpoint);
    while (turns_next_ready(&endpoint->turns, &client, &ready)) {
        serve_ready(endpoint, &endpoint->clients[client], ready, &out);
    }
    turns_end(&endpoint->turns);
    return (int)out.count;
}

int rabbitmq_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    endpoint->is_held = false;
    return poll_clients(endpoint, events, events_max);
}

int rabbitmq_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max)
{
    ASSERT(endpoint->config->role == ROLE_CONSUMER);
    endpoint->is_held = true;
    return poll_clients(endpoint, events, events_max);
}

int rabbitmq_wait_fd(const struct endpoint *endpoint)
{
    return endpoint->turns.epoll_fd;
}

int rabbitmq_watch(struct endpoint *endpoint, int set_fd, uint64_t tag)
{
    return turns_watch(&endpoint->turns, set_fd, tag);
}

void rabbitmq_ready(struct endpoint *endpoint, uint32_t number, uint32_t events)
{
    turns_ready(&endpoint->turns, number, events);
}
