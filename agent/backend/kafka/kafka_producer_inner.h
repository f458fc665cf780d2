/* kafka_producer_inner: the producing half of the Kafka driver; see backend_ops for what the calls
 * mean.
 */
#ifndef MILLRACE_KAFKA_PRODUCER_INNER_H
#define MILLRACE_KAFKA_PRODUCER_INNER_H

#include "kafka_endpoint_inner.h"

/* The library's limits of one handle for what waits to be sent. None of them may be what stops a
 * message: the window of the producers is. */
struct kafka_limits {
    uint64_t messages;
    uint64_t queue_kib;
    uint64_t message_bytes;
};

struct kafka_limits kafka_producer_limits(const struct endpoint_config *config);

int kafka_producer_open(const struct endpoint_config *config, struct endpoint **ret,
                        struct errinfo *reterr);
void kafka_producer_close(struct endpoint *endpoint);
int kafka_producer_submit(struct endpoint *endpoint, const struct message *messages,
                          uint32_t messages_count);
int kafka_producer_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max);

#endif
