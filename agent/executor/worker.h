/*
 * worker: one load thread. Opens its clients, runs segments, waits; the only place of the data
 * plane that waits.
 *
 * Orders are given one at a time by duty; each is answered through the gate. Consumers are polled
 * from the moment they are open until they are closed, also between segments.
 */
#ifndef MILLRACE_WORKER_H
#define MILLRACE_WORKER_H

#include "sender.h"

#include <pthread.h>
#include <stdint.h>

/* Where workers report that an order is carried out. One per trial, shared by all of its workers.
 */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t pending;
    int code; /* First failure; 0. */
    struct errinfo error;
    int64_t started_ns; /* Latest first turn of a segment among the workers, mono_ns(); 0: none
                           began yet. */
};

int gate_init(struct gate *gate, struct errinfo *reterr);
void gate_done(struct gate *gate);

/* How many orders are not carried out yet. */
uint32_t gate_pending(struct gate *gate);

/* Blocks until none is, or deadline_ns: -ETIMEDOUT; else the first failure since the last call, or
 * 0. */
int gate_wait(struct gate *gate, int64_t deadline_ns, struct errinfo *reterr);

enum worker_order {
    ORDER_OPEN_CONSUMERS,
    ORDER_OPEN_PRODUCERS,
    ORDER_RUN,  /* Done when the segment is over or was stopped. */
    ORDER_CLOSE /* Settles, closes, hands over the last interval. */
};

struct worker;

/* Allocates everything and starts the thread. context->recorder and the rest are borrowed until
 * worker_free(). */
int worker_new(const struct worker_context *context, struct gate *gate, struct worker **ret,
               struct errinfo *reterr);

/* Gives an order; the one before must have been carried out. deadline_ns is for opening. */
void worker_order(struct worker *worker, enum worker_order order, const struct segment *segment,
                  int64_t deadline_ns);

/* Ends the running segment at at_ns (mono_ns()), or with sending_only its sending; from any thread,
 * at any time. */
void worker_stop(struct worker *worker, int64_t at_ns, bool sending_only);

/* Ends the thread (closing what is open) and frees. NULL is allowed. */
void worker_free(struct worker *worker);

#endif
