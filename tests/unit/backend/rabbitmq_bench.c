#include "rabbitmq_bench.h"

#include "rabbitmq_read_inner.h"

#include <amqp_tcp_socket.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ARENA_BYTES (3 * (size_t)RABBITMQ_BENCH_FRAME_BYTES_MAX)

/* The first bytes of a connection may be the header of another version of the protocol; after them
 * the library takes frames. */
static void begin_connection(amqp_connection_state_t connection)
{
    char header[] = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};
    amqp_frame_t frame;

    assert_int_equal(amqp_handle_input(
                         connection, (amqp_bytes_t){.len = sizeof header, .bytes = header}, &frame),
                     sizeof header);
}

void rabbitmq_bench_begin(struct rabbitmq_bench *bench, enum endpoint_role role,
                          struct delivery delivery)
{
    int fds[2];

    memset(bench, 0, sizeof *bench);
    bench->delivery = delivery;
    bench->topic = (struct topic){.name = "orders", .partitions = 1, .subscriptions = 1};
    bench->reader = (struct endpoint_client){.topics = &bench->source.topic, .topics_count = 1};
    bench->config = (struct endpoint_config){.role = role,
                                             .topics = &bench->topic,
                                             .topics_count = 1,
                                             .clients = &bench->reader,
                                             .clients_count = 1,
                                             .delivery = &bench->delivery,
                                             .message_bytes_max = RABBITMQ_BENCH_BODY_BYTES_MAX};
    bench->endpoint = (struct endpoint){.config = &bench->config,
                                        .clients = &bench->client,
                                        .arena = malloc(ARENA_BYTES),
                                        .arena_bytes = ARENA_BYTES,
                                        .arena_message_bytes = RABBITMQ_BENCH_FRAME_BYTES_MAX,
                                        .is_confirmed = true};
    assert_int_equal(turns_init(&bench->endpoint.turns, 1, NULL), 0);
    assert_non_null(bench->endpoint.arena);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    bench->broker_fd = fds[1];
    bench->client.link = (struct rabbitmq_link){
        .connection = amqp_new_connection(), .fd = fds[0], .is_plain = true, .peer = "broker:5672"};
    amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(bench->client.link.connection), fds[0]);
    begin_connection(bench->client.link.connection);
    assert_int_equal(rabbitmq_reads_init(&bench->endpoint), 0);
    assert_int_equal(rabbitmq_read_init(&bench->client), 0);
    if (role == ROLE_CONSUMER) {
        assert_int_equal(rabbitmq_consumer_init(&bench->endpoint, &bench->client, NULL), 0);
    } else {
        assert_int_equal(rabbitmq_producers_init(&bench->endpoint), 0);
        assert_int_equal(rabbitmq_producer_init(&bench->endpoint, &bench->client, NULL), 0);
    }
    bench->client.is_up = true;
    assert_int_equal(turns_add(&bench->endpoint.turns, 0, fds[0], RABBITMQ_WATCHED), 0);
}

void rabbitmq_bench_end(struct rabbitmq_bench *bench)
{
    rabbitmq_link_drop(&bench->client.link);
    if (bench->config.role == ROLE_CONSUMER) {
        rabbitmq_consumer_done(&bench->client);
    } else {
        rabbitmq_producer_done(&bench->client);
        rabbitmq_producers_done(&bench->endpoint);
    }
    rabbitmq_read_done(&bench->client);
    rabbitmq_reads_done(&bench->endpoint);
    free(bench->endpoint.arena);
    turns_done(&bench->endpoint.turns);
    (void)close(bench->broker_fd);
}

bool rabbitmq_bench_is_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, 0) == 1;
}

void rabbitmq_bench_broker_writes(struct rabbitmq_bench *bench, const char *bytes, size_t count)
{
    assert_int_equal(send(bench->broker_fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL), count);
}

size_t rabbitmq_bench_in_socket(const struct rabbitmq_bench *bench)
{
    int count = 0;

    assert_int_equal(ioctl(bench->client.link.fd, FIONREAD, &count), 0);
    return (size_t)count;
}
