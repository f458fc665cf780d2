/*
 * launch_ssh: agents on other hosts, by the ssh of whoever calls: its keys, its known hosts, its
 * configuration. One process of ssh holds each agent.
 *
 * The agent gets its join line through ssh's stdin, and ends when that is closed: by this process,
 * by its end of whatever kind, or as the connection breaks. No file is left on either host.
 *
 * Which address it dials: what --at says; else the one that its ssh came from, as sshd tells it,
 * and after that this host's name. Through a tunnel: sshd's end of it, on its loopback.
 */
#include "launch_ssh_inner.h"
#include "launchers_inner.h"

#include "deadlines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_BYTES_LOOKED_AT 16384 /* What stands before the tunnel's port: banners. */

/* One agent's ssh. */
struct rope {
    pid_t pid;          /* 0: it ended, or was never there. */
    int leash_fd;       /* Its stdin; -1: let go. */
    int log_fd;         /* Where it and its agent write; -1: none. */
    off_t log_from;     /* What stands there before is of an ssh before this one. */
    bool waits_for_end; /* Of the tunnel, before its agent is told where to join. */
    bool is_pushing;    /* This ssh copies the archive. */
    bool pushed;        /* And another did so before. */
};

struct ropes {
    struct launch_config config; /* What it points to is borrowed until the end. */
    const struct launch_member *members;
    struct rope *items; /* By member. */
    uint32_t count;
    uint32_t port;           /* At which this process listens. */
    bool stops;              /* Nothing is started any more. */
    char more[REASON_BYTES]; /* Of describe(). */
};

static uint32_t port_of(const char *url)
{
    const char *colon = strrchr(url, ':');

    return colon == NULL ? 0 : (uint32_t)strtoul(colon + 1, NULL, 10);
}

static void tell(const struct ropes *ropes, uint32_t member, const char *what)
{
    char line[REASON_BYTES];

    if (ropes->config.on_told != NULL) {
        (void)snprintf(line, sizeof line, "ssh:%s: %.180s", ropes->members[member].name, what);
        ropes->config.on_told(ropes->config.context, line);
    }
}

static int open_log(const struct launch_config *config, const char *name, struct errinfo *reterr)
{
    char path[PATH_MAX];
    int fd;

    if (config->log_folder == NULL) {
        (void)snprintf(path, sizeof path, "a log of ssh");
        fd = memfd_create("ssh", MFD_CLOEXEC); /* Its last words are told. */
    } else {
        (void)snprintf(path, sizeof path, "%s/%s.log", config->log_folder, name);
        fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }
    return fd < 0 ? errinfo_set(reterr, -errno, "%s: can't be made: %s", path, strerror(errno))
                  : fd;
}

static int give_line(const struct ropes *ropes, uint32_t member, const char *address,
                     struct errinfo *reterr)
{
    struct text line = {.secret = true};
    int r = launch_join_line(&ropes->config, member, address, &line, reterr);

    /* It is shorter than a pipe. Who is gone can't read it, and is found as the rope ends. */
    if (r == 0 && write(ropes->items[member].leash_fd, line.bytes, line.bytes_count) < 0 &&
        errno != EPIPE) {
        r = errinfo_set(reterr, -errno, "ssh's input can't be written: %s", strerror(errno));
    }
    text_done(&line);
    return r;
}

static int spawn(struct ropes *ropes, uint32_t member, int in_fd, struct errinfo *reterr)
{
    const struct launch_config *config = &ropes->config;
    const struct ssh_call call = {.ssh = config->ssh,
                                  .where = config->plan->places[member].where,
                                  .agent = config->program,
                                  .enrolment = ropes->members[member].enrolment,
                                  .port = ropes->port,
                                  .tunnel = config->tunnel,
                                  .dials_caller = !config->tunnel && config->at_count == 0,
                                  .push_sha256 = config->push_sha256,
                                  .pushes = ropes->items[member].is_pushing};
    struct rope *rope = &ropes->items[member];
    struct ssh_command command;
    int r = ssh_command_make(&call, &command, reterr);

    rope->log_from = lseek(rope->log_fd, 0, SEEK_END);
    if (r == 0) {
        r = launch_spawn(command.argv, in_fd, rope->log_fd, &rope->pid, reterr);
        ssh_command_done(&command);
    }
    return r;
}

