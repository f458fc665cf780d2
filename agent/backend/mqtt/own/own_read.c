/*
 * Reading: packets are decoded where the kernel wrote them. All clients of an endpoint read into
 * one arena, one behind the other, from which messages are lent until the next poll. What is left
 * of a client's bytes is copied to where it keeps them: the beginning of a packet, or, of a
 * consumer that is held, all from a message on. Only if a poll has no room for more events do the
 * rest of the bytes stay in the arena, and the next poll begins there. A large packet that came in
 * part is put together where the client keeps its bytes, and lent from there.
 */
#include "own_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* With less room in the arena a client waits for the next poll. */
#define ROOM_BYTES_MIN ((size_t)16 * 1024)

/* A client's turn. */
struct reading {
    struct endpoint *endpoint;
    struct own_client *client;
    struct own_events *events;
    bool may_receive; /* The socket may have bytes. */
    bool is_kept;     /* The bytes are those that the client has kept, not the arena's. */
    bool has_more;    /* It stopped for want of room. */
    size_t begin;     /* In the arena. */
    size_t end;
    int64_t at_ns;
};

static const char *bytes_of(const struct reading *reading)
{
    const struct kept *unread = &reading->client->link.unread;

    return reading->is_kept ? unread->bytes + unread->begin
                            : reading->endpoint->arena + reading->begin;
}

static size_t count_of(const struct reading *reading)
{
    const struct kept *unread = &reading->client->link.unread;

    return reading->is_kept ? unread->end - unread->begin : reading->end - reading->begin;
}

static void took(struct reading *reading, size_t bytes)
{
    struct kept *unread = &reading->client->link.unread;

    if (!reading->is_kept) {
        reading->begin += bytes;
        return;
    }
    kept_took(unread, bytes);
    if (unread->end == 0) { /* The arena's turn. */
        reading->is_kept = false;
        reading->begin = reading->endpoint->arena_used;
        reading->end = reading->begin;
    }
}

/* ---- Where the bytes are --------------------------------------------------------------------- */

/* False: there is no room for them. */
static bool begin(struct reading *reading)
{
    struct endpoint *endpoint = reading->endpoint;
    struct own_client *client = reading->client;
    struct kept *unread = &client->link.unread;
    size_t count = unread->end - unread->begin;

    if (endpoint->carry.client == client) {
        reading->begin = endpoint->carry.begin;
        reading->end = endpoint->carry.end;
        endpoint->carry.client = NULL;
        return true;
    }
    if (client->is_lent) { /* Of an earlier poll, or the caller would not have begun. */
        client->is_lent = false;
        kept_took(unread, client->lent_bytes);
        count = unread->end - unread->begin;
    }
    reading->begin = endpoint->arena_used;
    reading->end = endpoint->arena_used;
    if (count == 0) {
        return true;
    }
    /* A large packet that is not whole yet, or what came before the SUBACK. */
    if (count > OWN_UNREAD_BYTES_MIN) {
        reading->is_kept = true;
        return true;
    }
    if (OWN_ARENA_BYTES - endpoint->arena_used < count + ROOM_BYTES_MIN) {
        return false;
    }
    memcpy(endpoint->arena + reading->begin, unread->bytes + unread->begin, count);
    kept_drop(unread);
    reading->end += count;
    endpoint->arena_used = reading->end;
    return true;
}

static void end(struct reading *reading)
{
    struct endpoint *endpoint = reading->endpoint;
    struct own_client *client = reading->client;
    size_t left = reading->end - reading->begin;

    if (!client->is_up || reading->is_kept || left == 0) {
        return;
    }
    if (reading->has_more && !client->stands_before_message && endpoint->carry.client == NULL &&
        reading->end == endpoint->arena_used) {
        endpoint->carry = (struct own_carry){client, reading->begin, reading->end};
    } else {
        kept_put(&client->link.unread, endpoint->arena + reading->begin, left);
    }
}

/* ---- The socket ------------------------------------------------------------------------------ */

/* A connection that can't be read is lost. */
static void lose(struct reading *reading, ssize_t code)
{
    struct own_client *client = reading->client;
    struct errinfo error = {""};

    if (code == 0 || code == -ECONNRESET) {
        own_client_lost(reading->endpoint, client, OWN_BROKE);
    } else {
        own_stream_explain(&client->link.stream, (int)code, &error);
        own_client_lost(reading->endpoint, client, "the connection broke: %s", error.text);
    }
}

/* What the socket gives; false if that is nothing. Less than there is room for was all there was,
 * but for TLS, which gives a record at a time: to ask once more would cost as much as the answer,
 * and epoll tells what comes later. */
