/*
 * kafka_group_inner: consumer groups of an endpoint: their names, and waiting until they have
 * settled.
 *
 * Private to the Kafka driver; control plane. The library takes and gives up partitions by itself
 * (no rebalance event is asked for): while other workers and agents still join, nobody polls yet,
 * and a member that waited for its application would hold up the whole group.
 */
#ifndef MILLRACE_KAFKA_GROUP_INNER_H
#define MILLRACE_KAFKA_GROUP_INNER_H

#include "kafka_endpoint_inner.h"

#define KAFKA_GROUP_BYTES 512

/* "millrace-RUN-TRIAL-TOPIC-sN": the clients of subscription N that read exactly the same topics,
 * of which TOPIC is the first, on whatever agent. Returns name. */
const char *kafka_group_name(const struct endpoint_config *config, uint32_t client, char *name,
                             size_t name_bytes);

/*
 * Waits until every group with a client here is stable, each of its partitions has an owner, and
 * our clients have taken what they were given. Members that come later start it all again, so the
 * last endpoint that opens is the one that knows.
 * -ETIMEDOUT, or what the broker said (-EACCES, -EIO).
 */
int kafka_groups_settle(struct endpoint *endpoint, struct errinfo *reterr);

/* How many partitions the client has now; below 0 if it can't tell. */
int kafka_group_held(rd_kafka_t *client);

#endif
