#include "message_shape.h"

#define HASH_BYTES 8 /* Of each body at each length. */
#define JSON_BODIES_MIN 16

uint32_t message_bytes_min(const struct message_shape *shape)
{
    uint32_t min = UINT32_MAX;

    for (uint32_t i = 0; i < shape->sizes_count; i++) {
        min = shape->sizes[i].bytes_min < min ? shape->sizes[i].bytes_min : min;
    }
    return min;
}

uint32_t message_bytes_max(const struct message_shape *shape)
{
    uint32_t max = 0;

    for (uint32_t i = 0; i < shape->sizes_count; i++) {
        max = shape->sizes[i].bytes_max > max ? shape->sizes[i].bytes_max : max;
    }
    return max;
}

double message_bytes_mean(const struct message_shape *shape)
{
    double weights = 0.0;
    double bytes = 0.0;

    for (uint32_t i = 0; i < shape->sizes_count; i++) {
        const struct message_size *size = &shape->sizes[i];

        weights += size->weight;
        bytes += size->weight * ((double)size->bytes_min + size->bytes_max) / 2.0;
    }
    return weights > 0.0 ? bytes / weights : 0.0;
}

uint64_t message_bytes_sum(const struct message_shape *shape)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < shape->sizes_count; i++) {
        sum += shape->sizes[i].bytes_max;
    }
    return sum;
}

/* Bodies that a part has even if they are large: JSON needs one for each length. */
static uint32_t bodies_count_min(const struct message_shape *shape, uint32_t part)
{
    const struct message_size *size = &shape->sizes[part];
    uint64_t room = MESSAGE_MIX_BYTES_MAX / message_bytes_sum(shape);

    if (shape->payload != PAYLOAD_JSON || size->bytes_min == size->bytes_max || room == 0) {
        return 1;
    }
    return room < JSON_BODIES_MIN ? (uint32_t)room : JSON_BODIES_MIN;
}

uint32_t message_bodies_count(const struct message_shape *shape, uint32_t part)
{
    uint32_t min = bodies_count_min(shape, part);
    double weighted = 0.0;
    double count;

    if (shape->payload == PAYLOAD_ZEROS) {
        return 1;
    }
    for (uint32_t i = 0; i < shape->sizes_count; i++) {
        weighted += (double)shape->sizes[i].weight * shape->sizes[i].bytes_max;
    }
    count = PAYLOAD_POOL_BYTES * (double)shape->sizes[part].weight / weighted;
    return count < min ? min : count > PAYLOAD_HASHES_MAX ? PAYLOAD_HASHES_MAX : (uint32_t)count;
}

uint32_t message_lengths_count(const struct message_shape *shape, uint32_t part)
{
    const struct message_size *size = &shape->sizes[part];
    uint32_t all = size->bytes_max - size->bytes_min + 1;
    uint32_t bodies = message_bodies_count(shape, part);
    uint32_t max = shape->payload == PAYLOAD_JSON && bodies < PAYLOAD_LENGTHS_MAX
                       ? bodies
                       : PAYLOAD_LENGTHS_MAX;

    return all < max ? all : max;
}

uint32_t message_body_lengths_count(const struct message_shape *shape, uint32_t part)
{
    uint32_t max =
        shape->payload == PAYLOAD_JSON ? 1 : PAYLOAD_HASHES_MAX / message_bodies_count(shape, part);
    uint32_t all = message_lengths_count(shape, part);

    return all < max ? all : max;
}

uint64_t message_pool_bytes(const struct message_shape *shape)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < shape->sizes_count; i++) {
        uint64_t hashes_bytes = message_body_lengths_count(shape, i) * HASH_BYTES;

        sum += message_bodies_count(shape, i) * (shape->sizes[i].bytes_max - STAMP_BYTES + hashes_bytes);
    }
    return sum;
}
