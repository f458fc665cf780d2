#include "archive.h"
#include "cli.h"
#include "cli_agent_inner.h"
#include "cli_hosts_inner.h"
#include "cli_options_inner.h"
#include "cli_resume_inner.h"
#include "cli_screen_inner.h"
#include "random.h"
#include "run.h"
#include "stop.h"
#include "summary.h"
#include "text.h"
#include "trace_use.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXIT_INTERRUPTED 130
#define SECRET_KEY "password"

extern char **environ;

static const enum cli_option options_taken[] = {
    CLI_WITH,    CLI_SET,          CLI_TARGET,   CLI_AGENTS,  CLI_LISTEN,
    CLI_HOSTS,   CLI_LAUNCH,       CLI_AT,       CLI_TUNNEL,  CLI_SSH,
    CLI_SLURM,   CLI_KUBECTL,      CLI_IMAGE,    CLI_DRY_RUN, CLI_AGENT_PATH,
    CLI_PUSH,    CLI_JOIN_TIMEOUT, CLI_INSECURE, CLI_TLS_CA,  CLI_TLS_CERT,
    CLI_TLS_KEY, CLI_TOKEN_FILE,   CLI_OUT,      CLI_SEED,    CLI_SELFCHECK,
    CLI_QUIET,   CLI_OPEN,         CLI_TRACE,    CLI_RESUME,  CLI_OPTION_COUNT};

static const struct cli_usage usage = {
    .name = "run",
    .arguments = "[SCENARIO]",
    .what = "Executes a scenario: starts agents here or by --launch (or waits for those that join "
            "at --listen, or\n"
            "for --hosts), drives the load, audits every message, and writes the report. Ctrl-C "
            "drains and reports what "
            "was measured;\n"
            "a second one stops.\n"
            "\n"
            "With --resume RUN_DIR a run that was killed, interrupted or failed goes on: its whole "
            "trials stay, the\n"
            "others are made with the agents that join now. SCENARIO is that of the run; it can be "
            "left out unless it\n"
            "has a password that comes from no ${NAME}.\n"
            "\n"
            "Exit: 0 pass, 1 fail, 2 usage or scenario, 3 invalid, 4 not run or incomplete, "
            "5 regression,\n"
            "130 interrupted.",
    .arguments_min = 0,
    .arguments_max = 1,
    .options = options_taken,
    .examples =
        "  millrace run scenarios/quickstart.yaml\n"
        "  millrace run scenarios/quickstart.yaml --target memory "
        "--target kafka=127.0.0.1:9092 --out /tmp/first\n"
        "  millrace run scenarios/quickstart.yaml --set phases.steady.rate=2k/s --agents 4\n"
        "  millrace run scenarios/apart.yaml --listen tcp://127.0.0.1:7700 --agents 2\n"
        "  millrace run scenarios/apart.yaml --hosts load1,load2\n"
        "  millrace run scenarios/apart.yaml --launch ssh:load1,load2\n"
        "  millrace run scenarios/apart.yaml --launch k8s:8 --at coord.example:7700\n"
        "  millrace run --resume runs/20261123-201501-1a2b-quickstart\n",
};

static atomic_int interrupts;

/* The second Ctrl-C stops at once: agents end with their parent, the journal keeps what is on disk.
 */
static void on_signal(void)
{
    if (atomic_fetch_add(&interrupts, 1) > 0) {
        _exit(EXIT_INTERRUPTED);
    }
}

static int catch_signals(struct errinfo *reterr)
{
    struct stop_config config = {.on_signal = on_signal, .exit_code = EXIT_INTERRUPTED};
    struct sigaction before;

    (void)sigemptyset(&config.signals);
    (void)sigaddset(&config.signals, SIGINT);
    (void)sigaddset(&config.signals, SIGTERM);
    /* The terminal went away: what was measured is worth a report. `nohup` lets the run go on. */
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        (void)sigaddset(&config.signals, SIGHUP);
    }
    return stop_watch(&config, reterr);
}

