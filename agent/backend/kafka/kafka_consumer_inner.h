/* kafka_consumer_inner: the consuming half of the Kafka driver; see backend_ops for what the calls
 * mean.
 */
#ifndef MILLRACE_KAFKA_CONSUMER_INNER_H
#define MILLRACE_KAFKA_CONSUMER_INNER_H

#include "kafka_endpoint_inner.h"

int kafka_consumer_open(const struct endpoint_config *config, struct endpoint **ret,
                        struct errinfo *reterr);
void kafka_consumer_close(struct endpoint *endpoint);
int kafka_consumer_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int kafka_consumer_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max);

#endif
