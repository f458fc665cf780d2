/*
 * outbox_inner: what the agent has to tell, sent in order by a thread of its own, so that a slow
 * coordinator holds up neither load nor commands. Nothing that was taken is dropped: what can't be
 * sent makes the coordinator lost, and that ends the agent. What waits has a bound; a snapshot
 * beyond it is refused, and with it the trial's measurement ends, as failed.
 */
#ifndef MILLRACE_OUTBOX_INNER_H
#define MILLRACE_OUTBOX_INNER_H

#include "coordinator_link_inner.h"
#include <stdbool.h>

struct outbox;

int outbox_new(struct coordinator_link *link, struct outbox **ret, struct errinfo *reterr);

/* Ends the thread; unsent frames are dropped. NULL is allowed. */
void outbox_free(struct outbox *outbox);

/* These encode what is given, with the next head, and never block on the network; from any thread,
 * sent in the order in which they were posted. A status that can't be encoded is a failure of the
 * outbox, as the coordinator would wait for it. A snapshot: 0; -ENOMEM, -EMSGSIZE or -EBADMSG, with
 * the sentence, and it was not taken; likewise -ENOBUFS: OUTBOX_BYTES_MAX wait. */
void outbox_post_status(struct outbox *outbox, struct status *status);
int outbox_post_snapshot(struct outbox *outbox, struct snapshot *snapshot, struct errinfo *reterr);

/* Blocks until everything was acknowledged or the coordinator is lost: -ECONNABORTED. */
int outbox_flush(struct outbox *outbox, struct errinfo *reterr);

/* See coordinator_link_heard_ns(). */
const _Atomic int64_t *outbox_heard_ns(const struct outbox *outbox);

/* Has sending failed for good? Then the sentence. */
bool outbox_failed(struct outbox *outbox, struct errinfo *reterr);

#endif
