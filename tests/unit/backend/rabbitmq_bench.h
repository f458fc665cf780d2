/* rabbitmq_bench: one RabbitMQ client that is up, over a socket whose other end is the test's; no
 * broker, no login. One thread. */
#ifndef MILLRACE_TEST_RABBITMQ_BENCH_H
#define MILLRACE_TEST_RABBITMQ_BENCH_H

#include "check.h"

#include "rabbitmq_endpoint_inner.h"

#define RABBITMQ_BENCH_BODY_BYTES_MAX 20000u
#define RABBITMQ_BENCH_FRAME_BYTES_MAX 4096u

struct rabbitmq_bench {
    struct delivery delivery;
    struct topic topic;
    struct endpoint_client reader;
    struct endpoint_config config;
    struct rabbitmq_client client;
    struct rabbitmq_source source;
    struct endpoint endpoint;
    int broker_fd;
};

/* delivery is what the endpoint is opened with. A consumer reads one queue, by consumer tag 0. */
void rabbitmq_bench_begin(struct rabbitmq_bench *bench, enum endpoint_role role,
                          struct delivery delivery);
void rabbitmq_bench_end(struct rabbitmq_bench *bench);

/* Now. */
bool rabbitmq_bench_is_readable(int fd);
/* Bytes from the broker; all of them, the socket has room. */
void rabbitmq_bench_broker_writes(struct rabbitmq_bench *bench, const char *bytes, size_t count);
/* Of those, how many nobody has read. */
size_t rabbitmq_bench_in_socket(const struct rabbitmq_bench *bench);

#endif
