/*
 * launch_local: agents as children of this process, over ipc.
 *
 * They end when it ends.
 */
#include "launchers_inner.h"

#include "bounds.h"
#include "deadlines.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct children {
    const struct launch_member *members;
    pid_t *pids; /* By member; 0: it ended, or was never there. */
    uint32_t count;
    char *log_folder; /* NULL: there are no logs. */
};

static int parse_count(const char *argument, struct launch_plan *plan, struct errinfo *reterr)
{
    char name[NAME_BYTES];
    char *end = NULL;
    unsigned long count = isdigit((unsigned char)argument[0]) ? strtoul(argument, &end, 10) : 0;
    int r = 0;

    if (end == NULL || *end != '\0' || count == 0 || count > AGENTS_MAX) {
        return errinfo_set(reterr, -EINVAL, "local:N starts N agents here, from 1 to %d, not %.60s",
                           AGENTS_MAX, argument[0] == '\0' ? "none" : argument);
    }
    for (unsigned long i = 1; r == 0 && i <= count; i++) {
        (void)snprintf(name, sizeof name, "agent-%lu", i);
        r = launch_plan_add(plan, name, "", reterr);
    }
    return r;
}

/* -1: it can't be had. */
static int open_log(const struct launch_config *config, const struct launch_member *member)
{
    char log[PATH_MAX];

    if (config->log_folder == NULL) {
        return open("/dev/null", O_WRONLY | O_CLOEXEC);
    }
    (void)snprintf(log, sizeof log, "%s/%s.log", config->log_folder, member->name);
    return open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

static int spawn_child(const struct launch_config *config, const struct launch_member *member,
                       pid_t *ret, struct errinfo *reterr)
{
    char parent[32];
    char enrolment[32];
    const char *arguments[] = {
        config->program, "--join",      config->url, "--name", member->name, "--with-parent",
        parent,          "--enrolment", enrolment,   NULL,     NULL,         NULL};
    int null_fd;
    int log_fd;
    int r;

    if (config->trace_path != NULL) {
        arguments[9] = "--trace";
        arguments[10] = config->trace_path;
    }
    (void)snprintf(parent, sizeof parent, "%d", (int)getpid());
    (void)snprintf(enrolment, sizeof enrolment, "%" PRIx64, member->enrolment);
    null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    log_fd = open_log(config, member);
    if (null_fd < 0 || log_fd < 0) {
        r = errinfo_set(reterr, -errno, "%s can't be started: %s", config->program,
                        strerror(errno));
    } else {
        r = launch_spawn(arguments, null_fd, log_fd, ret, reterr);
    }
    if (null_fd >= 0) {
        (void)close(null_fd);
    }
    if (log_fd >= 0) {
        (void)close(log_fd);
    }
    return r;
}

/* Adds the last line of the log to the reason, if that tells an error. */
static void add_last_words(const struct children *children, const char *name, char *reason)
{
    char line[LAUNCH_LINE_BYTES];
    char path[PATH_MAX];
    size_t used = strlen(reason);
    const char *error;
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s.log", children->log_folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    error = launch_log_error(launch_last_line(fd, line));
    (void)close(fd);
    if (error != NULL) {
        (void)snprintf(reason + used, REASON_BYTES - used, ": %s", error);
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
    children->pids = calloc(config->plan->count, sizeof *children->pids);
    children->log_folder = config->log_folder == NULL ? NULL : strdup(config->log_folder);
    if (children->pids == NULL || (children->log_folder == NULL && config->log_folder != NULL)) {
        r = errinfo_nomem(reterr);
    }
    while (r == 0 && children->count < config->plan->count) {
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

static const char *describe_logs(void *started)
{
    const struct children *children = started;

    return children->log_folder == NULL ? "" : "their logs (agents/*.log) say more";
}

const struct launcher_ops launcher_local = {
    .name = "local",
    .takes = "local:N",
    .options = {"--trace", NULL},
    .own_host = true,
    .join_ns = JOIN_LOCAL_NS,
    .parse = parse_count,
    .start = start_all,
    .reap = reap_one,
    .stop = stop_all,
    .describe = describe_logs,
};
