#include "children_inner.h"

#include "log.h"

#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The agents of --processes. */
struct children {
    pid_t pids[PROCESSES_MAX]; /* 0: it has ended, or was never there. */
    long count;
    long left;
    int worst; /* Exit code. */
    bool asked_to_end;
};

static void start_child(struct children *children, const struct children_config *config,
                        const posix_spawnattr_t *attributes)
{
    long number = children->count++;
    char name[128];
    char parent[32];
    const char *arguments[] = {config->program,
                               "--join",
                               config->url,
                               "--with-parent",
                               parent,
                               NULL,
                               NULL,
                               NULL,
                               NULL,
                               NULL,
                               NULL,
                               NULL};
    size_t used = 5;

    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());

    if (config->name != NULL) {
        (void)snprintf(name, sizeof name, "%s-%ld", config->name, number + 1);
        arguments[used++] = "--name";
        arguments[used++] = name;
    }
    if (config->log_file != NULL) {
        arguments[used++] = "--log";
        arguments[used++] = config->log_file;
    }
    if (config->insecure) {
        arguments[used++] = "--insecure";
    }
    if (config->stays) {
        arguments[used++] = "--stay";
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

int children_run(const struct children_config *config)
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
    for (uint32_t i = 0; i < config->count; i++) {
        start_child(&children, config, &attributes);
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
