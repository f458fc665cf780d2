#include "cli_hosts_inner.h"

#include "cli.h"
#include "secret.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_enrolled(const void *context, const char *name)
{
    return hosts_is_enrolled(context, name);
}

/* At the port that the join files name; all have to name the same one. */
static int choose_url(struct cli_hosts *hosts, struct errinfo *reterr)
{
    const struct host_entry *first = &hosts->list.entries[0];
    const char *port = strrchr(first->addresses[0].text, ':');

    for (uint32_t i = 1; i < hosts->list.count; i++) {
        const struct host_entry *entry = &hosts->list.entries[i];

        if (strcmp(strrchr(entry->addresses[0].text, ':'), port) != 0) {
            return errinfo_set(reterr, -EINVAL,
                               "%s was added for %s and %s for %s, which are two ports: say which "
                               "one by --listen tcp://0.0.0.0:PORT",
                               first->name, first->addresses[0].text, entry->name,
                               entry->addresses[0].text);
        }
    }
    (void)snprintf(hosts->url, sizeof hosts->url, "tcp://0.0.0.0%s", port);
    hosts->listen = hosts->url;
    return 0;
}

static bool dials_port(const struct host_entry *entry, const char *port)
{
    for (uint32_t i = 0; i < entry->addresses_count; i++) {
        if (strcmp(strrchr(entry->addresses[i].text, ':'), port) == 0) {
            return true;
        }
    }
    return false;
}

/* It may be right, where a port is forwarded. */
static void warn_of_port(const struct cli_hosts *hosts, const char *listen)
{
    const char *port = strrchr(listen, ':');
    const struct host_entry *first = NULL;
    uint32_t others = 0;

    for (uint32_t i = 0; port != NULL && strcmp(port, ":0") != 0 && i < hosts->list.count; i++) {
        if (!dials_port(&hosts->list.entries[i], port)) {
            others += first == NULL ? 0 : 1;
            first = first == NULL ? &hosts->list.entries[i] : first;
        }
    }
    if (first != NULL) {
        char more[32] = "";

        if (others > 0) {
            (void)snprintf(more, sizeof more, " (and %u more)", others);
        }
        (void)fprintf(stderr,
                      "warning: the join file of %s%s leads to %s, not to the port of --listen %s: "
                      "unless that is forwarded, say millrace hosts add %s --again --at HOST%s\n",
                      first->name, more, first->addresses[0].text, listen, first->name, port);
    }
}

/* --agents lowers how many of a fleet are waited for. */
static int count_agents(const struct cli_options *options, struct cli_hosts *hosts,
                        struct errinfo *reterr)
{
    struct fleet_host *fleet = NULL;
    uint32_t fleets = 0;

    hosts->agents_count = 0;
    for (uint32_t i = 0; i < hosts->list.count; i++) {
        struct fleet_host *host = &hosts->wanted[i];

        if (host->fleet_count > 0 && !host->is_numbered) {
            fleet = host;
            fleets++;
        }
    }
    if (options->agents_given && fleets != 1) {
        return errinfo_set(reterr, -EINVAL,
                           "--agents with --hosts is how many of a fleet (hosts add --any) are "
                           "waited for, and %s: of any other host all agents are",
                           fleets == 0 ? "none is among them" : "several are among them");
    }
    if (options->agents_given && options->agents > fleet->fleet_count) {
        return errinfo_set(reterr, -EINVAL, "--agents %u: %s was added for %u hosts",
                           options->agents, fleet->name, fleet->fleet_count);
    }
    if (options->agents_given) {
        fleet->fleet_count = options->agents;
    }
    for (uint32_t i = 0; i < hosts->list.count; i++) {
        hosts->agents_count += hosts->wanted[i].fleet_count > 0 ? hosts->wanted[i].fleet_count : 1;
    }
    return hosts->agents_count <= AGENTS_MAX
               ? 0
               : errinfo_set(reterr, -EINVAL, "--hosts: %u agents, and a run has %d at most",
                             hosts->agents_count, AGENTS_MAX);
}