static bool receive(struct reading *reading, char *to, size_t count, size_t *ret)
{
    struct own_client *client = reading->client;
    ssize_t r = own_stream_read(&client->link.stream, to, count);

    reading->may_receive = r == (ssize_t)count || (r > 0 && client->link.stream.tls != NULL);
    if (r > 0) {
        client->alive.has_heard = true;
        reading->at_ns = mono_ns();
        *ret = (size_t)r;
    } else if (r != -EAGAIN) {
        lose(reading, r);
    } else if (own_stream_waits_for_room(&client->link.stream)) {
        own_client_watch(reading->endpoint, client, true);
    }
    return r > 0;
}

/* Behind what is there. */
static bool receive_into_arena(struct reading *reading)
{
    struct endpoint *endpoint = reading->endpoint;
    size_t room = OWN_ARENA_BYTES - endpoint->arena_used;
    size_t heard = 0;

    ASSERT(reading->end == endpoint->arena_used);
    if (room < ROOM_BYTES_MIN) {
        reading->has_more = true;
        return false;
    }
    if (!receive(reading, endpoint->arena + reading->end,
                 room < OWN_READ_BYTES ? room : OWN_READ_BYTES, &heard)) {
        return false;
    }
    reading->end += heard;
    endpoint->arena_used = reading->end;
    return true;
}

/* What of a packet that is too large to be any of ours nobody wants. */
static bool receive_and_drop(struct reading *reading)
{
    struct endpoint *endpoint = reading->endpoint;
    struct own_client *client = reading->client;
    size_t room = OWN_ARENA_BYTES - endpoint->arena_used;
    size_t wanted = client->link.skip_bytes < room ? client->link.skip_bytes : room;
    size_t heard = 0;

    if (room < ROOM_BYTES_MIN) {
        reading->has_more = true;
        return false;
    }
    if (!receive(reading, endpoint->arena + endpoint->arena_used, wanted, &heard)) {
        return false;
    }
    client->link.skip_bytes -= (uint32_t)heard;
    return true;
}

/* The rest of a packet of `whole` bytes, as far as there is room for it. */
static bool receive_into_kept(struct reading *reading, size_t whole)
{
    struct kept *unread = &reading->client->link.unread;
    size_t have = unread->end - unread->begin;
    size_t wanted = (whole < unread->bytes_max ? whole : unread->bytes_max) - have;
    size_t heard = 0;

    if (!receive(reading, kept_room(unread, wanted), wanted, &heard)) {
        return false;
    }
    kept_grow(unread, heard);
    return true;
}

/* Goes over to where a large packet is put together. */
static void keep_from_here(struct reading *reading)
{
    struct kept *unread = &reading->client->link.unread;

    if (!reading->is_kept) {
        kept_put(unread, reading->endpoint->arena + reading->begin, reading->end - reading->begin);
        reading->begin = reading->end;
        reading->is_kept = true;
    }
}

static bool receive_more(struct reading *reading, size_t whole)
{
    if (!reading->may_receive) {
        return false;
    }
    if (whole <= OWN_LARGE_BYTES && !reading->is_kept) {
        return receive_into_arena(reading);
    }
    keep_from_here(reading);
    return receive_into_kept(reading, whole);
}

/* ---- Packets --------------------------------------------------------------------------------- */

static bool has_room(struct reading *reading)
{
    struct own_client *client = reading->client;

    if (own_is_paused(reading->endpoint, client)) {
        client->is_stalled = true; /* Until the socket takes its acks. */
        return false;
    }
    reading->has_more = reading->events->count == reading->events->count_max;
    return !reading->has_more;
}

static void goodbye(struct reading *reading, const struct own_packet *packet)
{
    struct own_client *client = reading->client;
    struct mqtt_disconnect disconnect;
    const char *wrong = NULL;

    if (mqtt_decode_disconnect(client->link.version, packet->frame, packet->body, &disconnect,
                               &wrong) < 0) {
        own_client_lost(reading->endpoint, client, "the broker sends %s", wrong);
    } else if (packet->frame->kind == MQTT_AUTH) {
        own_client_lost(reading->endpoint, client,
                        "the broker asks for an authentication that this client does not have "
                        "(AUTH)");
    } else {
        const struct mqtt_bytes *text = &disconnect.properties.reason;

        own_client_lost(reading->endpoint, client, "the broker disconnected: %s%s%.*s",
                        mqtt_reason_name(client->link.version, MQTT_DISCONNECT, disconnect.reason),
                        text->count > 0 ? ": " : "", (int)text->count,
                        text->count > 0 ? text->bytes : "");
    }
}

