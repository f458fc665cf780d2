/*
 * launch_slurm: agents on the nodes of a cluster that Slurm manages: one step, by one srun, which
 * makes its own job unless this process is in one.
 *
 * Not by sbatch: a job of its own would outlive this process, its script and environment are kept
 * by Slurm, and its input would have to be a file. srun hands its stdin to all tasks: first the
 * join line of a fleet, which no argument, file or environment holds; then nothing, until it ends
 * with this process, however that ends. The agents leave with it, and the job with them.
 *
 * A job that waits for nodes reads no input: srun gets a SIGUSR2 as this process ends, which ends
 * it then. To tasks that run it is passed on, and agents take no notice.
 */
#include "launch_slurm_inner.h"
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

#define LONGER_S 10 /* srun waits for nodes than this process for agents. */

/* What a task wrote last comes another way than its end, before or after. */
#define HOLD_NS NS_PER_S

struct task {
    int64_t ended_ns; /* When that was read; 0: it was not. */
    bool told;
    char node[NAME_BYTES];
    char words[REASON_BYTES]; /* Of its end. */
    char last_line[REASON_BYTES];
};

struct step {
    struct launch_config config; /* What it points to is borrowed until the end. */
    const struct launch_member *members;
    struct task *tasks; /* By member. */
    char name[SLURM_NAME_BYTES];
    bool in_allocation;
    pid_t pid; /* Of srun; 0: it ended, or was never there. */
    int status;
    int leash_fd; /* Its stdin; -1: let go. */
    int log_fd;   /* Where it writes. */
    off_t read_bytes;
    bool started;             /* A task has written something, or ended. */
    bool told;                /* Why none of them could be started. */
    char words[REASON_BYTES]; /* What srun said of itself last. */
    bool failed;              /* That was an error. */
    const char *remedy;       /* Of the first one that is known; its words are kept then. */
    char more[REASON_BYTES];  /* Of describe(). */
};

static void tell(const struct step *step, const char *what)
{
    char line[REASON_BYTES];

    if (step->config.on_told != NULL) {
        (void)snprintf(line, sizeof line, "slurm: %.200s", what);
        step->config.on_told(step->config.context, line);
    }
}

/* ---- What srun writes ---- */

static void take_ended(struct step *step, const struct slurm_line *line)
{
    const char *list = line->tasks;
    uint32_t first;
    uint32_t last;

    while (slurm_next_tasks(&list, &first, &last)) {
        for (uint32_t i = first; i <= last && i < step->config.plan->count; i++) {
            struct task *task = &step->tasks[i];

            task->ended_ns = mono_ns();
            memcpy(task->node, line->node, sizeof task->node);
            (void)snprintf(task->words, sizeof task->words, "%s", line->words);
        }
    }
    step->started = true;
}

/* The last error counts, or what is known to need this or that. */
static void take_notice(struct step *step, const struct slurm_line *line)
{
    const char *remedy = slurm_remedy(line->words);

    if (step->remedy != NULL ||
        (remedy == NULL && step->failed && line->kind != SLURM_LINE_ERROR)) {
        return;
    }
    step->remedy = remedy;
    (void)snprintf(step->words, sizeof step->words, "%s", line->words);
    step->failed = line->kind == SLURM_LINE_ERROR;
}

static void take_line(struct step *step, const char *text)
{
    struct slurm_line line = {.task = 0};

    slurm_read_line(text, &line);
    switch (line.kind) {
    case SLURM_LINE_TASK:
        if (line.task < step->config.plan->count) {
            (void)snprintf(step->tasks[line.task].last_line, REASON_BYTES, "%s", line.words);
        }
        step->started = true;
        break;
    case SLURM_LINE_ENDED:
        take_ended(step, &line);
        break;
    case SLURM_LINE_QUEUED:
        tell(step, line.words);
        break;
    case SLURM_LINE_NOTICE:
    case SLURM_LINE_ERROR:
        take_notice(step, &line);
        break;
    case SLURM_LINE_OTHER:
        break;
    }
}

/* Whole lines; of one that is longer than a log's, its end is taken for a line. */
static void read_log(struct step *step)
{
    char lines[4 * LAUNCH_LINE_BYTES];
    ssize_t bytes;

    while ((bytes = pread(step->log_fd, lines, sizeof lines - 1, step->read_bytes)) > 0) {
        char *line = lines;
        char *end;

        lines[bytes] = '\0';
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            take_line(step, line);
            line = end + 1;
        }
        if (line == lines && bytes < (ssize_t)sizeof lines - 1) {
            return; /* The rest of it is to come. */
        }
        step->read_bytes += line == lines ? bytes : line - lines;
    }
}

/* ---- The end ---- */

