#include "mqtt_encode_inner.h"

#include <string.h>

#define PROTOCOL "MQTT"
#define CONNECT_FIXED_BYTES 10 /* Protocol name, level, flags, keep alive (3.1.2). */
#define EXPIRY_BYTES 5u        /* A property of four bytes, with its identifier. */
#define RECEIVE_MAXIMUM_BYTES 3u

#define FLAG_USER 0x80
#define FLAG_PASSWORD 0x40
#define FLAG_CLEAN 0x02
#define FLAGS_RESERVED 2            /* Of PUBREL, SUBSCRIBE, UNSUBSCRIBE (2.1.3). */
#define OPTION_NO_RETAINED (2 << 4) /* Retain Handling (3.8.3.1). */

static char *put_byte(char *to, unsigned value)
{
    *to = (char)(unsigned char)value;
    return to + 1;
}

static char *put_two(char *to, uint32_t value)
{
    return put_byte(put_byte(to, value >> 8 & 0xff), value & 0xff);
}

static char *put_four(char *to, uint32_t value)
{
    return put_two(put_two(to, value >> 16), value & 0xffff);
}

static char *put_bytes(char *to, struct mqtt_bytes bytes)
{
    if (bytes.count > 0) {
        memcpy(to, bytes.bytes, bytes.count);
    }
    return to + bytes.count;
}

/* (1.5.4) */
static char *put_counted(char *to, struct mqtt_bytes bytes)
{
    return put_bytes(put_two(to, bytes.count), bytes);
}

static size_t counted_bytes(struct mqtt_bytes bytes)
{
    return bytes.bytes != NULL ? 2 + (size_t)bytes.count : 0;
}

