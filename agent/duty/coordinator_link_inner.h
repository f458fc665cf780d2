/*
 * coordinator_link_inner: the agent's calls to its coordinator: encode, send, retry, decode.
 *
 * Every call blocks until it was answered, was refused (-EPERM, with the coordinator's words: this
 * agent is not of its run, or no longer), or the coordinator has been silent for LINK_LOST_NS:
 * -ECONNABORTED. Time in which this process stood still is no silence of the coordinator's. Any
 * thread; each call is one request, and those of one kind are one thread's.
 */
#ifndef MILLRACE_COORDINATOR_LINK_INNER_H
#define MILLRACE_COORDINATOR_LINK_INNER_H

#include "control_messages.h"
#include "errinfo.h"

struct channel_security;
struct coordinator_link;

struct coordinator_link_config { /* Borrowed for the call. */
    const char *url;
    const struct channel_security *security; /* NULL: in clear. */
    int stop_fd;       /* Readable: don't wait for a coordinator that is away. -1: none. */
    int redial_ms_max; /* Longest pause between two attempts; 0: the channel's own. */
};

/* Dials in the background. What channel_client_new() fails with. */
int coordinator_link_new(const struct coordinator_link_config *config,
                         struct coordinator_link **ret, struct errinfo *reterr);
void coordinator_link_free(struct coordinator_link *link);

/* Ends all calls under way and to come with -ECANCELED; from any thread. */
void coordinator_link_cancel(struct coordinator_link *link);

/* One try of at most a second; -ETIMEDOUT or -ECONNREFUSED when nobody answered. Sets the run, the
 * agent's number and its instance for the rest. */
int coordinator_link_hello(struct coordinator_link *link, const struct hello *hello,
                           struct welcome *ret, struct errinfo *reterr);

/* Long poll; COMMAND_NONE when nothing is to be done. */
int coordinator_link_poll(struct coordinator_link *link, uint64_t taken, struct command *ret,
                          struct errinfo *reterr);

/* Posts an encoded STATUS or SNAPSHOT. */
int coordinator_link_post(struct coordinator_link *link, const void *bytes, size_t bytes_count,
                          struct errinfo *reterr);

/* One exchange, for the clock; not retried. *ret_pause_ns: until the next burst. */
int coordinator_link_clock(struct coordinator_link *link, const struct clock_report *report,
                           struct clock_exchange *ret, int64_t *ret_pause_ns,
                           struct errinfo *reterr);

/* When the coordinator last answered a call, mono_ns(), at first when the link was made; long ago
 * once it has refused this agent. It lives as long as the link; for any thread. */
const _Atomic int64_t *coordinator_link_heard_ns(const struct coordinator_link *link);

/* Says that this agent goes; one try. */
void coordinator_link_goodbye(struct coordinator_link *link);

/* The head of the next request. */
struct request_head coordinator_link_head(struct coordinator_link *link);

#endif
