#include "identity.h"

#include "file.h"
#include "join_file.h"
#include "secret.h"
#include "secret_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool identity_is_asked_for(const struct identity_paths *paths)
{
    return paths->authority != NULL || paths->certificate != NULL || paths->key != NULL ||
           paths->token != NULL;
}

int identity_check_given(const struct identity_paths *paths, struct errinfo *reterr)
{
    const struct {
        const char *option;
        const char *path;
    } all[] = {{"--tls-ca", paths->authority},
               {"--tls-cert", paths->certificate},
               {"--tls-key", paths->key},
               {"--token-file", paths->token}};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].path == NULL && identity_is_asked_for(paths)) {
            return errinfo_set(reterr, -EINVAL,
                               "%s is missing: --tls-ca, --tls-cert, --tls-key and --token-file "
                               "are given together",
                               all[i].option);
        }
    }
    return 0;
}

static int read_public(const char *path, char **ret, struct errinfo *reterr)
{
    size_t bytes_count = 0;

    return file_read_all(path, SECRET_FILE_BYTES_MAX, ret, &bytes_count, reterr);
}

static int read_key(const char *path, char **ret, struct errinfo *reterr)
{
    size_t bytes_count = 0;

    return secret_file_read(path, ret, &bytes_count, reterr);
}

/* Of a token, whatever its length, a key for proofs. */
static int derive(const char *token, size_t characters, uint8_t ret[HMAC_BYTES])
{
    static const uint8_t no_key[HMAC_BYTES] = {0};
    static const char what[] = "millrace token 1";
    const struct hmac_part parts[] = {{what, sizeof what - 1}, {token, characters}};

    return hmac_sha256(no_key, parts, sizeof parts / sizeof parts[0], ret);
}

static int read_token(const char *path, uint8_t ret[HMAC_BYTES], struct errinfo *reterr)
{
    char *text = NULL;
    size_t bytes_count = 0;
    size_t characters;
    int r = secret_file_read(path, &text, &bytes_count, reterr);

    if (r < 0) {
        return r;
    }
    characters = bytes_count;
    while (characters > 0 && isspace((unsigned char)text[characters - 1])) {
        characters--; /* An editor's line end is no part of it. */
    }
    if (characters < IDENTITY_TOKEN_CHARACTERS_MIN) {
        r = errinfo_set(reterr, -EINVAL,
                        "%s: the token is shorter than %d characters and could be guessed: make "
                        "one with openssl rand -hex 32",
                        path, IDENTITY_TOKEN_CHARACTERS_MIN);
    } else if (derive(text, characters, ret) < 0) {
        r = errinfo_nomem(reterr);
    }
    secret_file_free(text, bytes_count);
    return r;
}

static int check(const struct identity_paths *paths, enum certificate_role role,
                 struct identity *identity, struct errinfo *reterr)
{
    const struct certificate own = {identity->certificate_pem, identity->key_pem};
    int64_t from_s = 0;
    int64_t until_s = 0;
    int r = certificate_validity(identity->authority_pem, &from_s, &until_s, reterr);

    if (r < 0) {
        return errinfo_prefix(reterr, r, "%s", paths->authority);
    }
    r = certificate_validity(own.pem, &identity->valid_from_s, &identity->valid_until_s, reterr);
    if (r == 0 && role == CERTIFICATE_COORDINATOR) {
        r = certificate_check_coordinator(own.pem, reterr);
    }
    if (r < 0) {
        return errinfo_prefix(reterr, r, "%s", paths->certificate);
    }
    r = certificate_check(&own, NULL, reterr);
    return r < 0 ? errinfo_prefix(reterr, r, "%s", paths->key) : 0;
}

int identity_read(const struct identity_paths *paths, enum certificate_role role,
                  struct identity *ret, struct errinfo *reterr)
{
    struct identity identity = {0};
    int r = identity_check_given(paths, reterr);

    if (r == 0) {
        r = read_public(paths->authority, &identity.authority_pem, reterr);
    }
    if (r == 0) {
        r = read_public(paths->certificate, &identity.certificate_pem, reterr);
    }
    if (r == 0) {
        r = read_key(paths->key, &identity.key_pem, reterr);
    }
    if (r == 0) {
        r = read_token(paths->token, identity.secret, reterr);
    }
    if (r == 0) {
        r = check(paths, role, &identity, reterr);
    }
    if (r < 0) {
        identity_done(&identity);
        return r;
    }
    *ret = identity;
    secret_wipe(&identity, sizeof identity);
    return 0;
}

int identity_check_time(const struct identity *identity, int64_t now_s, struct errinfo *reterr)
{
    char valid[JOIN_TIME_BYTES];
    char now[JOIN_TIME_BYTES];

    if (now_s > identity->valid_until_s) {
        return errinfo_set(reterr, -EKEYEXPIRED,
                           "--tls-cert: certificate ended %s, and it is %s here",
                           join_time(identity->valid_until_s, valid), join_time(now_s, now));
    }
    if (now_s < identity->valid_from_s) {
        return errinfo_set(reterr, -EAGAIN,
                           "--tls-cert: certificate is not yet valid: it begins %s, and it is %s "
                           "here: set this host's clock",
                           join_time(identity->valid_from_s, valid), join_time(now_s, now));
    }
    return 0;
}

void identity_done(struct identity *identity)
{
    free(identity->authority_pem);
    free(identity->certificate_pem);
    secret_free(identity->key_pem);
    secret_wipe(identity, sizeof *identity);
}
