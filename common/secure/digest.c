#include "digest.h"

#include "invariant.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

int digest_sha256(const void *bytes, size_t bytes_count, char ret[DIGEST_TEXT_BYTES])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_bytes = 0;

    if (EVP_Digest(bytes, bytes_count, digest, &digest_bytes, EVP_sha256(), NULL) != 1) {
        return -ENOMEM;
    }
    ASSERT((size_t)digest_bytes * 2 + 1 == DIGEST_TEXT_BYTES);
    for (unsigned int i = 0; i < digest_bytes; i++) {
        (void)snprintf(ret + (size_t)i * 2, 3, "%02x", digest[i]);
    }
    return 0;
}
