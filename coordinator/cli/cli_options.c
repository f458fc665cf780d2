#include "cli_options_inner.h"

#include "bounds.h"
#include "cli.h"
#include "cli_launch_inner.h"
#include "export.h"
#include "fleet.h"
#include "hosts.h"
#include "invariant.h"
#include "launch_table.h"
#include "mono.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AT(member) .at = offsetof(struct cli_options, member)
#define GIVEN(member) .given = offsetof(struct cli_options, member)

/* It is a key of the scenario: so the run's own copy has it, too. */
static int read_selfcheck(const char *value, const char **ret, struct errinfo *reterr)
{
    if (strcmp(value, "warn") != 0 && strcmp(value, "strict") != 0) {
        return errinfo_set(reterr, -EINVAL, "--selfcheck is strict or warn, not %s", value);
    }
    *ret = strcmp(value, "warn") == 0 ? "selfcheck=warn" : "selfcheck=strict";
    return 0;
}

static int read_join_timeout(const char *value, const char **ret, struct errinfo *reterr)
{
    int64_t ns = 0;

    *ret = value;
    if (units_parse_duration_ns(value, &ns) < 0 || ns < NS_PER_S) {
        return errinfo_set(reterr, -EINVAL, "--join-timeout is a duration of 1s or more, not %.40s",
                           value);
    }
    return 0;
}

static int read_at(const char *value, const char **ret, struct errinfo *reterr)
{
    *ret = value;
    return errinfo_prefix(reterr, host_address_check(value, reterr), "--at");
}

/* Certificates of an own PKI: 0, or the exit code. */
static int check_identity(const struct options_usage *usage, const struct cli_options *options)
{
    struct errinfo error = {""};

    if (!identity_is_asked_for(&options->identity)) {
        return 0;
    }
    if (identity_check_given(&options->identity, &error) < 0) {
        return options_wrong(usage, error.text, "");
    }
    if (options->hosts != NULL) {
        return options_wrong(usage, "--tls-cert and --hosts are two ways to know an agent",
                             ": leave one of them out");
    }
    return options->listen == NULL
               ? options_wrong(usage, "--tls-cert is for --listen", ", where agents join")
               : 0;
}

/* Reads what is to be started, as soon as it was typed: 0, or the exit code. */
static int check_launch(const struct options_usage *usage, struct cli_options *options)
{
    const char *other = options->hosts != NULL                      ? "--hosts"
                        : identity_is_asked_for(&options->identity) ? "--tls-cert"
                        : options->insecure                         ? "--insecure"
                        : options->agents_given                     ? "--agents"
                                                                    : NULL;
    const char *lonely = options->at.count > 0         ? "--at"
                         : options->tunnel             ? "--tunnel"
                         : options->ssh != NULL        ? "--ssh"
                         : options->slurm != NULL      ? "--slurm"
                         : options->kubectl != NULL    ? "--kubectl"
                         : options->image != NULL      ? "--image"
                         : options->dry_run            ? "--dry-run"
                         : options->agent_path != NULL ? "--agent-path"
                         : options->push != NULL       ? "--push"
                                                       : NULL;
    struct errinfo error = {""};

    if (options->launch == NULL) {
        return lonely == NULL ? 0 : options_wrong(usage, lonely, " is for --launch");
    }
    if (other != NULL) {
        return options_wrong(usage, other,
                             " does not go with --launch, which says itself which agents there "
                             "are and lets in no others");
    }
    if (launch_plan_parse(options->launch, &options->launched, &error) < 0) {
        (void)errinfo_prefix(&error, -EINVAL, "--launch");
        return options_wrong(usage, error.text, "");
    }
    options->agents = options->launched.count;
    options->agents_given = true;
    return 0;
}

/* Told before anything is begun, and the same by every command. 0, or the exit code. */
static int check_listen(const struct options_usage *usage, const struct cli_options *options)
{
    bool secured = options->hosts != NULL || options->launch != NULL ||
                   identity_is_asked_for(&options->identity);
    struct errinfo error = {""};

    if (options->listen == NULL && options->insecure) {
        return options_wrong(usage, "--insecure is for --listen", "");
    }
    if (options->listen == NULL) {
        return 0;
    }
    if (fleet_may_listen(options->listen, secured || options->insecure, &error) < 0) {
        return options_wrong(usage, error.text, "");
    }
    if (!secured && fleet_may_listen(options->listen, false, &error) == -EPERM) {
        (void)fprintf(stderr,
                      "warning: %s is open to whoever reaches it, in clear: he can drive these "
                      "agents and read the targets' passwords (--insecure)\n",
                      options->listen);
    }
    return 0;
}

/* What would be asked for, instead of asking. The exit code. */
static int show_launch(const struct options_usage *usage, const struct cli_options *options)
{
    struct errinfo error = {""};
    struct text shown = {0};
    int r = cli_launch_show(options, &shown, &error);

    if (r == 0) {
        (void)fputs(shown.bytes, stdout);
    }
    text_done(&shown);
    return r < 0 ? options_wrong(usage, error.text, "") : 0;
}