static void take(struct reading *reading, const struct own_packet *packet)
{
    struct endpoint *endpoint = reading->endpoint;
    struct own_client *client = reading->client;
    const char *wrong = NULL;

    switch (packet->frame->kind) {
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        goodbye(reading, packet);
        break;
    case MQTT_PINGRESP:
        client->alive.asked_ns = 0;
        if (mqtt_decode_pingresp(packet->frame, &wrong) < 0) {
            own_client_lost(endpoint, client, "the broker sends %s", wrong);
        }
        break;
    default:
        if (endpoint->config->role == ROLE_PRODUCER) {
            own_producer_packet(endpoint, client, packet, reading->events);
        } else if (own_consumer_packet(endpoint, client, packet, reading->events) &&
                   reading->is_kept) {
            client->is_lent = true;
            client->lent_round = endpoint->round;
        }
        break;
    }
}

/* Takes one that is there, of `whole` bytes or, if that is more than any of ours, its beginning. */
static void take_packet(struct reading *reading, struct mqtt_frame *frame)
{
    size_t whole = (size_t)frame->header_bytes + frame->body_bytes;
    size_t have = count_of(reading);
    struct own_packet packet = {
        .frame = frame, .body = bytes_of(reading) + frame->header_bytes, .at_ns = reading->at_ns};

    if (have < whole) {
        reading->client->link.skip_bytes = (uint32_t)(whole - have);
        frame->body_bytes = (uint32_t)have - frame->header_bytes;
    }
    take(reading, &packet);
    if (reading->client->is_lent) {
        reading->client->lent_bytes = have < whole ? have : whole;
    } else if (reading->client->is_up) {
        took(reading, have < whole ? have : whole);
    }
}

/* Is the packet there, or as much of it as can be? */
static bool is_there(const struct reading *reading, size_t whole)
{
    size_t have = count_of(reading);

    return have >= whole || (reading->is_kept && have == reading->client->link.unread.bytes_max);
}

/* Packets of other kinds are taken nevertheless: a PUBREL makes room for messages. */
static bool may_take_message(struct reading *reading)
{
    struct own_client *client = reading->client;

    if (reading->endpoint->is_held) {
        client->stands_before_message = true;
        reading->has_more = true;
        return false;
    }
    client->is_stalled =
        reading->endpoint->config->role == ROLE_CONSUMER && own_consumer_is_full(client);
    return !client->is_stalled; /* Until it has made some acks, or they are answered. */
}

/* One packet; false if that was all for now. */
static bool read_one(struct reading *reading)
{
    struct own_client *client = reading->client;
    struct mqtt_frame frame;
    const char *wrong = NULL;
    size_t whole;
    int r;

    if (client->link.skip_bytes > 0) {
        return reading->may_receive && receive_and_drop(reading);
    }
    r = mqtt_decode_frame(bytes_of(reading), count_of(reading), &frame, &wrong);
    if (r == -EPROTO) {
        own_client_lost(reading->endpoint, client, "the broker sends %s", wrong);
        return false;
    }
    if (count_of(reading) > 0 && (uint8_t)bytes_of(reading)[0] >> 4 == MQTT_PUBLISH &&
        !may_take_message(reading)) {
        return false;
    }
    if (r == -EAGAIN) {
        return receive_more(reading, 0);
    }
    whole = (size_t)frame.header_bytes + frame.body_bytes;
    if (!is_there(reading, whole)) {
        return receive_more(reading, whole);
    }
    take_packet(reading, &frame);
    return client->is_up && !client->is_lent;
}

void own_read(struct endpoint *endpoint, struct own_client *client, bool is_readable,
              struct own_events *events)
{
    struct reading reading = {.endpoint = endpoint,
                              .client = client,
                              .events = events,
                              .may_receive =
                                  is_readable || own_stream_is_pending(&client->link.stream),
                              .at_ns = mono_ns()};

    if (client->is_lent && client->lent_round == endpoint->round) {
        own_client_enqueue(endpoint, client); /* What it kept is lent out until the next poll. */
        return;
    }
    if (client->stands_before_message && endpoint->is_held) {
        own_client_enqueue(endpoint, client);
        return;
    }
    client->stands_before_message = false;
    client->is_stalled = false;
    if (!begin(&reading)) {
        own_client_enqueue(endpoint, client);
        return;
    }
    while (client->is_up && has_room(&reading) && read_one(&reading)) {
    }
    end(&reading);
    if (client->is_up) {
        own_client_watch(endpoint, client, client->waits_for_room);
    }
    if (client->is_up && (reading.has_more || client->is_lent)) {
        own_client_enqueue(endpoint, client);
    }
}
