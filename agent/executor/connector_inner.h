/*
 * connector_inner: the threads of an endpoint that wait so that its load thread does not.
 *
 * They connect (names, sockets, logins: a host that is gone takes the whole deadline) and hang up;
 * what came of it is taken by the load thread. Several, so that a client whose host swallows every
 * packet does not keep the others from coming back. They start when there is something to do, and
 * touch no endpoint.
 *
 * Threads: new, ask, take, hang_up and free belong to the endpoint's load thread, or to one after
 * it.
 */
#ifndef MILLRACE_CONNECTOR_INNER_H
#define MILLRACE_CONNECTOR_INNER_H

#include "backend.h"

#include <stdbool.h>
#include <stdint.h>

#define CONNECTOR_THREADS_MAX 8

struct connector;

/* What came of an attempt. */
struct connected {
    uint32_t client;
    struct link *link; /* NULL: error says why not. Belongs to whoever took it. */
    struct errinfo error;
};

/* The configuration is borrowed. 0 or -ENOMEM, or why there is no descriptor. */
int connector_new(const struct backend_ops *ops, const struct endpoint_config *config,
                  struct connector **ret, struct errinfo *reterr);

/* Begins no further attempt. Never waits. */
void connector_quit(struct connector *connector);

/* Ends the threads and hangs up what nobody took. NULL is allowed. Blocks until the attempts that
 * run have ended, by their deadline. */
void connector_free(struct connector *connector);

/* Begins to connect a client, for so long at most from when it begins. One attempt per client at a
 * time. Never waits. */
void connector_ask(struct connector *connector, uint32_t client, int64_t limit_ns);

/* Takes an attempt that has ended; false: none has. Never waits. */
bool connector_take(struct connector *connector, struct connected *ret);

/* Gives back a link that was not adopted. Never waits. */
void connector_hang_up(struct connector *connector, uint32_t client, struct link *link);

/* Readable while there is something to take. */
int connector_fd(const struct connector *connector);

#endif
