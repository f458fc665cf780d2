/*
 * payload_inner: messages made ahead, so that their contents cost the hot path nothing: no
 * allocation, no hashing, one random number where sizes differ.
 *
 * A pool has some bodies for each part of the flow's mix of sizes, with the contents asked for, and
 * the hashes of each at all lengths of the part; a range of sizes is PAYLOAD_LENGTHS_MAX lengths,
 * evenly spaced from its least to its greatest. What size a message has is drawn by its producer,
 * from a sequence of its own: same seed, same messages, whatever the other producers do. Contents
 * come from the bodies in turn. A body has room for the stamp in front, which is written in place:
 * one pool per worker and flow.
 */
#ifndef MILLRACE_PAYLOAD_INNER_H
#define MILLRACE_PAYLOAD_INNER_H

#include "errinfo.h"
#include "message_shape.h"
#include "random.h"

#include <stdbool.h>
#include <stdint.h>

/* A whole message; the stamp in front of it is still to be written. */
struct payload_message {
    unsigned char *bytes;
    uint32_t bytes_count;
    uint64_t payload_hash;
};

/* What size a message has: a part of the mix and one of its lengths. */
struct payload_draw {
    uint16_t part;
    uint16_t length;
};

struct payload_pool;

/* Same seed, same contents. 0 or -ENOMEM; the caller owns *ret. */
int payload_pool_new(const struct message_shape *shape, uint64_t seed, struct payload_pool **ret,
                     struct errinfo *reterr);
void payload_pool_free(struct payload_pool *pool);

/* Draws the size of a producer's next message. */
struct payload_draw payload_pool_draw(const struct payload_pool *pool, struct random *random);

/* Messages taken from here on lie apart from each other, as long as there is room. */
void payload_pool_begin(struct payload_pool *pool);
/* False: the body of the next message of that size was taken since then. */
bool payload_pool_has_room(const struct payload_pool *pool, struct payload_draw draw);

/* A message of that size, borrowed until the pool comes round to its body again. */
struct payload_message payload_pool_take(struct payload_pool *pool, struct payload_draw draw);

#endif
