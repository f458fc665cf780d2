/*
 * message_shape: what the messages of a flow look like, as the scenario asks for it and as agents
 * make them; and what follows from it in bytes, so that what `explain` says and what an agent makes
 * are one piece of arithmetic. Pure.
 */
#ifndef MILLRACE_MESSAGE_SHAPE_H
#define MILLRACE_MESSAGE_SHAPE_H

#include "bounds.h"
#include "message_keys.h"
#include "record.h"

#include <stdint.h>

enum payload {
    PAYLOAD_RANDOM,
    PAYLOAD_ZEROS,
    PAYLOAD_TEXT, /* English words. */
    PAYLOAD_JSON  /* One document in each message. */
};

/* One part of a mix. All sizes are of whole messages, the stamp included. */
struct message_size {
    uint32_t bytes_min;
    uint32_t bytes_max; /* Uniform in between. */
    uint32_t weight;    /* Relative to those of the other parts; at least 1. */
};

struct message_shape {
    struct message_size sizes[MESSAGE_SIZES_MAX];
    uint32_t sizes_count; /* At least 1. */
    enum payload payload;
    uint32_t compressible_millis; /* Of 1000 bytes of a random payload so many compress away. */
    struct message_keys keys;
};

extern const struct record message_keys_record;
extern const struct record message_size_record;
extern const struct record message_shape_record;

/* "random", "zeros", ... as a scenario writes it. */
const char *message_payload_name(enum payload payload);

uint32_t message_bytes_min(const struct message_shape *shape);
uint32_t message_bytes_max(const struct message_shape *shape);
double message_bytes_mean(const struct message_shape *shape);

/* Of all parts' largest messages, which a pool has at least one of each: to be held against
 * MESSAGE_MIX_BYTES_MAX. */
uint64_t message_bytes_sum(const struct message_shape *shape);

/*
 * A pool of messages made ahead (agent/executor/payload_inner.h) has so many different lengths of a
 * part, and so many bodies, each with room for its largest payload. Bodies are as many as the
 * weights say until PAYLOAD_POOL_BYTES of messages are made, so that every part's contents come
 * again after the same time. Each is made ready for so many of the lengths: for all of them where bodies are
 * few. A body of JSON can't be cut, so it is for one length, and a range has at most as many
 * lengths as bodies.
 */
uint32_t message_lengths_count(const struct message_shape *shape, uint32_t part);
uint32_t message_bodies_count(const struct message_shape *shape, uint32_t part);
uint32_t message_body_lengths_count(const struct message_shape *shape, uint32_t part);

/* Memory that such a pool takes. */
uint64_t message_pool_bytes(const struct message_shape *shape);

#endif
