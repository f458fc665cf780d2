/*
 * receiver_inner: the consuming half of a worker: checks stamps, records latencies and what was
 * seen, acknowledges.
 *
 * Belongs to one worker's thread. Nothing here waits, and nothing allocates after receiver_open().
 */
#ifndef MILLRACE_RECEIVER_INNER_H
#define MILLRACE_RECEIVER_INNER_H

#include "sender.h"

struct receiver;

int receiver_new(const struct worker_context *context, struct receiver **ret,
                 struct errinfo *reterr);
void receiver_free(struct receiver *receiver);

/* Opens the endpoints; blocks until deadline_ns. */
int receiver_open(struct receiver *receiver, int64_t deadline_ns, struct errinfo *reterr);

/* Acknowledges the rest of unfinished batches and closes the endpoints, all at once. end() waits
 * until they are. */
void receiver_close_begin(struct receiver *receiver);
void receiver_close_end(struct receiver *receiver);

/* Takes what has arrived; true if there was anything. */
bool receiver_poll(struct receiver *receiver, int64_t now_ns);

/* Adds what messages have to say of it. */
void receiver_gather(const struct receiver *receiver, struct gather_sum *sum);

/* Looks after the clients that are down; does not wait. */
void receiver_reconnect(struct receiver *receiver, int64_t now_ns);
void receiver_account(struct receiver *receiver, struct recorder_state *state);
/* Whatever phases say of consumers, from now on they take all there is; or no longer so. */
void receiver_release(struct receiver *receiver, bool released);

/* When the last message came, mono_ns(); 0 if none did. */
int64_t receiver_last_ns(const struct receiver *receiver);

/* When the receiver wants to be called next, other than for events: SENDER_NEVER_NS if only an
 * event can change anything. */
int64_t receiver_next_ns(const struct receiver *receiver, int64_t now_ns);

/* Adds the open endpoints to the set, which is polled by from then on; those whose consumers may
 * not take anything for the moment are taken out and put back. Closing takes them out. The set is
 * borrowed until then. */
void receiver_watch(struct receiver *receiver, struct watch *watch);

#endif
