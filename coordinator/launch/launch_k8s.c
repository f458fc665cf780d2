/*
 * launch_k8s: agents as pods of a Job of Kubernetes, made by the kubectl of whoever runs this.
 *
 * The Job comes first, as its uid is what the Secret and the Service name as their owner: they go
 * with it, whoever deletes it. Pods wait for the Secret meanwhile. All of it is created and nothing
 * is applied: `kubectl apply` would keep a copy of the Secret in an annotation.
 *
 * Three things end the pods. A shell waits at a pipe from this process, and deletes the Job once
 * that is closed, however this process ends. Agents that hear of no coordinator any more end by
 * themselves, as do those that join none in time, if the host of this process is gone or parted
 * from the cluster; then the Job goes K8S_KEPT_S after them. What remains is a Job with pods that
 * never start, of a host that is gone: nobody is left to delete it.
 *
 * Not by the input of the pods (`kubectl attach`) as a leash: it wants a process for each of them,
 * and what is between here and there ends connections on which nothing is said.
 */
#include "launch_k8s_inner.h"
#include "launchers_inner.h"

#include "deadlines.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONGER_S 10 /* A pod has to join than this process waits for it. */

/* For the cluster to make something; whoever asks for a login of his may take some of it. */
#define CREATE_NS (3 * ANSWER_NS)
struct cluster {
    struct launch_config config; /* What it points to is borrowed until the end. */
    struct k8s_job job;
    struct k8s_watch watch;
    pid_t keeper_pid; /* Who deletes it all; 0: it ended, or was never there. */
    int keeper_fd;    /* Where it writes. */
    int leash_fd;     /* Its input; -1: let go. */
    bool is_made;     /* There is something to delete. */
};

static bool reap_one(void *started, uint32_t *ret_member, char *reason)
{
    struct cluster *cluster = started;

    return k8s_watch_reap(&cluster->watch, ret_member, reason);
}

/* ---- The end ---- */

static void let_go(struct cluster *cluster)
{
    if (cluster->leash_fd >= 0) {
        (void)close(cluster->leash_fd);
        cluster->leash_fd = -1;
    }
}

static int begin_keeper(struct cluster *cluster, struct errinfo *reterr)
{
    char job[K8S_NAME_BYTES + 16];
    char service[K8S_NAME_BYTES + 16];
    char secret[K8S_NAME_BYTES + 16];
    const char *const arguments[] = {"delete",
                                     job,
                                     service,
                                     secret,
                                     "--ignore-not-found",
                                     "--wait=false",
                                     "--cascade=background",
                                     NULL};
    struct k8s_command command;
    int ends[2];
    int r = k8s_command_make(cluster->config.kubectl, arguments, true, &command, reterr);

    if (r < 0) {
        return r;
    }
    (void)snprintf(job, sizeof job, "job/%s", cluster->job.name);
    (void)snprintf(service, sizeof service, "service/%s", cluster->job.name);
    (void)snprintf(secret, sizeof secret, "secret/%s", cluster->job.name);
    if (pipe2(ends, O_CLOEXEC) != 0) {
        r = errinfo_set(reterr, -errno, "pipe: %s", strerror(errno));
        goto out;
    }
    cluster->leash_fd = ends[1];
    r = launch_spawn(command.argv, ends[0], cluster->keeper_fd, &cluster->keeper_pid, reterr);
    (void)close(ends[0]);
out:
    k8s_command_done(&command);
    return r;
}