static void explain_srun(const struct step *step, char *reason)
{
    if (WIFSIGNALED(step->status)) {
        (void)snprintf(reason, REASON_BYTES, "its srun was ended by signal %d (%s)",
                       WTERMSIG(step->status), strsignal(WTERMSIG(step->status)));
    } else if (WEXITSTATUS(step->status) == 0) {
        (void)snprintf(reason, REASON_BYTES, "its agent ended with exit code 0");
    } else if (step->remedy != NULL) {
        (void)snprintf(reason, REASON_BYTES, "%s (srun: %.100s)", step->remedy, step->words);
    } else if (step->words[0] != '\0') {
        (void)snprintf(reason, REASON_BYTES, "srun: %.200s", step->words);
    } else {
        (void)snprintf(reason, REASON_BYTES, "its srun ended with exit code %d",
                       WEXITSTATUS(step->status));
    }
}

/* What holds for all is told of the first of them. */
static void explain(struct step *step, const struct task *task, char *reason)
{
    if (task->ended_ns != 0) {
        slurm_explain(task->node, task->words, task->last_line, step->config.program, reason);
    } else if (!step->started && step->told) {
        (void)snprintf(reason, REASON_BYTES, "likewise");
    } else {
        explain_srun(step, reason);
        step->told = true;
    }
    text_tame(reason, false);
}

static void let_go(struct step *step)
{
    if (step->leash_fd >= 0) {
        (void)close(step->leash_fd);
        step->leash_fd = -1;
    }
}

/* Whether srun runs. */
static bool look(struct step *step)
{
    if (step->pid != 0 && waitpid(step->pid, &step->status, WNOHANG) == step->pid) {
        step->pid = 0;
        let_go(step);
    }
    read_log(step);
    return step->pid != 0;
}

static bool reap_one(void *started, uint32_t *ret_member, char *reason)
{
    struct step *step = started;
    bool runs = look(step);
    int64_t now_ns = mono_ns();

    for (uint32_t i = 0; i < step->config.plan->count; i++) {
        struct task *task = &step->tasks[i];

        if (!task->told && (!runs || (task->ended_ns != 0 && now_ns >= task->ended_ns + HOLD_NS))) {
            task->told = true;
            explain(step, task, reason);
            *ret_member = i;
            return true;
        }
    }
    return false;
}

/* Until a process that is a child of this one has ended; whether it did. */
static bool wait_for(pid_t pid, int64_t deadline_ns)
{
    int status;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (mono_ns() >= deadline_ns) {
            return false;
        }
        mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
    return true;
}

/* A program of Slurm's that asks the controller, which may be slow: it is left alone then. What it
 * writes is in ret, a line without its end. */
static void ask(const char *const *arguments, char ret[LAUNCH_LINE_BYTES])
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out_fd = memfd_create("slurm", MFD_CLOEXEC);
    pid_t pid = 0;

    ret[0] = '\0';
    if (null_fd >= 0 && out_fd >= 0 && launch_spawn(arguments, null_fd, out_fd, &pid, NULL) == 0 &&
        wait_for(pid, mono_ns() + ANSWER_NS)) {
        (void)launch_last_line(out_fd, ret);
    }
    if (null_fd >= 0) {
        (void)close(null_fd);
    }
    if (out_fd >= 0) {
        (void)close(out_fd);
    }
}

/* srun could not end its job, or was ended itself. */
static void cancel(const struct step *step)
{
    char name[SLURM_NAME_BYTES + 16];
    const char *const arguments[] = {"scancel", name, NULL};
    char line[LAUNCH_LINE_BYTES];

    (void)snprintf(name, sizeof name, "--name=%s", step->name);
    ask(arguments, line);
}

