#include "payload_inner.h"

#include "alias_inner.h"
#include "invariant.h"
#include "payload_text_inner.h"
#include "stamp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 256 /* Of a payload: random bytes, then those that compress away. */

/*
 * One part of the mix. Its lengths fall into groups, length % groups_count, and so do its bodies:
 * a body has hashes for the lengths of its group. The bodies of a group take turns, and groups come
 * as often as they have bodies, so each body comes again after about all the others.
 */
struct part {
    unsigned char *bodies;
    uint32_t body_bytes;
    uint32_t bodies_count;
    uint32_t lengths_count;
    uint32_t *lengths; /* Of whole messages. */
    uint32_t groups_count;
    uint32_t body_lengths_count;
    uint64_t *hashes; /* body x body_lengths_count + length / groups_count. */
};

struct payload_pool {
    bool one_size; /* Nothing to draw. */
    uint32_t parts_count;
    struct part parts[MESSAGE_SIZES_MAX];
    struct alias_row shares[MESSAGE_SIZES_MAX];
};

struct payload_place {
    const struct payload_pool *pool;
    uint32_t *next[MESSAGE_SIZES_MAX]; /* Of each part and group: body of its next message. */
};

/* The middles of equal stretches of the range, so that its mean is kept however few they are. */
static void fill_lengths(struct part *part, const struct message_size *size)
{
    uint64_t all = (uint64_t)size->bytes_max - size->bytes_min + 1;
    uint64_t count = part->lengths_count;

    for (uint32_t i = 0; i < count; i++) {
        part->lengths[i] = size->bytes_min + (uint32_t)((2 * i + 1) * all / (2 * count));
    }
}

/*
 * Random bytes, with runs of zeros for the share that compresses away, one run in each block. Runs
 * are long enough that what a compressor writes about one is small beside it. Bodies begin anywhere
 * within a block, so that the share is right for any length that a message is cut to.
 */
static void fill_random(unsigned char *contents, uint32_t bytes, uint32_t compressible_millis,
                        struct random *random)
{
    uint32_t block = bytes < BLOCK_BYTES ? bytes : BLOCK_BYTES;
    uint32_t zeros = (block * compressible_millis + 500) / 1000;
    uint32_t at;

    random_fill(random, contents, bytes);
    if (zeros == 0) {
        return;
    }
    at = (uint32_t)(random_next(random) % block);
    for (uint32_t i = 0; i < bytes; i++) {
        if (at < zeros) {
            contents[i] = 0;
        }
        at = at + 1 == block ? 0 : at + 1;
    }
}

static void fill_body(const struct part *part, uint32_t body, const struct message_shape *shape,
                      struct random *random)
{
    unsigned char *contents = part->bodies + (size_t)body * part->body_bytes;
    uint32_t bytes = part->body_bytes;

    switch (shape->payload) {
    case PAYLOAD_RANDOM:
        fill_random(contents, bytes, shape->compressible_millis, random);
        break;
    case PAYLOAD_ZEROS:
        break;
    case PAYLOAD_TEXT:
        payload_fill_text((char *)contents, bytes, random);
        break;
    case PAYLOAD_JSON: /* It has one length. */
        payload_fill_json((char *)contents, part->lengths[body % part->groups_count] - STAMP_BYTES,
                          random);
        break;
    }
}

static void fill_bodies(struct part *part, const struct message_shape *shape, struct random *random)
{
    for (uint32_t body = 0; body < part->bodies_count; body++) {
        const unsigned char *contents = part->bodies + (size_t)body * part->body_bytes;

        fill_body(part, body, shape, random);
        for (uint32_t i = body % part->groups_count; i < part->lengths_count;
             i += part->groups_count) {
            part->hashes[body * part->body_lengths_count + i / part->groups_count] =
                stamp_payload_hash(contents, part->lengths[i] - STAMP_BYTES);
        }
    }
}

static int part_init(struct part *part, const struct message_shape *shape, uint32_t index,
                     struct random *random)
{
    const struct message_size *size = &shape->sizes[index];

    part->body_bytes = size->bytes_max - STAMP_BYTES;
    part->bodies_count = message_bodies_count(shape, index);
    part->lengths_count = message_lengths_count(shape, index);
    part->body_lengths_count = message_body_lengths_count(shape, index);
    part->groups_count =
        (part->lengths_count + part->body_lengths_count - 1) / part->body_lengths_count;
    ASSERT(part->groups_count > 0 && part->groups_count <= part->bodies_count);
    part->bodies = calloc(part->bodies_count, (size_t)part->body_bytes + 1); /* Never of 0. */
    part->lengths = calloc(part->lengths_count, sizeof *part->lengths);
    part->hashes =
        calloc((size_t)part->bodies_count * part->body_lengths_count, sizeof *part->hashes);
    if (part->bodies == NULL || part->lengths == NULL || part->hashes == NULL) {
        return -ENOMEM;
    }
    fill_lengths(part, size);
    fill_bodies(part, shape, random);
    return 0;
}

