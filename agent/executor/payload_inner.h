/*
 * payload_inner: messages made ahead, so that their contents cost the hot path nothing: no
 * allocation, no hashing, one random number where sizes differ.
 *
 * A pool has some bodies for each part of the flow's mix of sizes, with the contents asked for, and
 * the hashes of each at all lengths of the part; a range of sizes is PAYLOAD_LENGTHS_MAX lengths,
 * evenly spaced from its least to its greatest. What size a message has is drawn by its producer,
 * from a sequence of its own: same seed, same messages, whatever the other producers do. Contents
 * come from the bodies in turn, in which each worker has a place of its own.
 */
#ifndef MILLRACE_PAYLOAD_INNER_H
#define MILLRACE_PAYLOAD_INNER_H

#include "errinfo.h"
#include "message_shape.h"
#include "payload_pools.h"
#include "random.h"

#include <stdbool.h>
#include <stdint.h>

/* What follows the stamp of a message, borrowed from the pool. */
struct payload_body {
    const unsigned char *bytes;
    uint32_t bytes_count;
    uint64_t hash; /* stamp_payload_hash() of it. */
};

/* What size a message has: a part of the mix and one of its lengths. */
struct payload_draw {
    uint16_t part;
    uint16_t length;
};

/* Which bodies come next, of each part and group of lengths. Belongs to one worker. */
struct payload_place;

/* Same seed, same contents. 0 or -ENOMEM; the caller owns *ret. */
int payload_pool_new(const struct message_shape *shape, uint64_t seed, struct payload_pool **ret,
                     struct errinfo *reterr);
void payload_pool_free(struct payload_pool *pool);

/* Draws the size of a producer's next message. */
struct payload_draw payload_pool_draw(const struct payload_pool *pool, struct random *random);

/* 0 or -ENOMEM; the caller owns *ret. The pool is borrowed until it is freed. */
int payload_place_new(const struct payload_pool *pool, struct payload_place **ret,
                      struct errinfo *reterr);
void payload_place_free(struct payload_place *place);

/* The next payload of a message of that size. */
struct payload_body payload_take(struct payload_place *place, struct payload_draw draw);

#endif
