/*
 * fleet_hosts_inner: the hosts that may join a run, by the names and secrets of their join files.
 * Without any, whoever says hello is an agent. Private to this module; knows no member.
 */
#ifndef MILLRACE_FLEET_HOSTS_INNER_H
#define MILLRACE_FLEET_HOSTS_INNER_H

#include "fleet.h"
#include "proof.h"

#define BYSTANDERS_TOLD 4 /* By name; that there are more is told once. */

struct fleet_hosts {
    struct fleet_host *items;      /* Owned; their secrets are wiped. */
    char (*refused)[REASON_BYTES]; /* By host: why it was last; "": it was not. Owned. */
    uint32_t count;
    uint8_t key[HMAC_BYTES]; /* Random; nonces are made with it, so that none has to be kept. */
    bool by_token;           /* They share one secret, of an own PKI. */
    char bystanders[BYSTANDERS_TOLD + 1][NAME_BYTES]; /* Hosts that wait for another run. */
    uint32_t bystanders_count;
    uint32_t bystanders_told;
    char words[REASON_BYTES];
    bool (*is_enrolled)(const void *context, const char *name);
    const void *context;
};

/* Copies those that have access. 0, -ENOMEM, or -EIO: there is no random source. */
int fleet_hosts_init(struct fleet_hosts *hosts, const struct fleet_access *access,
                     struct errinfo *reterr);
void fleet_hosts_done(struct fleet_hosts *hosts);

/* NULL: it is not among them. */
const struct fleet_host *fleet_hosts_find(const struct fleet_hosts *hosts, const char *name);

/* Keeps why one of them was refused. */
void fleet_hosts_refuse(struct fleet_hosts *hosts, const struct fleet_host *host, const char *why);

/* A host that is not among them waits for a run of its own: each is kept once. The sentence about
 * the next one that was not told; "": there is none. Valid until the next call. */
void fleet_hosts_pass_by(struct fleet_hosts *hosts, const char *name);
const char *fleet_hosts_passed_by(struct fleet_hosts *hosts);

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
