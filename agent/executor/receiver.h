/*
 * receiver: the consuming half of a worker: checks stamps, records latencies and what was seen,
 * acknowledges.
 *
 * Belongs to one worker's thread. Nothing here waits, and nothing allocates after receiver_open().
 */
#ifndef MILLRACE_RECEIVER_H
#define MILLRACE_RECEIVER_H

#include "sender.h"

struct receiver;

int receiver_new(const struct worker_context *context, struct receiver **ret,
                 struct errinfo *reterr);
void receiver_free(struct receiver *receiver);

/* Opens the endpoints; blocks until deadline_ns. */
int receiver_open(struct receiver *receiver, int64_t deadline_ns, struct errinfo *reterr);

/* Acknowledges the rest of unfinished batches and closes the endpoints. */
void receiver_close(struct receiver *receiver);

/* Takes what has arrived; true if there was anything. */
bool receiver_poll(struct receiver *receiver, int64_t now_ns);

void receiver_reopen(struct receiver *receiver, int64_t now_ns);
void receiver_account(struct receiver *receiver, struct recorder_state *state);
bool receiver_watch(const struct receiver *receiver, int epoll_fd);
bool receiver_is_down(const struct receiver *receiver);

#endif
