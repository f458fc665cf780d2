/*
 * gate: where the workers of a trial report that an order is carried out, and duty waits for all of
 * them. Any thread.
 */
#ifndef MILLRACE_GATE_H
#define MILLRACE_GATE_H

#include "errinfo.h"

#include <pthread.h>
#include <stdint.h>

/* One per trial, shared by all of its workers. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t pending;
    int code; /* First failure; 0. */
    struct errinfo error;
    int64_t started_ns; /* Latest first turn of a segment among the workers, mono_ns(); 0: none
                           began yet. */
    int64_t ended_ns;   /* Latest end of the segment among them, likewise. */
    int64_t last_ns;    /* When the last message came or was settled, likewise. */
};

void gate_init(struct gate *gate);
void gate_done(struct gate *gate);

/* How many orders are not carried out yet. */
uint32_t gate_pending(struct gate *gate);

/* Blocks until none is, or deadline_ns: -ETIMEDOUT; else the first failure since the last call, or
 * 0. */
int gate_wait(struct gate *gate, int64_t deadline_ns, struct errinfo *reterr);

/* For workers: one order more is to be carried out; it is, with this outcome; a segment began or
 * ended (which carries its order out) at that time, after its last message. */
void gate_order_given(struct gate *gate);
void gate_order_done(struct gate *gate, int code, const struct errinfo *error);
void gate_started(struct gate *gate, int64_t at_ns);
void gate_ended(struct gate *gate, int64_t at_ns, int64_t last_ns);

#endif
