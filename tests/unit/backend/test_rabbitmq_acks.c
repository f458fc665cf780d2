/* A consumer whose broker reads no acks; without a broker. */
#include "check.h"

#include "rabbitmq_endpoint_inner.h"

#include <amqp_tcp_socket.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct bench {
    struct delivery delivery;
    struct endpoint_client reader;
    struct endpoint_config config;
    struct rabbitmq_client client;
    uint32_t queue[1];
    uint32_t ready[1];
    struct endpoint endpoint;
    int broker_fd;
};

/* One consumer that is up, over a socket whose other end is the test's. */
static void begin(struct bench *bench)
{
    struct epoll_event wanted = {.events = RABBITMQ_WATCHED, .data.u32 = 0};
    amqp_socket_t *socket;
    int fds[2];

    memset(bench, 0, sizeof *bench);
    bench->delivery = (struct delivery){.consume_ack = CONSUME_ACK_EACH};
    bench->config = (struct endpoint_config){.role = ROLE_CONSUMER,
                                             .clients = &bench->reader,
                                             .clients_count = 1,
                                             .delivery = &bench->delivery,
                                             .message_bytes_max = 100};
    bench->endpoint = (struct endpoint){.config = &bench->config,
                                        .clients = &bench->client,
                                        .queue = bench->queue,
                                        .ready = bench->ready,
                                        .set_fd = -1,
                                        .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
                                        .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                        .timer_fd = -1};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    bench->broker_fd = fds[1];
    bench->client.link = (struct rabbitmq_link){
        .connection = amqp_new_connection(), .fd = fds[0], .is_plain = true, .peer = "broker:5672"};
    socket = amqp_tcp_socket_new(bench->client.link.connection);
    amqp_tcp_socket_set_sockfd(socket, fds[0]);
    assert_int_equal(rabbitmq_consumer_init(&bench->endpoint, &bench->client, NULL), 0);
    bench->client.is_up = true;
    assert_int_equal(epoll_ctl(bench->endpoint.epoll_fd, EPOLL_CTL_ADD, fds[0], &wanted), 0);
}

static void end(struct bench *bench)
{
    rabbitmq_link_drop(&bench->client.link);
    rabbitmq_consumer_done(&bench->client);
    (void)close(bench->endpoint.epoll_fd);
    (void)close(bench->endpoint.event_fd);
    (void)close(bench->broker_fd);
}

static bool is_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    return poll(&wanted, 1, 0) == 1;
}

static void fill(struct bench *bench)
{
    uint64_t tag = 1;

    while (rabbitmq_ack(&bench->endpoint, tag, false) == 0) {
        tag++;
    }
    assert_true(bench->client.is_up);
    assert_int_equal(rabbitmq_ack(&bench->endpoint, tag, false), -EAGAIN);
}

static void a_consumer_whose_acks_are_not_taken_gets_no_more_to_acknowledge(void **state)
{
    struct bench bench;
    struct event events[4];
    char bytes[65536];

    (void)state;
    begin(&bench);
    fill(&bench);
    assert_int_equal(send(bench.broker_fd, "frame", 5, 0), 5);
    assert_false(is_readable(rabbitmq_wait_fd(&bench.endpoint))); /* Or its thread would spin. */
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    while (is_readable(bench.broker_fd)) {
        assert_true(recv(bench.broker_fd, bytes, sizeof bytes, 0) > 0);
    }
    assert_true(is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_int_equal(rabbitmq_ack(&bench.endpoint, 100, false), 0);
    end(&bench);
}

static void one_whose_broker_goes_then_is_lost(void **state)
{
    struct bench bench;
    struct event events[4];
    int count;

    (void)state;
    begin(&bench);
    fill(&bench);
    (void)shutdown(bench.broker_fd, SHUT_WR);
    assert_true(is_readable(rabbitmq_wait_fd(&bench.endpoint)));
    count = rabbitmq_poll(&bench.endpoint, events, 4);
    count = count > 0 ? count : rabbitmq_poll(&bench.endpoint, events, 4);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consumer_whose_acks_are_not_taken_gets_no_more_to_acknowledge),
        cmocka_unit_test(one_whose_broker_goes_then_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
