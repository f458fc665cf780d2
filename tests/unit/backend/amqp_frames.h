/* amqp_frames: frames as a broker or the client library writes them, made by the library's
 * encoders, one behind the other. For tests. */
#ifndef MILLRACE_TEST_AMQP_FRAMES_H
#define MILLRACE_TEST_AMQP_FRAMES_H

#include <amqp.h>
#include <amqp_framing.h>
#include <stddef.h>
#include <stdint.h>

#define AMQP_FRAMES_BYTES_MAX ((size_t)2 * 1024 * 1024)

struct amqp_frames {
    char bytes[AMQP_FRAMES_BYTES_MAX];
    size_t count;
};

void amqp_frames_add(struct amqp_frames *frames, uint8_t type, amqp_channel_t channel,
                     const char *payload, size_t payload_bytes);
void amqp_frames_method(struct amqp_frames *frames, amqp_channel_t channel, amqp_method_number_t id,
                        void *method);
void amqp_frames_header(struct amqp_frames *frames, amqp_channel_t channel,
                        amqp_basic_properties_t *properties, uint64_t body_bytes);
/* In as many frames as it takes. */
void amqp_frames_body(struct amqp_frames *frames, amqp_channel_t channel, const char *body,
                      size_t body_bytes, size_t frame_bytes_max);

#endif
