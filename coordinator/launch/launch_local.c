/*
 * launch_local: agents as children of this process, over ipc.
 *
 * They get a process group of their own, so that a Ctrl-C at the terminal reaches the coordinator
 * only, and end when it ends.
 */
#include "launchers_inner.h"

#include "bounds.h"
#include "deadlines.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct children {
    const struct launch_member *members;
    pid_t *pids; /* By member; 0: it ended, or was never there. */
    uint32_t count;
    char *log_folder; /* NULL: there are no logs. */
};

#define TAIL_BYTES 1024 /* Of a log: its last line is within. */
#define LOG_WORDS_AT 33 /* Of a line of a log, after the time and the level. */

static int spawn_child(const struct launch_config *config, const struct launch_member *member,
                       pid_t *ret, struct errinfo *reterr)
{
    char parent[32];
    char enrolment[32];
    const char *arguments[] = {
        config->program, "--join",      config->url, "--name", member->name, "--with-parent",
        parent,          "--enrolment", enrolment,   NULL,     NULL,         NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    char log[PATH_MAX];
    int code;

    if (config->trace_path != NULL) {
        arguments[9] = "--trace";
        arguments[10] = config->trace_path;
    }
    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());
    (void)snprintf(enrolment, sizeof enrolment, "%" PRIx64, member->enrolment);
    (void)snprintf(log, sizeof log, "%s/%s.log",
                   config->log_folder == NULL ? "" : config->log_folder, member->name);
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
    code = posix_spawnp(ret, config->program, &actions, &attributes,
                        (char *const *)(uintptr_t)arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    if (code != 0) {
        *ret = 0;
        return errinfo_set(reterr, -code, "%s can't be started: %s", config->program,
                           strerror(code));
    }
    return 0;
}

/* Adds the last line of the log to the reason, if that tells an error. */
static void add_last_words(const struct children *children, const char *name, char *reason)
{
    char tail[TAIL_BYTES + 1];
    char path[PATH_MAX];
    size_t used = strlen(reason);
    const char *line;
    size_t bytes;
    FILE *log;

    (void)snprintf(path, sizeof path, "%s/%s.log", children->log_folder, name);
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

static void tell_end(const struct children *children, uint32_t member, int status, char *reason)
{
    if (WIFSIGNALED(status)) {
        (void)snprintf(reason, REASON_BYTES, "its process was ended by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
        return;
    }
    (void)snprintf(reason, REASON_BYTES, "its process ended with exit code %d",
                   WEXITSTATUS(status));
    if (WEXITSTATUS(status) != 0 && children->log_folder != NULL) {
        add_last_words(children, children->members[member].name, reason);
    }
}

static bool reap_one(void *started, uint32_t *ret_member, char *reason)
{
    struct children *children = started;

    for (uint32_t i = 0; i < children->count; i++) {
        int status = 0;

        if (children->pids[i] != 0 &&
            waitpid(children->pids[i], &status, WNOHANG) == children->pids[i]) {
            children->pids[i] = 0;
            tell_end(children, i, status, reason);
            *ret_member = i;
            return true;
        }
    }
    return false;
}

/* Those that run; number: 0 sends nothing. */
static uint32_t signal_all(const struct children *children, int number)
{
    uint32_t running = 0;

    for (uint32_t i = 0; i < children->count; i++) {
        if (children->pids[i] != 0) {
            (void)kill(children->pids[i], number);
            running++;
        }
    }
    return running;
}

static void reap_until(struct children *children, int64_t deadline_ns)
{
    uint32_t member;
    char reason[REASON_BYTES];

    while (signal_all(children, 0) > 0 && mono_ns() < deadline_ns) {
        if (!reap_one(children, &member, reason)) {
            mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
        }
    }
}

static void stop_all(void *started)
{
    struct children *children = started;

    if (signal_all(children, SIGTERM) > 0) {
        reap_until(children, mono_ns() + END_NS);
        (void)signal_all(children, SIGKILL);
        reap_until(children, mono_ns() + END_NS);
    }
    free(children->log_folder);
    free(children->pids);
    free(children);
}

static int start_all(const struct launch_config *config, const struct launch_member *members,
                     void **ret, struct errinfo *reterr)
{
    struct children *children = calloc(1, sizeof *children);
    int r = 0;

    if (children == NULL) {
        return errinfo_nomem(reterr);
    }
    children->members = members;
    children->pids = calloc(config->agents_count, sizeof *children->pids);
    children->log_folder = config->log_folder == NULL ? NULL : strdup(config->log_folder);
    if (children->pids == NULL || (children->log_folder == NULL && config->log_folder != NULL)) {
        r = errinfo_nomem(reterr);
    }
    while (r == 0 && children->count < config->agents_count) {
        uint32_t next = children->count++;

        r = spawn_child(config, &members[next], &children->pids[next], reterr);
    }
    if (r < 0) {
        stop_all(children);
        return r;
    }
    *ret = children;
    return 0;
}

static const char *describe_logs(const void *started)
{
    const struct children *children = started;

    return children->log_folder == NULL ? "" : "their logs (agents/*.log) say more";
}

const struct launcher_ops launcher_local = {
    .name = "local",
    .own_host = true,
    .join_ns = JOIN_LOCAL_NS,
    .start = start_all,
    .reap = reap_one,
    .stop = stop_all,
    .describe = describe_logs,
};
