/*
 * duty: an agent's life: says hello, polls for commands, carries them out one by one, and leaves
 * nothing behind when the coordinator is gone. Holds no policy, and trusts no coordinator to be
 * right: a command that does not fit what is here is refused and changes nothing.
 */
#ifndef MILLRACE_DUTY_H
#define MILLRACE_DUTY_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

struct channel_security;
struct welcome;

/* Whom an agent proves to be, by its join file; borrowed. */
struct duty_host {
    const char *name;      /* Of the file. */
    bool fleet;            /* One of many of that file: it goes by the duty's name. */
    const uint8_t *secret; /* HMAC_BYTES, which both sides prove to have. */
};

struct duty_config {
    const char *url;
    const struct channel_security *security; /* NULL: in clear. */
    /* At those of them that are not its own it says that it is busy, while it serves a run. */
    const char *const *urls;
    uint32_t urls_count;
    const struct duty_host *host; /* NULL: it has no join file. */
    int redial_ms_max;            /* Longest pause between two dials; 0: the channel's own. */
    const char *name;             /* NULL: host name and pid. */
    uint64_t enrolment;           /* From who started it, its instance; 0: it makes one up. */
    const char *trace_path; /* Each message goes there, too; the coordinator made it. NULL: none. */
    int stop_fd;            /* Readable: leave in good order (a signal came). */
    /* No hello was answered for silent_ns: wait on? NULL: for ever, and it is logged. */
    bool (*on_silence)(void *context, int64_t silent_ns);
    void (*on_joined)(void *context, const struct welcome *welcome); /* NULL: nobody asks. */
    void *context;
};

/* Blocks until the coordinator says goodbye (0), or: -EPERM refused, -ECONNABORTED the coordinator
 * went away, -EINTR stop_fd, -ETIMEDOUT on_silence() does not want to wait. Whatever it returns,
 * the load has ended, the topics that this agent made are removed, and it can be called again. */
int duty_run(const struct duty_config *config, struct errinfo *reterr);

#endif
