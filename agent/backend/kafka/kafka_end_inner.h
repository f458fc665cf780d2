/*
 * kafka_end_inner: destroys handles of librdkafka without waiting for them for ever.
 *
 * Private to the Kafka driver; control plane. Destroying a handle joins the library's threads, one
 * handle after the other, and librdkafka 2.0.2 sometimes never ends one whose broker is away. So
 * threads of our own do it, and whoever closes goes on when the time is over.
 */
#ifndef MILLRACE_KAFKA_END_INNER_H
#define MILLRACE_KAFKA_END_INNER_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* Takes the clients (NULLs among them are fine; the array stays the caller's). Returns when all are
 * gone or at deadline_ns (mono_ns()); what isn't gone then goes in its own time. Without memory for
 * that it waits for all. */
void kafka_end(rd_kafka_t *const *clients, uint32_t count, int64_t deadline_ns);

#endif
