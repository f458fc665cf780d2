/*
 * queue: a bounded queue from a thread that must not wait to one of its own that writes: to a disk,
 * to a terminal. What is put in is copied; how far behind the writer is can be looked at.
 *
 * The queue drops nothing by itself: one that is full refuses, and who puts decides what that
 * means. All calls are for one thread, and none of them waits but where a deadline is given. A
 * writer that is stuck in a call of the kernel can't be ended: it is left behind, with the queue.
 */
#ifndef MILLRACE_QUEUE_H
#define MILLRACE_QUEUE_H

#include "errinfo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

struct queue_config {
    const char *name; /* Of the thread; at most 15 bytes. */
    size_t bytes_max; /* Of what waits and what is written, with what the queue needs for it. */
    int64_t sync_ns;  /* How often sync() is called; 0: only by queue_flush(). */
    void *context;

    /* On the writer's thread, in the order in which it was put. */
    void (*write)(void *context, uint32_t kind, const void *bytes, size_t bytes_count);

    void (*sync)(void *context); /* What was written shall stay. NULL: needs nothing. */
    void (*end)(void *context);  /* The last call, after a sync(). NULL: needs nothing. */
};

/* 0, -ENOMEM or what pthread_create() gives; the caller owns *ret. */
int queue_new(const struct queue_config *config, struct queue **ret, struct errinfo *reterr);

/* 0; -ENOBUFS: there is no room; -ENOMEM. On failure nothing was put. */
int queue_put(struct queue *queue, uint32_t kind, const void *bytes, size_t bytes_count);

/* As queue_put(), for what only matters until there is something newer of its kind: what waits of
 * this kind is dropped. Returns 1 if something was. */
int queue_put_newest(struct queue *queue, uint32_t kind, const void *bytes, size_t bytes_count);

struct queue_state {
    uint64_t pieces;  /* That wait or are being written. */
    size_t bytes;     /* Of them. */
    int64_t since_ns; /* Since when the oldest of it waits, or a sync() lasts; 0: nothing does. */
};

void queue_look(struct queue *queue, struct queue_state *ret);

/* Waits until everything that was put before is written and synced; false: not by deadline_ns. */
bool queue_flush(struct queue *queue, int64_t deadline_ns);

/* Flushes and frees; NULL is allowed. False: the writer was not done by deadline_ns. The queue is
 * not the caller's any more, but its context is still in use, until the process ends. */
bool queue_close(struct queue *queue, int64_t deadline_ns);

#endif
