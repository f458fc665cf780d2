/*
 * sender: the producing half of a worker: its producers, their schedules, windows and outstanding
 * messages.
 *
 * Open loop: a producer's schedule goes on whatever the broker does; what is due and can't be sent
 * yet is sent as soon as it can be, with the intended time it had. Debt outlives its phase, until
 * the segment ends or is stopped.
 *
 * Belongs to one worker's thread. Nothing here waits, and nothing allocates after sender_open().
 */
#ifndef MILLRACE_SENDER_H
#define MILLRACE_SENDER_H

#include "backend.h"
#include "key_table.h"
#include "payload_pools.h"
#include "recorder.h"
#include "timeline.h"
#include "trace.h"

#include <stdbool.h>
#include <stdint.h>

#define SENDER_NEVER_NS INT64_MAX

/* What all parts of a worker share. */
struct worker_context {
    const struct assignment *assignment;
    const struct backend_ops *ops;
    const struct timeline *timeline;
    struct recorder *recorder;
    uint32_t worker;
    const struct key_tables *keys; /* May be NULL where no flow has any. */
    const struct payload_pools *payloads;
    const struct topic *topics; /* Of the assignment, as drivers want them. */
    struct trace_lane *trace;   /* Each message goes there, too; NULL: none. */
    int64_t
        spin_share; /* Of the time between two messages, one part of so many may be spun away. */
    int64_t drain_ns;
    const _Atomic int64_t *heard_ns; /* When the coordinator was last heard of, mono_ns(); NULL:
                                        nobody is to be. */
};

struct gather_sum;
struct sender;
struct watch;

/* Allocates everything for the worker's producers. 0, -ENOMEM. */
int sender_new(const struct worker_context *context, struct sender **ret, struct errinfo *reterr);
void sender_free(struct sender *sender);

/* Opens the endpoints; blocks until deadline_ns. */
int sender_open(struct sender *sender, int64_t deadline_ns, struct errinfo *reterr);

/* Outstanding messages become UNCONFIRMED; closes the endpoints, all at once. end() waits until
 * they are. */
void sender_close_begin(struct sender *sender);
void sender_close_end(struct sender *sender);

/* Begins a segment: phases first .. last, whose starts the timeline has. */
void sender_start(struct sender *sender, uint32_t phase_first, uint32_t phase_last);

/* Nothing more is sent after at_ns (mono_ns()); messages that were due before and weren't sent are
 * given up. */
void sender_stop(struct sender *sender, int64_t at_ns);

/* Settles outcomes; true if there were any. */
bool sender_poll(struct sender *sender, int64_t now_ns);

/* Sends what is due, a bounded number; true if anything was sent. */
bool sender_send(struct sender *sender, int64_t now_ns);

/* Nothing is left to send in this segment and nothing waits for its outcome; then *ret_ns is when
 * that came about. */
bool sender_finished(const struct sender *sender, int64_t *ret_ns);

/* Nothing is to be sent before that time, and nothing waits for its outcome. */
bool sender_is_idle_until(const struct sender *sender, int64_t at_ns);

/* When the last outcome of the segment came; its start, if none did. */
int64_t sender_settled_ns(const struct sender *sender);

/* When the sender wants to be called next: SENDER_NEVER_NS if only an event can change anything. */
int64_t sender_next_ns(const struct sender *sender);

/* That time is a message's, so it is to be met exactly; false: another try after a refusal, which
 * need not be. */
bool sender_next_is_message(const struct sender *sender);

/* Mean time between two messages of this worker by schedule; SENDER_NEVER_NS without one. */
int64_t sender_gap_ns(const struct sender *sender);

/* Some flow of the current phase has a rate, also if its producers are elsewhere. */
bool sender_is_paced(const struct sender *sender);

/* A message with a rate is due, and its producer can't send it: until an answer, as a rule. */
bool sender_is_blocked(const struct sender *sender);

/* Adds what the broker's answers have to say of it. */
void sender_gather(const struct sender *sender, struct gather_sum *sum);

/* Looks after the clients that are down; does not wait. */
void sender_reconnect(struct sender *sender, int64_t now_ns);

/* Counts what came due until now_ns; at a segment's end, as the next one forgets it. */
void sender_count_due(struct sender *sender, int64_t now_ns);

/* At a segment's end, after what came due was counted: records what was not sent among the response
 * latencies, with how long it had been due until then, or until its sending was stopped. */
void sender_give_up(struct sender *sender, int64_t now_ns);

/* At an interval's end: counts likewise and reports the state. */
void sender_account(struct sender *sender, int64_t now_ns, struct recorder_state *state);

/* Adds the open endpoints to the set, which is polled by from then on; closing takes them out. The
 * set is borrowed until then. */
void sender_watch(struct sender *sender, struct watch *watch);

#endif
