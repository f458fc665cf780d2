/* trial_parts_inner: the struct of a trial, and the making of its parts. Private to this module. */
#ifndef MILLRACE_TRIAL_PARTS_INNER_H
#define MILLRACE_TRIAL_PARTS_INNER_H

#include "trial_inner.h"

#include "collector.h"
#include "host_inner.h"
#include "host_load.h"
#include "library_load.h"
#include "worker.h"

#include <pthread.h>
#include <stdatomic.h>

/* How far a trial is; each step asks for the one before. */
enum trial_stage {
    STAGE_MADE,
    STAGE_TOPICS,    /* They exist, and so do the workers. */
    STAGE_CONSUMERS, /* They read. */
    STAGE_READY,     /* Producers are open, too: segments can run. */
    STAGE_FAILED,    /* A step did: there is only to release and remove. */
    STAGE_CLOSING,   /* All was handed in; some clients were not closed in time. */
    STAGE_RELEASED
};

struct trial {
    struct assignment assignment;
    enum trial_stage stage; /* Of duty's thread. */
    const struct backend_ops *ops;
    struct outbox *outbox;
    struct topic *topics;
    bool topics_made; /* Some of them, at least. */
    atomic_bool called_back;
    struct timeline timeline;
    struct key_tables keys;
    struct payload_pools payloads;
    struct gate gate;
    bool gate_made;
    struct recorder **recorders;
    struct worker **workers;
    struct collector *collector;
    char *trace_path; /* NULL: none; likewise the following. */
    struct trace *trace;
    struct host_load host_load;
    struct library_load library_load;  /* Of the ticker. */
    _Atomic uint64_t rss_before_bytes; /* Of the process, before there were workers. */
    _Atomic uint64_t rss_opened_bytes; /* And after; 0: not yet. */
    bool threads_told;                 /* By the ticker's first snapshot. */
    int64_t ticker_late_ns;            /* Latest wake-up of the ticker in the interval. */
    pthread_t ticker;
    bool ticker_started;
    _Atomic bool ticker_quit;
    pthread_mutex_t mutex; /* Guards what follows, between duty's thread and the ticker. */
    bool running;
    bool given_up;        /* The running segment was ended, as it can't be reported. */
    struct status status; /* Of the running segment; posted when it is over. */
    struct segment segment;
    struct errinfo failure; /* The ticker could not go on. */
    int failure_code;
    uint64_t left_out; /* Reports that were not posted since. */
};

#define TICK_NS (10 * NS_PER_MS)

/* Gives all workers an order and waits for the last of them. */
int trial_order_all(struct trial *trial, enum worker_order order, int64_t deadline_ns,
                    struct errinfo *reterr);

/* Of the ticker, or of who has stopped it. Closes the collector's interval and posts it; tells the
 * end of a segment. */
void trial_close_interval(struct trial *trial, bool final);

/* Of the ticker: hands in what there is, if all workers have settled while this agent only drains.
 */
void trial_look_at_drain(struct trial *trial);
void trial_look_at_segment(struct trial *trial);
void trial_stop_ticker(struct trial *trial);

/* Why the ticker could not go on, and how many reports that cost. Returns failure_code. */
int trial_tell_failure(const struct trial *trial, struct errinfo *reterr);

/* The list of topics as drivers want it. 0 or -ENOMEM. */
int trial_make_topics(struct trial *trial, struct errinfo *reterr);

/* Recorders, workers and the collector. 0, -ENOMEM, or why a thread can't be. */
int trial_make_workers(struct trial *trial, struct errinfo *reterr);

#endif