static const struct option_row rows[CLI_OPTION_COUNT] = {
    [CLI_WITH] = {.name = "--with",
                  .value = "FILE",
                  .help = "lay another YAML file over the scenario (repeatable)",
                  .kind = TAKES_LIST,
                  AT(with)},
    [CLI_SET] = {.name = "--set",
                 .value = "KEY=VALUE",
                 .help = "set a key, list items by name: phases.steady.rate=40k/s (repeatable)",
                 .kind = TAKES_LIST,
                 AT(set)},
    [CLI_TARGET] = {.name = "--target",
                    .value = "LABEL[=ADDRESS]",
                    .help = "only this target, or a backend by name (repeatable)",
                    .kind = TAKES_LIST,
                    AT(targets)},
    [CLI_AGENTS] = {.name = "--agents",
                    .value = "N",
                    .help = "agents to start, with --listen to wait for (default 2), with --hosts "
                            "of a fleet (hosts add --any)",
                    .kind = TAKES_U32,
                    .min = 1,
                    .max = AGENTS_MAX,
                    AT(agents),
                    GIVEN(agents_given)},
    [CLI_SEED] = {.name = "--seed",
                  .value = "N",
                  .help = "repeat the schedule and payloads of an earlier run",
                  .kind = TAKES_U64,
                  .max = UINT64_MAX,
                  AT(seed),
                  GIVEN(seed_given)},
    [CLI_OUT] = {.name = "--out",
                 .value = "DIR",
                 .help = "where the run goes (default runs/TIME-NAME)",
                 .kind = TAKES_TEXT,
                 AT(out)},
    [CLI_LISTEN] = {.name = "--listen",
                    .value = "URL",
                    .help = "wait for agents to join here: tcp://127.0.0.1:7700",
                    .kind = TAKES_TEXT,
                    AT(listen)},
    [CLI_HOSTS] = {.name = "--hosts",
                   .value = "LIST",
                   .help = "hosts that were added (millrace hosts list): load1,load2, or all",
                   .kind = TAKES_TEXT,
                   AT(hosts)},
    [CLI_LAUNCH] = {.name = "--launch",
                    .value = "WHAT",
                    .help = "start agents: ",
                    .kind = TAKES_TEXT,
                    AT(launch),
                    .names = launcher_takes},
    [CLI_AT] = {.name = "--at",
                .value = "HOST:PORT",
                .help = "with --launch: this coordinator, as the hosts reach it (repeatable)",
                .kind = TAKES_LIST,
                AT(at),
                .read = read_at},
    [CLI_TUNNEL] = {.name = "--tunnel",
                    .help = "with --launch ssh: agents come through ssh, and no port is open",
                    AT(tunnel)},
    [CLI_SSH] = {.name = "--ssh",
                 .value = "COMMAND",
                 .help = "with --launch ssh: the program and options, as in \"ssh -F FILE\"",
                 .kind = TAKES_TEXT,
                 AT(ssh)},
    [CLI_SLURM] = {.name = "--slurm",
                   .value = "OPTIONS",
                   .help = "with --launch slurm: more options for srun, as in \"-p PARTITION\"",
                   .kind = TAKES_TEXT,
                   AT(slurm)},
    [CLI_KUBECTL] = {.name = "--kubectl",
                     .value = "COMMAND",
                     .help =
                         "with --launch k8s: the program and options, as in \"kubectl -n load\"",
                     .kind = TAKES_TEXT,
                     AT(kubectl)},
    [CLI_IMAGE] = {.name = "--image",
                   .value = "NAME",
                   .help = "with --launch k8s: the image with millrace-agent (default "
                           "millrace-agent:" MILLRACE_VERSION ")",
                   .kind = TAKES_TEXT,
                   AT(image)},
    [CLI_DRY_RUN] = {.name = "--dry-run",
                     .help = "with --launch k8s: print the manifests, and do nothing",
                     AT(dry_run)},
    [CLI_AGENT_PATH] = {.name = "--agent-path",
                        .value = "PATH",
                        .help = "millrace-agent on the hosts of --launch (default: in their PATH)",
                        .kind = TAKES_TEXT,
                        AT(agent_path)},
    [CLI_PUSH] = {.name = "--push",
                  .value = "FILE",
                  .help = "with --launch ssh: copy this archive (deploy/package tarball) to hosts "
                          "without an agent",
                  .kind = TAKES_TEXT,
                  AT(push)},
    [CLI_JOIN_TIMEOUT] = {.name = "--join-timeout",
                          .value = "TIME",
                          .help = "how long agents may take to join (default 2m)",
                          .kind = TAKES_TEXT,
                          AT(join_timeout),
                          .read = read_join_timeout},
    [CLI_INSECURE] = {.name = "--insecure",
                      .help = "let --listen be beyond this host, in clear and for anyone",
                      AT(insecure)},
    [CLI_TLS_CA] = {.name = "--tls-ca",
                    .value = "FILE",
                    .help = "with --listen: who signs agents' certificates, of a PKI of your own",
                    .kind = TAKES_TEXT,
                    AT(identity.authority)},
    [CLI_TLS_CERT] = {.name = "--tls-cert",
                      .value = "FILE",
                      .help =
                          "this coordinator's certificate, for DNS:" CERTIFICATE_COORDINATOR_NAME,
                      .kind = TAKES_TEXT,
                      AT(identity.certificate)},
    [CLI_TLS_KEY] = {.name = "--tls-key",
                     .value = "FILE",
                     .help = "its key, for its owner alone",
                     .kind = TAKES_TEXT,
                     AT(identity.key)},
    [CLI_TOKEN_FILE] = {.name = "--token-file",
                        .value = "FILE",
                        .help = "secret that agents share with it, for its owner alone",
                        .kind = TAKES_TEXT,
                        AT(identity.token)},
    [CLI_SELFCHECK] = {.name = "--selfcheck",
                       .value = "strict|warn",
                       .help = "warn: judge as observed what the self-check finds unreliable",
                       .kind = TAKES_LIST,
                       .once = true,
                       AT(set),
                       .read = read_selfcheck},
    [CLI_QUIET] = {.name = "--quiet", .help = "no progress, only the summary", AT(quiet)},
    [CLI_OPEN] = {.name = "--open", .help = "open the report in a browser", AT(open)},
    [CLI_TRACE] = {.name = "--trace",
                   .value = "FILE",
                   .help = "also write a record of each message into a new FILE",
                   .kind = TAKES_TEXT,
                   AT(trace)},
    [CLI_RESUME] = {.name = "--resume",
                    .value = "RUN_DIR",
                    .help =
                        "go on with a run that was left, from its first trial that is not whole",
                    .kind = TAKES_TEXT,
                    AT(resume)},
    [CLI_FORMAT] = {.name = "--format",
                    .value = "NAME",
                    .help = "",
                    .kind = TAKES_TEXT,
                    AT(format),
                    .names = export_format_names},
};

