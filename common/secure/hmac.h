/*
 * hmac: HMAC-SHA256 (RFC 2104) over parts: proof that who made it knows the key. Each part goes in
 * with its length in front, so that ("ab", "c") and ("a", "bc") differ. By OpenSSL. Any thread;
 * never blocks.
 */
#ifndef MILLRACE_HMAC_H
#define MILLRACE_HMAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HMAC_BYTES 32

struct hmac_part {
    const void *bytes; /* Borrowed for the call. */
    size_t bytes_count;
};

/* 0, or -ENOMEM: the library has no memory for it; ret is untouched then. */
int hmac_sha256(const uint8_t key[HMAC_BYTES], const struct hmac_part *parts, size_t parts_count,
                uint8_t ret[HMAC_BYTES]);

/* In the same time wherever they differ: who guesses learns nothing from how long it took. */
bool hmac_equal(const uint8_t a[HMAC_BYTES], const uint8_t b[HMAC_BYTES]);

#endif
