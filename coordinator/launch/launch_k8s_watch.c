/* launch_k8s_watch: what becomes of the pods of a Job, as kubectl tells it while it goes on. */
#include "launch_k8s_inner.h"

#include "deadlines.h"
#include "launchers_inner.h"

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

/* Servers end a watch now and then, and it begins anew. */
#define WATCH_AGAIN_NS (2 * NS_PER_S)

#define SELECTOR "--selector=app.kubernetes.io/instance="

void k8s_tell(const struct launch_config *config, const char *what)
{
    char line[REASON_BYTES + 8];

    if (config->on_told != NULL) {
        (void)snprintf(line, sizeof line, "k8s: %s", what);
        config->on_told(config->context, line);
    }
}

static void tell_once(struct k8s_watch *watch, enum k8s_told kind, const char *reason)
{
    if (!watch->told[kind]) {
        watch->told[kind] = true;
        k8s_tell(watch->config, reason);
    }
}

static void take_pod(struct k8s_watch *watch, const struct k8s_pod *found)
{
    struct k8s_watched *pod;
    char reason[REASON_BYTES];
    char line[REASON_BYTES];

    if (found->index >= watch->config->plan->count) {
        return;
    }
    pod = &watch->pods[found->index];
    pod->seen = true;
    if (pod->state == K8S_ENDED) {
        return;
    }
    pod->state = k8s_explain(found, watch->job, pod->pull_words, reason);
    text_tame(reason, false);
    memcpy(pod->reason, reason, sizeof pod->reason);
    if (pod->state == K8S_PULLING) {
        memcpy(pod->pull_words, reason, sizeof pod->pull_words);
        (void)snprintf(line, sizeof line, "the image can't be pulled so far: %.200s", reason);
        tell_once(watch, K8S_TOLD_PULLING, line);
    } else if (pod->state == K8S_WAITS) {
        tell_once(watch, found->node[0] == '\0' ? K8S_TOLD_SCHEDULED : K8S_TOLD_WAITING, reason);
    }
}

static void take_output(struct k8s_watch *watch, const char *line)
{
    char words[LAUNCH_LINE_BYTES];

    switch (k8s_read_line(&watch->reader, line)) {
    case K8S_LINE_POD:
        take_pod(watch, &watch->reader.pod);
        break;
    case K8S_LINE_WORDS:
        if (k8s_take_words(line, words) != K8S_WORDS_NONE) {
            (void)snprintf(watch->words, sizeof watch->words, "kubectl: %.200s", words);
        }
        break;
    case K8S_LINE_PART:
        break;
    }
}

/* Whole lines; of one that is longer than a log's, its end is taken for a line. */
static void read_output(struct k8s_watch *watch)
{
    char lines[4 * LAUNCH_LINE_BYTES];
    ssize_t bytes;

    while ((bytes = pread(watch->fd, lines, sizeof lines - 1, watch->read_bytes)) > 0) {
        char *line = lines;
        char *end;

        lines[bytes] = '\0';
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            take_output(watch, line);
            line = end + 1;
        }
        if (line == lines && bytes < (ssize_t)sizeof lines - 1) {
            return; /* The rest of it is to come. */
        }
        watch->read_bytes += line == lines ? bytes : line - lines;
    }
}

static void begin_watch(struct k8s_watch *watch)
{
    char selector[K8S_NAME_BYTES + sizeof SELECTOR];
    char format[2048];
    const char *const arguments[] = {"get",  "pods", selector, "--watch", "--output-watch-events",
                                     format, NULL};
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)snprintf(selector, sizeof selector, SELECTOR "%s", watch->job->name);
    (void)snprintf(format, sizeof format, "--output=jsonpath=%s", k8s_template);
    watch->since_ns = mono_ns();
    watch->read_bytes = 0;
    watch->reader = (struct k8s_reader){.in_pod = false};
    if (null_fd < 0 || ftruncate(watch->fd, 0) != 0 || lseek(watch->fd, 0, SEEK_SET) != 0 ||
        k8s_spawn(watch->config->kubectl, arguments, null_fd, watch->fd, &watch->pid, NULL) < 0) {
        watch->pid = 0; /* Tried again. */
    }
    if (null_fd >= 0) {
        (void)close(null_fd);
    }
}

static void look(struct k8s_watch *watch)
{
    int status;

    if (watch->pid != 0 && waitpid(watch->pid, &status, WNOHANG) == watch->pid) {
        watch->pid = 0;
    }
    read_output(watch);
    if (watch->pid == 0 && mono_ns() >= watch->since_ns + WATCH_AGAIN_NS) {
        begin_watch(watch);
    }
}