static void tell_started(const struct ropes *ropes, uint32_t member)
{
    const struct launch_config *config = &ropes->config;
    char what[REASON_BYTES];

    if (config->at_count > 0) {
        (void)snprintf(what, sizeof what, "starts %.80s, which joins at %.80s%s", config->program,
                       config->at[0], config->at_count > 1 ? " and others" : "");
    } else {
        (void)snprintf(what, sizeof what,
                       "starts %.80s, which joins at the address that its ssh came from, port %u",
                       config->program, ropes->port);
    }
    tell(ropes, member, what);
}

static int start_agent(struct ropes *ropes, uint32_t member, struct errinfo *reterr)
{
    struct rope *rope = &ropes->items[member];
    int ends[2];
    int r;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errinfo_set(reterr, -errno, "pipe: %s", strerror(errno));
    }
    rope->leash_fd = ends[1];
    r = spawn(ropes, member, ends[0], reterr);
    (void)close(ends[0]);
    if (r < 0) {
        return r;
    }
    rope->waits_for_end = ropes->config.tunnel;
    if (!rope->waits_for_end) {
        tell_started(ropes, member);
        r = give_line(ropes, member, NULL, reterr);
    }
    return r;
}

static void let_go(struct rope *rope)
{
    if (rope->leash_fd >= 0) {
        (void)close(rope->leash_fd);
        rope->leash_fd = -1;
    }
}

static int start_one(struct ropes *ropes, uint32_t member, struct errinfo *reterr)
{
    struct rope *rope = &ropes->items[member];
    int r;

    *rope = (struct rope){.leash_fd = -1, .log_fd = -1};
    r = open_log(&ropes->config, ropes->members[member].name, reterr);
    if (r < 0) {
        return r;
    }
    rope->log_fd = r;
    return start_agent(ropes, member, reterr);
}

static int start_push(struct ropes *ropes, uint32_t member, struct errinfo *reterr)
{
    const char *path = ropes->config.push;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char what[REASON_BYTES];
    int r;

    if (fd < 0) {
        return errinfo_set(reterr, -errno, "%s: can't be read: %s", path, strerror(errno));
    }
    ropes->items[member].is_pushing = true;
    r = spawn(ropes, member, fd, reterr);
    (void)close(fd);
    if (r == 0) {
        (void)snprintf(what, sizeof what,
                       "has no %.40s: copying %.60s to ~/" SSH_CACHE "/" MILLRACE_VERSION,
                       ropes->config.program, path);
        tell(ropes, member, what);
    }
    return r;
}

/* An ssh has ended so. Whether another one follows; else the reason why not. */
static bool go_on(struct ropes *ropes, uint32_t member, int status, char *reason)
{
    struct rope *rope = &ropes->items[member];
    char line[LAUNCH_LINE_BYTES];
    struct errinfo error = {""};
    int r = -1;

    (void)launch_last_line(rope->log_fd, line);
    rope->waits_for_end = false;
    if (rope->is_pushing) {
        rope->is_pushing = false;
        rope->pushed = true;
        if (status == 0) {
            tell(ropes, member, "copied, and its checksum is the same there");
            r = start_agent(ropes, member, &error);
        } else {
            (void)snprintf(error.text, sizeof error.text, "%.60s can't be copied there: %.150s",
                           ropes->config.push, line);
        }
    } else if (ropes->config.push != NULL && !rope->pushed && ssh_found_no_agent(status)) {
        r = start_push(ropes, member, &error);
    } else {
        ssh_explain(status, line, ropes->config.program, reason);
    }
    if (error.text[0] != '\0') {
        (void)snprintf(reason, REASON_BYTES, "%.*s", REASON_BYTES - 1, error.text);
    }
    text_tame(reason, false);
    return r == 0;
}

/* Once sshd has chosen its end of the tunnel, the agent can be told. */
static void look_for_tunnel(struct ropes *ropes, uint32_t member)
{
    struct rope *rope = &ropes->items[member];
    char log[LOG_BYTES_LOOKED_AT];
    ssize_t bytes = pread(rope->log_fd, log, sizeof log - 1, rope->log_from);
    char address[32];
    char what[REASON_BYTES];
    uint32_t port;

    log[bytes < 0 ? 0 : bytes] = '\0';
    port = ssh_tunnel_port(log);
    if (port == 0) {
        return;
    }
    rope->waits_for_end = false;
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port);
    (void)snprintf(what, sizeof what, "starts %.80s, which joins through ssh, at its %s",
                   ropes->config.program, address);
    tell(ropes, member, what);
    (void)give_line(ropes, member, address, NULL);
}

