/*
 * Connections that went silent. A client asks (PINGREQ) before it has sent nothing for its keep
 * alive (3.1.2.10), and also if it has heard nothing for so long, as one that publishes at QoS 0
 * does: a stopped broker would go unnoticed until the socket is full. Where no answer comes, the
 * broker is lost one and a half intervals after it was heard last.
 *
 * Times are known by the eighth of an interval, as clients are looked at.
 */
#include "own_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#define LOOKS_PER_KEEP_ALIVE 8
/* Clients that are looked at by one tick, where there are few ticks. */
#define LOOK_CLIENTS_MIN 16
#define TICKS_MAX 64

/* In eighths of an interval. The time of what was sent or heard is that of the look after it, so
 * both come up to one late, and so does the look that finds it. */
#define ASK_AFTER 6
#define LOST_AFTER_ASKED 3

static uint32_t ticks_per_look(const struct endpoint *endpoint)
{
    uint32_t ticks = (endpoint->config->clients_count + LOOK_CLIENTS_MIN - 1) / LOOK_CLIENTS_MIN;

    ASSERT(ticks > 0); /* An endpoint has a client. */
    return ticks < TICKS_MAX ? ticks : TICKS_MAX;
}

static uint16_t shortest_s(const struct endpoint *endpoint)
{
    uint16_t shortest = endpoint->route.keep_alive_s;

    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        uint16_t keep_alive_s = endpoint->clients[i].link.limits.keep_alive_s;

        if (keep_alive_s > 0 && keep_alive_s < shortest) {
            shortest = keep_alive_s;
        }
    }
    return shortest;
}

static void tick_for(struct endpoint *endpoint, uint16_t keep_alive_s)
{
    turns_tick(&endpoint->turns,
               keep_alive_s * NS_PER_S / LOOKS_PER_KEEP_ALIVE / ticks_per_look(endpoint));
    endpoint->ticks_for_s = keep_alive_s;
}

void own_alive_start(struct endpoint *endpoint)
{
    tick_for(endpoint, shortest_s(endpoint));
}

void own_alive_came_back(struct endpoint *endpoint, const struct own_client *client)
{
    uint16_t keep_alive_s = client->link.limits.keep_alive_s;

    if (keep_alive_s > 0 && keep_alive_s < endpoint->ticks_for_s) {
        tick_for(endpoint, keep_alive_s);
    }
}

static void ask(struct endpoint *endpoint, struct own_client *client, int64_t now_ns)
{
    char ping[MQTT_PINGREQ_BYTES];

    client->alive.asked_ns = now_ns;
    if (client->unsent.end > 0) {
        client->alive.wants_ping = true; /* Its bytes wait for an answer, too: for room. */
        return;
    }
    client->alive.wants_ping = false;
    own_write(endpoint, client, ping, mqtt_encode_pingreq(ping), "sending a PINGREQ");
}

void own_alive_catch_up(struct endpoint *endpoint, struct own_client *client)
{
    if (client->alive.wants_ping && client->unsent.end == 0) {
        ask(endpoint, client, mono_ns());
    }
}

/* What waits unread is a sign of life: a consumer that is held does not read. */
static bool does_not_read(const struct endpoint *endpoint, const struct own_client *client)
{
    return (endpoint->is_held && client->stands_before_message) || client->is_stalled;
}

void own_alive_look(struct endpoint *endpoint, struct own_client *client, int64_t now_ns)
{
    struct own_alive *alive = &client->alive;
    int64_t eighth_ns = client->link.limits.keep_alive_s * NS_PER_S / LOOKS_PER_KEEP_ALIVE;
    bool had_room = alive->has_sent;

    if (alive->has_sent) {
        alive->sent_ns = now_ns;
    }
    if (alive->has_heard || does_not_read(endpoint, client)) {
        alive->heard_ns = now_ns;
    }
    if (alive->has_heard || does_not_read(endpoint, client) || (alive->wants_ping && had_room)) {
        alive->asked_ns = 0; /* The question is put again when its time comes. */
        alive->wants_ping = alive->wants_ping && client->unsent.end > 0;
    }
    alive->has_sent = false;
    alive->has_heard = false;
    if (eighth_ns == 0) {
        return; /* The broker wants none (3.2.2.3.14). */
    }
    if (alive->asked_ns != 0 && now_ns - alive->asked_ns >= LOST_AFTER_ASKED * eighth_ns) {
        own_client_lost(endpoint, client,
                        "the broker was silent for %d s, and did not answer a "
                        "PINGREQ",
                        (int)((now_ns - alive->heard_ns) / NS_PER_S));
    } else if (alive->asked_ns == 0 && (now_ns - alive->sent_ns >= ASK_AFTER * eighth_ns ||
                                        now_ns - alive->heard_ns >= ASK_AFTER * eighth_ns)) {
        ask(endpoint, client, now_ns);
    }
}

void own_alive_tick(struct endpoint *endpoint, uint64_t ticks, int64_t now_ns)
{
    uint32_t clients = endpoint->config->clients_count;
    uint32_t ticks_of_all = ticks_per_look(endpoint);
    uint64_t looks;

    looks = ticks < ticks_of_all ? ticks * ((clients + ticks_of_all - 1) / ticks_of_all)
                                 : clients; /* It was polled rarely. */
    for (uint64_t i = 0; i < looks; i++) {
        struct own_client *client = &endpoint->clients[endpoint->look_next];

        endpoint->look_next = (endpoint->look_next + 1) % clients;
        if (client->is_up) {
            kept_shrink(&client->unsent);
            if (!client->is_lent) {
                kept_shrink(&client->link.unread);
            }
            own_alive_look(endpoint, client, now_ns);
        }
    }
}
