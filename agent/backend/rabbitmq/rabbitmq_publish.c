/*
 * Publishes that a socket may not take whole: encoded here, written as far as they go, and the rest
 * later. The library would wait for the broker to read on, and all clients of the thread with it.
 *
 * Over TLS the library has to write, and it writes a frame whole or waits: there a publish goes in
 * frames that the socket has room for, each when it has.
 */
#include "rabbitmq_endpoint_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A frame: type, channel, bytes of the payload; the payload; an end mark. (AMQP 0-9-1, 4.2.3) */
#define FRAME_HEAD_BYTES 7
#define FRAME_END 0xCE
#define FRAME_OVERHEAD_BYTES (FRAME_HEAD_BYTES + 1)
#define FRAME_BYTES_MIN 4096 /* What every broker takes. */
#define METHOD_ID_BYTES 4
/* Of a frame and of TLS around it, with the method and the header that came just before. */
#define ROUND_FRAME_BYTES RABBITMQ_PUBLISH_OVERHEAD_BYTES
#define HEADER_BYTES 12 /* Class, weight and bytes of the body, before the properties. */

/* Indexes of what SO_MEMINFO tells. */
#define MEMINFO_SNDBUF 3
#define MEMINFO_WMEM_QUEUED 5
#define MEMINFO_COUNT 9

struct encoder {
    char *to;
    size_t at;
    size_t end;
};

static size_t encoded_bytes_max(uint32_t message_bytes)
{
    size_t frames = message_bytes / (FRAME_BYTES_MIN - FRAME_OVERHEAD_BYTES) + 1;

    return RABBITMQ_PUBLISH_OVERHEAD_BYTES + message_bytes + frames * FRAME_OVERHEAD_BYTES;
}

int rabbitmq_publish_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                          struct errinfo *reterr)
{
    size_t bytes = encoded_bytes_max(endpoint->config->message_bytes_max);

    if (bytes <= RABBITMQ_ROOM_BYTES) {
        return 0; /* None is ever large. */
    }
    /* Neither is touched before it is needed: a rest stands there only while its socket is full. */
    if (endpoint->encoded == NULL) {
        endpoint->encoded = malloc(bytes);
        endpoint->encoded_bytes = bytes;
    }
    client->unsent = malloc(bytes);
    return endpoint->encoded != NULL && client->unsent != NULL ? 0 : errinfo_nomem(reterr);
}

void rabbitmq_publish_done(struct rabbitmq_client *client)
{
    free(client->unsent);
    client->unsent = NULL;
}

static void put(struct encoder *encoder, uint64_t number, int bytes)
{
    ASSERT(encoder->at + (size_t)bytes <= encoder->end);
    for (int i = bytes - 1; i >= 0; i--) {
        encoder->to[encoder->at++] = (char)(number >> (8 * i));
    }
}

static amqp_bytes_t rest_of(const struct encoder *encoder)
{
    return (amqp_bytes_t){.len = encoder->end - encoder->at, .bytes = encoder->to + encoder->at};
}

/* Where the payload begins; end_frame() then knows its length. */
static size_t begin_frame(struct encoder *encoder, uint8_t type)
{
    put(encoder, type, 1);
    put(encoder, RABBITMQ_CHANNEL, 2);
    put(encoder, 0, 4);
    return encoder->at;
}

static void end_frame(struct encoder *encoder, size_t payload)
{
    struct encoder length = {.to = encoder->to, .at = payload - 4, .end = payload};

    put(&length, encoder->at - payload, 4);
    put(encoder, FRAME_END, 1);
}

static void put_method(struct encoder *encoder, const amqp_basic_publish_t *publish)
{
    size_t payload = begin_frame(encoder, AMQP_FRAME_METHOD);
    amqp_basic_publish_t method = *publish;
    int bytes;

    put(encoder, AMQP_BASIC_PUBLISH_METHOD, METHOD_ID_BYTES);
    bytes = amqp_encode_method(AMQP_BASIC_PUBLISH_METHOD, &method, rest_of(encoder));
    ASSERT(bytes >= 0);
    encoder->at += (size_t)bytes;
    end_frame(encoder, payload);
}

