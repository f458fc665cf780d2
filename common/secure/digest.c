/* The library's own three calls rather than EVP_Digest(): that one starts the whole library, with
 * its providers, configuration and error texts, and 2 MiB of a coordinator that needs no other part
 * of it were resident for this one digest. The three are deprecated for being no choice of
 * algorithm, which is what is wanted here. */
#define OPENSSL_API_COMPAT 10101

#include "digest.h"

#include <assert.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>

static_assert(SHA256_DIGEST_LENGTH * 2 + 1 == DIGEST_TEXT_BYTES, "two digits a byte");

int digest_sha256(const void *bytes, size_t bytes_count, char ret[DIGEST_TEXT_BYTES])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX context;

    if (SHA256_Init(&context) != 1 || SHA256_Update(&context, bytes, bytes_count) != 1 ||
        SHA256_Final(digest, &context) != 1) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)snprintf(ret + i * 2, 3, "%02x", digest[i]);
    }
    return 0;
}