int payload_pool_new(const struct message_shape *shape, uint64_t seed, struct payload_pool **ret,
                     struct errinfo *reterr)
{
    struct payload_pool *pool = calloc(1, sizeof *pool);
    double weights[MESSAGE_SIZES_MAX];
    struct random random;
    int r = pool != NULL ? 0 : -ENOMEM;

    random_seed(&random, seed);
    for (uint32_t i = 0; r == 0 && i < shape->sizes_count; i++) {
        weights[i] = shape->sizes[i].weight;
        r = part_init(&pool->parts[pool->parts_count++], shape, i, &random);
    }
    r = r < 0 ? r : alias_fill(pool->shares, weights, pool->parts_count, NULL);
    if (r < 0) {
        payload_pool_free(pool);
        return errinfo_nomem(reterr);
    }
    pool->one_size = pool->parts_count == 1 && pool->parts[0].lengths_count == 1;
    *ret = pool;
    return 0;
}

void payload_pool_free(struct payload_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    for (uint32_t i = 0; i < pool->parts_count; i++) {
        free(pool->parts[i].bodies);
        free(pool->parts[i].lengths);
        free(pool->parts[i].hashes);
    }
    free(pool);
}

struct payload_draw payload_pool_draw(const struct payload_pool *pool, struct random *random)
{
    struct payload_draw draw = {0};

    if (!pool->one_size) {
        uint64_t bits = random_next(random);

        draw.part = (uint16_t)alias_draw(pool->shares, pool->parts_count, bits);
        /* The part depends on the highest bits of each half, so those above the middle are free. */
        draw.length =
            (uint16_t)((((bits >> 32) & 0xffff) * pool->parts[draw.part].lengths_count) >> 16);
    }
    return draw;
}

int payload_place_new(const struct payload_pool *pool, struct payload_place **ret,
                      struct errinfo *reterr)
{
    struct payload_place *place = calloc(1, sizeof *place);

    if (place == NULL) {
        return errinfo_nomem(reterr);
    }
    place->pool = pool;
    for (uint32_t i = 0; i < pool->parts_count; i++) {
        place->next[i] = calloc(pool->parts[i].groups_count, sizeof *place->next[i]);
        if (place->next[i] == NULL) {
            payload_place_free(place);
            return errinfo_nomem(reterr);
        }
        for (uint32_t group = 0; group < pool->parts[i].groups_count; group++) {
            place->next[i][group] = group;
        }
    }
    *ret = place;
    return 0;
}

void payload_place_free(struct payload_place *place)
{
    for (uint32_t i = 0; place != NULL && i < MESSAGE_SIZES_MAX; i++) {
        free(place->next[i]);
    }
    free(place);
}

/* Mostly there is one group, and a division would cost as much as all else here. */
static uint32_t group_of(const struct part *part, uint32_t length)
{
    return part->groups_count == 1 ? 0 : length % part->groups_count;
}

struct payload_body payload_take(struct payload_place *place, struct payload_draw draw)
{
    const struct part *part = &place->pool->parts[draw.part];
    uint32_t group = group_of(part, draw.length);
    uint32_t body = place->next[draw.part][group];
    uint32_t next = body + part->groups_count;
    uint32_t hash = part->groups_count == 1 ? draw.length : draw.length / part->groups_count;

    place->next[draw.part][group] = next < part->bodies_count ? next : group;
    return (struct payload_body){.bytes = part->bodies + (size_t)body * part->body_bytes,
                                 .bytes_count = part->lengths[draw.length] - STAMP_BYTES,
                                 .hash = part->hashes[body * part->body_lengths_count + hash]};
}

int payload_pools_init(struct payload_pools *pools, const struct assignment *assignment,
                       struct errinfo *reterr)
{
    int r = 0;

    memset(pools, 0, sizeof *pools);
    for (uint32_t i = 0; r == 0 && i < assignment->producers_count; i++) {
        uint32_t flow = assignment->producers[i].flow;

        if (pools->flows[flow] == NULL) {
            r = payload_pool_new(
                &assignment->flows[flow].message,
                random_derive(assignment->seed, ((uint64_t)assignment->agent << 32) | flow),
                &pools->flows[flow], reterr);
        }
    }
    return r;
}

void payload_pools_done(struct payload_pools *pools)
{
    for (uint32_t i = 0; i < FLOWS_MAX; i++) {
        payload_pool_free(pools->flows[i]);
        pools->flows[i] = NULL;
    }
}
