/*
 * cli_options_inner: options and arguments of every command, read by one parser from one table, so
 * that the same option means the same everywhere. Internal to cli; main thread only.
 */
#ifndef MILLRACE_CLI_OPTIONS_INNER_H
#define MILLRACE_CLI_OPTIONS_INNER_H

#include "identity.h"
#include "launch.h"
#include "options.h"
#include "scenario_load.h"

#include <stdbool.h>
#include <stdint.h>

enum cli_option {
    CLI_WITH,
    CLI_SET,
    CLI_TARGET,
    CLI_AGENTS,
    CLI_SEED,
    CLI_OUT,
    CLI_LISTEN,
    CLI_HOSTS,
    CLI_LAUNCH,
    CLI_AT,
    CLI_TUNNEL,
    CLI_SSH,
    CLI_SLURM,
    CLI_KUBECTL,
    CLI_IMAGE,
    CLI_DRY_RUN,
    CLI_AGENT_PATH,
    CLI_PUSH,
    CLI_JOIN_TIMEOUT,
    CLI_INSECURE,
    CLI_TLS_CA,
    CLI_TLS_CERT,
    CLI_TLS_KEY,
    CLI_TOKEN_FILE,
    CLI_SELFCHECK,
    CLI_QUIET,
    CLI_OPEN,
    CLI_TRACE,
    CLI_RESUME,
    CLI_FORMAT,
    CLI_OPTION_COUNT
};

/* What a command is called with, for parsing and for its --help. */
struct cli_usage {
    const char *name;
    const char *arguments;  /* "SCENARIO", "SCENARIO...", "[NAME]". */
    const char *what;       /* One sentence or a few. */
    uint32_t arguments_min; /* Beyond arguments_max is an error too. */
    uint32_t arguments_max;
    const enum cli_option *options; /* Ends with CLI_OPTION_COUNT. */
    const char *examples;           /* Lines, each with its newline. */
};

struct cli_options {
    struct option_list arguments;
    struct option_list with;
    struct option_list set;
    struct option_list targets;
    uint32_t agents; /* 2 if not given. */
    bool agents_given;
    uint64_t seed;
    bool seed_given;
    const char *out; /* NULL: not given; likewise the following. */
    const char *listen;
    const char *hosts;
    const char *launch;
    struct launch_plan launched; /* What that asks for, with agents as its count; else zeros. */
    struct option_list at;
    const char *ssh;
    const char *slurm;
    const char *kubectl;
    const char *image;
    bool dry_run;
    const char *agent_path;
    const char *push;
    bool tunnel;
    const char *join_timeout;
    struct identity_paths identity; /* Of an own PKI. */
    bool insecure;
    const char *trace;
    const char *resume;
    const char *format;
    bool quiet;
    bool open;
};

/*
 * True: go on with *ret, and call cli_options_done(). False: *ret_exit is the command's exit code:
 * 0 after --help or --dry-run (written to stdout), EXIT_USAGE after a usage error (written to
 * stderr).
 */
bool cli_parse(const struct cli_usage *usage, int argc, char **argv, struct cli_options *ret,
               int *ret_exit);
void cli_options_done(struct cli_options *options);

/* Loads a scenario with --with, --set and --target. Problems and warnings go to stderr. 0, or the
 * exit code; on 0 the caller owns *ret. */
int cli_load_scenario(const struct cli_options *options, const char *path, struct scenario **ret);

/* The same of sources that are at hand. */
int cli_load_sources(const struct scenario_sources *sources, struct scenario **ret);

#endif
