/*
 * launch_k8s_inner: what is said to kubectl, what it says, and what a cluster is asked to make.
 * Pure but for the calls of it. Internal to launch.
 */
#ifndef MILLRACE_LAUNCH_K8S_INNER_H
#define MILLRACE_LAUNCH_K8S_INNER_H

#include "launch.h"
#include "text.h"

#include <sys/types.h>

#define K8S_WORDS_MAX 32 /* Of --kubectl. */
#define K8S_NAME_BYTES 24
#define K8S_UID_BYTES 64
#define K8S_IMAGE "millrace-agent:" MILLRACE_VERSION

/* "N": pods, which go by their index until they join. */
int k8s_parse(const char *argument, struct launch_plan *plan, struct errinfo *reterr);

struct k8s_command {
    const char *argv[K8S_WORDS_MAX + 24]; /* Ends with NULL; points into what follows. */
    struct text words;
};

/* kubectl: program and options, parted by blanks; NULL: "kubectl". Arguments end with NULL and stay
 * the caller's. on_end: it is called once the input of the command has ended. 0, -EINVAL (--kubectl
 * has no word, or too many), -ENOMEM. The caller owns *ret, which must stay where it is, for
 * k8s_command_done(). */
int k8s_command_make(const char *kubectl, const char *const *arguments, bool on_end,
                     struct k8s_command *ret, struct errinfo *reterr);
void k8s_command_done(struct k8s_command *command);

/* Starts one, as launch_spawn_bound() does; -ENOENT says what else there is. */
int k8s_spawn(const char *kubectl, const char *const *arguments, int in_fd, int out_fd, pid_t *ret,
              struct errinfo *reterr);

/* Waits for it, and kills it at the deadline (mono_ns()); its wait status. */
int k8s_wait(pid_t pid, int64_t deadline_ns);

/* Starts one with that input (NULL: none) and waits for it. ret is its last line
 * (LAUNCH_LINE_BYTES). What k8s_spawn() fails with, -EREMOTEIO with its words, -EAGAIN: it was
 * killed after within_ns, whatever it did.
 */
int k8s_call(const char *kubectl, const char *const *arguments, const struct text *input,
             int64_t within_ns, char *ret, struct errinfo *reterr);

enum k8s_words { K8S_WORDS_NONE, K8S_WORDS_OTHER, K8S_WORDS_ERROR };

/* A line of it, of whatever server, as it can be shown (LAUNCH_LINE_BYTES): what may be a piece of
 * a join line is left out. NONE: nobody wants to read it, and ret is as it was. */
enum k8s_words k8s_take_words(const char *line, char *ret);

/* Likewise what it wrote there: the first error, else its last line; "": nothing. */
const char *k8s_read_words(int fd, char *ret);

/* ---- What the cluster is to make ---- */

struct k8s_job {
    char name[K8S_NAME_BYTES]; /* Of all that belongs to it. */
    const char *image;
    const char *agent;  /* Path or name in it. */
    uint64_t enrolment; /* Of the first pod. */
    uint32_t pods;
    int64_t join_s; /* A pod has so long to join. */
};

/* So long after its agents a Job goes by itself, and what is its own with it. */
#define K8S_KEPT_S 60

/* Manifests in YAML. owner_uid: of the Job that they go with; NULL: of none. A text that fails says
 * so itself. The Secret's is one; join_line may end with its newline. */
void k8s_write_job(const struct k8s_job *job, struct text *out);
void k8s_write_service(const struct k8s_job *job, const char *owner_uid, struct text *out);
void k8s_write_secret(const struct k8s_job *job, const char *owner_uid, const char *join_line,
                      struct text *out);

/* ---- What kubectl says of pods ---- */

/* For `kubectl get pods --watch --output-watch-events`: what k8s_read_line() takes. */
extern const char k8s_template[];

#define K8S_WORD_BYTES 128

struct k8s_pod {
    bool is_deleted;
    uint32_t index; /* UINT32_MAX: it has none. */
    char name[K8S_WORD_BYTES];
    char node[K8S_WORD_BYTES]; /* "": none yet; likewise the following. */
    char phase[K8S_WORD_BYTES];
    char waiting[K8S_WORD_BYTES]; /* "ImagePullBackOff" */
    char ended[K8S_WORD_BYTES];   /* "OOMKilled"; "": its agent has not ended. */
    int exit_code;
    char reason[K8S_WORD_BYTES]; /* "Evicted" */
    char scheduled_words[REASON_BYTES];
    char waiting_words[REASON_BYTES];
    char reason_words[REASON_BYTES];
    char last_line[REASON_BYTES]; /* Of its agent's log, where that failed. */
};

struct k8s_reader {
    struct k8s_pod pod;
    bool in_pod;
    bool in_log;
};

enum k8s_line {
    K8S_LINE_PART, /* Of a pod. */
    K8S_LINE_POD,  /* Its last one: reader->pod is whole. */
    K8S_LINE_WORDS /* Of kubectl itself. */
};

/* A line without its end. Starts with a reader of zeros. */
enum k8s_line k8s_read_line(struct k8s_reader *reader, const char *line);

enum k8s_state {
    K8S_COMES,   /* As it should: reason is "". */
    K8S_WAITS,   /* For something that may never come. */
    K8S_PULLING, /* Its image could not be pulled, and is tried again. */
    K8S_RUNS,    /* reason is "". */
    K8S_ENDED    /* Or its agent will never begin. */
};

/* How a pod is, and why: a clause (REASON_BYTES). pull_words: why its image could not be pulled, as
 * was said before; "": nothing was. */
enum k8s_state k8s_explain(const struct k8s_pod *pod, const struct k8s_job *job,
                           const char *pull_words, char *reason);

/* ---- What becomes of them ---- */

enum k8s_told { K8S_TOLD_SCHEDULED, K8S_TOLD_PULLING, K8S_TOLD_WAITING, K8S_TOLD_COUNT };

/* Of zeros: it was never begun. */
struct k8s_watch {
    const struct launch_config *config; /* Borrowed, as is the job. */
    const struct k8s_job *job;
    struct k8s_watched {
        enum k8s_state state;
        bool seen;
        bool told; /* Its end. */
        char pull_words[REASON_BYTES];
        char reason[REASON_BYTES]; /* Of its state. */
    } * pods;                      /* By member; owned. */
    pid_t pid;                     /* Of the kubectl that tells; 0: none does now. */
    int fd;                        /* Where it writes. */
    int64_t since_ns;
    off_t read_bytes;
    struct k8s_reader reader;
    bool told[K8S_TOLD_COUNT]; /* Of any pod. */
    char words[REASON_BYTES];  /* That kubectl said of itself last. */
    char more[REASON_BYTES];
};

/* 0, -ENOMEM. It stays where it is until k8s_watch_end(), which is always called. */
int k8s_watch_begin(struct k8s_watch *watch, const struct launch_config *config,
                    const struct k8s_job *job, struct errinfo *reterr);

/* As reap() and describe() of a launcher. */
bool k8s_watch_reap(struct k8s_watch *watch, uint32_t *ret_member, char *reason);
const char *k8s_watch_describe(struct k8s_watch *watch);

/* What the pods wrote goes into the folder of logs, while they are there. Blocks for ANSWER_NS. */
void k8s_watch_keep_logs(const struct k8s_watch *watch);

void k8s_watch_end(struct k8s_watch *watch);

/* Tells whoever started the pods. */
void k8s_tell(const struct launch_config *config, const char *what);

#endif
