/* millrace-agent: joins a coordinator and obeys it. The only place of this program that knows argv.
 */

#include "backend_table.h"
#include "channel.h"
#include "children_inner.h"
#include "duty.h"
#include "host_limits.h"
#include "join_inner.h"
#include "leash_inner.h"
#include "log.h"
#include "mono.h"
#include "options.h"
#include "standing.h"
#include "stop.h"
#include "sync.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXIT_USAGE OPTIONS_USAGE

static int stop_fd = -1;

struct agent_options {
    const char *join;
    const char *name;
    const char *log_file;
    const char *trace_file;
    struct identity_paths identity; /* NULL: not given. */
    uint32_t processes;             /* 0: as many as the join file is for, or one. */
    uint32_t process;   /* Which one of several it is, from 1 on; 0: it is the only one. */
    uint64_t parent;    /* Process that started it, without which it ends; 0: it stays. */
    uint64_t enrolment; /* By which that knows it; 0: nobody does. */
    bool insecure;
    bool stays;
    bool describes;
    struct join_leash leash;
    uint32_t pod_s; /* In a Job of Kubernetes, where it has so long to join; 0: it is in none. */
    bool tells_version;
};

#define AT(member) .at = offsetof(struct agent_options, member)

static int read_join(const char *value, const char **ret, struct errinfo *reterr)
{
    int r = join_is_url(value) ? channel_url_check(value, reterr) : 0;

    *ret = value;
    return r < 0 ? errinfo_prefix(reterr, r, "--join") : 0;
}

static const struct option_row rows[] = {
    {.name = "--join",
     .value = "FILE",
     .help = "this host's join file (\"-\": stdin), or the url of `millrace run --listen`",
     .kind = TAKES_TEXT,
     AT(join),
     .read = read_join},
    {.name = "--name",
     .value = "NAME",
     .help = "how reports name this agent (default: host name and process id; in a fleet the host "
             "name)",
     .kind = TAKES_TEXT,
     AT(name)},
    {.name = "--insecure",
     .help = "join in clear beyond this host: whoever answers there can drive this agent",
     .kind = TAKES_NOTHING,
     AT(insecure)},
    {.name = "--tls-ca",
     .value = "FILE",
     .help = "with --join URL: who signs the coordinator's certificate, of a PKI of your own (PEM)",
     .kind = TAKES_TEXT,
     AT(identity.authority)},
    {.name = "--tls-cert",
     .value = "FILE",
     .help = "certificate of this host (PEM)",
     .kind = TAKES_TEXT,
     AT(identity.certificate)},
    {.name = "--tls-key",
     .value = "FILE",
     .help = "its key, for its owner alone (PEM)",
     .kind = TAKES_TEXT,
     AT(identity.key)},
    {.name = "--token-file",
     .value = "FILE",
     .help = "secret that coordinator and hosts share, for its owner alone",
     .kind = TAKES_TEXT,
     AT(identity.token)},
    {.name = "--stay",
     .help = "stay when a run has ended, and serve the next one; with a join file it always does",
     .kind = TAKES_NOTHING,
     AT(stays)},
    {.name = "--processes",
     .value = "N",
     .help = "start N agents on this host (default: as many as its join file is for); MQTT wants "
             "several, at most 500 clients each",
     .kind = TAKES_U32,
     .min = 1,
     .max = PROCESSES_MAX,
     AT(processes)},
    {.name = "--log",
     .value = "FILE",
     .help = "append the log to FILE as well",
     .kind = TAKES_TEXT,
     AT(log_file)},
    {.name = "--describe",
     .help = "print the drivers of this build, a line each: name, tab, client library",
     AT(describes)},
    {.name = "--version",
     .letter = "-V",
     .help = "print the version and those of the client libraries",
     AT(tells_version)},
    {.name = "--trace", .value = "FILE", .kind = TAKES_TEXT, AT(trace_file)},
    {.name = "--with-parent",
     .value = "PROCESS",
     .kind = TAKES_U64,
     .min = 1,
     .max = INT_MAX,
     AT(parent)},
    {.name = "--process",
     .value = "NUMBER",
     .kind = TAKES_U32,
     .min = 1,
     .max = PROCESSES_MAX,
     AT(process)},
    {.name = "--enrolment",
     .value = "NUMBER",
     .kind = TAKES_HEX,
     .min = 1,
     .max = UINT64_MAX,
     AT(enrolment)},
    {.name = "--leash", .kind = TAKES_NOTHING, AT(leash.held)},
    {.name = "--caller-port",
     .value = "PORT",
     .kind = TAKES_U32,
     .min = 1,
     .max = UINT16_MAX,
     AT(leash.port)},
    {.name = "--step", .kind = TAKES_NOTHING, AT(leash.of_step)},
    {.name = "--pod", .value = "SECONDS", .kind = TAKES_U32, .min = 1, .max = INT_MAX, AT(pod_s)},
};

