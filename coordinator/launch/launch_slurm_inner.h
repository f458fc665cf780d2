/*
 * launch_slurm_inner: what is said to srun, and what it says. Pure, but for what it says of memory.
 * Internal to launch.
 */
#ifndef MILLRACE_LAUNCH_SLURM_INNER_H
#define MILLRACE_LAUNCH_SLURM_INNER_H

#include "launch.h"
#include "text.h"

#define SLURM_WORDS_MAX 32 /* Of --slurm. */
#define SLURM_NAME_BYTES 24

/* "N": tasks, which go by their number until they join. */
int slurm_parse(const char *argument, struct launch_plan *plan, struct errinfo *reterr);

/* What is to be run, and where. */
struct slurm_call {
    const char *options; /* Of the user, behind the others: the last one counts. NULL: none. */
    const char *name;    /* Of the job, or of the step within one. */
    const char *agent;   /* Path or name there. */
    uint64_t enrolment;  /* Of the first task. */
    uint32_t tasks;
    uint32_t nodes;
    uint32_t wait_s;    /* Then it gives up that nodes become free. */
    uint32_t port;      /* At which this process listens. */
    bool dials_caller;  /* Agents find out where srun is, and dial that. */
    bool in_allocation; /* Whose nodes are taken, busy or not. */
};

struct slurm_command {
    const char *argv[SLURM_WORDS_MAX + 32]; /* Ends with NULL; points into what follows. */
    struct text words;
    char tasks[24], nodes[24], wait[32], name[SLURM_NAME_BYTES + 16], enrolment[24], port[16];
};

/* 0, -EINVAL (--slurm has too many words), -ENOMEM. The caller owns *ret, which must stay where it
 * is, for slurm_command_done(). */
int slurm_command_make(const struct slurm_call *call, struct slurm_command *ret,
                       struct errinfo *reterr);
void slurm_command_done(struct slurm_command *command);

enum slurm_line_kind {
    SLURM_LINE_OTHER,
    SLURM_LINE_TASK,   /* A task's own output: words are what it wrote. */
    SLURM_LINE_ENDED,  /* Tasks ended, at a node, in these words. */
    SLURM_LINE_QUEUED, /* The job waits for nodes. */
    SLURM_LINE_NOTICE, /* Of srun itself. */
    SLURM_LINE_ERROR   /* Likewise: something failed. */
};

struct slurm_line {
    enum slurm_line_kind kind;
    uint32_t task;         /* Of TASK. */
    const char *tasks;     /* Of ENDED, for slurm_next_tasks(): "0,2-3: ..". */
    char node[NAME_BYTES]; /* Of ENDED. */
    const char *words;     /* Points into the line. */
};

/* What a line of srun's output, without its end, says. */
void slurm_read_line(const char *line, struct slurm_line *ret);

/* Takes the next ones off a list; false: there are none. Both ends are included. */
bool slurm_next_tasks(const char **list, uint32_t *ret_first, uint32_t *ret_last);

/* What to do about what srun says of itself; NULL: its words are all that is known. */
const char *slurm_remedy(const char *words);

/* How a task ended, by srun's words and the last line that it wrote ("": none): a clause that says
 * what to do (REASON_BYTES). program: the agent's, as it was called. */
void slurm_explain(const char *node, const char *words, const char *last_line, const char *program,
                   char *reason);

#endif