static void wait_until(struct step *step, int64_t deadline_ns)
{
    while (look(step) && mono_ns() < deadline_ns) {
        mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
}

static void stop_all(void *started)
{
    struct step *step = started;
    bool runs = step->pid != 0;

    let_go(step);
    /* Agents that were let go leave in good order. Where none has begun, srun waits for nodes. */
    if (runs && look(step) && step->started) {
        wait_until(step, mono_ns() + HOME_NS);
    }
    if (step->pid != 0) {
        (void)kill(step->pid, SIGTERM); /* It ends its tasks and its job. */
        wait_until(step, mono_ns() + END_NS);
    }
    if (step->pid != 0) {
        (void)kill(step->pid, SIGKILL);
        wait_until(step, mono_ns() + END_NS);
    }
    if (step->log_fd >= 0 && WIFSIGNALED(step->status) && !step->in_allocation) {
        cancel(step);
    }
    if (step->log_fd >= 0) {
        (void)close(step->log_fd);
    }
    free(step->tasks);
    free(step);
}

/* ---- The start ---- */

static int open_log(struct step *step, struct errinfo *reterr)
{
    char path[PATH_MAX] = "a log of srun";

    if (step->config.log_folder == NULL) {
        step->log_fd = memfd_create("srun", MFD_CLOEXEC);
    } else {
        (void)snprintf(path, sizeof path, "%s/slurm.log", step->config.log_folder);
        step->log_fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }
    return step->log_fd < 0
               ? errinfo_set(reterr, -errno, "%s: can't be made: %s", path, strerror(errno))
               : 0;
}

static uint32_t number_of(const char *text)
{
    return text == NULL ? 0 : (uint32_t)strtoul(text, NULL, 10);
}

/* As many nodes as agents; within an allocation those that there are. */
static struct slurm_call call_of(const struct step *step)
{
    const struct launch_config *config = &step->config;
    const char *colon = strrchr(config->url, ':');
    int64_t join_ns = config->join_ns > 0 ? config->join_ns : JOIN_REMOTE_NS;
    uint32_t there = step->in_allocation ? number_of(getenv("SLURM_JOB_NUM_NODES")) : 0;
    uint32_t count = config->plan->count;

    return (struct slurm_call){.options = config->slurm,
                               .name = step->name,
                               .agent = config->program,
                               .enrolment = step->members[0].enrolment,
                               .tasks = count,
                               .nodes = there > 0 && there < count ? there : count,
                               .wait_s = (uint32_t)(join_ns / NS_PER_S) + LONGER_S,
                               .port = number_of(colon == NULL ? NULL : colon + 1),
                               .dials_caller = config->at_count == 0,
                               .in_allocation = step->in_allocation};
}

static int spawn(struct step *step, int in_fd, struct errinfo *reterr)
{
    const struct slurm_call call = call_of(step);
    struct slurm_command command;
    char what[REASON_BYTES];
    int r = slurm_command_make(&call, &command, reterr);

    if (r < 0) {
        return r;
    }
    r = launch_spawn_bound(command.argv, in_fd, step->log_fd, &step->pid, reterr);
    slurm_command_done(&command);
    if (r == -ENOENT) {
        return errinfo_set(reterr, r,
                           "srun is not there: --launch slurm wants Slurm's programs on this host");
    }
    if (r == 0) {
        (void)snprintf(what, sizeof what, "srun starts %u agents (%.80s) %s%s", call.tasks,
                       call.agent, call.in_allocation ? "in this allocation" : "in a job ",
                       call.in_allocation ? "" : call.name);
        tell(step, what);
    }
    return r;
}

static int give_line(const struct step *step, struct errinfo *reterr)
{
    struct text line = {.secret = true};
    int r = launch_join_line(&step->config, 0, NULL, &line, reterr);

    /* It is shorter than a pipe. Who is gone can't read it, and is found as it ends. */
    if (r == 0 && write(step->leash_fd, line.bytes, line.bytes_count) < 0 && errno != EPIPE) {
        r = errinfo_set(reterr, -errno, "srun's input can't be written: %s", strerror(errno));
    }
    text_done(&line);
    return r;
}

static int start_step(struct step *step, struct errinfo *reterr)
{
    int ends[2];
    int r = open_log(step, reterr);

    if (r < 0) {
        return r;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errinfo_set(reterr, -errno, "pipe: %s", strerror(errno));
    }
    step->leash_fd = ends[1];
    r = spawn(step, ends[0], reterr);
    (void)close(ends[0]);
    return r < 0 ? r : give_line(step, reterr);
}

static int start_all(const struct launch_config *config, const struct launch_member *members,
                     void **ret, struct errinfo *reterr)
{
    const char *job = getenv("SLURM_JOB_ID");
    struct step *step = calloc(1, sizeof *step);
    int r;

    if (step == NULL) {
        return errinfo_nomem(reterr);
    }
    step->config = *config;
    step->members = members;
    step->leash_fd = -1;
    step->log_fd = -1;
    step->in_allocation = job != NULL && job[0] != '\0';
    (void)snprintf(step->name, sizeof step->name, "millrace-%08x",
                   (unsigned)(members[0].enrolment & UINT32_MAX));
    step->tasks = calloc(config->plan->count, sizeof *step->tasks);
    r = step->tasks == NULL ? errinfo_nomem(reterr) : start_step(step, reterr);
    if (r < 0) {
        stop_all(step);
        return r;
    }
    *ret = step;
    return 0;
}

/* Why the job is where it is; in an allocation srun has said so. */
static const char *describe_step(void *started)
{
    struct step *step = started;
    char name[SLURM_NAME_BYTES + 16];
    const char *const arguments[] = {"squeue", "--noheader", name, "--format=job %i is %T: %r",
                                     NULL};
    char line[LAUNCH_LINE_BYTES] = "";

    if (step->pid != 0 && !step->started && !step->in_allocation) {
        (void)snprintf(name, sizeof name, "--name=%s", step->name);
        ask(arguments, line);
    } else if (step->pid != 0 && !step->started) {
        (void)snprintf(line, sizeof line, "%s", step->words);
    }
    if (line[0] == '\0') {
        return step->config.log_folder == NULL ? "" : "their log (agents/slurm.log) says more";
    }
    (void)snprintf(step->more, sizeof step->more, "%.200s", line);
    text_tame(step->more, false);
    return step->more;
}

const struct launcher_ops launcher_slurm = {
    .name = "slurm",
    .takes = "slurm:N",
    .options = {"--at", "--slurm", "--agent-path", NULL},
    .one_line = true,
    .join_ns = JOIN_REMOTE_NS,
    .parse = slurm_parse,
    .start = start_all,
    .reap = reap_one,
    .stop = stop_all,
    .describe = describe_step,
};