static const struct option_row *const taken[] = {
    &rows[0],  &rows[1],  &rows[2],  &rows[3],  &rows[4],  &rows[5],  &rows[6],
    &rows[7],  &rows[8],  &rows[9],  &rows[10], &rows[11], &rows[12], &rows[13],
    &rows[14], &rows[15], &rows[16], &rows[17], &rows[18], &rows[19], NULL};

static const struct options_usage usage = {
    .program = "millrace-agent",
    .arguments = "",
    .what =
        "Joins the coordinator of a run and generates the load that it is told to: by the file "
        "that `millrace hosts\n"
        "add` made for this host, over mutual TLS, or on this host by the url of `millrace run "
        "--listen`.\n"
        "Waits for the coordinator if it is not there yet. With a join file or --stay it serves "
        "run after run until a\n"
        "signal comes; else it ends with the run.\n"
        "\n"
        "Exit: 0 the run ended, 2 usage or join file, 4 refused, too little memory or threads, or "
        "the "
        "coordinator went away,\n"
        "130 ended by a signal.",
    .rows = taken,
    .examples = "  millrace-agent --join load1.join\n"
                "  ssh coordinator cat load1.join | millrace-agent --join -\n"
                "  millrace-agent --join tcp://127.0.0.1:7700\n"
                "  millrace-agent --join tcp://127.0.0.1:7700 --name rack-2 --processes 2\n"
                "  millrace-agent --join tcp://127.0.0.1:7700 --stay\n"};

static void describe(void)
{
    const struct backend_ops *const *drivers = backend_all();

    for (size_t i = 0; drivers[i] != NULL; i++) {
        (void)printf("%s\t%s\n", drivers[i]->entry->driver, drivers[i]->library_version());
    }
}

/* Returns -1 to go on, or the exit code. */
static int check_together(const struct agent_options *options)
{
    struct errinfo error = {""};

    if (!join_is_url(options->join) && identity_is_asked_for(&options->identity)) {
        return options_wrong(&usage,
                             "--tls-ca, --tls-cert, --tls-key and --token-file are for "
                             "--join URL: a join file has its own",
                             "");
    }
    if (options->leash.held && strcmp(options->join, "-") != 0) {
        return options_wrong(&usage, "--leash is for --join -", "");
    }
    if (identity_check_given(&options->identity, &error) < 0) {
        return options_wrong(&usage, error.text, "");
    }
    return -1;
}

static uint32_t number_of(const char *variable)
{
    const char *value = getenv(variable);

    return value == NULL ? 0 : (uint32_t)strtoul(value, NULL, 10);
}

/* All tasks of a step of Slurm have one command line: what differs is in their environment. */
static void take_task(struct agent_options *options)
{
    uint32_t on_its_node = number_of("SLURM_LOCALID");

    options->enrolment += number_of("SLURM_PROCID");
    options->name = options->name == NULL ? getenv("SLURMD_NODENAME") : options->name;
    options->process = on_its_node == 0 ? 0 : on_its_node + 1;
}

/* Returns -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, struct agent_options *options)
{
    struct option_list arguments = {0};
    int code = 0;
    bool goes_on = options_parse(&usage, argc, argv, options, &arguments, &code);

    option_list_done(&arguments);
    if (!goes_on) {
        return code;
    }
    if (options->tells_version) {
        (void)printf("millrace-agent %s\n", MILLRACE_VERSION);
    }
    if (options->tells_version || options->describes) {
        describe();
        return 0;
    }
    if (options->leash.of_step) {
        take_task(options);
    }
    if (options->pod_s > 0) { /* All pods have one command line, too. */
        options->enrolment += number_of("JOB_COMPLETION_INDEX");
    }
    return options->join != NULL ? check_together(options)
                                 : options_wrong(&usage, "--join FILE or URL is missing", "");
}

static void on_signal(void)
{
    sync_event_set(stop_fd);
}

static int watch_signals(struct errinfo *reterr)
{
    struct stop_config config = {.on_signal = on_signal, .exit_code = EXIT_ENDED};

    stop_fd = sync_event_new(reterr);
    if (stop_fd < 0) {
        return stop_fd;
    }
    (void)sigemptyset(&config.signals);
    (void)sigaddset(&config.signals, SIGINT);
    (void)sigaddset(&config.signals, SIGTERM);
    return stop_watch(&config, reterr);
}

static int refresh(void *context, struct standing_config *config, struct errinfo *reterr)
{
    struct join *join = context;
    int r = join_refresh(join, reterr);

    config->urls = join->urls;
    config->urls_count = join->urls_count;
    return r;
}

