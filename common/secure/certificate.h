/*
 * certificate: X.509 certificates for mutual TLS between coordinator and agents, as PEM text: EC
 * P-256, signed with ECDSA and SHA-256 (RFC 5280, RFC 5758). By OpenSSL; what it makes, mbed TLS
 * 2.28 takes.
 *
 * A role is an extended key usage, so that an agent's certificate can't stand for a coordinator.
 * It refuses to keep anything: who calls has the files, the clock, and the say of who may have
 * one. Keys are wiped when they are freed. Any thread; never blocks.
 */
#ifndef MILLRACE_CERTIFICATE_H
#define MILLRACE_CERTIFICATE_H

#include "errinfo.h"

#include <stdint.h>

/* What agents ask a coordinator's certificate for, whatever address they reached it by. */
#define CERTIFICATE_COORDINATOR_NAME "millrace-coordinator"

/* Longest common name that X.509 allows (ub-common-name), without its NUL. */
#define CERTIFICATE_NAME_CHARACTERS_MAX 64

enum certificate_role {
    CERTIFICATE_AUTHORITY,   /* Signs the others, and no further authority. */
    CERTIFICATE_COORDINATOR, /* serverAuth, for CERTIFICATE_COORDINATOR_NAME. */
    CERTIFICATE_AGENT        /* clientAuth. */
};

struct certificate {
    char *pem;     /* Owned. */
    char *key_pem; /* Owned; PKCS #8, not encrypted. */
};

struct certificate_request {
    enum certificate_role role;
    const char *name;     /* Common name: 1 to CERTIFICATE_NAME_CHARACTERS_MAX bytes of UTF-8. */
    int64_t valid_from_s; /* UTC, since 1970; ends included. */
    int64_t valid_until_s;
};

/*
 * Makes a key and its certificate, signed by the authority; authority NULL: by itself, which is for
 * CERTIFICATE_AUTHORITY only. 0, or -EINVAL (name or times), -EBADMSG or -EKEYREJECTED (the
 * authority: certificate_check()), -ENOMEM (also what the library fails with otherwise). On success
 * the caller owns *ret; on failure it is untouched.
 */
int certificate_make(const struct certificate_request *request, const struct certificate *authority,
                     struct certificate *ret, struct errinfo *reterr);

/* When it is valid, ends included: UTC, in seconds since 1970. 0, or -EBADMSG: no certificate, or
 * one that is damaged. */
int certificate_validity(const char *pem, int64_t *ret_from_s, int64_t *ret_until_s,
                         struct errinfo *reterr);

/* Whether key and certificate belong together, and the authority signed it (NULL: nobody asks).
 * Times are not looked at. 0, or -EBADMSG: one of them is not PEM of its kind or damaged;
 * -EKEYREJECTED: they do not belong together. */
int certificate_check(const struct certificate *certificate, const char *authority_pem,
                      struct errinfo *reterr);

/* Whether a coordinator may show it: it names CERTIFICATE_COORDINATOR_NAME, as a DNS name. 0,
 * -EBADMSG, or -EKEYREJECTED. */
int certificate_check_coordinator(const char *pem, struct errinfo *reterr);

/* Wipes the key, frees both and zeroes it; NULL pointers in it are allowed. */
void certificate_done(struct certificate *certificate);

#endif
