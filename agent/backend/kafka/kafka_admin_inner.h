/*
 * kafka_admin_inner: topics and consumer groups of a target. Private to the Kafka driver; control
 * plane.
 *
 * librdkafka's mock cluster can stand in for a broker: it has no CreateTopics but makes topics when
 * asked for them, so a topic with at least the wanted partitions counts as made; nothing of it can
 * be deleted.
 */
#ifndef MILLRACE_KAFKA_ADMIN_INNER_H
#define MILLRACE_KAFKA_ADMIN_INNER_H

#include "backend.h"

/* See backend_ops.topics_create, topics_delete and clean. replication_factor 0: the broker's. */
int kafka_topics_create(const struct target *target, const struct topic_list *topics,
                        int32_t replication_factor, int64_t deadline_ns, struct errinfo *reterr);
int kafka_topics_delete(const struct target *target, const struct topic_list *topics,
                        int64_t deadline_ns, struct errinfo *reterr);
int kafka_clean(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                struct errinfo *reterr);

#endif
