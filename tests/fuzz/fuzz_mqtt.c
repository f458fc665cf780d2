/* What an MQTT broker may send: the first byte chooses the version, the others are a stream of
 * packets. What is decoded lies within its packet; what is wrong has a sentence. */
#include "fuzz_target.h"
#include "invariant.h"
#include "mqtt_decode_inner.h"

#include <errno.h>

static void check_within(struct mqtt_bytes part, const char *body, uint32_t body_bytes)
{
    ASSERT(part.count == 0 || (part.bytes >= body && part.bytes + part.count <= body + body_bytes));
}

static int decode_publish(enum mqtt_version version, const struct mqtt_frame *frame,
                          const char *body, const char **reterr)
{
    struct mqtt_publish publish;
    int r = mqtt_decode_publish(version, frame, body, &publish, reterr);

    if (r == 0) {
        check_within(publish.topic, body, frame->body_bytes);
        check_within(publish.payload, body, frame->body_bytes);
        ASSERT(publish.qos <= 2 && (publish.qos > 0) == (publish.id > 0));
        ASSERT(publish.topic.count > 0 || publish.alias > 0);
    }
    return r;
}

static int decode_connack(enum mqtt_version version, const struct mqtt_frame *frame,
                          const char *body, const char **reterr)
{
    struct mqtt_connack connack;
    int r = mqtt_decode_connack(version, frame, body, &connack, reterr);

    if (r == 0) {
        check_within(connack.properties.reason, body, frame->body_bytes);
        check_within(connack.properties.client_id, body, frame->body_bytes);
        ASSERT(mqtt_reason_name(version, frame->kind, connack.reason) != NULL);
    }
    return r;
}

static int decode_suback(enum mqtt_version version, const struct mqtt_frame *frame,
                         const char *body, const char **reterr)
{
    struct mqtt_suback suback;
    int r = mqtt_decode_suback(version, frame, body, &suback, reterr);

    if (r == 0) {
        check_within(suback.reasons, body, frame->body_bytes);
        check_within(suback.reason_text, body, frame->body_bytes);
    }
    return r;
}

static int decode_disconnect(enum mqtt_version version, const struct mqtt_frame *frame,
                             const char *body, const char **reterr)
{
    struct mqtt_disconnect disconnect;
    int r = mqtt_decode_disconnect(version, frame, body, &disconnect, reterr);

    if (r == 0) {
        check_within(disconnect.properties.reason, body, frame->body_bytes);
        check_within(disconnect.properties.server, body, frame->body_bytes);
    }
    return r;
}

static int decode_answer(enum mqtt_version version, const struct mqtt_frame *frame,
                         const char *body, const char **reterr)
{
    struct mqtt_answer answer;
    int r = mqtt_decode_answer(version, frame, body, &answer, reterr);

    if (r == 0) {
        check_within(answer.reason_text, body, frame->body_bytes);
        ASSERT(answer.id > 0);
    }
    return r;
}

static int decode_body(enum mqtt_version version, const struct mqtt_frame *frame, const char *body,
                       const char **reterr)
{
    switch (frame->kind) {
    case MQTT_CONNACK:
        return decode_connack(version, frame, body, reterr);
    case MQTT_PUBLISH:
        return decode_publish(version, frame, body, reterr);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return decode_suback(version, frame, body, reterr);
    case MQTT_PINGRESP:
        return mqtt_decode_pingresp(frame, reterr);
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return decode_disconnect(version, frame, body, reterr);
    default:
        return decode_answer(version, frame, body, reterr);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t bytes_count)
{
    enum mqtt_version version = bytes_count > 0 && bytes[0] % 2 == 0 ? MQTT_3_1_1 : MQTT_5;
    const char *at = (const char *)bytes + 1;
    size_t left = bytes_count > 0 ? bytes_count - 1 : 0;
    int r = 0;

    while (r == 0 && left > 0) {
        const char *why = NULL;
        struct mqtt_frame frame;

        r = mqtt_decode_frame(at, left, &frame, &why);
        if (r == 0 && left - frame.header_bytes < frame.body_bytes) {
            r = -EAGAIN;
        }
        if (r == 0) {
            r = decode_body(version, &frame, at + frame.header_bytes, &why);
        }
        ASSERT(r == 0 || r == -EAGAIN || (r == -EPROTO && why != NULL));
        if (r == 0) {
            at += frame.header_bytes + frame.body_bytes;
            left -= frame.header_bytes + frame.body_bytes;
        }
    }
    return 0;
}
