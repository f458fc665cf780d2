#include "cli_launch_inner.h"

#include "cli_agent_inner.h"
#include "file.h"
#include "launch_table.h"
#include "secret.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGENT_PROGRAM "millrace-agent"
#define ARCHIVE_BYTES_MAX ((size_t)1 << 30)

static bool heeds(const struct launcher_ops *launcher, const char *option)
{
    for (size_t i = 0; i < LAUNCH_OPTIONS_MAX && launcher->options[i] != NULL; i++) {
        if (strcmp(launcher->options[i], option) == 0) {
            return true;
        }
    }
    return false;
}

static int check_options(const struct cli_options *options, const struct launcher_ops *launcher,
                         struct errinfo *reterr)
{
    const struct {
        const char *name;
        bool given;
    } asked[] = {{"--trace", options->trace != NULL}, {"--agent-path", options->agent_path != NULL},
                 {"--ssh", options->ssh != NULL},     {"--tunnel", options->tunnel},
                 {"--slurm", options->slurm != NULL}, {"--push", options->push != NULL},
                 {"--at", options->at.count > 0},     {"--kubectl", options->kubectl != NULL},
                 {"--image", options->image != NULL}, {"--dry-run", options->dry_run}};

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        if (asked[i].given && !heeds(launcher, asked[i].name)) {
            return errinfo_set(reterr, -EINVAL, "%s does not go with --launch %s", asked[i].name,
                               launcher->name);
        }
    }
    if (options->at.count > JOIN_ADDRESSES_MAX) {
        return errinfo_set(reterr, -EINVAL, "--at: at most %d of them", JOIN_ADDRESSES_MAX);
    }
    if (launcher->own_host && options->listen != NULL) {
        return errinfo_set(reterr, -EINVAL,
                           "--listen does not go with --launch %s, whose agents are on this host",
                           launcher->name);
    }
    if (options->tunnel && (options->listen != NULL || options->at.count > 0)) {
        return errinfo_set(reterr, -EINVAL,
                           "--tunnel listens on loopback alone: leave --listen and --at out");
    }
    return 0;
}

/* At the port that agents are told to dial, unless another one is said. */
static void choose_url(const struct cli_options *options, struct cli_launch *launch)
{
    const char *port = options->at.count > 0 ? strrchr(options->at.items[0], ':') : ":0";

    if (options->listen != NULL) {
        launch->listen = options->listen;
        return;
    }
    (void)snprintf(launch->url, sizeof launch->url, "tcp://%s%s",
                   options->tunnel ? "127.0.0.1" : "0.0.0.0", port);
    launch->listen = launch->url;
}

static int make_hosts(const struct launch_plan *plan, struct hosts_once *ret,
                      struct errinfo *reterr)
{
    uint32_t count = plan->launcher->one_line ? 1 : plan->count;
    const char **names = calloc(count, sizeof *names);
    int r;

    if (names == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < count; i++) {
        names[i] = plan->launcher->one_line ? plan->launcher->name : plan->places[i].name;
    }
    r = hosts_once_make(names, count, time(NULL), ret, reterr);
    free(names);
    if (r == 0 && plan->launcher->one_line) {
        ret->joins[0].fleet = true;
    }
    return r;
}

/* Those that were made, and nobody else. */
static int let_in(const struct launch_plan *plan, struct cli_launch *launch, struct errinfo *reterr)
{
    const struct hosts_once *once = &launch->once;

    launch->wanted = calloc(once->count, sizeof *launch->wanted);
    if (launch->wanted == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < once->count; i++) {
        memcpy(launch->wanted[i].name, once->joins[i].name, sizeof once->joins[i].name);
        memcpy(launch->wanted[i].secret, once->joins[i].secret, sizeof once->joins[i].secret);
        launch->wanted[i].fleet_count = once->joins[i].fleet ? plan->count : 0;
    }
    launch->security = (struct channel_security){.authority_pem = once->security.authority_pem,
                                                 .certificate_pem = once->security.coordinator.pem,
                                                 .key_pem = once->security.coordinator.key_pem};
    launch->access = (struct fleet_access){
        .security = &launch->security, .hosts = launch->wanted, .hosts_count = once->count};
    launch->config.joins = once->joins;
    return 0;
}

