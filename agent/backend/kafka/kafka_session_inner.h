/*
 * kafka_session_inner: one short-lived connection for administration, and the single requests made
 * on it.
 *
 * Private to the Kafka driver. Control plane; blocks until the deadline (mono_ns()). -EOPNOTSUPP
 * when the broker doesn't know a request, -ETIMEDOUT, -EACCES, -EIO.
 */
#ifndef MILLRACE_KAFKA_SESSION_INNER_H
#define MILLRACE_KAFKA_SESSION_INNER_H

#include "kafka_client_inner.h"

struct kafka_session {
    const struct target *target; /* Borrowed. */
    rd_kafka_t *client;
    rd_kafka_queue_t *queue; /* Answers. */
    bool is_mock;            /* librdkafka's mock cluster: has no controller to make topics. */
};

struct kafka_names {
    char **names; /* Owned. */
    uint32_t count;
};

int kafka_session_open(const struct target *target, int64_t deadline_ns, struct kafka_session *ret,
                       struct errinfo *reterr);
void kafka_session_close(struct kafka_session *session);

/* Options of a request with what is left of the time; the caller destroys them. */
rd_kafka_AdminOptions_t *kafka_session_options(struct kafka_session *session,
                                               rd_kafka_admin_op_t request, int64_t deadline_ns);

/* Waits for the answer to the one request that is under way; the caller destroys *ret. On failure
 * the sentence begins with the broker's addresses. */
int kafka_session_answer(struct kafka_session *session, rd_kafka_event_type_t type,
                         int64_t deadline_ns, rd_kafka_event_t **ret, struct errinfo *reterr);

/* All topics of the broker; the caller destroys *ret. */
int kafka_session_metadata(struct kafka_session *session, int64_t deadline_ns,
                           const struct rd_kafka_metadata **ret, struct errinfo *reterr);

/* NULL if it isn't there. */
const struct rd_kafka_metadata_topic *kafka_metadata_find(const struct rd_kafka_metadata *metadata,
                                                          const char *name);

/* What is not there is no error. */
int kafka_session_delete_topics(struct kafka_session *session, const struct topic_list *topics,
                                int64_t deadline_ns, struct errinfo *reterr);

/* Adds the names of all consumer groups that begin with KAFKA_NAME_PREFIX. */
int kafka_session_groups(struct kafka_session *session, int64_t deadline_ns,
                         struct kafka_names *names, struct errinfo *reterr);
void kafka_names_done(struct kafka_names *names);

/* Tries until the deadline while members are still leaving; what isn't there is no error. */
int kafka_session_delete_groups(struct kafka_session *session, const struct kafka_names *names,
                                int64_t deadline_ns, struct errinfo *reterr);

#endif
