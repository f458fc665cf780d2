#include "launch_k8s_inner.h"

#include "launchers_inner.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_WRONG_USE 2   /* Of the agent. */
#define EXIT_NOT_RUN 126   /* Of a shell: it is there, and no program. */
#define EXIT_NOT_FOUND 127 /* Likewise: it is not there. */
#define EXIT_KILLED 137    /* Of a container: by SIGKILL. */

#define ON_NODE_BYTES 48

#define AGENT "[?(@.name==\"agent\")]"

/* A record a pod, as it was and whenever it changes. No tabs: kubectl makes columns of them. */
const char k8s_template[] =
    "pod|{.type}|{.object.metadata.annotations.batch\\.kubernetes\\.io/job-completion-index}|"
    "{.object.metadata.name}|{.object.spec.nodeName}|{.object.status.phase}|"
    "{.object.status.containerStatuses" AGENT ".state.waiting.reason}|"
    "{.object.status.containerStatuses" AGENT ".state.terminated.reason}|"
    "{.object.status.containerStatuses" AGENT ".state.terminated.exitCode}|"
    "{.object.status.reason}{\"\\n\"}"
    "scheduled|{.object.status.conditions[?(@.type==\"PodScheduled\")].message}{\"\\n\"}"
    "waiting|{.object.status.containerStatuses" AGENT ".state.waiting.message}{\"\\n\"}"
    "message|{.object.status.message}{\"\\n\"}"
    "log|{.object.status.containerStatuses" AGENT ".state.terminated.message}{\"\\n\"}"
    "end|{\"\\n\"}";

int k8s_parse(const char *argument, struct launch_plan *plan, struct errinfo *reterr)
{
    char name[NAME_BYTES];
    char *end = NULL;
    unsigned long count = isdigit((unsigned char)argument[0]) ? strtoul(argument, &end, 10) : 0;
    int r = 0;

    if (end == NULL || *end != '\0' || count == 0 || count > AGENTS_MAX) {
        return errinfo_set(reterr, -EINVAL,
                           "k8s:N starts N agents as pods of Kubernetes, from 1 to %d, not %.60s",
                           AGENTS_MAX, argument[0] == '\0' ? "none" : argument);
    }
    for (unsigned long i = 0; r == 0 && i < count; i++) {
        (void)snprintf(name, sizeof name, "pod-%lu", i); /* As the Job counts them. */
        r = launch_plan_add(plan, name, "", reterr);
    }
    return r;
}

/* ---- The command ---- */

/* Words of --kubectl, each with a NUL of its own in `words`. */
static int add_words(const char *kubectl, struct k8s_command *command, uint32_t *count,
                     struct errinfo *reterr)
{
    uint32_t before = *count;
    char *rest = NULL;

    text_add(&command->words, kubectl == NULL ? "kubectl" : kubectl);
    if (text_failed(&command->words)) {
        return errinfo_nomem(reterr);
    }
    for (char *word = strtok_r(command->words.bytes, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest)) {
        if (*count - before == K8S_WORDS_MAX) {
            return errinfo_set(reterr, -EINVAL, "--kubectl has more than %d words", K8S_WORDS_MAX);
        }
        command->argv[(*count)++] = word;
    }
    return *count > before ? 0 : errinfo_set(reterr, -EINVAL, "--kubectl is empty");
}

int k8s_command_make(const char *kubectl, const char *const *arguments, bool on_end,
                     struct k8s_command *ret, struct errinfo *reterr)
{
    static const char *const waits[] = {"sh", "-c", "while read -r line; do :; done; exec \"$@\"",
                                        "millrace"};
    uint32_t count = 0;
    int r;

    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; on_end && i < sizeof waits / sizeof waits[0]; i++) {
        ret->argv[count++] = waits[i];
    }
    r = add_words(kubectl, ret, &count, reterr);
    if (r < 0) {
        k8s_command_done(ret);
        return r;
    }
    for (size_t i = 0; arguments[i] != NULL; i++) {
        ret->argv[count++] = arguments[i];
    }
    return 0;
}

void k8s_command_done(struct k8s_command *command)
{
    text_done(&command->words);
    memset(command, 0, sizeof *command);
}

