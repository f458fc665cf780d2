/* worker_inner: the worker's struct, shared by its two files: what it does (worker.c) and how it
 * rests until there is more (worker_rest.c). */
#ifndef MILLRACE_WORKER_INNER_H
#define MILLRACE_WORKER_INNER_H

#include "gather_inner.h"
#include "receiver_inner.h"
#include "rest_inner.h"
#include "thread_load.h"
#include "watch_inner.h"
#include "worker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct worker {
    struct worker_context context;
    struct gate *gate;
    pthread_t thread;
    bool thread_started;
    struct sender *sender;
    struct receiver *receiver;
    int wake_fd;
    struct watch watch;
    int64_t look_ns;       /* When to poll all endpoints again, whoever is ready. */
    pthread_mutex_t mutex; /* Guards the order. */
    bool has_order;
    bool quit;
    enum worker_order order;
    struct segment segment;
    int64_t order_deadline_ns;
    _Atomic int64_t stop_ns;         /* Of the segment. */
    _Atomic int64_t sending_stop_ns; /* Never after it. */
    _Atomic bool called;             /* There is an order or a stop to look at. */
    _Atomic bool handed_in;          /* Its last interval. */
    bool consumers_open;
    bool producers_open;
    bool running;
    bool first_turn;
    int64_t end_ns;     /* Of the running segment. */
    int64_t drain_ns;   /* From when on the segment only drains; SENDER_NEVER_NS: it does not. */
    int64_t settled_ns; /* When it was told last that it had settled. */
    int64_t stop_taken_ns;
    int64_t batch_ns; /* Nothing is sent before, where messages are sent in batches. */
    bool owes;        /* Between two ticks: a window was full, and what was due is late already. */
    int64_t tick_ns;  /* So often, where the scenario has it so; 0: by their own times. */
    int64_t together_ns;   /* What arrives may wait that long for the next send. */
    int64_t pass_begin_ns; /* From then until then nobody looks at what arrives, in a turn that has
                              something else to do. */
    int64_t pass_until_ns;
    struct rest_lead lead;
    int64_t spun_ns; /* Spent spinning in this interval. */
    struct thread_load load;
};

/* Messages are so close together that they are sent in batches; each keeps its own intended time.
 */
bool worker_is_batched(const struct worker *worker);

/* Rests until there may be something to do: an event, a message that is due, the interval's end.
 * busy: there was something in this turn. */
void worker_rest(struct worker *worker, bool busy);

/* After a rest on the clock alone, and now and then: looks which endpoints are to be polled. */
void worker_look(struct worker *worker, int64_t now_ns);

/* When the next batch is to be sent. */
int64_t worker_next_batch_ns(const struct worker *worker, int64_t now_ns);

/* Ends the wait, for what another thread asks; from any thread. */
void worker_wake(struct worker *worker);

#endif
