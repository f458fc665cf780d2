/* What producing and consuming clients have in common, below both: events, texts, loss. */
#include "own_client_inner.h"

#include "invariant.h"
#include "mono.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>

struct event *own_event_add(struct own_events *events, enum event_kind kind,
                            const struct own_client *client, int64_t at_ns)
{
    struct event *event;

    if (events->count == events->count_max) {
        return NULL;
    }
    event = &events->events[events->count++];
    *event = (struct event){.kind = kind, .client = client->index, .at_ns = at_ns};
    return event;
}

char *own_text(struct endpoint *endpoint, const char *format, ...)
{
    va_list arguments;
    char *text;

    if (endpoint->texts_count == OWN_TEXTS_MAX) {
        return NULL;
    }
    text = endpoint->texts[endpoint->texts_count++];
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof endpoint->texts[0], format, arguments);
    va_end(arguments);
    return text;
}

void own_client_watch(struct endpoint *endpoint, struct own_client *client, bool for_room)
{
    uint32_t wanted = OWN_WATCHED;

    client->waits_for_room = for_room;
    if (client->is_stalled || own_is_paused(endpoint, client)) {
        wanted &= ~(uint32_t)EPOLLIN;
    }
    if (for_room) {
        wanted |= (uint32_t)EPOLLOUT;
    }
    turns_ask(&endpoint->turns, client->index, wanted);
}

static void forget_bytes(struct endpoint *endpoint, struct own_client *client)
{
    kept_drop(&client->unsent);
    if (!(client->is_lent && client->lent_round == endpoint->round)) {
        own_link_drop(&client->link);
    } else { /* Its memory is lent out; it goes with the next link, or at the end. */
        own_stream_close(&client->link.stream);
    }
    if (endpoint->acks_of == client && endpoint->acks_bytes > 0) {
        endpoint->acks_bytes = 0;
        endpoint->acks_lost = true;
    }
    if (endpoint->carry.client == client) {
        endpoint->carry.client = NULL;
    }
}

void own_client_lost(struct endpoint *endpoint, struct own_client *client, const char *format, ...)
{
    va_list arguments;
    int used;

    if (!client->is_up) {
        return;
    }
    va_start(arguments, format);
    used = vsnprintf(client->reason, sizeof client->reason, format, arguments);
    va_end(arguments);
    ASSERT(used >= 0);
    forget_bytes(endpoint, client);
    client->is_up = false;
    client->waits_for_room = false;
    client->tells_down = true;
    client->tells_up = false; /* A link that broke before it was told of was never up. */
    client->tells_granted = false;
    client->stands_before_message = false;
    turns_lost(&endpoint->turns, client->index);
    client->down_ns = mono_ns();
    if (endpoint->config->role == ROLE_PRODUCER) {
        own_slots_lost(&client->producer, client->down_ns);
    } else {
        own_received_lost(&client->consumer);
    }
    own_client_enqueue(endpoint, client);
}

int own_client_take(struct endpoint *endpoint, struct own_client *client,
                    const struct own_link *link)
{
    int r = turns_add(&endpoint->turns, client->index, link->stream.fd, OWN_WATCHED);

    if (r < 0) {
        return r;
    }
    own_link_drop(&client->link);
    client->link = *link;
    client->is_up = true;
    client->is_lent = false;
    client->is_stalled = false;
    client->alive = (struct own_alive){.sent_ns = link->up_ns, .heard_ns = link->up_ns};
    client->tells_granted =
        endpoint->config->role == ROLE_CONSUMER && link->granted_qos < endpoint->qos;
    if (client->tells_granted || client->link.unread.end > 0) {
        own_client_enqueue(endpoint, client);
    }
    return 0;
}
