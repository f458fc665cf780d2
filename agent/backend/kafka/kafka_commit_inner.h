/*
 * kafka_commit_inner: acknowledging consumed messages. Private to the Kafka driver; data plane.
 *
 * A commit is of a position: it covers everything before it. Each acknowledgement is a commit of
 * its own until KAFKA_COMMITS_MAX of a client are under way; those that come then are joined into
 * the next one. A broker answers a connection's requests one after the other, and Kafka 4 takes
 * some 5 ms over a commit (group.coordinator.append.linger.ms), so more of them at once would only
 * wait longer. An acknowledgement is answered when a commit that covers it is.
 */
#ifndef MILLRACE_KAFKA_COMMIT_INNER_H
#define MILLRACE_KAFKA_COMMIT_INNER_H

#include "kafka_endpoint_inner.h"

#define KAFKA_COMMITS_MAX 4

/*
 * A message's token names its slot (client, topic, partition) and its offset, so acknowledging
 * needs no table of messages. 2^40 messages of one partition are a year at 30,000 a second.
 */
#define KAFKA_OFFSET_BITS 40
#define KAFKA_SLOTS_MAX (1U << (64 - KAFKA_OFFSET_BITS))

int kafka_commit_init(struct kafka_handle *handle, struct errinfo *reterr);

/* See backend_ops.ack. */
int kafka_commit_ack(struct endpoint *endpoint, uint64_t token, bool multiple);

/* Takes RD_KAFKA_EVENT_OFFSET_COMMIT. */
void kafka_commit_take(struct endpoint *endpoint, struct kafka_handle *handle,
                       rd_kafka_event_t *event, struct kafka_out *out);

/* Counts an answer off and sends what waited for it. */
void kafka_commit_answered(struct endpoint *endpoint, struct kafka_handle *handle);

#endif
