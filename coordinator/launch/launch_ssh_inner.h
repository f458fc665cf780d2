/*
 * launch_ssh_inner: what is said to ssh, and what it says: a list of hosts, a command line, the end
 * of a process. Pure, but for the file of a list. Internal to launch.
 */
#ifndef MILLRACE_LAUNCH_SSH_INNER_H
#define MILLRACE_LAUNCH_SSH_INNER_H

#include "launch.h"
#include "text.h"

#define SSH_WORDS_MAX 32 /* Of --ssh. */

/* "HOST,USER@HOST" or "@FILE", a line a host there, "#" for comments. An agent goes by its host's
 * name. -EINVAL also for what ssh, or a shell that it calls, could take for something else. */
int ssh_parse(const char *argument, struct launch_plan *plan, struct errinfo *reterr);

/* What is to be run, and where. */
struct ssh_call {
    const char *ssh;   /* NULL: "ssh". */
    const char *where; /* "HOST", "USER@HOST". */
    const char *agent; /* Path or name there. */
    uint64_t enrolment;
    uint32_t port; /* At which this process listens. */
    bool tunnel;
    bool dials_caller; /* The agent finds out where its ssh comes from, and dials that. */
    /* Of an archive: an agent that is missing there is looked for in the cache, too; NULL: none. */
    const char *push_sha256;
    bool pushes; /* No agent is started: the archive comes by stdin, and goes into the cache. */
};

/* Where that is, below the home of the user there: a folder of the version, with the archive's
 * checksum in it. */
#define SSH_CACHE ".cache/millrace"

struct ssh_command {
    const char *argv[SSH_WORDS_MAX + 24]; /* Ends with NULL; points into what follows. */
    struct text words;
    struct text remote;
    char forward[64];
};

/* 0, -EINVAL (--ssh has no word, or too many), -ENOMEM. The caller owns *ret, which must stay where
 * it is, for ssh_command_done(). */
int ssh_command_make(const struct ssh_call *call, struct ssh_command *ret, struct errinfo *reterr);
void ssh_command_done(struct ssh_command *command);

/* The port that sshd has chosen for the tunnel, if ssh's log tells it by now; else 0. */
uint32_t ssh_tunnel_port(const char *log);

/* Whether an ssh that ended so found no agent there. */
bool ssh_found_no_agent(int status);

/* How ssh ended, by its wait status and the last line of its log: a clause that says what to do
 * (REASON_BYTES). program: the agent's, as it was called. */
void ssh_explain(int status, const char *last_line, const char *program, char *reason);

#endif
