#include "fleet_hosts_inner.h"

#include "secret.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(PROOF_BYTES == HMAC_BYTES && PROOF_BYTES == PROOF_NONCE_BYTES &&
                  SECRET_BYTES == HMAC_BYTES,
              "nonces, proofs and keys are of one length");

int fleet_hosts_init(struct fleet_hosts *hosts, const struct fleet_access *access,
                     struct errinfo *reterr)
{
    if (access->hosts_count == 0) {
        return 0;
    }
    if (secret_make(hosts->key) < 0) {
        return errinfo_set(reterr, -EIO, "this host has no source of random numbers");
    }
    hosts->items = calloc(access->hosts_count, sizeof *hosts->items);
    hosts->refused = calloc(access->hosts_count, sizeof *hosts->refused);
    if (hosts->items == NULL || hosts->refused == NULL) {
        free(hosts->items);
        free(hosts->refused);
        hosts->items = NULL;
        hosts->refused = NULL;
        return errinfo_nomem(reterr);
    }
    memcpy(hosts->items, access->hosts, access->hosts_count * sizeof *hosts->items);
    hosts->count = access->hosts_count;
    hosts->by_token = access->by_token;
    hosts->is_enrolled = access->is_enrolled;
    hosts->context = access->context;
    return 0;
}

void fleet_hosts_done(struct fleet_hosts *hosts)
{
    secret_wipe(hosts->items, hosts->count * sizeof *hosts->items);
    secret_wipe(hosts->key, sizeof hosts->key);
    free(hosts->items);
    free(hosts->refused);
    memset(hosts, 0, sizeof *hosts);
}

const struct fleet_host *fleet_hosts_find(const struct fleet_hosts *hosts, const char *name)
{
    for (uint32_t i = 0; i < hosts->count; i++) {
        if (strcmp(hosts->items[i].name, name) == 0) {
            return &hosts->items[i];
        }
    }
    return NULL;
}

void fleet_hosts_refuse(struct fleet_hosts *hosts, const struct fleet_host *host, const char *why)
{
    char *kept = hosts->refused[host - hosts->items];

    (void)snprintf(kept, REASON_BYTES, "%.*s", REASON_BYTES - 1, why);
}

void fleet_hosts_pass_by(struct fleet_hosts *hosts, const char *name)
{
    for (uint32_t i = 0; i < hosts->bystanders_count; i++) {
        if (strcmp(hosts->bystanders[i], name) == 0) {
            return;
        }
    }
    if (hosts->bystanders_count <= BYSTANDERS_TOLD) {
        (void)snprintf(hosts->bystanders[hosts->bystanders_count++], NAME_BYTES, "%s", name);
    }
}

const char *fleet_hosts_passed_by(struct fleet_hosts *hosts)
{
    uint32_t index = hosts->bystanders_told;

    if (index == hosts->bystanders_count) {
        return "";
    }
    hosts->bystanders_told++;
    if (index == BYSTANDERS_TOLD) {
        return "other hosts wait for another run, too";
    }
    (void)snprintf(hosts->words, sizeof hosts->words,
                   "%s waits for another run: it is not among the hosts of this one",
                   hosts->bystanders[index]);
    return hosts->words;
}

void fleet_hosts_names(const struct fleet_hosts *hosts, char *ret, size_t ret_bytes)
{
    size_t used = 0;

    ret[0] = '\0';
    for (uint32_t i = 0; i < hosts->count && used < ret_bytes; i++) {
        used += (size_t)snprintf(ret + used, ret_bytes - used, "%s%s", i == 0 ? "" : ", ",
                                 hosts->items[i].name);
    }
}

bool fleet_hosts_removed(const struct fleet_hosts *hosts, const struct fleet_host *host)
{
    return hosts->is_enrolled != NULL && !hosts->is_enrolled(hosts->context, host->name);
}

const char *fleet_hosts_agent_name(const struct fleet_host *host, const struct hello *hello)
{
    return host->fleet_count > 0 ? hello->name : host->name;
}

int fleet_hosts_nonce(const struct fleet_hosts *hosts, const struct hello *hello,
                      uint32_t connection, uint8_t ret[PROOF_BYTES])
{
    const struct hmac_part parts[] = {{&connection, sizeof connection},
                                      {&hello->instance, sizeof hello->instance},
                                      {hello->nonce, sizeof hello->nonce}};

    return hmac_sha256(hosts->key, parts, sizeof parts / sizeof parts[0], ret);
}
