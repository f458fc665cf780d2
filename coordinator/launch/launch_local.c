#include "launch.h"

#include "bounds.h"
#include "deadlines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct child {
    pid_t pid; /* 0: ended. */
    char name[NAME_BYTES];
};

struct launch {
    struct child *children;
    uint32_t children_count;
    char *log_folder; /* NULL: there are no logs. */
};

#define TAIL_BYTES 1024 /* Of a log: its last line is within. */
#define LOG_WORDS_AT 33 /* Of a line of a log, after the time and the level. */

static int spawn_child(const struct launch_config *config, struct child *child,
                       struct errinfo *reterr)
{
    char parent[32];
    const char *arguments[] = {config->program, "--join", config->url, "--name", child->name,
                               "--with-parent", parent,   NULL,        NULL,     NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    char log[PATH_MAX];
    int code;

    if (config->trace_path != NULL) {
        arguments[7] = "--trace";
        arguments[8] = config->trace_path;
    }
    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());
    (void)snprintf(log, sizeof log, "%s/%s.log",
                   config->log_folder == NULL ? "" : config->log_folder, child->name);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO,
                                           config->log_folder == NULL ? "/dev/null" : log,
                                           O_WRONLY | O_CREAT | O_APPEND, 0644);
    (void)posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    (void)posix_spawnattr_init(&attributes);
    (void)sigemptyset(&none); /* Those that wait here for one thread alone are blocked. */
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    /* posix_spawn takes its argv without const and leaves it alone. */
    code = posix_spawnp(&child->pid, config->program, &actions, &attributes,
                        (char *const *)(uintptr_t)arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    if (code != 0) {
        child->pid = 0;
        return errinfo_set(reterr, -code, "%s can't be started: %s", config->program,
                           strerror(code));
    }
    return 0;
}

int launch_local(const struct launch_config *config, struct launch **ret, struct errinfo *reterr)
{
    struct launch *launch = calloc(1, sizeof *launch);

    if (launch == NULL) {
        return errinfo_nomem(reterr);
    }
    launch->children = calloc(config->agents_count, sizeof *launch->children);
    launch->log_folder = config->log_folder == NULL ? NULL : strdup(config->log_folder);
    if (launch->children == NULL || (launch->log_folder == NULL && config->log_folder != NULL)) {
        launch_free(launch);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < config->agents_count; i++) {
        struct child *child = &launch->children[launch->children_count++];
        int r;

        (void)snprintf(child->name, sizeof child->name, "agent-%u", i + 1);
        r = spawn_child(config, child, reterr);
        if (r < 0) {
            launch_free(launch);
            return r;
        }
    }
    *ret = launch;
    return 0;
}

static void signal_all(const struct launch *launch, int number)
{
    for (uint32_t i = 0; i < launch->children_count; i++) {
        if (launch->children[i].pid != 0) {
            (void)kill(launch->children[i].pid, number);
        }
    }
}

static void reap_until(struct launch *launch, int64_t deadline_ns)
{
    char name[NAME_BYTES];
    char reason[REASON_BYTES];

    while (launch_running(launch) > 0 && mono_ns() < deadline_ns) {
        if (!launch_reap(launch, name, reason)) {
            mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
        }
    }
}

void launch_free(struct launch *launch)
{
    if (launch == NULL) {
        return;
    }
    if (launch_running(launch) > 0) {
        signal_all(launch, SIGTERM);
        reap_until(launch, mono_ns() + END_NS);
        signal_all(launch, SIGKILL);
        reap_until(launch, mono_ns() + END_NS);
    }
    free(launch->log_folder);
    free(launch->children);
    free(launch);
}

/* Adds the last line of the log to the reason, if that tells an error. */
static void add_last_words(const struct launch *launch, const char *name, char *reason)
{
    char tail[TAIL_BYTES + 1];
    char path[PATH_MAX];
    size_t used = strlen(reason);
    const char *line;
    size_t bytes;
    FILE *log;

    (void)snprintf(path, sizeof path, "%s/%s.log", launch->log_folder, name);
    log = fopen(path, "re");
    if (log == NULL) {
        return;
    }
    if (fseek(log, -TAIL_BYTES, SEEK_END) != 0) {
        rewind(log); /* It is shorter. */
    }
    bytes = fread(tail, 1, TAIL_BYTES, log);
    (void)fclose(log);
    bytes -= bytes > 0 && tail[bytes - 1] == '\n' ? 1 : 0;
    tail[bytes] = '\0';
    line = strrchr(tail, '\n') == NULL ? tail : strrchr(tail, '\n') + 1;
    if (strlen(line) > LOG_WORDS_AT && strncmp(line + LOG_WORDS_AT - 8, "error ", 6) == 0) {
        (void)snprintf(reason + used, REASON_BYTES - used, ": %s", line + LOG_WORDS_AT);
    }
}

bool launch_reap(struct launch *launch, char *name, char *reason)
{
    for (uint32_t i = 0; i < launch->children_count; i++) {
        struct child *child = &launch->children[i];
        int status = 0;

        if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid) {
            continue;
        }
        child->pid = 0;
        memcpy(name, child->name, NAME_BYTES);
        if (WIFSIGNALED(status)) {
            (void)snprintf(reason, REASON_BYTES, "its process was ended by signal %d (%s)",
                           WTERMSIG(status), strsignal(WTERMSIG(status)));
        } else {
            (void)snprintf(reason, REASON_BYTES, "its process ended with exit code %d",
                           WEXITSTATUS(status));
            if (WEXITSTATUS(status) != 0 && launch->log_folder != NULL) {
                add_last_words(launch, name, reason);
            }
        }
        return true;
    }
    return false;
}

uint32_t launch_running(const struct launch *launch)
{
    uint32_t running = 0;

    for (uint32_t i = 0; i < launch->children_count; i++) {
        running += launch->children[i].pid != 0 ? 1 : 0;
    }
    return running;
}
