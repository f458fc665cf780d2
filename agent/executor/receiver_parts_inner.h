/* receiver_parts_inner: the receiver's structs, shared by its files: receiving (receiver.c),
 * acknowledging (receiver_acks.c), making and opening (receiver_open.c), what a trace has of
 * messages (receiver_trace.c). */
#ifndef MILLRACE_RECEIVER_PARTS_INNER_H
#define MILLRACE_RECEIVER_PARTS_INNER_H

#include "gather_inner.h"
#include "intake_inner.h"
#include "receiver_inner.h"
#include "reconnect_inner.h"
#include "stamp.h"
#include "watch_inner.h"

#define RECEIVER_EVENTS 256
#define ACK_TIMES                                                                                  \
    4096 /* Acks that wait for the broker's answer, or until they are written; older               \
            ones have no latency. */
struct consumer {
    uint32_t record_index;
    uint32_t ordinal; /* Among the worker's consumers. */
    uint32_t *topics;
    uint32_t unacked; /* Since the last ack of a batch. */
    uint64_t last_token;
    int64_t last_ns; /* When it came. */
    bool is_full;    /* The driver could not take an ack of its: later ones wait behind it. */
};

struct ack_time {
    uint64_t token;
    int64_t at_ns;
};

struct pending_ack {
    uint32_t client;
    uint64_t token;
    bool multiple;
};

/* The consumers of one flow: one endpoint. */
struct receiver_group {
    uint32_t flow;
    const struct assigned_flow *assigned;
    struct endpoint *endpoint;
    struct watch_place *place; /* NULL: it is in no set, and polled all the time. */
    struct endpoint_config config;
    struct endpoint_client *clients;
    struct consumer *consumers;
    uint32_t consumers_count;
    struct reconnect reconnect;
    struct pending_ack *retries; /* Acks that the driver could not take yet, in order; no more is
                                    polled than has room among them. */
    uint32_t retries_count;
    struct ack_time *ack_times; /* A ring, with backends that answer or gather acks. */
    uint32_t ack_times_head;
    uint32_t ack_times_count;
    int64_t idle_look_ns; /* When to look for unfinished batches again. */
    struct intake intake;
    struct gather gather;
    bool held;        /* Nothing may be taken: its descriptor is not watched. */
    int64_t serve_ns; /* Held: when to look after its connections again. */
};

struct receiver {
    struct worker_context context;
    struct watch *watch; /* NULL: none. */
    struct receiver_group groups[FLOWS_MAX];
    uint32_t groups_count;
    uint32_t phase_hint; /* Of the last message. */
    uint32_t phase_now;  /* By the clock. */
    bool paced;          /* The phase's rule was taken over by the groups. */
    bool released;       /* No rule holds. */
    int64_t t0_ns;
    int64_t last_ns;           /* When the last message came. */
    int64_t answered_first_ns; /* Since the last interval's end; 0: nothing. */
    int64_t answered_last_ns;
    int64_t driver_ns_max; /* Longest poll of an endpoint, or ack, or flush. */
    struct event events[RECEIVER_EVENTS];
};

/* What a message took, on this agent's clock. */
struct latency {
    bool paced;
    int64_t service_ns; /* From its actual send time. */
    int64_t shown_ns;   /* From its intended time, where it has one. */
};

/* Acknowledges a message, or all of its consumer up to it, now or once the driver can take it: a
 * consumer whose connection is full keeps its own acks waiting, nobody else's. */
void receiver_acknowledge(struct receiver *receiver, struct receiver_group *group,
                          const struct event *message, bool multiple);
/* Tries those again that the driver could not take. */
void receiver_retry_acks(struct receiver *receiver, struct receiver_group *group);
/* Has those written that the driver gathers. After the last ack, before the worker rests. */
void receiver_flush_acks(struct receiver *receiver, struct receiver_group *group);
/* The broker answered an ack. */
void receiver_ack_answered(struct receiver *receiver, struct receiver_group *group,
                           const struct event *event);
/* Acknowledges unfinished batches whose consumers got nothing for that long; all, or when it is
 * time to look for them. */
void receiver_finish_batches(struct receiver *receiver, struct receiver_group *group,
                             int64_t idle_ns, int64_t now_ns);
void receiver_look_for_idle_batches(struct receiver *receiver, struct receiver_group *group,
                                    int64_t now_ns);

/* Writes a message that was received into the trace, which there is: on the writer's own scale,
 * where its intended time is exact, and what was measured is put behind it. */
void receiver_trace(const struct receiver *receiver, const struct receiver_group *group,
                    const struct event *event, const struct stamp *stamp,
                    const struct latency *latency);

#endif
