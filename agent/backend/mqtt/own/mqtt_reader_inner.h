/*
 * mqtt_reader_inner: a body from its first byte on. What is beyond its end reads as nothing, and is
 * remembered: who reads looks once, at the end.
 *
 * Private to the MQTT driver. Pure.
 */
#ifndef MILLRACE_MQTT_READER_INNER_H
#define MILLRACE_MQTT_READER_INNER_H

#include "mqtt_packet_inner.h"

struct mqtt_reader {
    const char *at;
    uint32_t left;
    bool is_short; /* More was read than there is. */
};

static inline uint8_t mqtt_read_byte(struct mqtt_reader *reader)
{
    if (reader->left == 0) {
        reader->is_short = true;
        return 0;
    }
    reader->left--;
    return (uint8_t)*reader->at++;
}

static inline uint16_t mqtt_read_two(struct mqtt_reader *reader)
{
    uint16_t high = mqtt_read_byte(reader);

    return (uint16_t)(high << 8 | mqtt_read_byte(reader));
}

static inline uint32_t mqtt_read_four(struct mqtt_reader *reader)
{
    uint32_t high = mqtt_read_two(reader);

    return high << 16 | mqtt_read_two(reader);
}

static inline struct mqtt_bytes mqtt_read_bytes(struct mqtt_reader *reader, uint32_t count)
{
    struct mqtt_bytes bytes = {.bytes = reader->at, .count = count};

    if (count > reader->left) {
        reader->is_short = true;
        reader->left = 0;
        return (struct mqtt_bytes){.bytes = reader->at};
    }
    reader->at += count;
    reader->left -= count;
    return bytes;
}

/* A text (1.5.4) or binary data (1.5.6): its length in two bytes stands before it. */
static inline struct mqtt_bytes mqtt_read_counted(struct mqtt_reader *reader)
{
    return mqtt_read_bytes(reader, mqtt_read_two(reader));
}

/* A variable byte integer (1.5.5). False: it goes on beyond four bytes. */
bool mqtt_read_variable(struct mqtt_reader *reader, uint32_t *ret);

/* The properties of a packet (2.2.2), checked for its kind; ret NULL: only checked. False, with
 * *reterr, if they are not what the standard allows. Bytes that are missing are the reader's to
 * tell. */
bool mqtt_read_properties(struct mqtt_reader *reader, enum mqtt_kind kind,
                          struct mqtt_properties *ret, const char **reterr);

#endif
