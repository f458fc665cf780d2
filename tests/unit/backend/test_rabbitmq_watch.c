/* RabbitMQ clients in the epoll set of their worker; without a broker. */
#include "check.h"

#include "rabbitmq_endpoint_inner.h"
#include "rabbitmq_read_inner.h"

#include <amqp_tcp_socket.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS 2
#define TAG (UINT64_C(7) << 32)

struct bench {
    struct delivery delivery;
    struct endpoint_config config;
    struct rabbitmq_client clients[CLIENTS];
    struct endpoint endpoint;
    int broker_fds[CLIENTS];
    int set_fd;
};

/* Two producers that are up, over sockets whose other ends are the test's. */
static void begin(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    bench->config = (struct endpoint_config){
        .role = ROLE_PRODUCER, .clients_count = CLIENTS, .delivery = &bench->delivery};
    bench->endpoint = (struct endpoint){.config = &bench->config, .clients = bench->clients};
    assert_int_equal(turns_init(&bench->endpoint.turns, CLIENTS, NULL), 0);
    bench->set_fd = epoll_create1(EPOLL_CLOEXEC);
    assert_int_equal(rabbitmq_reads_init(&bench->endpoint), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct rabbitmq_client *client = &bench->clients[i];
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        bench->broker_fds[i] = fds[1];
        client->link = (struct rabbitmq_link){.connection = amqp_new_connection(),
                                              .fd = fds[0],
                                              .is_plain = true,
                                              .peer = "broker:5672"};
        amqp_tcp_socket_set_sockfd(amqp_tcp_socket_new(client->link.connection), fds[0]);
        client->index = i;
        client->is_up = true;
        assert_int_equal(rabbitmq_read_init(client), 0);
        assert_int_equal(turns_add(&bench->endpoint.turns, i, fds[0], RABBITMQ_WATCHED), 0);
    }
    assert_int_equal(rabbitmq_watch(&bench->endpoint, bench->set_fd, TAG), 0);
}

static void end(struct bench *bench)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        rabbitmq_link_drop(&bench->clients[i].link);
        rabbitmq_read_done(&bench->clients[i]);
        (void)close(bench->broker_fds[i]);
    }
    rabbitmq_reads_done(&bench->endpoint);
    (void)close(bench->set_fd);
    turns_done(&bench->endpoint.turns);
}

static void the_set_tells_which_client_is_ready(void **state)
{
    struct bench bench;
    struct epoll_event told[4];
    struct event events[4];

    (void)state;
    begin(&bench);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 0);
    (void)shutdown(bench.broker_fds[1], SHUT_RDWR);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 1);
    assert_true(told[0].data.u64 == (TAG | 1));
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0); /* It asks nobody. */
    rabbitmq_ready(&bench.endpoint, 1, told[0].events);
    rabbitmq_ready(&bench.endpoint, 1, told[0].events);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 0), 0);
    /* What there was no room for is told again. */
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 1);
    assert_true(told[0].data.u64 == (TAG | 1));
    rabbitmq_ready(&bench.endpoint, 1, told[0].events);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_int_equal(events[0].client, 1);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 0);
    end(&bench);
}

static void an_endpoint_taken_out_finds_out_by_itself(void **state)
{
    struct bench bench;
    struct epoll_event told[4];
    struct event events[4];

    (void)state;
    begin(&bench);
    assert_int_equal(rabbitmq_watch(&bench.endpoint, -1, 0), 0);
    (void)shutdown(bench.broker_fds[0], SHUT_RDWR);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 0);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_int_equal(events[0].client, 0);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    assert_int_equal(rabbitmq_watch(&bench.endpoint, bench.set_fd, TAG), 0);
    (void)shutdown(bench.broker_fds[1], SHUT_RDWR);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 1);
    assert_true(told[0].data.u64 == (TAG | 1));
    end(&bench);
}

/* A link may break between the wait and the poll, and another take its place. */
static void what_was_said_of_a_link_is_not_taken_for_the_next_one(void **state)
{
    struct bench bench;
    struct event events[4];

    (void)state;
    begin(&bench);
    rabbitmq_ready(&bench.endpoint, 0, EPOLLIN | EPOLLRDHUP);
    rabbitmq_client_lost(&bench.endpoint, &bench.clients[0], "publishing failed");
    assert_int_equal(bench.endpoint.turns.clients[0].ready_events, EPOLLIN);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_int_equal(bench.endpoint.turns.ready_count, 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_tells_which_client_is_ready),
        cmocka_unit_test(an_endpoint_taken_out_finds_out_by_itself),
        cmocka_unit_test(what_was_said_of_a_link_is_not_taken_for_the_next_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
