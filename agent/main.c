/* millrace-agent: joins a coordinator and obeys it. The only place of this program that knows argv.
 */

#include "backend_table.h"
#include "channel.h"
#include "duty.h"
#include "host_limits.h"
#include "log.h"
#include "mono.h"
#include "stop.h"
#include "sync.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_FAILED 4
#define EXIT_ENDED 130
#define PROCESSES_MAX 256

extern char **environ;

static int stop_fd = -1;

struct agent_options {
    const char *url;
    const char *name;
    const char *log_file;
    const char *trace_file;
    long processes;
    long parent;        /* Process that started it, without which it ends; 0: it stays. */
    uint64_t enrolment; /* By which that knows it; 0: nobody does. */
};

static const char help_text[] =
    "Usage: millrace-agent --join URL [--name NAME] [--processes N]\n"
    "\n"
    "Joins the coordinator of a run (`millrace run --listen URL`) and generates the load that it "
    "is told to.\n"
    "Waits for the coordinator if it is not there yet; ends when the run ends.\n"
    "\n"
    "  --join URL       where the coordinator listens: tcp://HOST:PORT or ipc://PATH\n"
    "  --name NAME      how reports name this agent (default: host name and process id)\n"
    "  --processes N    start N agents on this host (default 1); MQTT wants several, at most 500 "
    "clients each\n"
    "  --log FILE       append the log to FILE as well\n"
    "  --describe       print the backends of this build, a line each: name, tab, client library\n"
    "  --version        print the version and those of the client libraries\n"
    "  --help           print this\n"
    "\n"
    "Examples:\n"
    "  millrace-agent --join tcp://127.0.0.1:7700\n"
    "  millrace-agent --join tcp://127.0.0.1:7700 --name rack-2 --processes 2\n"
    "\n"
    "Exit: 0 the run ended, 2 usage, 4 refused, too little memory or threads, or the coordinator "
    "went "
    "away, 130 ended by\n"
    "a signal.\n";

static void describe(void)
{
    const struct backend_ops *const *drivers = backend_all();

    for (size_t i = 0; drivers[i] != NULL; i++) {
        (void)printf("%s\t%s\n", drivers[i]->entry->name, drivers[i]->library_version());
    }
}

static int usage_error(const char *text, const char *what)
{
    (void)fprintf(stderr, "millrace-agent: %s%s (see millrace-agent --help)\n", text, what);
    return EXIT_USAGE;
}

enum {
    OPTION_JOIN = 256,
    OPTION_NAME,
    OPTION_PROCESSES,
    OPTION_LOG,
    OPTION_DESCRIBE,
    OPTION_TRACE,
    OPTION_PARENT,
    OPTION_ENROLMENT
};

static const struct option known_options[] = {
    {"join", required_argument, NULL, OPTION_JOIN},
    {"name", required_argument, NULL, OPTION_NAME},
    {"processes", required_argument, NULL, OPTION_PROCESSES},
    {"log", required_argument, NULL, OPTION_LOG},
    {"describe", no_argument, NULL, OPTION_DESCRIBE},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"with-parent", required_argument, NULL, OPTION_PARENT},
    {"enrolment", required_argument, NULL, OPTION_ENROLMENT},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* A whole number from 1 to max, as a value that shall be one. */
static bool parse_number(const char *value, long max, long *ret)
{
    char *end = NULL;

    *ret = strtol(value, &end, 10);
    return *end == '\0' && *ret >= 1 && *ret <= max;
}

/* Hexadecimal, and not 0. */
static bool parse_enrolment(const char *value, uint64_t *ret)
{
    char *end = NULL;

    *ret = strtoull(value, &end, 16);
    return *end == '\0' && *ret != 0;
}

/* One that says something and ends the program. Returns the exit code. */
static int answer_option(int option, const char *given)
{
    switch (option) {
    case 'V':
        (void)printf("millrace-agent %s\n", MILLRACE_VERSION);
        describe();
        return 0;
    case OPTION_DESCRIBE:
        describe();
        return 0;
    case 'h':
        (void)fputs(help_text, stdout);
        return 0;
    case ':':
        return usage_error("a value is missing for ", given);
    default:
        return usage_error("unknown option ", given);
    }
}

/* value: NULL where the option has none. given: the argument that it was in. Returns -1 to go on,
 * or the exit code. */
static int take_option(int option, const char *value, const char *given,
                       struct agent_options *options)
{
    switch (option) {
    case OPTION_JOIN:
        options->url = value;
        return -1;
    case OPTION_NAME:
        options->name = value;
        return -1;
    case OPTION_PROCESSES:
        return parse_number(value, PROCESSES_MAX, &options->processes)
                   ? -1
                   : usage_error("--processes takes a number from 1 to 256, not ", value);
    case OPTION_LOG:
        options->log_file = value;
        return -1;
    case OPTION_TRACE:
        options->trace_file = value;
        return -1;
    case OPTION_PARENT:
        return parse_number(value, LONG_MAX, &options->parent)
                   ? -1
                   : usage_error("--with-parent takes a process's number, not ", value);
    case OPTION_ENROLMENT:
        return parse_enrolment(value, &options->enrolment)
                   ? -1
                   : usage_error("--enrolment takes a number in hexadecimal, not ", value);
    default:
        return answer_option(option, given);
    }
}

