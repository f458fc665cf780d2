/*
 * rabbitmq_topics_inner: exchanges and queues, made and removed, and the ledger that remembers
 * them.
 *
 * A topic is a direct exchange of its name; a partition of a subscription is a queue
 * "TOPIC.sSUBSCRIPTION.pPARTITION", bound with the partition as routing key.
 *
 * AMQP can't list what exists, so whoever makes topics first writes their names into a durable
 * queue, millrace-ledger, and takes the entry back after removing them. Two runs may do this at the
 * same time: reading the ledger needs its exclusive consumer, which is the lock. The last one
 * removes the ledger.
 *
 * rabbitmq_topics.c has the calls of a driver, rabbitmq_ledger.c the ledger, rabbitmq_queues.c one
 * topic, for both.
 *
 * Private to the RabbitMQ driver. Control plane: may block until the deadline.
 */
#ifndef MILLRACE_RABBITMQ_TOPICS_INNER_H
#define MILLRACE_RABBITMQ_TOPICS_INNER_H

#include "rabbitmq_link_inner.h"

/* Longest name of a queue, with the NUL: AMQP's short strings hold 255 bytes. */
#define RABBITMQ_NAME_BYTES 256

/* Name of the queue of a partition of a subscription. */
void rabbitmq_queue_name(const char *topic, uint32_t subscription, uint32_t partition,
                         char name[static RABBITMQ_NAME_BYTES]);

/* Makes a topic's exchange, queues and bindings; what is there with the same properties stays as it
 * is. */
int rabbitmq_topic_declare(struct rabbitmq_link *link, const struct target *target,
                           const struct topic *topic, struct errinfo *reterr);

/* Adds an entry that names the topics; it is on the broker's disk when this returns. */
int rabbitmq_ledger_add(struct rabbitmq_link *link, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr);

/* Takes back the entries whose topics are all in the list. NULL: all entries, after removing what
 * they name; counts the topics in *ret_removed. Removes the ledger if nothing is left in it. */
int rabbitmq_ledger_take(struct rabbitmq_link *link, const struct topic_list *topics,
                         int64_t deadline_ns, uint32_t *ret_removed, struct errinfo *reterr);

/* Removes a topic's exchange and queues; what isn't there is no error. */
int rabbitmq_topic_remove(struct rabbitmq_link *link, const struct topic *topic,
                          struct errinfo *reterr);

/* The functions of struct backend_ops. */
int rabbitmq_topics_create(const struct target *target, const struct topic_list *topics,
                           int64_t deadline_ns, struct errinfo *reterr);
int rabbitmq_topics_delete(const struct target *target, const struct topic_list *topics,
                           int64_t deadline_ns, struct errinfo *reterr);
int rabbitmq_clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                   struct errinfo *reterr);

#endif