static void put_header(struct encoder *encoder, const amqp_basic_properties_t *properties,
                       size_t body_bytes)
{
    size_t payload = begin_frame(encoder, AMQP_FRAME_HEADER);
    amqp_basic_properties_t own = *properties;
    int bytes;

    put(encoder, AMQP_BASIC_CLASS, 2);
    put(encoder, 0, 2);
    put(encoder, body_bytes, 8);
    ASSERT(encoder->at - payload == HEADER_BYTES);
    bytes = amqp_encode_properties(AMQP_BASIC_CLASS, &own, rest_of(encoder));
    ASSERT(bytes >= 0);
    encoder->at += (size_t)bytes;
    end_frame(encoder, payload);
}

static void put_body(struct encoder *encoder, const char *body, size_t body_bytes, size_t frame_max)
{
    size_t part_max = frame_max - FRAME_OVERHEAD_BYTES;

    for (size_t at = 0; at < body_bytes; at += part_max) {
        size_t part = body_bytes - at < part_max ? body_bytes - at : part_max;
        size_t payload = begin_frame(encoder, AMQP_FRAME_BODY);

        ASSERT(encoder->at + part < encoder->end);
        memcpy(encoder->to + encoder->at, body + at, part);
        encoder->at += part;
        end_frame(encoder, payload);
    }
}

/* How many bytes the socket took now; a negative errno if it is broken. */
static ssize_t write_some(int fd, const char *bytes, size_t count)
{
    size_t sent = 0;

    while (sent < count) {
        ssize_t r = send(fd, bytes + sent, count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0 && errno != EAGAIN) {
            return -errno;
        }
        if (r <= 0) {
            break;
        }
        sent += (size_t)r;
    }
    return (ssize_t)sent;
}

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
    size_t frame_max = (size_t)amqp_get_frame_max(client->link.connection);
    size_t room;

    if (poll(&socket, 1, 0) != 1) {
        return 0;
    }
    room = room_of(client->link.fd);
    room = room > RABBITMQ_ROOM_BYTES ? room : RABBITMQ_ROOM_BYTES;
    /* 0: the broker knows no limit. */
    room = frame_max >= FRAME_BYTES_MIN && room > frame_max ? frame_max : room;
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

/* All of it, in endpoint->encoded; how many bytes. */
static size_t encode(struct endpoint *endpoint, const struct rabbitmq_client *client,
                     const amqp_basic_publish_t *publish, const amqp_basic_properties_t *properties,
                     amqp_bytes_t body)
{
    size_t frame_max = (size_t)amqp_get_frame_max(client->link.connection);
    struct encoder encoder = {.to = endpoint->encoded, .end = endpoint->encoded_bytes};

    put_method(&encoder, publish);
    put_header(&encoder, properties, body.len);
    /* 0: the broker knows no limit. */
    put_body(&encoder, body.bytes, body.len,
             frame_max >= FRAME_BYTES_MIN ? frame_max : body.len + FRAME_OVERHEAD_BYTES);
    return encoder.at;
}

int rabbitmq_publish(struct endpoint *endpoint, struct rabbitmq_client *client,
                     const amqp_basic_publish_t *publish, const amqp_basic_properties_t *properties,
                     amqp_bytes_t body)
{
    const char *bytes = body.bytes;
    size_t count = body.len;
    ssize_t sent;

    ASSERT(client->unsent_end == 0);
    if (client->link.is_plain) {
        count = encode(endpoint, client, publish, properties, body);
        bytes = endpoint->encoded;
        sent = write_some(client->link.fd, bytes, count);
    } else {
        sent = begin_frames(client, publish, properties, body);
    }
    if (sent < 0) {
        return (int)sent;
    }
    client->unsent_begin = 0;
    client->unsent_end = count - (size_t)sent;
    memcpy(client->unsent, bytes + sent, client->unsent_end);
    return 0;
}

int rabbitmq_publish_rest(struct rabbitmq_client *client)
{
    const char *bytes = client->unsent + client->unsent_begin;
    size_t count = client->unsent_end - client->unsent_begin;
    ssize_t sent = client->link.is_plain ? write_some(client->link.fd, bytes, count)
                                         : write_frames(client, bytes, count);

    if (sent < 0) {
        return (int)sent;
    }
    client->unsent_begin += (size_t)sent;
    if (client->unsent_begin == client->unsent_end) {
        client->unsent_begin = 0;
        client->unsent_end = 0;
    }
    return 0;
}
