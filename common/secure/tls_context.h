/*
 * tls_context: what the TLS connections of all clients to one target have in common: whom
 * they trust, and what certificate they show. By OpenSSL: TLS 1.2 and 1.3, without renegotiation.
 *
 * Shared by threads. It has to outlive its streams (tls_stream.h).
 */
#ifndef MILLRACE_TLS_CONTEXT_H
#define MILLRACE_TLS_CONTEXT_H

#include "errinfo.h"

#include <stdbool.h>

/* Largest file of certificates or of a key that is read: an operating system's whole store has
 * about 200 KiB. */
#define TLS_FILE_BYTES_MAX (4 * 1024 * 1024)

/* How many servers' sessions a context keeps; connections to more begin anew each time. */
#define TLS_SERVERS_MAX 64

struct tls_context_config {
    const char *ca;   /* File (PEM) of authorities to trust; NULL: the system's store. */
    const char *cert; /* File of the client's certificate and its chain; NULL: none. */
    const char *key;  /* File of its key, without a password; given if and only if cert is. */
    bool resume;      /* Keep the newest session of each server, and offer it to it again. */
};

struct tls_context;

/* Reads the files; blocks on the disk. 0; the errno of a file that can't be read; -EBADMSG: a file
 * holds nothing of its kind; -EKEYREJECTED: key and certificate do not belong together; -EINVAL:
 * one without the other; -ENOMEM. On success the caller owns *ret; on failure it is untouched. */
int tls_context_new(const struct tls_context_config *config, struct tls_context **ret,
                    struct errinfo *reterr);

/* NULL is allowed. */
void tls_context_free(struct tls_context *context);

#endif