static size_t variable_bytes(size_t value)
{
    return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

/* (1.5.5) */
static char *put_variable(char *to, size_t value)
{
    while (value >= 128) {
        to = put_byte(to, (unsigned)(value % 128) | 0x80);
        value /= 128;
    }
    return put_byte(to, (unsigned)value);
}

static char *put_frame(char *to, enum mqtt_kind kind, unsigned flags, size_t remaining)
{
    return put_variable(put_byte(to, (unsigned)kind << 4 | flags), remaining);
}

static size_t packet_bytes(size_t remaining)
{
    return 1 + variable_bytes(remaining) + remaining;
}

/* ---- CONNECT --------------------------------------------------------------------------------- */

/* MQTT 5: a session that is kept lasts an hour (3.1.2.11.2). */
#define SESSION_S 3600

static size_t connect_properties_bytes(const struct mqtt_connect *connect)
{
    return (connect->keeps_session ? EXPIRY_BYTES : 0) +
           (connect->receive_maximum > 0 ? RECEIVE_MAXIMUM_BYTES : 0);
}

static size_t connect_remaining(const struct mqtt_connect *connect)
{
    size_t bytes = CONNECT_FIXED_BYTES + 2 + (size_t)connect->client_id.count +
                   counted_bytes(connect->user) + counted_bytes(connect->password);

    /* There are few: their length takes one byte. */
    return connect->version == MQTT_5 ? bytes + 1 + connect_properties_bytes(connect) : bytes;
}

size_t mqtt_connect_bytes(const struct mqtt_connect *connect)
{
    return packet_bytes(connect_remaining(connect));
}

size_t mqtt_encode_connect(const struct mqtt_connect *connect, char *to)
{
    unsigned flags = (connect->user.bytes != NULL ? FLAG_USER : 0) |
                     (connect->password.bytes != NULL ? FLAG_PASSWORD : 0) |
                     (connect->keeps_session ? 0 : FLAG_CLEAN);
    char *at = put_frame(to, MQTT_CONNECT, 0, connect_remaining(connect));

    at = put_counted(at, (struct mqtt_bytes){PROTOCOL, sizeof PROTOCOL - 1});
    at = put_byte(at, (unsigned)connect->version);
    at = put_byte(at, flags);
    at = put_two(at, connect->keep_alive_s);
    if (connect->version == MQTT_5) {
        at = put_variable(at, connect_properties_bytes(connect));
        if (connect->keeps_session) {
            at = put_four(put_byte(at, MQTT_SESSION_EXPIRY_INTERVAL), SESSION_S);
        }
        if (connect->receive_maximum > 0) {
            at = put_two(put_byte(at, MQTT_RECEIVE_MAXIMUM), connect->receive_maximum);
        }
    }
    at = put_counted(at, connect->client_id);
    if (connect->user.bytes != NULL) {
        at = put_counted(at, connect->user);
    }
    if (connect->password.bytes != NULL) {
        at = put_counted(at, connect->password);
    }
    return (size_t)(at - to);
}

/* ---- PUBLISH and its answers ----------------------------------------------------------------- */

static size_t publish_remaining(enum mqtt_version version, const struct mqtt_outgoing *message)
{
    size_t properties = version == MQTT_5 ? 1 + (message->expiry_s > 0 ? EXPIRY_BYTES : 0) : 0;

    return 2 + (size_t)message->topic.count + (message->qos > 0 ? 2 : 0) + properties +
           message->head.count + (size_t)message->payload.count;
}

size_t mqtt_publish_bytes(enum mqtt_version version, const struct mqtt_outgoing *message)
{
    return packet_bytes(publish_remaining(version, message));
}

size_t mqtt_encode_publish(enum mqtt_version version, const struct mqtt_outgoing *message, char *to)
{
    char *at = put_frame(to, MQTT_PUBLISH, (unsigned)message->qos << 1,
                         publish_remaining(version, message));

    at = put_counted(at, message->topic);
    if (message->qos > 0) {
        at = put_two(at, message->id);
    }
    if (version == MQTT_5 && message->expiry_s > 0) {
        at = put_byte(put_byte(at, EXPIRY_BYTES), MQTT_MESSAGE_EXPIRY_INTERVAL);
        at = put_four(at, message->expiry_s);
    } else if (version == MQTT_5) {
        at = put_byte(at, 0);
    }
    return (size_t)(put_bytes(put_bytes(at, message->head), message->payload) - to);
}

size_t mqtt_encode_answer(enum mqtt_kind kind, uint16_t id, char to[static MQTT_ANSWER_BYTES])
{
    char *at = put_frame(to, kind, kind == MQTT_PUBREL ? FLAGS_RESERVED : 0, 2);

    return (size_t)(put_two(at, id) - to);
}

/* ---- SUBSCRIBE and UNSUBSCRIBE --------------------------------------------------------------- */

static size_t filters_remaining(enum mqtt_version version, const struct mqtt_bytes *filters,
                                uint32_t filters_count, size_t option_bytes)
{
    size_t bytes = 2 + (version == MQTT_5 ? 1 : 0);

    for (uint32_t i = 0; i < filters_count; i++) {
        bytes += 2 + (size_t)filters[i].count + option_bytes;
    }
    return bytes;
}

static char *put_filters_head(char *to, enum mqtt_version version, enum mqtt_kind kind,
                              size_t remaining, uint16_t id)
{
    char *at = put_two(put_frame(to, kind, FLAGS_RESERVED, remaining), id);

    return version == MQTT_5 ? put_byte(at, 0) : at;
}

size_t mqtt_subscribe_bytes(enum mqtt_version version, const struct mqtt_bytes *filters,
                            uint32_t filters_count)
{
    return packet_bytes(filters_remaining(version, filters, filters_count, 1));
}

size_t mqtt_encode_subscribe(enum mqtt_version version, uint16_t id,
                             const struct mqtt_bytes *filters, uint32_t filters_count, uint8_t qos,
                             char *to)
{
    unsigned options = qos | (version == MQTT_5 ? OPTION_NO_RETAINED : 0u);
    char *at = put_filters_head(to, version, MQTT_SUBSCRIBE,
                                filters_remaining(version, filters, filters_count, 1), id);

    for (uint32_t i = 0; i < filters_count; i++) {
        at = put_byte(put_counted(at, filters[i]), options);
    }
    return (size_t)(at - to);
}

size_t mqtt_unsubscribe_bytes(enum mqtt_version version, const struct mqtt_bytes *filters,
                              uint32_t filters_count)
{
    return packet_bytes(filters_remaining(version, filters, filters_count, 0));
}

size_t mqtt_encode_unsubscribe(enum mqtt_version version, uint16_t id,
                               const struct mqtt_bytes *filters, uint32_t filters_count, char *to)
{
    char *at = put_filters_head(to, version, MQTT_UNSUBSCRIBE,
                                filters_remaining(version, filters, filters_count, 0), id);

    for (uint32_t i = 0; i < filters_count; i++) {
        at = put_counted(at, filters[i]);
    }
    return (size_t)(at - to);
}

/* ---- The others ------------------------------------------------------------------------------ */

size_t mqtt_encode_pingreq(char to[static MQTT_PINGREQ_BYTES])
{
    return (size_t)(put_frame(to, MQTT_PINGREQ, 0, 0) - to);
}

size_t mqtt_encode_disconnect(char to[static MQTT_DISCONNECT_BYTES])
{
    return (size_t)(put_frame(to, MQTT_DISCONNECT, 0, 0) - to);
}
