#include "mqtt_decode_inner.h"

#include "mqtt_reader_inner.h"

#include <errno.h>
#include <string.h>

#define FLAGS_OF_PUBREL 2 /* (3.6.1) */
#define RETURN_CODE_MAX 5 /* 3.1.1: (3.2.2.3) */

static int wrong(const char **reterr, const char *sentence)
{
    *reterr = sentence;
    return -EPROTO;
}

static int too_short(const char **reterr)
{
    return wrong(reterr, "a packet that ends in the middle of a field (2.1.4)");
}

static struct mqtt_reader reader_of(const struct mqtt_frame *frame, const char *body)
{
    return (struct mqtt_reader){.at = body, .left = frame->body_bytes};
}

/* 0; -EPROTO if something is missing or left over. */
static int ended(const struct mqtt_reader *reader, const char **reterr)
{
    if (reader->is_short) {
        return too_short(reterr);
    }
    return reader->left == 0 ? 0
                             : wrong(reterr, "a packet with bytes behind its last field (2.1.4)");
}

/* The packets that a broker sends, and the flags that are reserved for them (2.1.3). */
static int check_kind(const struct mqtt_frame *frame, const char **reterr)
{
    switch (frame->kind) {
    case MQTT_PUBLISH:
        return 0; /* Its flags mean something. */
    case MQTT_PUBREL:
        return frame->flags == FLAGS_OF_PUBREL ? 0
                                               : wrong(reterr, "a PUBREL with other flags (3.6.1)");
    case MQTT_CONNACK:
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBCOMP:
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
    case MQTT_PINGRESP:
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return frame->flags == 0 ? 0 : wrong(reterr, "a packet with reserved flags (2.1.3)");
    default:
        return wrong(reterr, "a packet that only a client sends (2.1.2)");
    }
}

int mqtt_decode_frame(const char *bytes, size_t bytes_count, struct mqtt_frame *ret,
                      const char **reterr)
{
    uint32_t value = 0;

    if (bytes_count == 0) {
        return -EAGAIN;
    }
    ret->kind = (enum mqtt_kind)((uint8_t)bytes[0] >> 4);
    ret->flags = (uint8_t)bytes[0] & 0xf;
    for (uint32_t i = 1; i < MQTT_FIXED_HEADER_BYTES_MAX; i++) {
        uint8_t byte;

        if (i >= bytes_count) {
            return -EAGAIN;
        }
        byte = (uint8_t)bytes[i];
        value |= (uint32_t)(byte & 0x7f) << (7 * (i - 1));
        if ((byte & 0x80) == 0) {
            ret->header_bytes = i + 1;
            ret->body_bytes = value;
            return check_kind(ret, reterr);
        }
    }
    return wrong(reterr, "a remaining length of more than four bytes (1.5.5)");
}

int mqtt_decode_connack(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                        struct mqtt_connack *ret, const char **reterr)
{
    struct mqtt_reader reader = reader_of(frame, body);
    uint8_t flags = mqtt_read_byte(&reader);

    memset(ret, 0, sizeof *ret);
    ret->session_present = flags == 1;
    ret->reason = mqtt_read_byte(&reader);
    if (flags > 1) {
        return wrong(reterr, "a CONNACK with reserved flags (3.2.2.1)");
    }
    if (version == MQTT_3_1_1 && ret->reason > RETURN_CODE_MAX) {
        return wrong(reterr, "a CONNACK with a reserved return code (3.1.1: 3.2.2.3)");
    }
    /* A broker that does not speak MQTT 5 refuses it by a CONNACK of 3.1.1, without properties. */
    if (version == MQTT_5 && (reader.left > 0 || ret->reason == 0 || reader.is_short) &&
        !mqtt_read_properties(&reader, MQTT_CONNACK, &ret->properties, reterr)) {
        return -EPROTO;
    }
    if (ret->session_present && ret->reason != 0) {
        return wrong(reterr, "a CONNACK that refuses, with a session (3.2.2.1.1)");
    }
    return ended(&reader, reterr);
}

