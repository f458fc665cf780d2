/*
 * watch: the descriptors that a worker waits on, all in one set, and which of its endpoints have
 * something to tell.
 *
 * What the set says of a descriptor is the endpoint's place and the driver's own number of it, its
 * client as a rule: one call tells them all, and nobody asks each endpoint. Endpoints whose driver
 * does not put its descriptors into the set have one there that is readable when poll has
 * something. Those that have none at all are ready all the time.
 *
 * Belongs to one worker's thread.
 */
#ifndef MILLRACE_WATCH_INNER_H
#define MILLRACE_WATCH_INNER_H

#include "backend.h"
#include "bounds.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A worker has one endpoint of each role in a flow. */
#define WATCH_PLACES_MAX (2 * FLOWS_MAX)

/* An endpoint in the set. */
struct watch_place {
    const struct backend_ops *ops;
    struct endpoint *endpoint; /* NULL: the place is free. */
    bool by_client;            /* The driver's own descriptors are in the set. */
    int fd;                    /* Else this one; -1: there is none. */
    bool is_ready;             /* To be polled in this turn. */
};

struct watch {
    int set_fd;
    int wake_fd; /* Borrowed. */
    struct watch_place places[WATCH_PLACES_MAX];
    uint32_t by_client_count;
    uint32_t blind_count; /* Endpoints without a descriptor. */
    bool has_slept;       /* Since it last looked, */
    int64_t slept_ns;     /* for so long, as far as it was meant to. */
    int64_t waited_ns;    /* What it found then may have waited so long, as nobody was to look. */
};

/* An empty set but for wake_fd, an event of sync: 0, or a negative errno. */
int watch_init(struct watch *watch, int wake_fd, struct errinfo *reterr);
void watch_done(struct watch *watch);

/* Puts an endpoint in, ready at first. Should the kernel have no memory for it, it is like one
 * without a descriptor. */
struct watch_place *watch_add(struct watch *watch, const struct backend_ops *ops,
                              struct endpoint *endpoint);
/* Takes it out, before it is closed. NULL is allowed. */
void watch_remove(struct watch *watch, struct watch_place *place);

/* A descriptor that only ends a wait, such as a connector's; below 0 is allowed. */
void watch_add_fd(const struct watch *watch, int fd);
void watch_remove_fd(const struct watch *watch, int fd);

/* The endpoint's consumers may not take anything for now, or may again: its descriptors would stay
 * ready, and waiting be a busy loop, unless the driver prevents it (held_fd). */
void watch_hold(const struct watch *watch, struct watch_place *place, bool held);

/* Waits until something is ready, at most so long; 0 only looks. Returns whether anything was.
 * Endpoints without a descriptor are ready after it, whatever there is. */
bool watch_wait(struct watch *watch, int64_t wait_ns);

/* Sleeps on the clock alone, until until_ns; what arrives waits for the next watch_wait(). Returns
 * how late it ended. */
int64_t watch_sleep(struct watch *watch, int64_t until_ns);

/* Likewise, without a sleep, or until *called is true. Returns how long it took. */
int64_t watch_spin(struct watch *watch, int64_t until_ns, const _Atomic bool *called);

/* From begin to until nobody looked, as there was something else to do; no time if they are in
 * reverse. */
void watch_passed_by(struct watch *watch, int64_t begin_ns, int64_t until_ns);

/* All endpoints are to be polled in this turn. Those whose driver has its descriptors in the set
 * know by watch_wait() alone what to look at. */
void watch_ready_all(struct watch *watch);

/* Likewise, as there is so much to do that it does not pay to ask the kernel first. */
void watch_look(struct watch *watch);

/* Is the endpoint to be polled in this turn? Asked once: then it is not any more. NULL: always. */
bool watch_take(struct watch_place *place);

#endif
