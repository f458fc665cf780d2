/*
 * payload: messages made ahead, so that their contents cost the hot path nothing. A pool holds a
 * few whole messages with room for the stamp in front and the payload's hash beside. One pool per
 * worker and flow: the stamp is written in place.
 */
#ifndef MILLRACE_PAYLOAD_H
#define MILLRACE_PAYLOAD_H

#include "assignment.h"
#include "errinfo.h"

#include <stdint.h>

struct payload_message {
    unsigned char *bytes;
    uint32_t bytes_count;
    uint64_t payload_hash;
};

struct payload_pool;

/* Same seed, same messages. 0 or -ENOMEM; the caller owns *ret. */
int payload_pool_new(const struct assigned_flow *flow, uint64_t seed, struct payload_pool **ret,
                     struct errinfo *reterr);
void payload_pool_free(struct payload_pool *pool);

/* The next message of the pool, borrowed until the pool comes round to it again. */
struct payload_message *payload_pool_next(struct payload_pool *pool);

#endif
