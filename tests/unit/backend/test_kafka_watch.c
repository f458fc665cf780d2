/* Kafka handles in the epoll set of their worker, and what they say in pieces; without a broker. */
#include "check.h"

#include "kafka_producer_inner.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define HANDLES 2
#define TAG (UINT64_C(7) << 32)
#define MESSAGES 1000
#define ROOM 7

struct bench {
    struct delivery delivery;
    struct endpoint_client clients[HANDLES];
    struct endpoint_config config;
    struct endpoint *endpoint;
    int set_fd;
};

/* Handles that have a descriptor and nothing else. */
static void begin(struct bench *bench)
{
    struct errinfo error = {""};

    memset(bench, 0, sizeof *bench);
    bench->config = (struct endpoint_config){.role = ROLE_PRODUCER,
                                             .clients = bench->clients,
                                             .clients_count = HANDLES,
                                             .delivery = &bench->delivery};
    assert_int_equal(kafka_endpoint_new(&bench->config, HANDLES, &bench->endpoint, &error), 0);
    bench->set_fd = epoll_create1(EPOLL_CLOEXEC);
    for (uint32_t i = 0; i < HANDLES; i++) {
        bench->endpoint->handles[i].event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        assert_int_equal(kafka_descriptor_add(bench->endpoint, i), 0);
    }
    assert_int_equal(kafka_watch(bench->endpoint, bench->set_fd, TAG), 0);
}

static void end(struct bench *bench)
{
    kafka_endpoint_free(bench->endpoint);
    (void)close(bench->set_fd);
}

static void say_once(struct endpoint *endpoint, struct kafka_handle *handle, struct kafka_out *out)
{
    (void)endpoint;
    out->events[out->count++] =
        (struct event){.kind = EVENT_SAYS, .client = handle->first_client, .text = "here"};
}

static void the_set_tells_which_handle_is_ready(void **state)
{
    struct bench bench;
    struct epoll_event told[4];
    struct event events[4];

    (void)state;
    begin(&bench);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 0);
    kafka_handle_wake(&bench.endpoint->handles[1]);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 1);
    assert_true(told[0].data.u64 == (TAG | 1));
    assert_int_equal(kafka_endpoint_poll(bench.endpoint, events, 4, say_once),
                     0); /* Asks nobody. */
    kafka_ready(bench.endpoint, 1, told[0].events);
    kafka_ready(bench.endpoint, 1, told[0].events);
    assert_int_equal(kafka_endpoint_poll(bench.endpoint, events, 4, say_once), 1);
    assert_int_equal(events[0].client, 1);
    assert_int_equal(kafka_endpoint_poll(bench.endpoint, events, 4, say_once), 0);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 0);
    end(&bench);
}

static void what_there_was_no_room_for_is_told_again(void **state)
{
    struct bench bench;
    struct epoll_event told[4];
    struct event events[4];

    (void)state;
    begin(&bench);
    kafka_handle_wake(&bench.endpoint->handles[0]);
    kafka_handle_wake(&bench.endpoint->handles[1]);
    kafka_ready(bench.endpoint, 0, EPOLLIN);
    kafka_ready(bench.endpoint, 1, EPOLLIN);
    assert_int_equal(kafka_endpoint_poll(bench.endpoint, events, 1, say_once), 1);
    assert_int_equal(events[0].client, 0);
    /* The first one may have more, the second was not asked. */
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 2);
    end(&bench);
}

static void an_endpoint_taken_out_finds_out_by_itself(void **state)
{
    struct bench bench;
    struct epoll_event told[4];
    struct event events[4];

    (void)state;
    begin(&bench);
    assert_int_equal(kafka_watch(bench.endpoint, -1, 0), 0);
    kafka_handle_wake(&bench.endpoint->handles[0]);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 0);
    assert_int_equal(kafka_endpoint_poll(bench.endpoint, events, 4, say_once), 1);
    assert_int_equal(events[0].client, 0);
    assert_int_equal(kafka_watch(bench.endpoint, bench.set_fd, TAG), 0);
    kafka_handle_wake(&bench.endpoint->handles[1]);
    assert_int_equal(epoll_wait(bench.set_fd, told, 4, 0), 1);
    assert_true(told[0].data.u64 == (TAG | 1));
    end(&bench);
}

/* A producer whose broker is not there. */
static rd_kafka_t *producer(void)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[128];

    rd_kafka_conf_set_log_cb(conf, NULL);
    kafka_reports_conf(conf);
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
}

/* One report of many messages, told where there is room for a few. */
static void a_report_is_told_in_pieces_and_each_message_once(void **state)
{
    struct bench bench;
    struct errinfo error = {""};
    struct event events[ROOM];
    bool told[MESSAGES] = {false};
    rd_kafka_t *client = producer();
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, "topic", NULL);
    uint32_t count = 0;

    (void)state;
    begin(&bench);
    (void)close(bench.endpoint->handles[0].event_fd);
    assert_int_equal(kafka_handle_init(bench.endpoint, 0, client, &error), 0);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(rd_kafka_produce(topic, 0, RD_KAFKA_MSG_F_COPY, (char[]){"x"}, 1, NULL, 0,
                                          kafka_opaque(1, i)),
                         0);
    }
    rd_kafka_topic_destroy(topic);
    assert_int_equal(rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE), RD_KAFKA_RESP_ERR_NO_ERROR);
    while (count < MESSAGES) {
        struct epoll_event ready;
        int came;

        /* Its descriptor is ready for as long as something is left. */
        assert_int_equal(epoll_wait(bench.set_fd, &ready, 1, 10000), 1);
        kafka_ready(bench.endpoint, (uint32_t)ready.data.u64, ready.events);
        came = kafka_producer_poll(bench.endpoint, events, ROOM);
        assert_true(came <= ROOM);
        for (int i = 0; i < came; i++) {
            assert_int_equal(events[i].kind, EVENT_REFUSED);
            assert_true(events[i].is_local);
            assert_int_equal(events[i].client, 1);
            assert_true(events[i].token < MESSAGES && !told[events[i].token]);
            told[events[i].token] = true;
            count++;
        }
    }
    assert_int_equal(rd_kafka_outq_len(client), 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_tells_which_handle_is_ready),
        cmocka_unit_test(what_there_was_no_room_for_is_told_again),
        cmocka_unit_test(an_endpoint_taken_out_finds_out_by_itself),
        cmocka_unit_test(a_report_is_told_in_pieces_and_each_message_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
