/*
 * Publishes over TLS: there the library has to write, and it writes a frame whole or waits for the
 * broker to read on, and all clients of the thread with it. So a publish that the socket may not
 * take whole goes in frames that it has room for, each when it has.
 */
#include "rabbitmq_endpoint_inner.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Of a frame and of TLS around it, with the method and the header that came just before. */
#define ROUND_FRAME_BYTES RABBITMQ_PUBLISH_OVERHEAD_BYTES

/* Indexes of what SO_MEMINFO tells. */
#define MEMINFO_SNDBUF 3
#define MEMINFO_WMEM_QUEUED 5
#define MEMINFO_COUNT 9

/* What a socket takes for certain. The kernel counts what it keeps around the bytes, too: half of
 * the free memory is safe. */
static size_t room_of(int fd)
{
    uint32_t memory[MEMINFO_COUNT] = {0};
    socklen_t memory_bytes = sizeof memory;
    uint32_t all;
    uint32_t used;

    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &memory_bytes) < 0) {
        return 0; /* A kernel before 4.12. */
    }
    all = memory[MEMINFO_SNDBUF];
    used = memory[MEMINFO_WMEM_QUEUED];
    return used < all ? (all - used) / 2 : 0;
}

/* How much of a body goes into the next frame; 0: the socket is full. */
static size_t part_of(const struct rabbitmq_client *client, size_t count)
{
    struct pollfd socket = {.fd = client->link.fd, .events = POLLOUT};
    size_t room;

    if (poll(&socket, 1, 0) != 1) {
        return 0;
    }
    room = room_of(client->link.fd);
    room = room > RABBITMQ_ROOM_BYTES ? room : RABBITMQ_ROOM_BYTES;
    room = room < client->link.frame_bytes_max ? room : client->link.frame_bytes_max;
    room -= ROUND_FRAME_BYTES;
    return count < room ? count : room;
}

/* Likewise of a body, in frames of the library's. */
static ssize_t write_frames(const struct rabbitmq_client *client, const char *bytes, size_t count)
{
    size_t sent = 0;
    size_t part;

    while (sent < count && (part = part_of(client, count - sent)) > 0) {
        const amqp_frame_t frame = {
            .frame_type = AMQP_FRAME_BODY,
            .channel = RABBITMQ_CHANNEL,
            /* The library only reads it. */
            .payload.body_fragment = {.len = part, .bytes = (void *)(uintptr_t)(bytes + sent)}};

        if (amqp_send_frame(client->link.connection, &frame) != AMQP_STATUS_OK) {
            return -EPIPE;
        }
        sent += part;
    }
    return (ssize_t)sent;
}

/* Method and header, for which there is room, and as much of the body as goes. */
static ssize_t begin_frames(struct rabbitmq_client *client, const amqp_basic_publish_t *publish,
                            const amqp_basic_properties_t *properties, amqp_bytes_t body)
{
    amqp_basic_publish_t method = *publish;
    amqp_basic_properties_t own = *properties;
    const amqp_frame_t header = {.frame_type = AMQP_FRAME_HEADER,
                                 .channel = RABBITMQ_CHANNEL,
                                 .payload.properties = {.class_id = AMQP_BASIC_CLASS,
                                                        .body_size = body.len,
                                                        .decoded = &own}};

    if (amqp_send_method(client->link.connection, RABBITMQ_CHANNEL, AMQP_BASIC_PUBLISH_METHOD,
                         &method) != AMQP_STATUS_OK ||
        amqp_send_frame(client->link.connection, &header) != AMQP_STATUS_OK) {
        return -EPIPE;
    }
    return write_frames(client, body.bytes, body.len);
}

/* A publish that the socket may not take whole. */
static int publish_large(struct rabbitmq_client *client, const amqp_basic_publish_t *publish,
                         const amqp_basic_properties_t *properties, amqp_bytes_t body)
{
    ssize_t sent = begin_frames(client, publish, properties, body);

    if (sent < 0) {
        return (int)sent;
    }
    kept_put(&client->unsent, (const char *)body.bytes + sent, body.len - (size_t)sent);
    return 0;
}

void rabbitmq_publish_secure(struct endpoint *endpoint, struct rabbitmq_client *client,
                             const amqp_basic_publish_t *publish,
                             const amqp_basic_properties_t *properties, amqp_bytes_t body)
{
    if (body.len + RABBITMQ_PUBLISH_OVERHEAD_BYTES <= RABBITMQ_ROOM_BYTES) {
        int status =
            amqp_basic_publish(client->link.connection, RABBITMQ_CHANNEL, publish->exchange,
                               publish->routing_key, publish->mandatory, 0, properties, body);

        if (status != AMQP_STATUS_OK) {
            rabbitmq_client_lost(endpoint, client, "publishing failed: %s",
                                 amqp_error_string2(status));
        }
    } else {
        int r = publish_large(client, publish, properties, body);

        if (r < 0) {
            rabbitmq_client_lost(endpoint, client, "publishing failed: %s", strerror(-r));
        } else if (client->unsent.end > 0) {
            rabbitmq_client_watch(endpoint, client, true);
        }
    }
}

int rabbitmq_publish_secure_rest(struct rabbitmq_client *client)
{
    ssize_t sent = write_frames(client, client->unsent.bytes + client->unsent.begin,
                                client->unsent.end - client->unsent.begin);

    if (sent > 0) {
        kept_took(&client->unsent, (size_t)sent);
    }
    return sent < 0 ? (int)sent : 0;
}