int mqtt_decode_publish(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                        struct mqtt_publish *ret, const char **reterr)
{
    struct mqtt_reader reader = reader_of(frame, body);
    struct mqtt_properties properties;

    ret->qos = frame->flags >> 1 & 3;
    ret->is_duplicate = (frame->flags & 8) != 0;
    ret->is_retained = (frame->flags & 1) != 0;
    ret->topic = mqtt_read_counted(&reader);
    ret->id = ret->qos > 0 ? mqtt_read_two(&reader) : 0;
    ret->alias = 0;
    if (ret->qos > 2 || (ret->qos == 0 && ret->is_duplicate)) {
        return wrong(reterr, "a PUBLISH with flags that it can't have (3.3.1)");
    }
    if (ret->qos > 0 && ret->id == 0 && !reader.is_short) {
        return wrong(reterr, "a PUBLISH with packet identifier 0 (2.2.1)");
    }
    if (version == MQTT_5 && reader.left > 0 && *reader.at == 0) {
        (void)mqtt_read_byte(&reader); /* No properties, as a rule. */
    } else if (version == MQTT_5) {
        if (!mqtt_read_properties(&reader, MQTT_PUBLISH, &properties, reterr)) {
            return -EPROTO;
        }
        ret->alias = mqtt_property_seen(&properties, MQTT_TOPIC_ALIAS)
                         ? (uint16_t)properties.numbers[MQTT_TOPIC_ALIAS]
                         : 0;
    }
    if (reader.is_short) {
        return too_short(reterr);
    }
    if (ret->topic.count == 0 && ret->alias == 0) {
        return wrong(reterr, "a PUBLISH without a topic (3.3.2.1)");
    }
    ret->payload = (struct mqtt_bytes){.bytes = reader.at, .count = reader.left};
    return 0;
}

int mqtt_decode_answer(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                       struct mqtt_answer *ret, const char **reterr)
{
    struct mqtt_reader reader = reader_of(frame, body);
    struct mqtt_properties properties;

    ret->id = mqtt_read_two(&reader);
    ret->reason = 0;
    ret->reason_text = (struct mqtt_bytes){0};
    if (ret->id == 0 && !reader.is_short) {
        return wrong(reterr, "an answer with packet identifier 0 (2.2.1)");
    }
    /* Without more it is a success (3.4.2.1); without properties there are none (3.4.2.2.1). */
    if (version == MQTT_5 && reader.left > 0) {
        ret->reason = mqtt_read_byte(&reader);
    }
    if (version == MQTT_5 && reader.left > 0) {
        if (!mqtt_read_properties(&reader, frame->kind, &properties, reterr)) {
            return -EPROTO;
        }
        ret->reason_text = properties.reason;
    }
    return ended(&reader, reterr);
}

int mqtt_decode_suback(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                       struct mqtt_suback *ret, const char **reterr)
{
    struct mqtt_reader reader = reader_of(frame, body);
    struct mqtt_properties properties;

    ret->id = mqtt_read_two(&reader);
    ret->reason_text = (struct mqtt_bytes){0};
    if (version == MQTT_5) {
        if (!mqtt_read_properties(&reader, frame->kind, &properties, reterr)) {
            return -EPROTO;
        }
        ret->reason_text = properties.reason;
    }
    if (reader.is_short) {
        return too_short(reterr);
    }
    if (ret->id == 0) {
        return wrong(reterr, "an answer with packet identifier 0 (2.2.1)");
    }
    ret->reasons = mqtt_read_bytes(&reader, reader.left);
    if (ret->reasons.count == 0 && (version == MQTT_5 || frame->kind == MQTT_SUBACK)) {
        return wrong(reterr, "an answer to filters without a reason code (3.9.3)");
    }
    return version == MQTT_3_1_1 && frame->kind == MQTT_UNSUBACK && ret->reasons.count > 0
               ? wrong(reterr, "an UNSUBACK with bytes behind its last field (3.1.1: 3.11)")
               : 0;
}

int mqtt_decode_disconnect(enum mqtt_version version, const struct mqtt_frame *frame,
                           const char *body, struct mqtt_disconnect *ret, const char **reterr)
{
    struct mqtt_reader reader = reader_of(frame, body);

    memset(ret, 0, sizeof *ret);
    if (version == MQTT_3_1_1) {
        return wrong(reterr, "a DISCONNECT or AUTH from a broker of 3.1.1 (3.1.1: 3.14)");
    }
    if (reader.left > 0) {
        ret->reason = mqtt_read_byte(&reader);
    }
    if (reader.left > 0 && !mqtt_read_properties(&reader, frame->kind, &ret->properties, reterr)) {
        return -EPROTO;
    }
    return ended(&reader, reterr);
}

int mqtt_decode_pingresp(const struct mqtt_frame *frame, const char **reterr)
{
    return frame->body_bytes == 0 ? 0 : wrong(reterr, "a PINGRESP with a body (3.13)");
}