static int look_at_archive(const char *path, struct cli_launch *launch, struct errinfo *reterr)
{
    char *bytes = NULL;
    size_t bytes_count = 0;
    int r = file_read_all(path, ARCHIVE_BYTES_MAX, &bytes, &bytes_count, reterr);

    if (r < 0) {
        (void)errinfo_prefix(reterr, r, "--push");
        return r == -ENOMEM ? r : -EINVAL;
    }
    r = digest_sha256(bytes, bytes_count, launch->push_sha256);
    free(bytes);
    if (r < 0) {
        return errinfo_nomem(reterr);
    }
    launch->config.push = path;
    launch->config.push_sha256 = launch->push_sha256;
    return 0;
}

static void take_options(const struct cli_options *options, struct launch_config *config)
{
    config->program = options->agent_path != NULL ? options->agent_path : AGENT_PROGRAM;
    config->at = options->at.items;
    config->at_count = options->at.count;
    config->ssh = options->ssh;
    config->tunnel = options->tunnel;
    config->slurm = options->slurm;
    config->kubectl = options->kubectl;
    config->image = options->image;
    if (options->join_timeout != NULL) {
        (void)units_parse_duration_ns(options->join_timeout, &config->join_ns); /* Looked at. */
    }
}

static int open_remote(const struct cli_options *options, const struct launch_plan *plan,
                       struct cli_launch *launch, struct errinfo *reterr)
{
    int r = options->push == NULL ? 0 : look_at_archive(options->push, launch, reterr);

    take_options(options, &launch->config);
    if (r == 0) {
        r = launch_check(&launch->config, reterr);
    }
    if (r == 0) {
        r = make_hosts(plan, &launch->once, reterr);
    }
    if (r < 0) {
        return r;
    }
    choose_url(options, launch);
    return let_in(plan, launch, reterr);
}

static int open_here(struct cli_launch *launch, struct errinfo *reterr)
{
    if (cli_agent_path(launch->program, sizeof launch->program, reterr) < 0) {
        return -ENOEXEC;
    }
    launch->config.program = launch->program;
    return 0;
}

/* What was asked for; without --launch agents of this host. */
static int choose_plan(const struct cli_options *options, struct cli_launch *launch,
                       struct errinfo *reterr)
{
    char local[32];
    int r = 0;

    if (options->launched.launcher != NULL) {
        launch->config.plan = &options->launched;
        r = check_options(options, options->launched.launcher, reterr);
    } else {
        (void)snprintf(local, sizeof local, "local:%u", options->agents);
        r = launch_plan_parse(local, &launch->here, reterr);
        launch->config.plan = &launch->here;
    }
    return r;
}

int cli_launch_open(const struct cli_options *options, struct cli_launch *ret,
                    struct errinfo *reterr)
{
    int r;

    memset(ret, 0, sizeof *ret);
    r = choose_plan(options, ret, reterr);
    if (r == 0) {
        r = ret->config.plan->launcher->own_host
                ? open_here(ret, reterr)
                : open_remote(options, ret->config.plan, ret, reterr);
    }
    if (r < 0) {
        cli_launch_done(ret);
    }
    return r;
}

int cli_launch_show(const struct cli_options *options, struct text *out, struct errinfo *reterr)
{
    struct launch_config config = {.plan = &options->launched};
    int r = check_options(options, options->launched.launcher, reterr);

    take_options(options, &config);
    return r < 0 ? r : launch_show(&config, out, reterr);
}

void cli_launch_done(struct cli_launch *launch)
{
    if (launch->wanted != NULL) {
        secret_wipe(launch->wanted, launch->once.count * sizeof *launch->wanted);
    }
    free(launch->wanted);
    hosts_once_done(&launch->once);
    launch_plan_done(&launch->here);
    memset(launch, 0, sizeof *launch);
}
