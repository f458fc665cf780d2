#include "secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

int secret_make(uint8_t ret[SECRET_BYTES])
{
    uint8_t secret[SECRET_BYTES];
    ssize_t got;

    do {
        got = getrandom(secret, sizeof secret, 0);
    } while (got < 0 && errno == EINTR);
    /* Up to 256 bytes come whole (getrandom(2)). */
    if (got != (ssize_t)sizeof secret) {
        return -EIO;
    }
    memcpy(ret, secret, sizeof secret);
    secret_wipe(secret, sizeof secret);
    return 0;
}

void secret_wipe(void *bytes, size_t bytes_count)
{
    if (bytes != NULL) {
        explicit_bzero(bytes, bytes_count);
    }
}

void secret_free(char *text)
{
    if (text != NULL) {
        secret_wipe(text, strlen(text));
    }
    free(text);
}
