#include "amqp_frames.h"

#include "check.h"

#include <string.h>

static void add_number(struct amqp_frames *frames, uint64_t number, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        frames->bytes[frames->count++] = (char)(number >> (8 * i));
    }
}

void amqp_frames_add(struct amqp_frames *frames, uint8_t type, amqp_channel_t channel,
                     const char *payload, size_t payload_bytes)
{
    assert_true(payload_bytes + 8 <= sizeof frames->bytes - frames->count);
    add_number(frames, type, 1);
    add_number(frames, channel, 2);
    add_number(frames, payload_bytes, 4);
    memcpy(frames->bytes + frames->count, payload, payload_bytes);
    frames->count += payload_bytes;
    add_number(frames, AMQP_FRAME_END, 1);
}

void amqp_frames_method(struct amqp_frames *frames, amqp_channel_t channel, amqp_method_number_t id,
                        void *method)
{
    char payload[1024] = {(char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    int bytes = amqp_encode_method(id, method,
                                   (amqp_bytes_t){.len = sizeof payload - 4, .bytes = payload + 4});

    assert_true(bytes >= 0);
    amqp_frames_add(frames, AMQP_FRAME_METHOD, channel, payload, 4 + (size_t)bytes);
}

void amqp_frames_header(struct amqp_frames *frames, amqp_channel_t channel,
                        amqp_basic_properties_t *properties, uint64_t body_bytes)
{
    char payload[1024] = {0, AMQP_BASIC_CLASS, 0, 0};
    int bytes;

    for (int i = 0; i < 8; i++) {
        payload[4 + i] = (char)(body_bytes >> (8 * (7 - i)));
    }
    bytes =
        amqp_encode_properties(AMQP_BASIC_CLASS, properties,
                               (amqp_bytes_t){.len = sizeof payload - 12, .bytes = payload + 12});
    assert_true(bytes >= 0);
    amqp_frames_add(frames, AMQP_FRAME_HEADER, channel, payload, 12 + (size_t)bytes);
}

void amqp_frames_body(struct amqp_frames *frames, amqp_channel_t channel, const char *body,
                      size_t body_bytes, size_t frame_bytes_max)
{
    size_t part_max = frame_bytes_max - 8;

    for (size_t at = 0; at < body_bytes; at += part_max) {
        amqp_frames_add(frames, AMQP_FRAME_BODY, channel, body + at,
                        body_bytes - at < part_max ? body_bytes - at : part_max);
    }
}
