/*
 * kafka_described_inner: how many connections and how large a request the brokers of a target take,
 * from their own configuration. Private to the Kafka driver; blocks until the deadline.
 */
#ifndef MILLRACE_KAFKA_DESCRIBED_INNER_H
#define MILLRACE_KAFKA_DESCRIBED_INNER_H

#include "backend.h"
#include "kafka_client_inner.h"

/*
 * Asks every broker of the metadata for its configuration and adds its limits. own_address: the
 * numeric address from which the brokers see this host, for limits that are set for single hosts.
 * A broker that does not say (a permission to DescribeConfigs is missing) leaves the connections
 * unknown, which is no failure.
 */
void kafka_described_limits(rd_kafka_t *client, const struct rd_kafka_metadata *metadata,
                            const char *own_address, int64_t deadline_ns,
                            struct broker_limits *ret);

/* The limit of one host in "HOST:COUNT,HOST:COUNT"; otherwise if it is not named. A name could be
 * this host: then the larger of the two counts, so that nothing is refused wrongly. */
uint64_t kafka_described_host(const char *overrides, const char *own_address, uint64_t otherwise);

#endif
