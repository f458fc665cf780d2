#include "stamp.h"

#include "invariant.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#define MAGIC 0x4d /* 'M' */
#define VERSION 1

/* Offsets of the fields. */
enum {
    AT_MAGIC = 0,
    AT_VERSION = 1,
    AT_TAG = 2,
    AT_STREAM = 6,
    AT_SEQUENCE = 10,
    AT_INTENDED = 16,
    AT_SENT = 24,
    AT_CHECKSUM = 32
};

static_assert(AT_CHECKSUM + 8 == STAMP_BYTES, "the checksum ends the stamp");
static_assert(AT_STREAM == 6 && AT_SEQUENCE == 10 && AT_INTENDED == 16,
              "the stream and its sequence share two words");

static void put64(uint8_t *at, uint64_t value)
{
    value = htole64(value);
    memcpy(at, &value, sizeof value);
}

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static uint64_t get64(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

uint64_t stamp_payload_hash(const void *payload, size_t bytes)
{
    return XXH3_64bits(payload, bytes);
}

void stamp_write(void *message, const struct stamp *stamp, uint64_t payload_hash)
{
    uint8_t *at = message;

    ASSERT(stamp->sequence <= STAMP_SEQUENCE_MAX);
    /* By words, as the hash reads them: from bytes that were written by pieces it would wait until
     * all of them are in the cache, which took longer than the hash itself. */
    put64(at + AT_MAGIC, MAGIC | VERSION << 8 * AT_VERSION | (uint64_t)stamp->tag << 8 * AT_TAG |
                             (uint64_t)stamp->stream << 8 * AT_STREAM);
    put64(at + 8, stamp->stream >> 16 | stamp->sequence << 8 * (AT_SEQUENCE - 8));
    put64(at + AT_INTENDED, (uint64_t)stamp->intended_ns);
    put64(at + AT_SENT, (uint64_t)stamp->sent_ns);
    put64(at + AT_CHECKSUM, XXH3_64bits_withSeed(at, AT_CHECKSUM, payload_hash));
}

/* Sums of a few can't overflow. No agent stamps another one. */
static bool is_time(int64_t at_ns)
{
    return at_ns >= -STAMP_TIME_NS_MAX && at_ns <= STAMP_TIME_NS_MAX;
}

enum stamp_check stamp_read(const void *message, size_t bytes, uint32_t expected_tag,
                            struct stamp *ret)
{
    const uint8_t *at = message;
    uint64_t payload_hash;

    if (bytes < STAMP_BYTES) {
        return STAMP_CORRUPTED;
    }
    payload_hash = stamp_payload_hash(at + STAMP_BYTES, bytes - STAMP_BYTES);
    if (get64(at + AT_CHECKSUM) != XXH3_64bits_withSeed(at, AT_CHECKSUM, payload_hash)) {
        return STAMP_CORRUPTED;
    }
    if (at[AT_MAGIC] != MAGIC || at[AT_VERSION] != VERSION || get32(at + AT_TAG) != expected_tag) {
        return STAMP_FOREIGN;
    }
    ret->tag = expected_tag;
    ret->stream = get32(at + AT_STREAM);
    ret->sequence = get32(at + AT_SEQUENCE) | (uint64_t)at[AT_SEQUENCE + 4] << 32 |
                    (uint64_t)at[AT_SEQUENCE + 5] << 40;
    ret->intended_ns = (int64_t)get64(at + AT_INTENDED);
    ret->sent_ns = (int64_t)get64(at + AT_SENT);
    return is_time(ret->intended_ns) && is_time(ret->sent_ns) ? STAMP_OK : STAMP_CORRUPTED;
}