/* ---- What kubectl says ---- */

static uint32_t number_of(const char *text)
{
    char *end = NULL;
    unsigned long number = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;

    return end == NULL || *end != '\0' || number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

/* What stands before the next "|", without it. */
static void take_word(const char **line, char *ret, size_t ret_bytes)
{
    size_t length = strcspn(*line, "|");

    (void)snprintf(ret, ret_bytes, "%.*s", (int)length, *line);
    *line += length + ((*line)[length] == '|' ? 1 : 0);
}

static void begin_pod(struct k8s_reader *reader, const char *line)
{
    struct k8s_pod *pod = &reader->pod;
    char word[K8S_WORD_BYTES];

    *reader = (struct k8s_reader){.in_pod = true};
    take_word(&line, word, sizeof word);
    pod->is_deleted = strcmp(word, "DELETED") == 0;
    take_word(&line, word, sizeof word);
    pod->index = number_of(word);
    take_word(&line, pod->name, sizeof pod->name);
    take_word(&line, pod->node, sizeof pod->node);
    take_word(&line, pod->phase, sizeof pod->phase);
    take_word(&line, pod->waiting, sizeof pod->waiting);
    take_word(&line, pod->ended, sizeof pod->ended);
    take_word(&line, word, sizeof word);
    pod->exit_code = number_of(word) == UINT32_MAX ? -1 : (int)number_of(word);
    take_word(&line, pod->reason, sizeof pod->reason);
}

/* "waiting|Back-off pulling image": true, with what follows the key. */
static bool take_words(const char *line, const char *key, char *ret)
{
    size_t length = strlen(key);

    if (strncmp(line, key, length) != 0 || line[length] != '|') {
        return false;
    }
    (void)snprintf(ret, REASON_BYTES, "%s", line + length + 1);
    return true;
}

enum k8s_line k8s_read_line(struct k8s_reader *reader, const char *line)
{
    static const char first[] = "pod|";
    struct k8s_pod *pod = &reader->pod;

    if (strncmp(line, first, sizeof first - 1) == 0) {
        begin_pod(reader, line + sizeof first - 1);
        return K8S_LINE_PART;
    }
    if (!reader->in_pod) {
        return K8S_LINE_WORDS;
    }
    if (strcmp(line, "end|") == 0) {
        reader->in_pod = false;
        return K8S_LINE_POD;
    }
    if (reader->in_log) {
        if (line[0] != '\0') {
            (void)snprintf(pod->last_line, sizeof pod->last_line, "%s", line);
        }
    } else if (take_words(line, "log", pod->last_line)) {
        reader->in_log = true;
    } else if (!take_words(line, "scheduled", pod->scheduled_words) &&
               !take_words(line, "waiting", pod->waiting_words)) {
        (void)take_words(line, "message", pod->reason_words);
    }
    return K8S_LINE_PART;
}

/* ---- How a pod is ---- */

static const char *on_node(const struct k8s_pod *pod, char ret[ON_NODE_BYTES])
{
    (void)snprintf(ret, ON_NODE_BYTES, "%s%.40s", pod->node[0] == '\0' ? "" : " on ", pod->node);
    return ret;
}

static void explain_exit(const struct k8s_pod *pod, const struct k8s_job *job, char *reason)
{
    const char *error = launch_log_error(pod->last_line);
    char node[ON_NODE_BYTES];

    (void)on_node(pod, node);
    if (pod->exit_code == EXIT_NOT_FOUND || pod->exit_code == EXIT_NOT_RUN) {
        (void)snprintf(reason, REASON_BYTES, "%.80s is %s in the image %.100s (give --agent-path)",
                       job->agent, pod->exit_code == EXIT_NOT_FOUND ? "not" : "no program",
                       job->image);
    } else if (strcmp(pod->ended, "OOMKilled") == 0) {
        (void)snprintf(reason, REASON_BYTES,
                       "its pod %.60s%s was killed: out of memory (OOMKilled)", pod->name, node);
    } else if (pod->exit_code == EXIT_KILLED) {
        (void)snprintf(reason, REASON_BYTES, "its pod %.60s%s was killed (%.30s, exit code %d)",
                       pod->name, node, pod->ended, pod->exit_code);
    } else if (pod->exit_code == EXIT_WRONG_USE && error == NULL && pod->last_line[0] != '\0') {
        (void)snprintf(reason, REASON_BYTES,
                       "its agent is of another version: use an image of " MILLRACE_VERSION
                       ", not %.60s (it says: %.100s)",
                       job->image, pod->last_line);
    } else if (strcmp(pod->ended, "StartError") == 0 ||
               strcmp(pod->ended, "ContainerCannotRun") == 0) {
        (void)snprintf(reason, REASON_BYTES, "the image %.60s can't be run: %.140s", job->image,
                       pod->last_line);
    } else {
        (void)snprintf(reason, REASON_BYTES, "its pod %.60s%s ended with exit code %d%s%.80s",
                       pod->name, node, pod->exit_code, error == NULL ? "" : ": ",
                       error == NULL ? "" : error);
    }
}

/* Of a pod as a whole: evicted, its node is gone. */
static void explain_pod(const struct k8s_pod *pod, char *reason)
{
    const char *why = pod->reason[0] != '\0' ? pod->reason : pod->is_deleted ? "" : pod->phase;
    char node[ON_NODE_BYTES];

    (void)snprintf(reason, REASON_BYTES, "its pod %.60s%s was %s%s%.40s%s%.80s", pod->name,
                   on_node(pod, node), pod->is_deleted ? "deleted" : "ended",
                   why[0] == '\0' ? "" : ": ", why, pod->reason_words[0] == '\0' ? "" : ": ",
                   pod->reason_words);
}

/* What a kubelet waits for. */
static enum k8s_state explain_waiting(const struct k8s_pod *pod, const struct k8s_job *job,
                                      const char *pull_words, char *reason)
{
    static const char *const never[] = {"ImagePullBackOff", "InvalidImageName",
                                        "ErrImageNeverPull"};
    static const char *const as_usual[] = {"ContainerCreating", "PodInitializing", ""};
    const char *words = pull_words[0] == '\0' ? pod->waiting_words : pull_words;

    for (size_t i = 0; i < sizeof as_usual / sizeof as_usual[0]; i++) {
        if (strcmp(pod->waiting, as_usual[i]) == 0) {
            return K8S_COMES;
        }
    }
    if (strcmp(pod->waiting, "ErrImagePull") == 0) {
        (void)snprintf(reason, REASON_BYTES, "%s", pod->waiting_words);
        return K8S_PULLING;
    }
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (strcmp(pod->waiting, never[i]) == 0) {
            (void)snprintf(reason, REASON_BYTES, "the image %.60s can't be pulled (%.20s)%s%.120s",
                           job->image, pod->waiting, words[0] == '\0' ? "" : ": ", words);
            return K8S_ENDED;
        }
    }
    (void)snprintf(reason, REASON_BYTES, "%.60s waits: %.40s%s%.120s", pod->name, pod->waiting,
                   pod->waiting_words[0] == '\0' ? "" : ": ", pod->waiting_words);
    return K8S_WAITS;
}

enum k8s_state k8s_explain(const struct k8s_pod *pod, const struct k8s_job *job,
                           const char *pull_words, char *reason)
{
    reason[0] = '\0';
    if (pod->ended[0] != '\0') {
        explain_exit(pod, job, reason);
        return K8S_ENDED;
    }
    if (pod->is_deleted || strcmp(pod->phase, "Failed") == 0 ||
        strcmp(pod->phase, "Succeeded") == 0) {
        explain_pod(pod, reason);
        return K8S_ENDED;
    }
    if (pod->node[0] == '\0' && pod->scheduled_words[0] != '\0') {
        (void)snprintf(reason, REASON_BYTES, "%.60s can't be scheduled: %.160s", pod->name,
                       pod->scheduled_words);
        return K8S_WAITS;
    }
    if (pod->waiting[0] != '\0') {
        return explain_waiting(pod, job, pull_words, reason);
    }
    return strcmp(pod->phase, "Running") == 0 ? K8S_RUNS : K8S_COMES;
}
