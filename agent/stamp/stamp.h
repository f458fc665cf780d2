/*
 * stamp: the 40 bytes in front of each message, which say who sent it, when, and whether it arrived
 * whole. The only door to xxHash.
 *
 * Layout, little endian, no padding: magic and version (2), tag of run and trial (4), stream (4),
 * sequence (6), intended time as offset from T0 (8), actual send time on the producer's clock (8),
 * checksum (8). The checksum is XXH3 of the first 32 bytes, seeded with the hash of the payload: a
 * sender hashes its prepared payloads once and pays only for the stamp.
 *
 * It keeps no state and reads no clock: any thread.
 */
#ifndef MILLRACE_STAMP_H
#define MILLRACE_STAMP_H

#include "bounds.h"

#include <stddef.h>
#include <stdint.h>

#define STAMP_SEQUENCE_MAX ((UINT64_C(1) << 48) - 1)
#define STAMP_TIME_NS_MAX (INT64_MAX / 4)

struct stamp {
    uint32_t tag;
    uint32_t stream;
    uint64_t sequence;   /* 0 .. STAMP_SEQUENCE_MAX. */
    int64_t intended_ns; /* Both within STAMP_TIME_NS_MAX. Offset from T0. With `max` there is none:
                            the caller's convention. */
    int64_t sent_ns;     /* The producer's mono_ns(). */
};

enum stamp_check {
    STAMP_OK,
    STAMP_FOREIGN,  /* Whole, but of another run or trial, or of another version. */
    STAMP_CORRUPTED /* Shorter than a stamp, the checksum is wrong, or a time is none. */
};

/* Hash of what follows the stamp; bytes may be 0. */
uint64_t stamp_payload_hash(const void *payload, size_t bytes);

/* Writes the STAMP_BYTES in front of message's payload, whose stamp_payload_hash() is given. */
void stamp_write(void *message, const struct stamp *stamp, uint64_t payload_hash);

/*
 * Checks and reads a message of bytes bytes in all; *ret is set for STAMP_OK only.
 *
 * The checksum is looked at first. A damaged magic or tag looks like somebody else's message, and
 * to take it for that would hide the damage; so whatever has a wrong checksum is corrupted, and
 * foreign is only what some Millrace stamped and what arrived whole.
 */
enum stamp_check stamp_read(const void *message, size_t bytes, uint32_t expected_tag,
                            struct stamp *ret);

#endif
