#include "message_keys.h"

#include <math.h>
#include <string.h>

#define MURMUR2_SEED UINT32_C(0x9747b28c)
#define MURMUR2_FACTOR UINT32_C(0x5bd1e995)
#define MURMUR2_SHIFT 24

/* What agents keep of each key: its text and partition, and with zipf how it is drawn. */
#define ROW_BYTES (MESSAGE_KEY_BYTES + 4)
#define DRAW_BYTES 8

void message_key_text(uint32_t key, char *text)
{
    text[0] = 'k';
    for (int i = MESSAGE_KEY_BYTES - 1; i > 0; i--) {
        text[i] = (char)('0' + key % 10);
        key /= 10;
    }
}

double message_key_weight(const struct message_keys *keys, uint32_t key)
{
    return keys->distribution == KEYS_ZIPF ? pow(key + 1.0, -(double)keys->exponent_millis / 1000.0)
                                           : 1.0;
}

uint32_t murmur2(const void *bytes, size_t bytes_count)
{
    const uint8_t *at = bytes;
    uint32_t hash = MURMUR2_SEED ^ (uint32_t)bytes_count;
    size_t left = bytes_count;

    for (; left >= 4; left -= 4, at += 4) {
        uint32_t word =
            at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

        word *= MURMUR2_FACTOR;
        word ^= word >> MURMUR2_SHIFT;
        hash = (hash * MURMUR2_FACTOR) ^ (word * MURMUR2_FACTOR);
    }
    if (left > 0) {
        for (size_t i = 0; i < left; i++) {
            hash ^= (uint32_t)at[i] << (8 * i);
        }
        hash *= MURMUR2_FACTOR;
    }
    hash = (hash ^ hash >> 13) * MURMUR2_FACTOR;
    return hash ^ hash >> 15;
}

uint32_t message_key_partition(uint32_t key, uint32_t partitions)
{
    char text[MESSAGE_KEY_BYTES];

    message_key_text(key, text);
    return (murmur2(text, sizeof text) & INT32_MAX) % partitions;
}

uint64_t message_keys_bytes(const struct message_keys *keys)
{
    uint64_t each = keys->distribution == KEYS_ZIPF ? ROW_BYTES + DRAW_BYTES : ROW_BYTES;

    return keys->count * each;
}
