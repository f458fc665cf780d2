/*
 * identity: who one is by a public key infrastructure of one's own, instead of by a join file or
 * the coordinator's store: --tls-ca, --tls-cert, --tls-key and --token-file. Certificates are the
 * user's; the token, the same for all hosts that may join, is what their proofs are made with.
 *
 * Refuses a key or token that others can read, and what mutual TLS would refuse later with less
 * words. It follows no chain and asks no clock. Any thread; blocks on the disk.
 */
#ifndef MILLRACE_IDENTITY_H
#define MILLRACE_IDENTITY_H

#include "certificate.h"
#include "errinfo.h"
#include "hmac.h"

#include <stdbool.h>
#include <stdint.h>

#define IDENTITY_TOKEN_CHARACTERS_MIN 16

/* What hosts that join by the token have for the name of their join file: they are a fleet. */
#define IDENTITY_FLEET_NAME "token"

/* Values of the options; NULL: not given. */
struct identity_paths {
    const char *authority;   /* --tls-ca */
    const char *certificate; /* --tls-cert */
    const char *key;         /* --tls-key */
    const char *token;       /* --token-file */
};

struct identity {
    char *authority_pem; /* Owned, as are the next two. */
    char *certificate_pem;
    char *key_pem;
    uint8_t secret[HMAC_BYTES]; /* Made of the token. */
    int64_t valid_from_s;       /* Of the certificate: UTC, since 1970; ends included. */
    int64_t valid_until_s;
};

/* Whether any of the options was given. */
bool identity_is_asked_for(const struct identity_paths *paths);

/* Whether all of them were given, or none: 0, or -EINVAL with what is missing. */
int identity_check_given(const struct identity_paths *paths, struct errinfo *reterr);

/*
 * Reads all four files, which have to be given. role: CERTIFICATE_COORDINATOR or CERTIFICATE_AGENT.
 * 0, or -EINVAL: an option is missing, or the token is too short; -EPERM: others can read the key
 * or the token; -EBADMSG, -EKEYREJECTED: what is in a file; what reading fails with; -ENOMEM. The
 * sentence begins with the option or the path. On success *ret is the caller's, for
 * identity_done(); on failure it is untouched.
 */
int identity_read(const struct identity_paths *paths, enum certificate_role role,
                  struct identity *ret, struct errinfo *reterr);

/* Whether its certificate is valid at that time (wall clock, UTC, in s since 1970): 0,
 * -EKEYEXPIRED, or -EAGAIN: not yet, with both times. */
int identity_check_time(const struct identity *identity, int64_t now_s, struct errinfo *reterr);

/* Wipes, frees and zeroes it. */
void identity_done(struct identity *identity);

#endif