/* Until the run has ended, or for ever. */
static int serve(const struct agent_options *options, struct join *join, struct errinfo *reterr)
{
    char name[NAME_BYTES];
    struct standing_config config = {
        .duty = {.url = join->urls[0],
                 .security = join->is_secured ? &join->security : NULL,
                 .host = join->is_secured ? &join->host : NULL,
                 .name = join_name(join, options->name, options->process, name),
                 .enrolment = options->enrolment,
                 .trace_path = options->trace_file,
                 .stop_fd = stop_fd}, /* Open until the process ends: a signal may come any time. */
        .urls = join->urls,
        .urls_count = join->urls_count,
        .refresh = join->is_secured ? refresh : NULL,
        .context = join};
    int r;

    config.once = options->leash.held || options->pod_s > 0;
    config.join_ns = options->pod_s * NS_PER_S;
    if (options->stays || join->path != NULL) {
        return standing_run(&config, reterr);
    }
    r = join_refresh(join, reterr);
    return r < 0 ? r : duty_run(&config.duty, reterr);
}

/* What was named by --join and --name, which may be wrong as options are. */
static int open_join(const struct agent_options *options, struct join *ret, struct errinfo *reterr)
{
    int r = options->leash.held
                ? join_open_leash(&options->leash, ret, reterr)
                : join_open(options->join, &options->identity, options->insecure, ret, reterr);

    if (r == 0 && options->name != NULL && ret->is_secured) {
        r = join_check_name(ret, options->name, reterr);
        if (r < 0) {
            join_done(ret);
        }
    }
    return r;
}

/* The exit code. */
static int run_agent(const struct agent_options *options, struct join *join)
{
    struct errinfo error = {""};
    int r = watch_signals(&error);

    if (r == 0 && options->leash.held) {
        r = leash_hold(&error);
    }
    if (r == 0) {
        r = serve(options, join, &error);
    }
    if (r < 0 && r != -EINTR) {
        log_error("%s", error.text);
    }
    return r == 0 ? 0 : r == -EINTR ? EXIT_ENDED : EXIT_FAILED;
}

/* Likewise. */
static int run_processes(const struct agent_options *options, const struct join *join,
                         uint32_t count, const char *program)
{
    struct children_config children = {.program = program,
                                       .identity = &options->identity,
                                       .name = options->name,
                                       .log_file = options->log_file,
                                       .insecure = options->insecure,
                                       .stays = options->stays || join->path != NULL,
                                       .count = count};
    char path[JOIN_PATH_BYTES];
    struct errinfo error = {""};

    if (join_for_processes(join, options->join, path, &children.join, &error) < 0) {
        log_error("%s", error.text);
        return EXIT_FAILED;
    }
    return children_run(&children);
}

/* Likewise. */
static int join_and_serve(const struct agent_options *options, const char *program)
{
    struct join join;
    struct errinfo error = {""};
    int code;
    int processes = 1;
    int r = open_join(options, &join, &error);

    if (r < 0) {
        log_error("%s", error.text);
        return r == -ENOMEM ? EXIT_FAILED : EXIT_USAGE;
    }
    if (options->process == 0) {
        processes = join_processes(&join, options->processes, &error);
    }
    if (processes < 0) {
        log_error("%s", error.text);
        code = EXIT_USAGE;
    } else if (processes > 1) {
        code = run_processes(options, &join, (uint32_t)processes, program);
    } else {
        code = run_agent(options, &join);
    }
    join_done(&join);
    return code;
}

/* Whatever this process needs of its host. False: it should not be. */
static bool settle(const struct agent_options *options)
{
    if (options->parent != 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        /* Killed before that, it is nobody's parent any more and sends no signal. */
        if ((uint64_t)getppid() != options->parent) {
            log_error("the process %llu that started this one is gone",
                      (unsigned long long)options->parent);
            return false;
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ,
                 SIG_IGN); /* A file at its limit is an error of write, like a full disk. */
    if (options->leash.of_step) {
        (void)signal(SIGUSR2, SIG_IGN); /* Is for an srun whose tasks don't run yet. */
    }
    host_open_files_raise(0);
    mono_test_inject();
    return true;
}

int main(int argc, char **argv)
{
    struct agent_options options = {.processes = 0};
    struct errinfo error = {""};
    int code = parse_options(argc, argv, &options);

    if (code >= 0) {
        return code;
    }
    log_stderr_level(LOG_LEVEL_INFO);
    if (options.log_file != NULL && log_open(options.log_file, &error) < 0) {
        (void)fprintf(stderr, "millrace-agent: %s\n", error.text);
        return EXIT_USAGE;
    }
    code = settle(&options) ? join_and_serve(&options, argv[0]) : EXIT_FAILED;
    log_close();
    return code;
}
