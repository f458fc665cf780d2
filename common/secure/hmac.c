#include "hmac.h"

#include "invariant.h"
#include "secret.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#define LENGTH_BYTES 8

static int add_part(EVP_MAC_CTX *context, const struct hmac_part *part)
{
    uint64_t length = part->bytes_count;
    uint8_t front[LENGTH_BYTES];

    for (unsigned int i = 0; i < LENGTH_BYTES; i++) {
        front[i] = (uint8_t)(length >> (56 - i * 8));
    }
    if (EVP_MAC_update(context, front, sizeof front) != 1) {
        return -ENOMEM;
    }
    return part->bytes_count == 0 || EVP_MAC_update(context, part->bytes, part->bytes_count) == 1
               ? 0
               : -ENOMEM;
}

/* A context that has been given the key; NULL: no memory. */
static EVP_MAC_CTX *begin(const uint8_t key[HMAC_BYTES])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                            OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    EVP_MAC_CTX *context = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);

    EVP_MAC_free(mac); /* The context has its own reference. */
    if (context != NULL && EVP_MAC_init(context, key, HMAC_BYTES, params) != 1) {
        EVP_MAC_CTX_free(context);
        return NULL;
    }
    return context;
}

int hmac_sha256(const uint8_t key[HMAC_BYTES], const struct hmac_part *parts, size_t parts_count,
                uint8_t ret[HMAC_BYTES])
{
    EVP_MAC_CTX *context = begin(key);
    uint8_t code[HMAC_BYTES];
    size_t code_bytes = 0;
    int r = context == NULL ? -ENOMEM : 0;

    for (size_t i = 0; r == 0 && i < parts_count; i++) {
        r = add_part(context, &parts[i]);
    }
    if (r == 0 && EVP_MAC_final(context, code, &code_bytes, sizeof code) != 1) {
        r = -ENOMEM;
    }
    EVP_MAC_CTX_free(context); /* Wipes what it made of the key. */
    if (r == 0) {
        ASSERT(code_bytes == HMAC_BYTES);
        memcpy(ret, code, sizeof code);
    }
    secret_wipe(code, sizeof code);
    return r;
}

bool hmac_equal(const uint8_t a[HMAC_BYTES], const uint8_t b[HMAC_BYTES])
{
    return CRYPTO_memcmp(a, b, HMAC_BYTES) == 0;
}
