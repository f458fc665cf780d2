/*
 * launch: how agents come to be: what a launcher is, and one at work. Each launcher is a file and a
 * row of CMakeLists.txt (launch_table.h); whoever uses one needs this header alone, and sees no
 * process, job or host behind an agent: only members, by name and enrolment.
 *
 * A member's enrolment is given to its agent, who says hello with it as its instance: so the end of
 * what was started is told of the agent that it was, whatever that calls itself. It is no secret.
 * An agent on another host gets a join line besides, which is one: by no file and no argument.
 *
 * One thread at a time.
 */
#ifndef MILLRACE_LAUNCH_H
#define MILLRACE_LAUNCH_H

#include "bounds.h"
#include "errinfo.h"
#include "join_file.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

#define LAUNCH_WHERE_BYTES 160
#define LAUNCH_OPTIONS_MAX 8

struct launcher_ops;

/* Where one agent is to be. */
struct launch_place {
    char name[NAME_BYTES];          /* Of the agent, unique: "agent-1", "load2". */
    char where[LAUNCH_WHERE_BYTES]; /* How its launcher reaches that: "root@load2"; "": it knows. */
};

/* What was asked for, as in "ssh:load1,load2". */
struct launch_plan {
    const struct launcher_ops *launcher;
    struct launch_place *places; /* Owned. */
    uint32_t count;
};

/* How; all borrowed, until launch_free(). */
struct launch_config {
    const struct launch_plan *plan;
    const char *program;           /* millrace-agent, as it is called where it is started. */
    const char *url;               /* Where this process listens. */
    const struct join_file *joins; /* By member, but for the addresses; NULL: agents need none. Of
                                      a launcher with one_line it is one. */
    const char *const *at;         /* "HOST:PORT" to dial; none: as the launcher finds this host. */
    uint32_t at_count;
    const char *ssh;         /* Program and options, parted by blanks; NULL: "ssh". */
    bool tunnel;             /* Agents reach this process through what starts them. */
    const char *push;        /* Archive that is copied to hosts without an agent; NULL: none is. */
    const char *push_sha256; /* Of its bytes, as digest_sha256() writes it. */
    const char *slurm;       /* Options for srun, parted by blanks; NULL: none. */
    const char *kubectl;     /* Program and options, parted by blanks; NULL: "kubectl". */
    const char *image;       /* Of containers; NULL: that of this version. */
    int64_t join_ns;         /* So long this process waits for agents; 0: its join_ns. */
    const char
        *log_folder; /* A log NAME.log of each agent is made here; NULL: output is dropped. */
    const char *trace_path; /* Each message goes there, too, see trace.h; NULL: none. */
    /* What was done, a line a matter; from launch_start(), launch_reap() and launch_free(). May be
     * NULL. */
    void (*on_told)(void *context, const char *line);
    void *context;
};

/* One agent that is started. */
struct launch_member {
    char name[NAME_BYTES]; /* Of its place. */
    uint64_t enrolment;    /* Not 0; that of the member before, and 1. */
};

/* What each launcher gives. Nobody but launch calls these. */
struct launcher_ops {
    const char *name;  /* As it is chosen: "local". */
    const char *takes; /* What is asked for, as help has it: "local:N". */
    /* Options of commands that it heeds; NULL beyond them. */
    const char *options[LAUNCH_OPTIONS_MAX];
    bool own_host;   /* Its agents reach a socket in this host's files: nobody has to --listen. */
    bool one_line;   /* All its agents get the one join line of a fleet, and name themselves. */
    int64_t join_ns; /* Agents that have not joined so long after their start will not come. */

    /* Adds the places that the argument, what follows "local:", means. 0, -EINVAL with a sentence
     * that says what it would be, or why a file can't be read. Blocks on the disk. */
    int (*parse)(const char *argument, struct launch_plan *plan, struct errinfo *reterr);
    /* Whether it can be started so, as far as that is known before: 0, -EINVAL with a sentence. It
     * gets all of the config but url and log folder. NULL: it can. */
    int (*check)(const struct launch_config *config, struct errinfo *reterr);
    /* Appends what it would ask for, and asks for nothing; joins are not looked at. 0, -ENOMEM.
     * NULL: there is nothing to be shown. */
    int (*show)(const struct launch_config *config, struct text *out, struct errinfo *reterr);
    /* Starts an agent for each of the plan's members, which it borrows until stop(), as what the
     * config points to. On success *ret is what the other functions get; on failure nothing is left
     * running. -errno with a sentence. May block. */
    int (*start)(const struct launch_config *config, const struct launch_member *members,
                 void **ret, struct errinfo *reterr);
    /* Looks for a member that ended since the last call, each once, and does not wait. True:
     * *ret_member is its index and reason (REASON_BYTES) how it ended, "its process was ..". */
    bool (*reap)(void *started, uint32_t *ret_member, char *reason);
    /* Ends what still runs, and frees. May block for HOME_NS + 2 * END_NS +
     * ANSWER_NS. */
    void (*stop)(void *started);
    /* Where a person finds out more about agents that did not come, as a clause: "their logs say
     * more"; "": nowhere. Lives until the next call, or stop(). May block for ANSWER_NS. */
    const char *(*describe)(void *started);
};

/* For parse(): one more place; a name that is there already gets a number. 0, -ENOMEM, or -EINVAL:
 * there are AGENTS_MAX. */
int launch_plan_add(struct launch_plan *plan, const char *name, const char *where,
                    struct errinfo *reterr);
void launch_plan_done(struct launch_plan *plan);

struct launch;

/* See check() and show() of a launcher. */
int launch_check(const struct launch_config *config, struct errinfo *reterr);
int launch_show(const struct launch_config *config, struct text *out, struct errinfo *reterr);

/* Starts the plan's agents. On failure nothing is left running. */
int launch_start(const struct launch_config *config, struct launch **ret, struct errinfo *reterr);

/* Ends what still runs, see stop(), and frees. NULL is allowed. */
void launch_free(struct launch *launch);

/* The end of what was started for a member. */
struct launch_end {
    char name[NAME_BYTES];
    uint64_t enrolment;
    char reason[REASON_BYTES];
};

/* The next member that ended, each once; false: none. */
bool launch_reap(struct launch *launch, struct launch_end *ret);

/* How many members have not ended. */
uint32_t launch_running(const struct launch *launch);

/* See describe(). */
const char *launch_describe(const struct launch *launch);

/* Until when, from the start on, all its agents have joined. */
int64_t launch_join_ns(const struct launch *launch);

#endif
