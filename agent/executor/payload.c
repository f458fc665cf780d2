#include "payload.h"

#include "random.h"
#include "stamp.h"

#include <stdlib.h>

/* A pool stays within a cache's size unless a single message is larger. */
#define POOL_BYTES (256 * 1024)
#define POOL_MESSAGES_MAX 16

struct payload_pool {
    struct payload_message messages[POOL_MESSAGES_MAX];
    uint32_t messages_count;
    uint32_t next;
    unsigned char *storage;
};

int payload_pool_new(const struct assigned_flow *flow, uint64_t seed, struct payload_pool **ret,
                     struct errinfo *reterr)
{
    struct payload_pool *pool = calloc(1, sizeof *pool);
    struct random random;
    uint32_t count = POOL_BYTES / flow->message_bytes;

    count = count < 1 ? 1 : count > POOL_MESSAGES_MAX ? POOL_MESSAGES_MAX : count;
    if (flow->payload == PAYLOAD_ZEROS) {
        count = 1;
    }
    if (pool == NULL) {
        return errinfo_nomem(reterr);
    }
    pool->storage = calloc(count, flow->message_bytes);
    if (pool->storage == NULL) {
        free(pool);
        return errinfo_nomem(reterr);
    }
    pool->messages_count = count;
    random_seed(&random, seed);
    for (uint32_t i = 0; i < count; i++) {
        struct payload_message *message = &pool->messages[i];
        uint32_t payload_bytes = flow->message_bytes - STAMP_BYTES;

        message->bytes = pool->storage + (size_t)i * flow->message_bytes;
        message->bytes_count = flow->message_bytes;
        if (flow->payload == PAYLOAD_RANDOM) {
            random_fill(&random, message->bytes + STAMP_BYTES, payload_bytes);
        }
        message->payload_hash = stamp_payload_hash(message->bytes + STAMP_BYTES, payload_bytes);
    }
    *ret = pool;
    return 0;
}

void payload_pool_free(struct payload_pool *pool)
{
    if (pool != NULL) {
        free(pool->storage);
        free(pool);
    }
}

struct payload_message *payload_pool_next(struct payload_pool *pool)
{
    struct payload_message *message = &pool->messages[pool->next];

    pool->next = pool->next + 1 == pool->messages_count ? 0 : pool->next + 1;
    return message;
}