/* Returns -1 to go on, or the exit code. */
static int check_address(const char *url)
{
    struct errinfo error = {""};

    if (url == NULL) {
        return usage_error("--join URL is missing", "");
    }
    return channel_url_check(url, &error) < 0 ? usage_error("--join ", error.text) : -1;
}

/* Likewise. */
static int parse_options(int argc, char **argv, struct agent_options *options)
{
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":hV", known_options, NULL)) != -1) {
        int code = take_option(option, optarg, argv[optind - 1], options);

        if (code >= 0) {
            return code;
        }
    }
    if (optind < argc) {
        return usage_error("unexpected argument ", argv[optind]);
    }
    return check_address(options->url);
}

/* The agents of --processes. */
struct children {
    pid_t pids[PROCESSES_MAX]; /* 0: it has ended, or was never there. */
    long count;
    long left;
    int worst; /* Exit code. */
    bool asked_to_end;
};

static void start_child(struct children *children, const struct agent_options *options,
                        const char *program, const posix_spawnattr_t *attributes)
{
    long number = children->count++;
    char name[128];
    char parent[32];
    const char *arguments[] = {program, "--join", options->url, "--with-parent", parent, NULL, NULL,
                               NULL,    NULL,     NULL};
    size_t used = 5;

    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());

    if (options->name != NULL) {
        (void)snprintf(name, sizeof name, "%s-%ld", options->name, number + 1);
        arguments[used++] = "--name";
        arguments[used++] = name;
    }
    if (options->log_file != NULL) {
        arguments[used++] = "--log";
        arguments[used++] = options->log_file;
    }
    /* posix_spawn takes its argv without const and leaves it alone. */
    if (posix_spawn(&children->pids[number], "/proc/self/exe", NULL, attributes,
                    (char *const *)(uintptr_t)arguments, environ) != 0) {
        log_error("process %ld can't be started", number + 1);
        children->pids[number] = 0;
        children->worst = EXIT_FAILED;
        return;
    }
    children->left++;
}

static void child_ended(struct children *children, long number, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;

    if (WIFSIGNALED(status)) {
        log_error("process %ld (%d) was ended by signal %d (%s)", number + 1,
                  (int)children->pids[number], WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    children->pids[number] = 0;
    children->left--;
    children->worst = code > children->worst ? code : children->worst;
}

static void reap_children(struct children *children)
{
    for (long i = 0; i < children->count; i++) {
        int status;

        if (children->pids[i] != 0 && waitpid(children->pids[i], &status, WNOHANG) > 0) {
            child_ended(children, i, status);
        }
    }
}

/* A stopped one has to go on to end. Who asks twice wants it at once. */
static void end_children(struct children *children)
{
    for (long i = 0; i < children->count; i++) {
        if (children->pids[i] != 0) {
            (void)kill(children->pids[i], children->asked_to_end ? SIGKILL : SIGTERM);
            (void)kill(children->pids[i], SIGCONT);
        }
    }
    children->asked_to_end = true;
}

/* Starts the agents of --processes as children and waits for all; the worst exit code counts. */
static int run_children(const struct agent_options *options, const char *program)
{
    struct children children = {.left = 0};
    posix_spawnattr_t attributes;
    sigset_t signals;
    sigset_t before;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setsigmask(&attributes, &before);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    for (long i = 0; i < options->processes; i++) {
        start_child(&children, options, program, &attributes);
    }
    (void)posix_spawnattr_destroy(&attributes);
    while (children.left > 0) {
        int number = sigwaitinfo(&signals, NULL);

        if (number == SIGCHLD) {
            reap_children(&children);
        } else if (number > 0) {
            end_children(&children);
        }
    }
    return children.asked_to_end ? EXIT_ENDED : children.worst;
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

static int run_agent(const struct agent_options *options)
{
    struct duty_config config = {.url = options->url,
                                 .name = options->name,
                                 .enrolment = options->enrolment,
                                 .trace_path = options->trace_file};
    struct errinfo error = {""};
    int r;

    if (options->parent != 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        /* Killed before that, it is nobody's parent any more and sends no signal. */
        if (getppid() != options->parent) {
            log_error("the process %ld that started this one is gone", options->parent);
            return EXIT_FAILED;
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ,
                 SIG_IGN); /* A file at its limit is an error of write, like a full disk. */
    host_open_files_raise(0);
    mono_test_inject();
    r = watch_signals(&error);
    if (r == 0) {
        config.stop_fd = stop_fd; /* Open until the process ends: a signal may come at any time. */
        r = duty_run(&config, &error);
    }
    if (r < 0 && r != -EINTR) {
        log_error("%s", error.text);
    }
    return r == 0 ? 0 : r == -EINTR ? EXIT_ENDED : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct agent_options options = {.processes = 1};
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
    code = options.processes > 1 ? run_children(&options, argv[0]) : run_agent(&options);
    log_close();
    return code;
}
