/*
 * turns: whose turn it is among the clients of an endpoint that have a socket each: those whose
 * socket is ready, those that have something to tell though it is silent, and when to look at all.
 *
 * Descriptors are in an epoll set of the endpoint's own all the time, and in the worker's as well
 * while it watches: going back to the own one then can't fail. What a client is it does not know.
 *
 * For drivers. One thread, the worker's; nothing here waits, and only init() allocates.
 */
#ifndef MILLRACE_TURNS_H
#define MILLRACE_TURNS_H

#include "errinfo.h"

#include <stdbool.h>
#include <stdint.h>

/* What epoll tells of descriptors that are no client's. */
#define TURNS_ID_EVENT UINT32_MAX
#define TURNS_ID_TIMER (UINT32_MAX - 1)

struct turn {
    int fd;                /* -1: none. */
    uint32_t asked;        /* What epoll is asked for. */
    uint32_t ready_events; /* What it said since they were taken; 0: nothing. */
    bool is_queued;
};

struct turns {
    uint32_t clients_count;
    struct turn *clients;
    uint32_t *queue; /* Ring of those that have something to tell. */
    uint32_t queue_first;
    uint32_t queue_count;
    uint32_t *ready; /* Those with ready_events: [ready_next, ready_count). */
    uint32_t ready_next;
    uint32_t ready_count;
    int epoll_fd;      /* Has all descriptors; readable when a poll has something. */
    int set_fd;        /* The worker's, has them too; -1: none. */
    uint64_t set_tag;  /* Before the numbers in set_fd. */
    int event_fd;      /* Readable while the queue isn't empty. */
    int timer_fd;      /* Ticks. */
    bool ticked;       /* The timer is ready. */
    bool is_signalled; /* event_fd is readable. */
};

/* No client has a socket yet, and nothing ticks. 0 or a negative errno; done() is fine after that,
 * too. */
int turns_init(struct turns *turns, uint32_t clients_count, struct errinfo *reterr);
/* Closes what init() opened, no client's socket. */
void turns_done(struct turns *turns);

/* ---- Sockets --------------------------------------------------------------------------------- */

/* The client's socket from now on, and the EPOLL... to ask for. 0, or a negative errno: it is in no
 * set. */
int turns_add(struct turns *turns, uint32_t client, int fd, uint32_t events);
/* Asks for these from now on; costs nothing where they are asked for already. */
void turns_ask(struct turns *turns, uint32_t client, uint32_t events);
/* The client's socket is closed, which takes it out of all sets. What was said of it is not taken
 * for what its next one is told of: of that only a look is left. */
void turns_lost(struct turns *turns, uint32_t client);

/* As watch and ready of struct backend_ops. */
int turns_watch(struct turns *turns, int set_fd, uint64_t tag);
void turns_ready(struct turns *turns, uint32_t number, uint32_t events);
/* Who is ready, where no worker watches and says so. */
void turns_find_ready(struct turns *turns);

/* The next that is ready, and what epoll said of it, which it then has no more. False: there are no
 * more. */
static inline bool turns_next_ready(struct turns *turns, uint32_t *ret_client, uint32_t *ret_events)
{
    if (turns->ready_next == turns->ready_count) {
        turns->ready_next = 0;
        turns->ready_count = 0;
        return false;
    }
    *ret_client = turns->ready[turns->ready_next++];
    *ret_events = turns->clients[*ret_client].ready_events;
    turns->clients[*ret_client].ready_events = 0;
    return true;
}

/* ---- The queue ------------------------------------------------------------------------------- */

/* Makes the next poll look at the client though its socket may be silent. */
void turns_enqueue(struct turns *turns, uint32_t client);
/* The first of them, of which there is one. */
uint32_t turns_dequeue(struct turns *turns);

void turns_signal(struct turns *turns, bool on);
/* At the end of a poll: those that still have something to tell are told of. */
static inline void turns_end(struct turns *turns)
{
    if (turns->is_signalled != (turns->queue_count > 0)) {
        turns_signal(turns, turns->queue_count > 0);
    }
}

/* ---- Ticks ----------------------------------------------------------------------------------- */

/* How far ticks are apart from now on, in ns; 0: none. */
void turns_tick(struct turns *turns, int64_t tick_ns);
/* How many there were since the last time. */
uint64_t turns_take_ticks(struct turns *turns);

#endif
