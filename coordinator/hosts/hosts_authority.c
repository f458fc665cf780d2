#include "hosts_inner.h"

#include "file.h"
#include "secret.h"
#include "secret_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_FILE "authority.pem"
#define KEY_FILE "authority.key"
#define COORDINATOR_VALID_S (INT64_C(90) * 86400)

static int read_part(const struct hosts *hosts, const char *name, char **ret,
                     struct errinfo *reterr)
{
    char *path = hosts_path(hosts, name);
    size_t bytes_count = 0;
    int r =
        path == NULL ? errinfo_nomem(reterr) : secret_file_read(path, ret, &bytes_count, reterr);

    free(path);
    return r;
}

/* The only remedy: every host's certificate hangs on it. */
static int unusable(const struct hosts *hosts, int code, const char *why, struct errinfo *reterr)
{
    return errinfo_set(reterr, code,
                       "%s/" CERTIFICATE_FILE ": %s: move the folder away, and add each host again",
                       hosts->folder, why);
}

static int check(const struct hosts *hosts, int64_t now_s, const struct certificate *authority,
                 struct errinfo *reterr)
{
    struct errinfo detail = {""};
    char when[JOIN_TIME_BYTES];
    int64_t from_s = 0;
    int64_t until_s = 0;
    int r = certificate_check(authority, authority->pem, &detail);

    if (r == 0) {
        r = certificate_validity(authority->pem, &from_s, &until_s, &detail);
    }
    if (r < 0) {
        return unusable(hosts, r, detail.text, reterr);
    }
    if (now_s > until_s) {
        return errinfo_set(
            reterr, -EKEYEXPIRED,
            "%s/" CERTIFICATE_FILE
            ": the authority ended %s: move the folder away, and add each host again",
            hosts->folder, join_time(until_s, when));
    }
    if (now_s < from_s) {
        return errinfo_set(reterr, -EKEYEXPIRED,
                           "%s/" CERTIFICATE_FILE
                           ": the authority begins %s: this host's clock is wrong, or was then",
                           hosts->folder, join_time(from_s, when));
    }
    return 0;
}

int hosts_authority_read(const struct hosts *hosts, int64_t now_s, struct certificate *ret,
                         struct errinfo *reterr)
{
    struct certificate authority = {NULL, NULL};
    int r = read_part(hosts, CERTIFICATE_FILE, &authority.pem, reterr);

    if (r == -ENOENT) {
        return errinfo_set(reterr, -ENOENT,
                           "%s: no host was added yet: millrace hosts add NAME --at HOST:PORT",
                           hosts->folder);
    }
    if (r == 0) {
        r = read_part(hosts, KEY_FILE, &authority.key_pem, reterr);
        if (r == -ENOENT) {
            r = unusable(hosts, -EKEYREJECTED, "its key is missing (" KEY_FILE ")", reterr);
        }
    }
    if (r == 0) {
        r = check(hosts, now_s, &authority, reterr);
    }
    if (r < 0) {
        certificate_done(&authority);
        return r;
    }
    *ret = authority;
    return 0;
}

static int write_part(const struct hosts *hosts, const char *name, const char *pem,
                      struct errinfo *reterr)
{
    char *path = hosts_path(hosts, name);
    int r =
        path == NULL ? errinfo_nomem(reterr) : secret_file_write(path, pem, strlen(pem), reterr);

    free(path);
    return r;
}

/* The key first: without its certificate it is nothing, and is made anew. */
static int make(const struct hosts *hosts, int64_t now_s, struct certificate *ret,
                struct errinfo *reterr)
{
    const struct certificate_request request = {.role = CERTIFICATE_AUTHORITY,
                                                .name = "millrace hosts",
                                                .valid_from_s = now_s - HOSTS_SLACK_S,
                                                .valid_until_s = now_s + HOSTS_AUTHORITY_VALID_S};
    struct certificate made = {NULL, NULL};
    int r = certificate_make(&request, NULL, &made, reterr);

    if (r == 0) {
        r = write_part(hosts, KEY_FILE, made.key_pem, reterr);
    }
    if (r == 0) {
        r = write_part(hosts, CERTIFICATE_FILE, made.pem, reterr);
    }
    if (r < 0) {
        certificate_done(&made);
        return r;
    }
    *ret = made;
    return 0;
}

int hosts_authority_have(const struct hosts *hosts, int64_t now_s, struct certificate *ret,
                         struct errinfo *reterr)
{
    int r = hosts_authority_read(hosts, now_s, ret, reterr);

    return r == -ENOENT ? make(hosts, now_s, ret, reterr) : r;
}

int hosts_security(const struct hosts *hosts, int64_t now_s, struct hosts_security *ret,
                   struct errinfo *reterr)
{
    struct certificate authority = {NULL, NULL};
    struct hosts_security made = {.authority_pem = NULL};
    struct certificate_request request = {.role = CERTIFICATE_COORDINATOR,
                                          .name = CERTIFICATE_COORDINATOR_NAME,
                                          .valid_from_s = now_s - HOSTS_SLACK_S,
                                          .valid_until_s = now_s + COORDINATOR_VALID_S};
    int r = hosts_authority_read(hosts, now_s, &authority, reterr);

    if (r == 0) {
        r = certificate_make(&request, &authority, &made.coordinator, reterr);
    }
    if (r == 0) {
        made.authority_pem = authority.pem;
        authority.pem = NULL;
        *ret = made;
    }
    certificate_done(&authority);
    return r;
}

void hosts_security_done(struct hosts_security *security)
{
    free(security->authority_pem);
    certificate_done(&security->coordinator);
    security->authority_pem = NULL;
}
