#include "hosts_once.h"

#include "hosts_inner.h"
#include "secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct certificate_request request_of(enum certificate_role role, const char *name,
                                             int64_t now_s)
{
    return (struct certificate_request){.role = role,
                                        .name = name,
                                        .valid_from_s = now_s - HOSTS_SLACK_S,
                                        .valid_until_s = now_s + HOSTS_ONCE_VALID_S};
}

static int make_join(const struct certificate *authority, const char *name, int64_t now_s,
                     struct join_file *join, struct errinfo *reterr)
{
    const struct certificate_request request = request_of(CERTIFICATE_AGENT, name, now_s);
    struct certificate made = {NULL, NULL};
    int r = secret_make(join->secret);

    if (r < 0) {
        return errinfo_set(reterr, r, "the kernel gave no random bytes for a secret");
    }
    join->authority_pem = strdup(authority->pem);
    if (join->authority_pem == NULL) {
        return errinfo_nomem(reterr);
    }
    r = certificate_make(&request, authority, &made, reterr);
    if (r == 0) {
        (void)snprintf(join->name, sizeof join->name, "%s", name);
        join->certificate_pem = made.pem;
        join->key_pem = made.key_pem;
        join->valid_from_s = request.valid_from_s;
        join->valid_until_s = request.valid_until_s;
    }
    return r;
}

static int make_all(const struct certificate *authority, const char *const *names,
                    uint32_t names_count, int64_t now_s, struct hosts_once *once,
                    struct errinfo *reterr)
{
    const struct certificate_request request =
        request_of(CERTIFICATE_COORDINATOR, CERTIFICATE_COORDINATOR_NAME, now_s);
    int r = certificate_make(&request, authority, &once->security.coordinator, reterr);

    once->security.authority_pem = strdup(authority->pem);
    once->joins = calloc(names_count, sizeof *once->joins);
    if (r == 0 && (once->security.authority_pem == NULL || once->joins == NULL)) {
        r = errinfo_nomem(reterr);
    }
    while (r == 0 && once->count < names_count) {
        uint32_t next = once->count++;

        r = make_join(authority, names[next], now_s, &once->joins[next], reterr);
    }
    return r;
}

int hosts_once_make(const char *const *names, uint32_t names_count, int64_t now_s,
                    struct hosts_once *ret, struct errinfo *reterr)
{
    const struct certificate_request request =
        request_of(CERTIFICATE_AUTHORITY, "millrace run", now_s);
    struct certificate authority = {NULL, NULL};
    struct hosts_once once = {.joins = NULL};
    int r = certificate_make(&request, NULL, &authority, reterr);

    if (r == 0) {
        r = make_all(&authority, names, names_count, now_s, &once, reterr);
    }
    certificate_done(&authority);
    if (r < 0) {
        hosts_once_done(&once);
        return r;
    }
    *ret = once;
    return 0;
}

void hosts_once_done(struct hosts_once *once)
{
    for (uint32_t i = 0; once->joins != NULL && i < once->count; i++) {
        join_file_done(&once->joins[i]);
    }
    free(once->joins);
    hosts_security_done(&once->security);
    memset(once, 0, sizeof *once);
}