void cli_options_done(struct cli_options *options)
{
    option_list_done(&options->arguments);
    option_list_done(&options->with);
    option_list_done(&options->set);
    option_list_done(&options->targets);
    option_list_done(&options->at);
    launch_plan_done(&options->launched);
    memset(options, 0, sizeof *options);
}

bool cli_parse(const struct cli_usage *usage, int argc, char **argv, struct cli_options *ret,
               int *ret_exit)
{
    const struct option_row *taken[CLI_OPTION_COUNT + 1] = {NULL};
    struct cli_options options = {.agents = 2};
    char program[32];
    struct options_usage said = {.program = program,
                                 .arguments = usage->arguments,
                                 .what = usage->what,
                                 .arguments_min = usage->arguments_min,
                                 .arguments_max = usage->arguments_max,
                                 .rows = taken,
                                 .examples = usage->examples};

    for (size_t i = 0; usage->options[i] != CLI_OPTION_COUNT; i++) {
        ASSERT(i < CLI_OPTION_COUNT);
        taken[i] = &rows[usage->options[i]];
    }
    (void)snprintf(program, sizeof program, "millrace %s", usage->name);
    if (!options_parse(&said, argc, argv, &options, &options.arguments, ret_exit)) {
        cli_options_done(&options);
        return false;
    }
    *ret_exit = check_identity(&said, &options);
    if (*ret_exit == 0) {
        *ret_exit = check_launch(&said, &options);
    }
    if (*ret_exit == 0) {
        *ret_exit = check_listen(&said, &options);
    }
    if (*ret_exit == 0 && options.dry_run) {
        *ret_exit = show_launch(&said, &options);
        cli_options_done(&options);
        return false;
    }
    if (*ret_exit != 0) {
        cli_options_done(&options);
        return false;
    }
    *ret = options;
    return true;
}

static void write_lines(const char *prefix, const struct text *text)
{
    const char *line = text->bytes;

    while (line != NULL && *line != '\0') {
        int length = (int)strcspn(line, "\n");

        (void)fprintf(stderr, "%s%.*s\n", prefix, length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

int cli_load_scenario(const struct cli_options *options, const char *path, struct scenario **ret)
{
    const struct scenario_sources sources = {.path = path,
                                             .with = options->with.items,
                                             .with_count = options->with.count,
                                             .set = options->set.items,
                                             .set_count = options->set.count,
                                             .targets = options->targets.items,
                                             .targets_count = options->targets.count};

    return cli_load_sources(&sources, ret);
}

int cli_load_sources(const struct scenario_sources *sources, struct scenario **ret)
{
    struct text problems = {0};
    struct text warnings = {0};
    int r = scenario_load(sources, ret, &problems, &warnings);

    write_lines("", &problems);
    write_lines("warning: ", &warnings);
    text_done(&problems);
    text_done(&warnings);
    if (r == 0) {
        return 0;
    }
    return r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
}
