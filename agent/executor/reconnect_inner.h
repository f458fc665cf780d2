/*
 * reconnect_inner: which clients of an endpoint are down, since when, and how each comes back: its
 * state, its back-off, and whose turn it is. Shared by sender and receiver, the same for every
 * driver.
 *
 *   up --DOWN--> waiting --due--> connecting --adopted--> arriving --UP--> up
 *                   ^------------- failed -------+------- DOWN ----'
 *
 * One that arrives for too long is due again: a broker may take the connection and leave what the
 * client asks for next, its subscriptions, without an answer.
 *
 * Where the library reconnects by itself (backend_ops.connect is NULL) a client that is down only
 * waits for its UP. Threads: the endpoint's load thread; it never waits here. The waiting is
 * connector's.
 */
#ifndef MILLRACE_RECONNECT_INNER_H
#define MILLRACE_RECONNECT_INNER_H

#include "backend.h"
#include "connector_inner.h"
#include "recorder.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define RECONNECT_WAIT_NS_MIN (250 * NS_PER_MS) /* Doubled by each attempt that failed. */
#define RECONNECT_WAIT_NS_MAX NS_PER_S
#define RECONNECT_LIMIT_NS_MIN NS_PER_S /* Of an attempt; likewise. */
#define RECONNECT_LIMIT_NS_MAX (2 * NS_PER_S)
#define RECONNECT_ARRIVAL_NS (5 * NS_PER_S) /* From adoption to UP. */

enum reconnect_state {
    RECONNECT_UP,
    RECONNECT_WAITING,
    RECONNECT_CONNECTING,
    RECONNECT_ARRIVING /* Adopted; the driver has not said yet that it is up. */
};

struct reconnect_client {
    enum reconnect_state state;
    uint32_t failed_count; /* Attempts since it was lost. */
    int64_t retry_ns;      /* WAITING, ARRIVING: when its turn comes, mono_ns(). */
};

struct reconnect {
    const struct backend_ops *ops;
    const _Atomic int64_t *heard_ns; /* NULL: nobody is to be heard of. */
    struct connector *connector;     /* NULL: the library reconnects by itself. */
    struct reconnect_client *clients;
    uint32_t clients_count;
    uint32_t down_count;
    uint32_t asked_count;  /* Attempts that were not taken yet. */
    uint32_t look_first;   /* Where to look for the next that is due: they take turns. */
    int64_t down_since_ns; /* mono_ns() */
    int64_t next_ns;       /* The earliest retry_ns may be so early. */
    uint32_t reconnects;
    int64_t
        turn_ns_max; /* Longest turn since the last account: adopting is a driver's call, too. */
    uint32_t error;  /* Of the last loss: recorder_error()'s number, until the interval's end. */
    struct endpoint *closing; /* By this thread; NULL: none. */
    pthread_t closing_thread;
};

/* The configuration is borrowed until done(), and so is heard_ns: when the coordinator was last
 * heard of, mono_ns(). A client that is lost stays down while that is so long ago that the agent
 * may be given up: what it makes on the broker anew might be what others have just removed. 0 or a
 * negative errno. */
int reconnect_init(struct reconnect *reconnect, const struct backend_ops *ops,
                   const struct endpoint_config *config, const _Atomic int64_t *heard_ns,
                   struct errinfo *reterr);
/* Blocks until attempts that run have ended. */
void reconnect_done(struct reconnect *reconnect);

/* Opens an endpoint and records how long each client took to connect; where clients share
 * connections, how long opening took. Blocks until config->open_deadline_ns at most. */
int reconnect_open(const struct backend_ops *ops, struct endpoint_config *config,
                   struct recorder *recorder, uint32_t flow, struct endpoint **ret,
                   struct errinfo *reterr);

/* Takes EVENT_DOWN and EVENT_UP; counts an error with its text for each loss. False: the client was
 * down or up already. */
bool reconnect_event(struct reconnect *reconnect, const struct event *event,
                     struct recorder *recorder, struct counters *counters);

bool reconnect_is_down(const struct reconnect *reconnect, uint32_t client);

/* Asks for those whose turn has come and gives the endpoint the links that were made. */
void reconnect_turn(struct reconnect *reconnect, struct endpoint *endpoint, int64_t now_ns,
                    struct recorder *recorder);

/* When the next turn is due; INT64_MAX: an event or the descriptor tells. */
int64_t reconnect_next_ns(const struct reconnect *reconnect);

/* Readable when a turn has something to take; -1: never. */
int reconnect_fd(const struct reconnect *reconnect);

/* Adds what is down to a worker's state; takes the reconnects and the longest turn. t0_ns makes the
 * offset. */
void reconnect_account(struct reconnect *reconnect, int64_t t0_ns, struct recorder_state *state);

/* Ends the attempts and closes the endpoint on a thread of its own, so that all endpoints of a
 * worker close at once; end() waits for it. The descriptor is not to be watched any more. */
void reconnect_close_begin(struct reconnect *reconnect, struct endpoint *endpoint);
void reconnect_close_end(struct reconnect *reconnect);

/* The machine alone, without threads: a client whose turn has come goes over to CONNECTING, for
 * limit_ns at most; false: none has. */
bool reconnect_due(struct reconnect *reconnect, int64_t now_ns, uint32_t *ret_client,
                   int64_t *ret_limit_ns);
/* An attempt came to nothing: it waits again, longer. */
void reconnect_failed(struct reconnect *reconnect, uint32_t client, int64_t now_ns);
/* The endpoint has its link since now_ns. */
void reconnect_adopted(struct reconnect *reconnect, uint32_t client, int64_t now_ns);

#endif