static bool reap_one(void *started, uint32_t *ret_member, char *reason)
{
    struct ropes *ropes = started;

    for (uint32_t i = 0; i < ropes->count; i++) {
        struct rope *rope = &ropes->items[i];
        int status = 0;

        if (rope->pid != 0 && rope->waits_for_end) {
            look_for_tunnel(ropes, i);
        }
        if (rope->pid != 0 && waitpid(rope->pid, &status, WNOHANG) == rope->pid) {
            rope->pid = 0;
            let_go(rope);
            if (!ropes->stops && go_on(ropes, i, status, reason)) {
                continue;
            }
            *ret_member = i;
            return true;
        }
    }
    return false;
}

/* Those that run; number: 0 sends nothing. */
static uint32_t signal_all(const struct ropes *ropes, int number)
{
    uint32_t running = 0;

    for (uint32_t i = 0; i < ropes->count; i++) {
        if (ropes->items[i].pid != 0) {
            (void)kill(ropes->items[i].pid, number);
            running++;
        }
    }
    return running;
}

static void reap_until(struct ropes *ropes, int64_t deadline_ns)
{
    uint32_t member;
    char reason[REASON_BYTES];

    while (signal_all(ropes, 0) > 0 && mono_ns() < deadline_ns) {
        if (!reap_one(ropes, &member, reason)) {
            mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
        }
    }
}

static void stop_all(void *started)
{
    struct ropes *ropes = started;

    ropes->stops = true;
    for (uint32_t i = 0; i < ropes->count; i++) {
        let_go(&ropes->items[i]);
        if (ropes->items[i].is_pushing && ropes->items[i].pid != 0) {
            (void)kill(ropes->items[i].pid, SIGTERM); /* Half an archive is none: it is removed. */
        }
    }
    /* An agent that was let go leaves in good order. One that does not is out of reach. */
    reap_until(ropes, mono_ns() + HOME_NS);
    if (signal_all(ropes, SIGTERM) > 0) {
        reap_until(ropes, mono_ns() + END_NS);
        (void)signal_all(ropes, SIGKILL);
        reap_until(ropes, mono_ns() + END_NS);
    }
    for (uint32_t i = 0; i < ropes->count; i++) {
        if (ropes->items[i].log_fd >= 0) {
            (void)close(ropes->items[i].log_fd);
        }
    }
    free(ropes->items);
    free(ropes);
}

static int start_all(const struct launch_config *config, const struct launch_member *members,
                     void **ret, struct errinfo *reterr)
{
    struct ropes *ropes = calloc(1, sizeof *ropes);
    int r = 0;

    if (ropes == NULL) {
        return errinfo_nomem(reterr);
    }
    ropes->config = *config;
    ropes->members = members;
    ropes->port = port_of(config->url);
    ropes->items = calloc(config->plan->count, sizeof *ropes->items);
    if (ropes->items == NULL) {
        free(ropes);
        return errinfo_nomem(reterr);
    }
    while (r == 0 && ropes->count < config->plan->count) {
        r = start_one(ropes, ropes->count++, reterr);
    }
    if (r < 0) {
        stop_all(ropes);
        return r;
    }
    *ret = ropes;
    return 0;
}

/* An agent that runs and has not joined knows best why. */
static const char *describe_logs(void *started)
{
    struct ropes *ropes = started;
    char line[LAUNCH_LINE_BYTES];

    for (uint32_t i = 0; i < ropes->count; i++) {
        const char *words;

        if (ropes->items[i].pid == 0 ||
            !launch_is_log(launch_last_line(ropes->items[i].log_fd, line))) {
            continue;
        }
        words = launch_log_words(line);
        if (strncmp(words, "joined ", 7) != 0) {
            const char *name = ropes->members[i].name;
            bool named = strncmp(words, name, strlen(name)) == 0;

            (void)snprintf(ropes->more, sizeof ropes->more, "%s%s%.180s", named ? "" : name,
                           named ? "" : " says: ", words);
            text_tame(ropes->more, false);
            return ropes->more;
        }
    }
    return ropes->config.log_folder == NULL ? "" : "their logs (agents/*.log) say more";
}

const struct launcher_ops launcher_ssh = {
    .name = "ssh",
    .takes = "ssh:HOST,.. or ssh:@FILE",
    .options = {"--at", "--tunnel", "--ssh", "--agent-path", "--push", NULL},
    .join_ns = JOIN_REMOTE_NS,
    .parse = ssh_parse,
    .start = start_all,
    .reap = reap_one,
    .stop = stop_all,
    .describe = describe_logs,
};
