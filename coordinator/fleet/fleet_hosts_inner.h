/*
 * fleet_hosts_inner: the hosts that may join a run, by the names and secrets of their join files.
 * Without any, whoever says hello is an agent. Private to this module; knows no member.
 */
#ifndef MILLRACE_FLEET_HOSTS_INNER_H
#define MILLRACE_FLEET_HOSTS_INNER_H

#include "fleet.h"
#include "proof.h"

struct fleet_hosts {
    struct fleet_host *items; /* Owned; their secrets are wiped. */
    uint32_t count;
    uint8_t key[HMAC_BYTES]; /* Random; nonces are made with it, so that none has to be kept. */
    bool by_token;           /* They share one secret, of an own PKI. */
    bool (*is_enrolled)(const void *context, const char *name);
    const void *context;
};

/* Copies those that have access. 0, -ENOMEM, or -EIO: there is no random source. */
int fleet_hosts_init(struct fleet_hosts *hosts, const struct fleet_access *access,
                     struct errinfo *reterr);
void fleet_hosts_done(struct fleet_hosts *hosts);

/* NULL: it is not among them. */
const struct fleet_host *fleet_hosts_find(const struct fleet_hosts *hosts, const char *name);

/* "load1, load2", cut where ret ends. */
void fleet_hosts_names(const struct fleet_hosts *hosts, char *ret, size_t ret_bytes);

/* Was it removed since the run began? */
bool fleet_hosts_removed(const struct fleet_hosts *hosts, const struct fleet_host *host);

/* The name that the agent goes by, and that its proof is about: the host's own, or in a fleet the
 * agent's. */
const char *fleet_hosts_agent_name(const struct fleet_host *host, const struct hello *hello);

/* The coordinator's nonce for that hello through that connection. 0 or -ENOMEM. */
int fleet_hosts_nonce(const struct fleet_hosts *hosts, const struct hello *hello,
                      uint32_t connection, uint8_t ret[PROOF_BYTES]);

#endif
