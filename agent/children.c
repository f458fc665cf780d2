#include "children_inner.h"

#include "invariant.h"
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24

extern char **environ;

/* Before one that was ended is started anew. */
#define PAUSE_S 2

/* The agents of --processes. */
struct children {
    const struct children_config *config;
    posix_spawnattr_t attributes;
    pid_t pids[PROCESSES_MAX]; /* 0: it has ended, or was never there. */
    bool again[PROCESSES_MAX]; /* It is to be started anew. */
    uint32_t again_count;
    uint32_t left;
    int worst; /* Exit code. */
    bool asked_to_end;
};

/* NULL: there is none. */
static void add_argument(const char *argument, const char *arguments[ARGUMENTS_MAX])
{
    size_t used = 0;

    while (arguments[used] != NULL) {
        used++;
    }
    ASSERT(used + 1 < ARGUMENTS_MAX);
    arguments[used] = argument;
}

static void add_option(const char *name, const char *value, const char *arguments[ARGUMENTS_MAX])
{
    if (value != NULL) {
        add_argument(name, arguments);
        add_argument(value, arguments);
    }
}

static void start_child(struct children *children, uint32_t number)
{
    const struct children_config *config = children->config;
    char process[32];
    char parent[32];
    const char *arguments[ARGUMENTS_MAX] = {config->program, "--join", config->join, NULL};

    (void)snprintf(process, sizeof process, "%u", number + 1);
    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());
    add_option("--with-parent", parent, arguments);
    add_option("--process", process, arguments);
    add_option("--name", config->name, arguments);
    add_option("--tls-ca", config->identity->authority, arguments);
    add_option("--tls-cert", config->identity->certificate, arguments);
    add_option("--tls-key", config->identity->key, arguments);
    add_option("--token-file", config->identity->token, arguments);
    add_option("--log", config->log_file, arguments);
    add_argument(config->insecure ? "--insecure" : NULL, arguments);
    add_argument(config->stays ? "--stay" : NULL, arguments);
    /* posix_spawn takes its argv without const and leaves it alone. */
    if (posix_spawn(&children->pids[number], "/proc/self/exe", NULL, &children->attributes,
                    (char *const *)(uintptr_t)arguments, environ) != 0) {
        log_error("process %u can't be started", number + 1);
        children->pids[number] = 0;
        children->worst = EXIT_FAILED;
        return;
    }
    children->left++;
}

/* One that stays is there for the next run: a host that lacks one of them could serve none. */
static bool comes_again(const struct children *children, int code)
{
    return children->config->stays && !children->asked_to_end && code != OPTIONS_USAGE;
}

static void child_ended(struct children *children, uint32_t number, int status)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
    bool again = comes_again(children, code);

    if (WIFSIGNALED(status)) {
        log_error("process %u (%d) was ended by signal %d (%s)%s", number + 1,
                  (int)children->pids[number], WTERMSIG(status), strsignal(WTERMSIG(status)),
                  again ? ": it is started anew" : "");
    }
    children->pids[number] = 0;
    children->left--;
    children->again[number] = again;
    children->again_count += again ? 1 : 0;
    if (!again) {
        children->worst = code > children->worst ? code : children->worst;
    }
}

static void reap_children(struct children *children)
{
    for (uint32_t i = 0; i < children->config->count; i++) {
        int status;

        if (children->pids[i] != 0 && waitpid(children->pids[i], &status, WNOHANG) > 0) {
            child_ended(children, i, status);
        }
    }
}

static void start_again(struct children *children)
{
    for (uint32_t i = 0; i < children->config->count; i++) {
        if (children->again[i]) {
            children->again[i] = false;
            start_child(children, i);
        }
    }
    children->again_count = 0;
}

/* A stopped one has to go on to end. Who asks twice wants it at once. */
static void end_children(struct children *children)
{
    for (uint32_t i = 0; i < children->config->count; i++) {
        children->again[i] = false;
        if (children->pids[i] != 0) {
            (void)kill(children->pids[i], children->asked_to_end ? SIGKILL : SIGTERM);
            (void)kill(children->pids[i], SIGCONT);
        }
    }
    children->again_count = 0;
    children->asked_to_end = true;
}

static void wait_for_children(struct children *children, const sigset_t *signals)
{
    const struct timespec pause = {.tv_sec = PAUSE_S};

    while (children->left > 0 || children->again_count > 0) {
        int number = sigtimedwait(signals, NULL, children->again_count > 0 ? &pause : NULL);

        if (number == SIGCHLD) {
            reap_children(children);
        } else if (number > 0) {
            end_children(children);
        } else if (errno == EAGAIN) {
            start_again(children);
        }
    }
}

int children_run(const struct children_config *config)
{
    struct children children = {.config = config};
    sigset_t signals;
    sigset_t before;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, &before);
    (void)posix_spawnattr_init(&children.attributes);
    (void)posix_spawnattr_setsigmask(&children.attributes, &before);
    (void)posix_spawnattr_setflags(&children.attributes, POSIX_SPAWN_SETSIGMASK);
    for (uint32_t i = 0; i < config->count; i++) {
        start_child(&children, i);
    }
    wait_for_children(&children, &signals);
    (void)posix_spawnattr_destroy(&children.attributes);
    return children.asked_to_end ? EXIT_ENDED : children.worst;
}