/* The command as it was typed, for the report; values of keys that name a password are left out. */
static void describe_command(int argc, char **argv, struct text *out)
{
    text_add(out, "millrace");
    for (int i = 0; i < argc; i++) {
        const char *secret = strstr(argv[i], SECRET_KEY);
        const char *equals = secret == NULL ? NULL : strchr(secret, '=');
        size_t shown = equals == NULL ? strlen(argv[i]) : (size_t)(equals + 1 - argv[i]);
        bool quote = strpbrk(argv[i], " \t\"'$&|;()<>*?") != NULL;

        text_add(out, quote ? " '" : " ");
        text_add_bytes(out, argv[i], shown);
        text_add(out, equals == NULL ? "" : "***");
        text_add(out, quote ? "'" : "");
    }
}

static void open_report(const char *folder)
{
    char path[PATH_MAX];
    char program[] = "xdg-open";
    char *arguments[] = {program, path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t pid;

    (void)snprintf(path, sizeof path, "%s/report.html", folder);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)sigemptyset(&none);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (posix_spawnp(&pid, program, &actions, &attributes, arguments, environ) != 0) {
        (void)fprintf(stderr, "millrace run: no browser could be opened (xdg-open is not there)\n");
    }
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
}

/* Is there anything that `report` could read? */
static bool has_journal(const char *folder)
{
    char path[PATH_MAX];
    struct stat found;

    (void)snprintf(path, sizeof path, "%s/" ARCHIVE_JOURNAL_NAME, folder);
    return stat(path, &found) == 0 && found.st_size > 0;
}

static void tell_trace(const struct result *result, const char *path)
{
    struct trace_use use = trace_use_of(result);

    if (path != NULL) {
        (void)printf("trace: %s (%llu records, %llu dropped)\n", path,
                     (unsigned long long)use.records, (unsigned long long)use.dropped);
    }
}

/* Says what the run came to. unread: the terminal was not read until now, nor will this be. */
static int tell_end(const struct run_outcome *outcome, const struct cli_options *options,
                    bool unread)
{
    struct text summary = {0};
    char page[PATH_MAX];

    if (unread && isatty(STDOUT_FILENO) == 1) {
        return verdict_exit_code(outcome->result->verdict);
    }
    if (summary_write(outcome->result, cli_screen_width(STDOUT_FILENO), &summary) == 0 &&
        summary.bytes != NULL) {
        text_tame(summary.bytes, true);
        (void)fputs(summary.bytes, stdout);
    }
    text_done(&summary);
    if (outcome->disk_waits) { /* As would whoever looked into the folder. */
        (void)printf("\nno report could be written; `millrace report %s` makes it from what the "
                     "journal has, once the disk is back\n",
                     outcome->folder);
        return verdict_exit_code(outcome->result->verdict);
    }
    (void)snprintf(page, sizeof page, "%s/report.html", outcome->folder);
    if (access(page, R_OK) != 0) {
        (void)printf("\nno report could be written");
        if (has_journal(outcome->folder)) {
            (void)printf("; `millrace report %s` makes it from the journal\n", outcome->folder);
        } else {
            (void)printf(", and there is no journal to make it from\n");
        }
        return verdict_exit_code(outcome->result->verdict);
    }
    (void)printf("\nreport: %s\n", page);
    tell_trace(outcome->result, options->trace);
    if (options->open) {
        open_report(outcome->folder);
    }
    return verdict_exit_code(outcome->result->verdict);
}

/* And how to go on with it, if some of it is left. */
static int finish(const struct run_outcome *outcome, const struct cli_options *options, bool unread)
{
    int code = tell_end(outcome, options, unread);
    bool nobody_reads = unread && isatty(STDOUT_FILENO) == 1;

    /* Where the disk waits, so would whoever looked for the journal. */
    if (!nobody_reads && !outcome->disk_waits && has_journal(outcome->folder)) {
        cli_resume_tell(outcome->result, outcome->folder);
    }
    return code;
}

/* Says which options are not, or not together. */
static bool are_allowed(const struct cli_options *options)
{
    if ((options->listen != NULL || options->hosts != NULL) && options->trace != NULL) {
        (void)fprintf(stderr,
                      "millrace run: --trace with --listen or --hosts is not supported yet: agents "
                      "that join have no file in common; leave one of them out\n");
        return false;
    }
    return true;
}

