/* kafka_producer_inner: the producing half of the Kafka driver; see backend_ops for what the calls
 * mean.
 */
#ifndef MILLRACE_KAFKA_PRODUCER_INNER_H
#define MILLRACE_KAFKA_PRODUCER_INNER_H

#include "invariant.h"
#include "kafka_endpoint_inner.h"

/* The library's limits of one handle for what waits to be sent. None of them may be what stops a
 * message: the window of the producers is. */
struct kafka_limits {
    uint64_t messages;
    uint64_t queue_kib;
    uint64_t message_bytes;
};

struct kafka_limits kafka_producer_limits(const struct endpoint_config *config);

/* A message's opaque carries its client and token, so no table of outstanding messages is needed:
 * the library keeps one, and every entry of it ends in a delivery report. */
#define KAFKA_TOKEN_BITS 48
static_assert(CLIENTS_MAX <= 1 << (64 - KAFKA_TOKEN_BITS), "a client fits beside a token");

static inline void *kafka_opaque(uint32_t client, uint64_t token)
{
    ASSERT(token < UINT64_C(1) << KAFKA_TOKEN_BITS);
    return (void *)(uintptr_t)((uint64_t)client << KAFKA_TOKEN_BITS | token);
}

static inline uint32_t kafka_opaque_client(const void *opaque)
{
    return (uint32_t)((uint64_t)(uintptr_t)opaque >> KAFKA_TOKEN_BITS);
}

static inline uint64_t kafka_opaque_token(const void *opaque)
{
    return (uint64_t)(uintptr_t)opaque & ((UINT64_C(1) << KAFKA_TOKEN_BITS) - 1);
}

int kafka_producer_open(const struct endpoint_config *config, struct endpoint **ret,
                        struct errinfo *reterr);
void kafka_producer_close(struct endpoint *endpoint);
/* kafka_submit.c */
int kafka_producer_submit(struct endpoint *endpoint, const struct message *messages,
                          uint32_t messages_count);
int kafka_producer_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max);
/* kafka_reports.c: makes a client call back for what it says; takes what it has to say. */
void kafka_reports_conf(rd_kafka_conf_t *conf);
void kafka_reports_serve(struct endpoint *endpoint, struct kafka_handle *handle,
                         struct kafka_out *out);

#endif
