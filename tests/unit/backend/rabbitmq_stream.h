/* rabbitmq_stream: what a broker says to a client of rabbitmq_bench, frame after frame, and what
 * the client tells of it. Deliveries are numbered from 1. */
#ifndef MILLRACE_TEST_RABBITMQ_STREAM_H
#define MILLRACE_TEST_RABBITMQ_STREAM_H

#include "amqp_frames.h"
#include "rabbitmq_bench.h"

#define STREAM_MESSAGES 200u
#define STREAM_EVENTS_MAX 16u

/* Bodies of no byte, of one frame, of several. Valid until the next call. */
size_t stream_body_bytes(uint64_t tag);
const char *stream_body(uint64_t tag);

void stream_delivery(struct amqp_frames *frames, uint64_t tag);
void stream_heartbeat(struct amqp_frames *frames);
void stream_blocked(struct amqp_frames *frames);
void stream_unblocked(struct amqp_frames *frames);
void stream_close(struct amqp_frames *frames);

/* What came of a stream. */
struct stream_seen {
    uint64_t tag; /* Of the last message. */
    uint32_t blocked;
    uint32_t unblocked;
    bool is_down;
    uint8_t outcomes[STREAM_MESSAGES]; /* 0 or 1 + enum event_kind. */
};

/* Polls once: messages come in order, tokens have one outcome each, and after the end of the
 * connection, by stream_close(), come only outcomes. */
void stream_poll(struct rabbitmq_bench *bench, struct stream_seen *seen, uint32_t events_max,
                 bool is_held);
/* As long as wait_fd is ready. */
void stream_poll_all(struct rabbitmq_bench *bench, struct stream_seen *seen);

#endif