/* Makes the run, and shows it until its end. */
static int show_run(const struct run_config *config, const struct cli_options *options,
                    struct cli_screen *screen)
{
    struct run_outcome outcome = {0};
    struct errinfo error = {""};
    bool unread;
    int r;

    r = run_scenario(config, &outcome, &error);
    if (r < 0) {
        char text[ERRINFO_BYTES + 32];

        (void)snprintf(text, sizeof text, "millrace run: %s", error.text);
        text_tame(text, true);
        cli_screen_notice(screen, text);
    }
    unread = !cli_screen_close(screen, &interrupts);
    r = r < 0 ? EXIT_FAILED : finish(&outcome, options, unread);
    if (outcome.disk_waits) {
        (void)fflush(stdout);
        _exit(r);
    }
    run_outcome_done(&outcome);
    return r;
}

static int run_with(const struct cli_options *options, const struct cli_hosts *hosts,
                    const struct scenario *scenario, const char *command, struct resume *resume)
{
    struct backend_version libraries[BACKENDS_MAX];
    struct errinfo error = {""};
    struct cli_screen screen;
    int described;
    struct run_config config = {.scenario = scenario,
                                .command = command,
                                .out = options->out,
                                .agents_count = hosts->agents_count,
                                .launch = hosts->launch,
                                .listen = hosts->listen,
                                .access = &hosts->access,
                                .hosts = &hosts->list,
                                .join_ns = hosts->join_ns,
                                .trace = options->trace,
                                .resume = resume,
                                .seed = options->seed_given ? options->seed : random_entropy() >> 1,
                                .interrupts = &interrupts,
                                .on_progress = cli_screen_progress,
                                .on_notice = cli_screen_notice,
                                .told_since = cli_screen_waits_since,
                                .context = &screen};
    int r;

    described = cli_agent_describe(libraries, &error);
    config.libraries = libraries;
    config.libraries_count = described < 0 ? 0 : (uint32_t)described;
    r = catch_signals(&error);
    if (r == 0) {
        r = cli_screen_init(&screen, options->quiet, &error);
    }
    if (r < 0) {
        (void)fprintf(stderr, "millrace run: %s\n", error.text);
        return EXIT_FAILED;
    }
    return show_run(&config, options, &screen);
}

static int run_loaded(const struct cli_options *options, const struct scenario *scenario,
                      const char *command, struct resume *resume)
{
    struct errinfo error = {""};
    struct cli_hosts hosts;
    int r;

    if (!are_allowed(options)) {
        return EXIT_USAGE;
    }
    r = cli_hosts_open(options, &hosts, &error);
    if (r < 0) {
        text_tame(error.text, true);
        (void)fprintf(stderr, "millrace run: %s\n", error.text);
        return cli_hosts_exit_code(r);
    }
    r = run_with(options, &hosts, scenario, command, resume);
    cli_hosts_done(&hosts);
    return r;
}

/* False: *ret_exit is the exit code. */
static bool find_scenario(struct cli_options *options, struct scenario **ret,
                          struct resume **ret_resume, int *ret_exit)
{
    if (options->resume != NULL) {
        return cli_resume_open(options, ret_resume, ret, ret_exit);
    }
    if (options->arguments.count == 0) {
        (void)fprintf(stderr, "millrace run: an argument is missing: SCENARIO, or --resume "
                              "RUN_DIR (see millrace run --help)\n");
        *ret_exit = EXIT_USAGE;
        return false;
    }
    *ret_exit = cli_load_scenario(options, options->arguments.items[0], ret);
    return *ret_exit == 0;
}

int command_run(int argc, char **argv)
{
    struct cli_options options;
    struct scenario *scenario = NULL;
    struct resume *resume = NULL;
    struct text command = {0};
    int code = 0;

    if (!cli_parse(&usage, argc, argv, &options, &code)) {
        return code;
    }
    if (find_scenario(&options, &scenario, &resume, &code)) {
        describe_command(argc, argv, &command);
        code = command.bytes == NULL ? EXIT_FAILED
                                     : run_loaded(&options, scenario, command.bytes, resume);
    }
    resume_free(resume);
    text_done(&command);
    scenario_free(scenario);
    cli_options_done(&options);
    return code;
}
