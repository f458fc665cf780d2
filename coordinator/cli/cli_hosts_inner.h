/*
 * cli_hosts_inner: whom a command waits for, how they are let in, and where it listens for them:
 * hosts of the store (--hosts), who has certificates of an own PKI (--tls-cert), or agents that it
 * has started. Internal to cli; blocks on the disk.
 */
#ifndef MILLRACE_CLI_HOSTS_INNER_H
#define MILLRACE_CLI_HOSTS_INNER_H

#include "channel.h"
#include "cli_launch_inner.h"
#include "cli_options_inner.h"
#include "fleet.h"
#include "hosts.h"
#include "identity.h"

#include <stdint.h>

struct cli_hosts {
    struct fleet_access access;         /* Points into what follows. */
    uint32_t agents_count;              /* That come from them; --agents without --hosts. */
    const char *listen;                 /* NULL: on a socket of this host's files. */
    const struct launch_config *launch; /* NULL: agents join by themselves. */
    int64_t join_ns;                    /* 0: what is usual. */
    char url[64];
    struct hosts *store;
    struct host_list list; /* In the order in which they were asked for. */
    struct hosts_security own;
    struct channel_security security;
    struct fleet_host *wanted;
    struct identity identity; /* Of an own PKI; and the one fleet that its token lets in. */
    struct fleet_host token;
    struct cli_launch launched;
};

/*
 * Without either only what the other options say. 0; -EINVAL for what can't be together, what
 * hosts_select(), hosts_security(), identity_read() and cli_launch_open() fail with. On success the
 * caller owns *ret, which must stay where it is, for cli_hosts_done().
 */
int cli_hosts_open(const struct cli_options *options, struct cli_hosts *ret,
                   struct errinfo *reterr);

/* Of a failure of cli_hosts_open(): whether what was typed is wrong. */
int cli_hosts_exit_code(int code);

/* Wipes its secrets. Of zeros is allowed. */
void cli_hosts_done(struct cli_hosts *hosts);

#endif