static int let_in(struct cli_hosts *hosts, struct errinfo *reterr)
{
    hosts->wanted = calloc(hosts->list.count, sizeof *hosts->wanted);
    if (hosts->wanted == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < hosts->list.count; i++) {
        const struct host_entry *entry = &hosts->list.entries[i];

        memcpy(hosts->wanted[i].name, entry->name, sizeof entry->name);
        memcpy(hosts->wanted[i].secret, entry->secret, sizeof entry->secret);
        hosts->wanted[i].is_numbered = entry->processes_count > 0;
        hosts->wanted[i].fleet_count =
            entry->processes_count > 0 ? entry->processes_count : entry->fleet_count;
    }
    hosts->security = (struct channel_security){.authority_pem = hosts->own.authority_pem,
                                                .certificate_pem = hosts->own.coordinator.pem,
                                                .key_pem = hosts->own.coordinator.key_pem};
    hosts->access = (struct fleet_access){.security = &hosts->security,
                                          .hosts = hosts->wanted,
                                          .hosts_count = hosts->list.count,
                                          .is_enrolled = is_enrolled,
                                          .context = hosts->store};
    return 0;
}

static int open_store(const struct cli_options *options, struct cli_hosts *hosts,
                      struct errinfo *reterr)
{
    int64_t now_s = time(NULL);
    int r = hosts_open(NULL, &hosts->store, reterr);

    if (r == 0) {
        r = hosts_select(hosts->store, options->hosts, now_s, &hosts->list, reterr);
    }
    if (r == 0) {
        r = hosts_security(hosts->store, now_s, &hosts->own, reterr);
    }
    if (r == 0) {
        r = let_in(hosts, reterr);
    }
    if (r == 0) {
        r = count_agents(options, hosts, reterr);
    }
    if (r == 0 && options->listen != NULL) {
        warn_of_port(hosts, options->listen);
    }
    return r == 0 && options->listen == NULL ? choose_url(hosts, reterr) : r;
}

/* All who come by its token are one fleet: nobody said their names before. */
static int open_identity(const struct cli_options *options, struct cli_hosts *hosts,
                         struct errinfo *reterr)
{
    struct identity *own = &hosts->identity;
    int r = identity_read(&options->identity, CERTIFICATE_COORDINATOR, own, reterr);

    if (r < 0 && r != -ENOMEM) {
        return -EINVAL; /* It was named on the command line: a mistake of whoever typed that. */
    }
    if (r == 0) {
        r = identity_check_time(own, time(NULL), reterr);
    }
    if (r < 0) {
        return r;
    }
    (void)snprintf(hosts->token.name, sizeof hosts->token.name, IDENTITY_FLEET_NAME);
    memcpy(hosts->token.secret, own->secret, sizeof own->secret);
    hosts->token.fleet_count = options->agents;
    hosts->security = (struct channel_security){.authority_pem = own->authority_pem,
                                                .certificate_pem = own->certificate_pem,
                                                .key_pem = own->key_pem};
    hosts->access = (struct fleet_access){
        .security = &hosts->security, .hosts = &hosts->token, .hosts_count = 1, .by_token = true};
    return 0;
}

static int open_launched(const struct cli_options *options, struct cli_hosts *hosts,
                         struct errinfo *reterr)
{
    int r = cli_launch_open(options, &hosts->launched, reterr);

    if (r == 0) {
        hosts->launch = &hosts->launched.config;
        hosts->agents_count = hosts->launch->plan->count;
        hosts->listen = hosts->launched.listen;
        hosts->access = hosts->launched.access;
    }
    return r;
}

int cli_hosts_open(const struct cli_options *options, struct cli_hosts *ret, struct errinfo *reterr)
{
    int r = 0;

    memset(ret, 0, sizeof *ret);
    ret->agents_count = options->agents;
    ret->listen = options->listen;
    ret->access.insecure = options->insecure;
    if (options->join_timeout != NULL) {
        (void)units_parse_duration_ns(options->join_timeout, &ret->join_ns); /* It was looked at. */
    }
    if (options->hosts != NULL) {
        r = open_store(options, ret, reterr);
    } else if (identity_is_asked_for(&options->identity)) {
        r = open_identity(options, ret, reterr);
    } else if (options->launched.launcher != NULL || options->listen == NULL) {
        r = open_launched(options, ret, reterr);
    }
    if (r < 0) {
        cli_hosts_done(ret);
    }
    return r;
}

int cli_hosts_exit_code(int code)
{
    return code == -EINVAL || code == -ENOENT ? EXIT_USAGE : EXIT_FAILED;
}

void cli_hosts_done(struct cli_hosts *hosts)
{
    secret_wipe(hosts->wanted, hosts->list.count * sizeof *hosts->wanted);
    free(hosts->wanted);
    hosts_security_done(&hosts->own);
    host_list_done(&hosts->list);
    hosts_free(hosts->store);
    identity_done(&hosts->identity);
    cli_launch_done(&hosts->launched);
    secret_wipe(hosts, sizeof *hosts);
}