/* What the pods wrote, while they are there. */
void k8s_watch_keep_logs(const struct k8s_watch *watch)
{
    char selector[K8S_NAME_BYTES + sizeof SELECTOR];
    const char *const arguments[] = {
        "logs", selector, "--container=agent", "--prefix", "--tail=-1", "--ignore-errors", NULL};
    char path[PATH_MAX];
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pid_t pid = 0;
    int log_fd;

    (void)snprintf(selector, sizeof selector, SELECTOR "%s", watch->job->name);
    (void)snprintf(path, sizeof path, "%s/k8s.log", watch->config->log_folder);
    log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (null_fd >= 0 && log_fd >= 0 &&
        k8s_spawn(watch->config->kubectl, arguments, null_fd, log_fd, &pid, NULL) == 0) {
        (void)k8s_wait(pid, mono_ns() + ANSWER_NS);
    }
    if (null_fd >= 0) {
        (void)close(null_fd);
    }
    if (log_fd >= 0) {
        (void)close(log_fd);
    }
}

/* ---- What there is to say ---- */

/* Why a Job makes no pods stands in its events: quotas, policies. */
static void ask_events(const struct k8s_watch *watch, char ret[LAUNCH_LINE_BYTES])
{
    char selector[K8S_NAME_BYTES + 48];
    const char *const arguments[] = {
        "get", "events", selector,
        "--output=jsonpath={range .items[*]}{.reason}: {.message}{\"\\n\"}{end}", NULL};

    (void)snprintf(selector, sizeof selector, "--field-selector=involvedObject.name=%s",
                   watch->job->name);
    if (k8s_call(watch->config->kubectl, arguments, NULL, ANSWER_NS, ret, NULL) < 0) {
        ret[0] = '\0';
    }
}

static void ask_log(const struct k8s_watch *watch, char ret[LAUNCH_LINE_BYTES])
{
    char selector[K8S_NAME_BYTES + sizeof SELECTOR];
    const char *const arguments[] = {"logs",     selector,          "--container=agent",
                                     "--tail=1", "--ignore-errors", NULL};

    (void)snprintf(selector, sizeof selector, SELECTOR "%s", watch->job->name);
    if (k8s_call(watch->config->kubectl, arguments, NULL, ANSWER_NS, ret, NULL) < 0) {
        ret[0] = '\0';
    }
}

const char *k8s_watch_describe(struct k8s_watch *watch)
{
    char line[LAUNCH_LINE_BYTES] = "";
    uint32_t seen = 0;
    uint32_t run = 0;
    const char *waits = NULL;

    for (uint32_t i = 0; i < watch->config->plan->count; i++) {
        const struct k8s_watched *pod = &watch->pods[i];

        seen += pod->seen ? 1 : 0;
        run += pod->state == K8S_RUNS ? 1 : 0;
        if (waits == NULL && pod->state != K8S_ENDED && pod->reason[0] != '\0') {
            waits = pod->reason;
        }
    }
    if (waits != NULL) {
        (void)snprintf(line, sizeof line, "%s", waits);
    } else if (seen == 0) {
        ask_events(watch, line);
        if (line[0] == '\0') {
            (void)snprintf(line, sizeof line, "%s",
                           watch->words[0] == '\0' ? "the cluster made no pods" : watch->words);
        }
    } else if (run > 0) {
        ask_log(watch, line);
    }
    if (line[0] == '\0') {
        return watch->config->log_folder == NULL ? "" : "their log (agents/k8s.log) says more";
    }
    (void)snprintf(watch->more, sizeof watch->more, "%.200s", launch_log_words(line));
    return watch->more;
}

int k8s_watch_begin(struct k8s_watch *watch, const struct launch_config *config,
                    const struct k8s_job *job, struct errinfo *reterr)
{
    *watch = (struct k8s_watch){.config = config, .job = job};
    watch->pods = calloc(config->plan->count, sizeof *watch->pods);
    watch->fd = memfd_create("k8s", MFD_CLOEXEC);
    if (watch->pods == NULL || watch->fd < 0) {
        return errinfo_nomem(reterr);
    }
    begin_watch(watch);
    return 0;
}

bool k8s_watch_reap(struct k8s_watch *watch, uint32_t *ret_member, char *reason)
{
    look(watch);
    for (uint32_t i = 0; i < watch->config->plan->count; i++) {
        struct k8s_watched *pod = &watch->pods[i];

        if (pod->state == K8S_ENDED && !pod->told) {
            pod->told = true;
            memcpy(reason, pod->reason, sizeof pod->reason);
            *ret_member = i;
            return true;
        }
    }
    return false;
}

void k8s_watch_end(struct k8s_watch *watch)
{
    if (watch->pid != 0) {
        (void)kill(watch->pid, SIGKILL);
        (void)waitpid(watch->pid, NULL, 0);
        watch->pid = 0;
    }
    if (watch->pods != NULL && watch->fd >= 0) {
        (void)close(watch->fd);
    }
    free(watch->pods);
    watch->pods = NULL;
}