/* Whoever is left to delete it goes on if this process ends first. */
static void take_away(struct cluster *cluster)
{
    int64_t deadline_ns = mono_ns() + HOME_NS + 2 * END_NS;
    bool deleted = false;
    char words[LAUNCH_LINE_BYTES];
    char what[REASON_BYTES];
    int status = 0;

    /* Someone else may have ended it. */
    if (waitpid(cluster->keeper_pid, &status, WNOHANG) == cluster->keeper_pid) {
        let_go(cluster);
        if (begin_keeper(cluster, NULL) < 0) {
            cluster->keeper_pid = 0;
        }
    }
    let_go(cluster);
    while (cluster->keeper_pid != 0 && !deleted && mono_ns() < deadline_ns) {
        deleted = waitpid(cluster->keeper_pid, &status, WNOHANG) != 0;
        mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
    if (deleted && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        (void)snprintf(what, sizeof what, "job %s is deleted, with its secret and service",
                       cluster->job.name);
    } else {
        (void)k8s_read_words(cluster->keeper_fd, words);
        (void)snprintf(what, sizeof what,
                       "job %s may be left%s%.120s (kubectl delete job %s; else it goes %d s after "
                       "its agents)",
                       cluster->job.name, words[0] == '\0' ? "" : ": ", words, cluster->job.name,
                       K8S_KEPT_S);
    }
    k8s_tell(&cluster->config, what);
}

static void stop_all(void *started)
{
    struct cluster *cluster = started;

    k8s_watch_end(&cluster->watch);
    if (cluster->keeper_pid != 0 && cluster->is_made) {
        if (cluster->config.log_folder != NULL) {
            k8s_watch_keep_logs(&cluster->watch);
        }
        take_away(cluster);
    } else if (cluster->keeper_pid != 0) {
        (void)kill(cluster->keeper_pid, SIGKILL);
        (void)waitpid(cluster->keeper_pid, NULL, 0);
    }
    let_go(cluster);
    if (cluster->keeper_fd >= 0) {
        (void)close(cluster->keeper_fd);
    }
    free(cluster);
}

/* ---- The start ---- */

/* Where pods of the cluster reach a process that is in one of them itself: at the address by which
 * it reaches their API. */
static bool find_own_address(const char *url, char ret[JOIN_ADDRESS_BYTES])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST};
    const char *server = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = strrchr(url, ':');
    struct addrinfo *found = NULL;
    struct sockaddr_storage own = {0};
    socklen_t own_bytes = sizeof own;
    char host[INET6_ADDRSTRLEN + 16];
    bool is_found = false;
    int fd;

    if (server == NULL || getaddrinfo(server, "443", &hints, &found) != 0) {
        return false;
    }
    fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0 &&
        getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 &&
        getnameinfo((struct sockaddr *)&own, own_bytes, host, sizeof host, NULL, 0,
                    NI_NUMERICHOST) == 0) {
        bool is_six = own.ss_family == AF_INET6;

        (void)snprintf(ret, JOIN_ADDRESS_BYTES, "%s%s%s%s", is_six ? "[" : "", host,
                       is_six ? "]" : "", port == NULL ? "" : port);
        is_found = true;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    freeaddrinfo(found);
    return is_found;
}

static int check(const struct launch_config *config, struct errinfo *reterr)
{
    if (config->at_count == 0 && getenv("KUBERNETES_SERVICE_HOST") == NULL) {
        return errinfo_set(reterr, -EINVAL,
                           "--launch k8s: pods have to be told where they reach this coordinator: "
                           "--at HOST:PORT (it is left out where the coordinator is a pod, too)");
    }
    return 0;
}

static struct k8s_job job_of(const struct launch_config *config, uint64_t enrolment)
{
    int64_t join_ns = config->join_ns > 0 ? config->join_ns : JOIN_REMOTE_NS;
    struct k8s_job job = {.image = config->image == NULL ? K8S_IMAGE : config->image,
                          .agent = config->program,
                          .enrolment = enrolment,
                          .pods = config->plan->count,
                          .join_s = join_ns / NS_PER_S + LONGER_S};

    (void)snprintf(job.name, sizeof job.name, "millrace-%08x", (unsigned)(enrolment & UINT32_MAX));
    return job;
}

/* The Job, whose uid is in ret. */
static int make_job(struct cluster *cluster, char ret[LAUNCH_LINE_BYTES], struct errinfo *reterr)
{
    const char *const arguments[] = {"create", "--filename=-", "--output=jsonpath={.metadata.uid}",
                                     NULL};
    struct text manifest = {0};
    int r;

    k8s_write_job(&cluster->job, &manifest);
    r = text_failed(&manifest)
            ? errinfo_nomem(reterr)
            : k8s_call(cluster->config.kubectl, arguments, &manifest, CREATE_NS, ret, reterr);
    text_done(&manifest);
    cluster->is_made = r == 0 || r == -EAGAIN;
    return r;
}

