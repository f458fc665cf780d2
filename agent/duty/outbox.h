/*
 * outbox: what the agent has to tell, sent in order by a thread of its own, so that a slow
 * coordinator holds up neither load nor commands. Nothing is dropped: what can't be sent makes the
 * coordinator lost, and that ends the agent.
 */
#ifndef MILLRACE_OUTBOX_H
#define MILLRACE_OUTBOX_H

#include "coordinator_link.h"
#include "text.h"

#include <stdbool.h>

struct outbox;

int outbox_new(struct coordinator_link *link, struct outbox **ret, struct errinfo *reterr);

/* Ends the thread; unsent frames are dropped. NULL is allowed. */
void outbox_free(struct outbox *outbox);

/* Takes the encoded frame over. Never blocks on the network. */
void outbox_post(struct outbox *outbox, struct text *frame);

/* Blocks until everything was acknowledged or the coordinator is lost: -ECONNABORTED. */
int outbox_flush(struct outbox *outbox, struct errinfo *reterr);

/* Has sending failed for good? Then the sentence. */
bool outbox_failed(struct outbox *outbox, struct errinfo *reterr);

#endif
