/*
 * worker: one load thread. Opens its clients, runs segments, waits; the only place of the data
 * plane that waits.
 *
 * Orders are given one at a time by duty; each is answered through the gate. Consumers are polled
 * from the moment they are open until they are closed, also between segments.
 */
#ifndef MILLRACE_WORKER_H
#define MILLRACE_WORKER_H

#include "gate.h"
#include "sender.h"

#include <stdbool.h>
#include <stdint.h>

enum worker_order {
    ORDER_OPEN_CONSUMERS,
    ORDER_OPEN_PRODUCERS,
    ORDER_RUN,  /* Done when the segment is over: by time, by count, or stopped. */
    ORDER_CLOSE /* Settles, hands over the last interval, closes. */
};

struct worker;

/* Allocates everything and starts the thread. context->recorder and the rest are borrowed until
 * worker_free(). */
int worker_new(const struct worker_context *context, struct gate *gate, struct worker **ret,
               struct errinfo *reterr);

/* Gives an order; the one before must have been carried out, unless this one is to close.
 * deadline_ns is for opening. */
void worker_order(struct worker *worker, enum worker_order order, const struct segment *segment,
                  int64_t deadline_ns);

/* The last interval was handed over, though clients may not be closed yet; from any thread. */
bool worker_has_handed_in(const struct worker *worker);

/* Ends the running segment at at_ns (mono_ns()), or with sending_only its sending; from any thread,
 * at any time. */
void worker_stop(struct worker *worker, int64_t at_ns, bool sending_only);

/* Ends the thread (closing what is open) and frees. NULL is allowed. */
void worker_free(struct worker *worker);

#endif
