/*
 * digest: SHA-256 (FIPS 180-4) of bytes in memory, as people write it. By OpenSSL. It says whether
 * two texts are the same; it keeps no secret and proves no sender. Any thread; never blocks.
 */
#ifndef MILLRACE_DIGEST_H
#define MILLRACE_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_BYTES 65 /* 64 lower-case hexadecimal digits and the NUL. */

/* 0, or -ENOMEM: the library has no memory for it. */
int digest_sha256(const void *bytes, size_t bytes_count, char ret[DIGEST_TEXT_BYTES]);

#endif
