/*
 * kafka_client_inner: handles of librdkafka, set up for a target, and what its errors mean.
 *
 * Private to the Kafka driver. Control plane: calls may block until their deadline (mono_ns()). The
 * library logs nothing. Sentences name the addresses, never credentials.
 */
#ifndef MILLRACE_KAFKA_CLIENT_INNER_H
#define MILLRACE_KAFKA_CLIENT_INNER_H

#include "backend.h"

#include <librdkafka/rdkafka.h>

#define KAFKA_NAME_PREFIX "millrace-"

/* Address, TLS, login and what every handle has in common. The caller owns *ret. -EINVAL with the
 * library's own words (a certificate that can't be read, an unknown mechanism), -ENOMEM. */
int kafka_conf_new(const struct target *target, rd_kafka_conf_t **ret, struct errinfo *reterr);

/* Sets one property; a value that we made ourselves and the library refuses is -EINVAL. */
int kafka_conf_set(rd_kafka_conf_t *conf, struct errinfo *reterr, const char *key,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Takes conf, also on failure. -EINVAL with the library's reason. */
int kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **ret,
                     struct errinfo *reterr);

/* Of a sentence that names a target; more addresses are cut. */
#define KAFKA_ADDRESSES_BYTES 256

/* The target's addresses as "a:1,b:2". Returns text. */
const char *kafka_addresses(const struct target *target, char *text, size_t text_bytes);

/*
 * Waits until a broker has answered a metadata request: resolved, connected, encrypted, logged in.
 * Asks for the topics that the handle knows. Ends early when every address has failed in a way that
 * waiting doesn't change. ret may be NULL. Only for handles whose main queue nobody else reads.
 * -ENXIO (name), -ECONNREFUSED, -ETIMEDOUT, -EPROTO (TLS, other protocol), -EACCES (login), -EIO.
 */
int kafka_client_connect(rd_kafka_t *client, const struct target *target, int64_t deadline_ns,
                         enum probe_failure *ret, struct errinfo *reterr);

/*
 * Is it librdkafka's mock cluster? To be known beforehand: requests that go to the controller would
 * wait for one until the deadline, and a request about groups that it doesn't know leaves the
 * library (2.0.2) locked up. For handles that are connected.
 */
bool kafka_is_mock(rd_kafka_t *client, int64_t deadline_ns);

/* The errno that goes with a failure; 0 for PROBE_OK. */
int kafka_failure_errno(enum probe_failure failure);

/* Copies an error's words without what differs each time ("after 12ms in state ..."), so that
 * errors can be counted by text. Returns text. */
const char *kafka_error_words(const char *words, char *text, size_t text_bytes);

/* Milliseconds from now until deadline_ns, at least 1, for the library's calls. */
int kafka_ms_until(int64_t deadline_ns);

#endif
