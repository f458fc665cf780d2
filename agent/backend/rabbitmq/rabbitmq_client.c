/* What producing and consuming clients have in common, below both: events, room, loss. */
#include "rabbitmq_client_inner.h"

#include "invariant.h"
#include "mono.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>

struct event *rabbitmq_event_add(struct rabbitmq_events *events, enum event_kind kind,
                                 const struct rabbitmq_client *client, int64_t at_ns)
{
    struct event *event;

    if (events->count == events->count_max) {
        return NULL;
    }
    event = &events->events[events->count++];
    *event = (struct event){.kind = kind, .client = client->index, .at_ns = at_ns};
    return event;
}

void rabbitmq_client_watch(struct endpoint *endpoint, struct rabbitmq_client *client, bool for_room)
{
    uint32_t wanted = RABBITMQ_WATCHED;

    client->waits_for_room = for_room;
    if (for_room) {
        wanted = (rabbitmq_acknowledges(endpoint) ? (uint32_t)EPOLLRDHUP : RABBITMQ_WATCHED) |
                 (uint32_t)EPOLLOUT;
    }
    turns_ask(&endpoint->turns, client->index, wanted);
}

void rabbitmq_client_lost(struct endpoint *endpoint, struct rabbitmq_client *client,
                          const char *format, ...)
{
    va_list arguments;
    int used;

    if (!client->is_up) {
        return;
    }
    used = snprintf(client->reason, sizeof client->reason, "%s: ", client->link.peer);
    if (used < 0 || used >= (int)sizeof client->reason) {
        used = 0;
    }
    va_start(arguments, format);
    (void)vsnprintf(client->reason + used, sizeof client->reason - (size_t)used, format, arguments);
    va_end(arguments);
    rabbitmq_link_drop(&client->link);
    client->is_up = false;
    client->tells_down = true;
    client->tells_up = false; /* A link that broke before it was told of was never up. */
    kept_drop(&client->unsent);
    kept_drop(&client->unread);
    if (endpoint->acks_of == client && endpoint->acks_bytes > 0) {
        endpoint->acks_bytes = 0;
        endpoint->acks_lost = true;
    }
    turns_lost(&endpoint->turns, client->index);
    client->down_ns = mono_ns();
    if (endpoint->config->role == ROLE_PRODUCER) {
        client->producer.lost_end = client->producer.next; /* All that is outstanding. */
        client->producer.lost_ns = client->down_ns;
    }
    rabbitmq_client_enqueue(endpoint, client);
}

bool rabbitmq_client_has_room(struct endpoint *endpoint, struct rabbitmq_client *client,
                              uint32_t bytes)
{
    struct pollfd socket = {.fd = client->link.fd, .events = POLLOUT};

    if (client->room_bytes >= bytes) {
        client->room_bytes -= bytes;
        return true;
    }
    if (client->unsent.end > 0 || poll(&socket, 1, 0) != 1) {
        rabbitmq_client_watch(endpoint, client, true);
        return false;
    }
    client->room_bytes = bytes < RABBITMQ_ROOM_BYTES ? RABBITMQ_ROOM_BYTES - bytes : 0;
    return true;
}
