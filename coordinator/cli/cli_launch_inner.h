/*
 * cli_launch_inner: the agents that a command has started: what --launch and its options ask for,
 * and what those on other hosts need to be let in, made for this run alone. Internal to cli.
 */
#ifndef MILLRACE_CLI_LAUNCH_INNER_H
#define MILLRACE_CLI_LAUNCH_INNER_H

#include "channel.h"
#include "cli_options_inner.h"
#include "digest.h"
#include "fleet.h"
#include "hosts_once.h"
#include "launch.h"

#include <limits.h>

struct cli_launch {
    struct launch_config config; /* Points into what follows, as does the access. */
    struct fleet_access access;  /* Of agents on other hosts; of zeros: they are here. */
    const char *listen;          /* NULL: on a socket of this host's files. */
    struct launch_plan here;     /* Without --launch. */
    struct hosts_once once;
    struct channel_security security;
    struct fleet_host *wanted;
    char url[64];
    char program[PATH_MAX];
    char push_sha256[DIGEST_TEXT_BYTES];
};

/* 0, -EINVAL (an option that the launcher does not heed, an archive that can't be read), -ENOEXEC
 * (there is no millrace-agent here), what hosts_once_make() fails with. On success the caller owns
 * *ret, which must stay where it is, as the options must, for cli_launch_done(). */
int cli_launch_open(const struct cli_options *options, struct cli_launch *ret,
                    struct errinfo *reterr);

/* What --dry-run prints. -EINVAL likewise, -ENOMEM. */
int cli_launch_show(const struct cli_options *options, struct text *out, struct errinfo *reterr);

/* Wipes its secrets. Of zeros is allowed. */
void cli_launch_done(struct cli_launch *launch);

#endif