/* What its pods wait for. */
static int make_rest(const struct cluster *cluster, const char *uid, const char *at,
                     struct errinfo *reterr)
{
    const char *const arguments[] = {"create", "--filename=-", "--output=name", NULL};
    struct text line = {.secret = true};
    struct text manifest = {.secret = true};
    char said[LAUNCH_LINE_BYTES];
    int r = launch_join_line(&cluster->config, 0, at, &line, reterr);

    if (r == 0) {
        k8s_write_secret(&cluster->job, uid, line.bytes, &manifest);
        text_add(&manifest, "---\n");
        k8s_write_service(&cluster->job, uid, &manifest);
        r = text_failed(&manifest)
                ? errinfo_nomem(reterr)
                : k8s_call(cluster->config.kubectl, arguments, &manifest, CREATE_NS, said, reterr);
    }
    text_done(&line);
    text_done(&manifest);
    return r;
}

static int start_job(struct cluster *cluster, struct errinfo *reterr)
{
    const struct launch_config *config = &cluster->config;
    char own[JOIN_ADDRESS_BYTES] = "";
    char uid[LAUNCH_LINE_BYTES];
    char what[REASON_BYTES];
    int r;

    cluster->keeper_fd = memfd_create("k8s", MFD_CLOEXEC);
    if (cluster->keeper_fd < 0) {
        return errinfo_nomem(reterr);
    }
    if (config->at_count == 0 && !find_own_address(config->url, own)) {
        return errinfo_set(reterr, -EADDRNOTAVAIL,
                           "this pod has no address by which it reaches the cluster: give --at "
                           "HOST:PORT");
    }
    r = begin_keeper(cluster, reterr);
    if (r == 0) {
        r = make_job(cluster, uid, reterr);
    }
    if (r == 0) {
        r = make_rest(cluster, uid, own[0] == '\0' ? NULL : own, reterr);
    }
    if (r == 0) {
        (void)snprintf(what, sizeof what, "job %s: %u pods of %.80s, which join at %.80s%s",
                       cluster->job.name, cluster->job.pods, cluster->job.image,
                       own[0] == '\0' ? config->at[0] : own,
                       config->at_count > 1 ? " (and others)" : "");
        k8s_tell(&cluster->config, what);
        r = k8s_watch_begin(&cluster->watch, &cluster->config, &cluster->job, reterr);
    }
    return r;
}

static int start_all(const struct launch_config *config, const struct launch_member *members,
                     void **ret, struct errinfo *reterr)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    int r;

    if (cluster == NULL) {
        return errinfo_nomem(reterr);
    }
    cluster->config = *config;
    cluster->job = job_of(config, members[0].enrolment);
    cluster->leash_fd = -1;
    cluster->keeper_fd = -1;
    r = start_job(cluster, reterr);
    if (r < 0) {
        stop_all(cluster);
        return r;
    }
    *ret = cluster;
    return 0;
}

static const char *describe_job(void *started)
{
    struct cluster *cluster = started;

    return k8s_watch_describe(&cluster->watch);
}

static int show_job(const struct launch_config *config, struct text *out, struct errinfo *reterr)
{
    struct k8s_job job = job_of(config, 0);

    (void)snprintf(job.name, sizeof job.name, "millrace-agents");
    text_addf(
        out,
        "# What --launch %s:%u asks a cluster for. Its Secret is left out: the join line in it is\n"
        "# for one run, and ends with that. To run these pods by yourself, which serve one run:\n"
        "#   millrace hosts add agents --any %u --valid 1d --at HOST:PORT\n"
        "#   kubectl create secret generic %s --from-file=join=agents.join\n"
        "#   kubectl create -f THIS && millrace run SCENARIO --hosts agents\n"
        "#   kubectl delete job,service,secret %s\n",
        "k8s", job.pods, job.pods, job.name, job.name);
    k8s_write_service(&job, NULL, out);
    text_add(out, "---\n");
    k8s_write_job(&job, out);
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}

const struct launcher_ops launcher_k8s = {
    .name = "k8s",
    .takes = "k8s:N",
    .options = {"--at", "--image", "--kubectl", "--dry-run", "--agent-path", NULL},
    .one_line = true,
    .join_ns = JOIN_REMOTE_NS,
    .parse = k8s_parse,
    .check = check,
    .show = show_job,
    .start = start_all,
    .reap = reap_one,
    .stop = stop_all,
    .describe = describe_job,
};
