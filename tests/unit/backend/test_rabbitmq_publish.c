/* Publishes to a broker that does not read on, and what it reads of them later; without a broker.
 */
#include "check.h"

#include "mono.h"
#include "rabbitmq_endpoint_inner.h"
#include "rabbitmq_read_inner.h"

#include <amqp_tcp_socket.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_BYTES (8u * 1024 * 1024) /* More than a pair of sockets takes. */
#define READ_BYTES 65536
#define BATCHED_BYTES 1000
#define IN_FLIGHT 4096           /* More of those than a pair of sockets takes. */
#define AGREED_FRAME_BYTES 65536 /* As of a connection that did not log in. */

struct bench {
    struct delivery delivery;
    struct topic topic;
    struct endpoint_config config;
    struct rabbitmq_client client;
    char keys[1][12];
    struct endpoint endpoint;
    char *body;
    int broker_fd;
    char *read; /* By the broker, all of it. */
    size_t read_bytes;
};

/* One producer that is up, over a socket whose other end is the test's. Not plain: as over TLS all
 * is written by the library, which writes it here without. */
static void begin(struct bench *bench, enum publish_ack publish_ack, bool is_plain)
{
    amqp_socket_t *socket;
    int fds[2];

    memset(bench, 0, sizeof *bench);
    bench->delivery = (struct delivery){.publish_ack = publish_ack, .in_flight = 10};
    bench->topic = (struct topic){.name = "orders", .partitions = 1, .subscriptions = 1};
    bench->config = (struct endpoint_config){.role = ROLE_PRODUCER,
                                             .topics = &bench->topic,
                                             .topics_count = 1,
                                             .clients_count = 1,
                                             .delivery = &bench->delivery,
                                             .message_bytes_max = MESSAGE_BYTES};
    bench->endpoint = (struct endpoint){.config = &bench->config,
                                        .clients = &bench->client,
                                        .keys = bench->keys,
                                        .is_confirmed = publish_ack != PUBLISH_ACK_NONE};
    assert_int_equal(turns_init(&bench->endpoint.turns, 1, NULL), 0);
    bench->keys[0][0] = '0';
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    bench->broker_fd = fds[1];
    bench->client.link = (struct rabbitmq_link){.connection = amqp_new_connection(),
                                                .fd = fds[0],
                                                .is_plain = is_plain,
                                                .frame_bytes_max = AGREED_FRAME_BYTES,
                                                .peer = "broker:5672"};
    socket = amqp_tcp_socket_new(bench->client.link.connection);
    amqp_tcp_socket_set_sockfd(socket, fds[0]);
    assert_int_equal(rabbitmq_producers_init(&bench->endpoint), 0);
    assert_int_equal(rabbitmq_producer_init(&bench->endpoint, &bench->client, NULL), 0);
    assert_int_equal(rabbitmq_reads_init(&bench->endpoint), 0);
    assert_int_equal(rabbitmq_read_init(&bench->client), 0);
    bench->client.is_up = true;
    assert_int_equal(turns_add(&bench->endpoint.turns, 0, fds[0], RABBITMQ_WATCHED), 0);
    bench->body = malloc(MESSAGE_BYTES);
    bench->read = malloc(4 * (size_t)MESSAGE_BYTES);
    assert_true(bench->body != NULL && bench->read != NULL);
    for (size_t i = 0; i < MESSAGE_BYTES; i++) {
        bench->body[i] = (char)(i * 31 + i / 4096);
    }
}

static void end(struct bench *bench)
{
    rabbitmq_link_drop(&bench->client.link);
    rabbitmq_producer_done(&bench->client);
    turns_done(&bench->endpoint.turns);
    (void)close(bench->broker_fd);
    rabbitmq_producers_done(&bench->endpoint);
    rabbitmq_read_done(&bench->client);
    rabbitmq_reads_done(&bench->endpoint);
    free(bench->body);
    free(bench->read);
}

static int submit(struct bench *bench, uint64_t token, uint32_t bytes)
{
    struct message message = {.bytes = bench->body, .bytes_count = bytes, .token = token};

    return rabbitmq_submit(&bench->endpoint, &message, 1) == 1 ? 0 : -EAGAIN;
}

/* Takes what stands in the broker's socket, some of it. */
static void broker_reads(struct bench *bench)
{
    ssize_t r = recv(bench->broker_fd, bench->read + bench->read_bytes, READ_BYTES, MSG_DONTWAIT);

    bench->read_bytes += r > 0 ? (size_t)r : 0;
}

static size_t number_at(const struct bench *bench, size_t at, int bytes)
{
    size_t number = 0;

    for (int i = 0; i < bytes; i++) {
        number = number << 8 | (unsigned char)bench->read[at + (size_t)i];
    }
    return number;
}

/* The body of the message whose method frame begins at *at, which is moved behind it. */
static void assert_message(const struct bench *bench, size_t *at, size_t bytes)
{
    static const uint8_t types[] = {AMQP_FRAME_METHOD, AMQP_FRAME_HEADER, AMQP_FRAME_BODY};
    size_t body = 0;

    for (int i = 0; i < 2 || body < bytes; i++) {
        size_t length = number_at(bench, *at + 3, 4);

        assert_int_equal(bench->read[*at], types[i < 2 ? i : 2]);
        assert_int_equal(number_at(bench, *at + 1, 2), RABBITMQ_CHANNEL);
        assert_true(length + 8 <= AGREED_FRAME_BYTES && *at + length + 8 <= bench->read_bytes);
        assert_int_equal(number_at(bench, *at + 7 + length, 1), 0xCE);
        if (i == 1) {
            assert_int_equal(number_at(bench, *at + 7 + 4, 8), bytes);
        } else if (i > 1) {
            assert_memory_equal(bench->read + *at + 7, bench->body + body, length);
            body += length;
        }
        *at += length + 8;
    }
    assert_int_equal(body, bytes);
}

/* Bug: such a message was begun once all that went before was taken, and the thread then waited for
 * the broker to read on: all its other clients with it. */
static void assert_waits_for_nobody(bool is_plain)
{
    struct bench bench;
    struct event events[4];
    size_t at = 0;

    begin(&bench, PUBLISH_ACK_ALL, is_plain);
    assert_int_equal(submit(&bench, 7, MESSAGE_BYTES), 0);
    assert_true(bench.client.unsent.end > 0);
    assert_int_equal(submit(&bench, 8, MESSAGE_BYTES), -EAGAIN);
    assert_int_equal(submit(&bench, 8, 10), -EAGAIN); /* It would stand within the first. */
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    while (bench.client.unsent.end > 0) {
        broker_reads(&bench);
        assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    }
    while (submit(&bench, 8, 10) == -EAGAIN) {
        broker_reads(&bench);
    }
    for (int i = 0; i < 200; i++) {
        broker_reads(&bench);
    }
    assert_message(&bench, &at, MESSAGE_BYTES);
    assert_message(&bench, &at, 10);
    assert_int_equal(at, bench.read_bytes);
    end(&bench);
}

static void a_large_message_waits_for_no_broker_that_reads_nothing(void **state)
{
    (void)state;
    assert_waits_for_nobody(true);
}

static void nor_does_one_that_the_library_writes_over_tls(void **state)
{
    (void)state;
    assert_waits_for_nobody(false);
}

static void assert_acked_when_written(bool is_plain)
{
    struct bench bench;
    struct event events[4];
    int count = 0;

    begin(&bench, PUBLISH_ACK_NONE, is_plain);
    assert_int_equal(submit(&bench, 7, MESSAGE_BYTES), 0);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    while (bench.client.unsent.end > 0) {
        broker_reads(&bench);
        assert_int_equal(count, 0);
        count = rabbitmq_poll(&bench.endpoint, events, 4);
    }
    count = count > 0 ? count : rabbitmq_poll(&bench.endpoint, events, 4);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, EVENT_ACKED);
    assert_int_equal(events[0].token, 7);
    end(&bench);
}

static void without_confirms_it_is_acked_when_all_of_it_is_written(void **state)
{
    (void)state;
    assert_acked_when_written(true);
    assert_acked_when_written(false);
}

static void assert_unconfirmed_when_broken(bool is_plain)
{
    struct bench bench;
    struct event events[4];
    int count;

    begin(&bench, PUBLISH_ACK_ALL, is_plain);
    assert_int_equal(submit(&bench, 7, MESSAGE_BYTES), 0);
    (void)close(bench.broker_fd);
    count = rabbitmq_poll(&bench.endpoint, events, 4);
    count += count < 2 ? rabbitmq_poll(&bench.endpoint, events + count, 2) : 0;
    assert_int_equal(count, 2);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_int_equal(events[1].kind, EVENT_UNCONFIRMED);
    assert_int_equal(events[1].token, 7);
    assert_int_equal(bench.client.unsent.end, 0);
    end(&bench);
}

static void a_connection_that_breaks_within_it_leaves_it_unconfirmed(void **state)
{
    (void)state;
    assert_unconfirmed_when_broken(true);
    assert_unconfirmed_when_broken(false);
}

/* Batches until one is not taken whole; how many messages were taken, with tokens from 0. */
static uint32_t fill_with_batches(struct bench *bench)
{
    struct message messages[SUBMIT_MESSAGES_MAX];
    uint32_t sent = 0;
    int taken;

    do {
        for (uint32_t i = 0; i < SUBMIT_MESSAGES_MAX; i++) {
            messages[i] = (struct message){
                .bytes = bench->body, .bytes_count = BATCHED_BYTES, .token = sent + i};
        }
        taken = rabbitmq_submit(&bench->endpoint, messages, SUBMIT_MESSAGES_MAX);
        assert_true(taken >= 0);
        sent += (uint32_t)taken;
    } while (taken == SUBMIT_MESSAGES_MAX);
    assert_int_equal(rabbitmq_submit(&bench->endpoint, messages, 1), 0);
    return sent;
}

static void a_batch_that_the_socket_takes_a_part_of_goes_on_where_it_ended(void **state)
{
    struct bench bench;
    struct event events[4];
    uint32_t sent;
    size_t at = 0;

    (void)state;
    begin(&bench, PUBLISH_ACK_ALL, true);
    bench.delivery.in_flight = IN_FLIGHT;
    rabbitmq_producer_done(&bench.client);
    assert_int_equal(rabbitmq_producer_init(&bench.endpoint, &bench.client, NULL), 0);
    sent = fill_with_batches(&bench);
    assert_true(bench.client.unsent.end > 0);
    while (bench.client.unsent.end > 0) {
        broker_reads(&bench);
        assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    }
    for (int i = 0; i < 200; i++) {
        broker_reads(&bench);
    }
    for (uint32_t i = 0; i < sent; i++) {
        assert_message(&bench, &at, BATCHED_BYTES);
    }
    assert_int_equal(at, bench.read_bytes);
    assert_int_equal(submit(&bench, sent, 10), 0);
    end(&bench);
}

/* Writes a method as the broker does. */
static void broker_says(const struct bench *bench, amqp_channel_t channel, amqp_method_number_t id,
                        void *method)
{
    char frame[256] = {AMQP_FRAME_METHOD, 0, (char)channel};
    int bytes = amqp_encode_method(id, method, (amqp_bytes_t){.len = 200, .bytes = frame + 11});

    assert_true(bytes >= 0 && bytes < 200);
    frame[6] = (char)(bytes + 4);
    for (int i = 0; i < 4; i++) {
        frame[7 + i] = (char)(id >> (8 * (3 - i)));
    }
    frame[11 + bytes] = (char)0xCE;
    assert_int_equal(send(bench->broker_fd, frame, (size_t)bytes + 12, 0), bytes + 12);
}

static void a_channel_closed_in_the_middle_of_a_batch_leaves_each_message_unconfirmed(void **state)
{
    amqp_channel_close_t reason = {.reply_code = 406, .reply_text = amqp_cstring_bytes("no more")};
    struct bench bench;
    struct event events[16];
    uint32_t sent;
    uint32_t told = 0;
    int count;

    (void)state;
    begin(&bench, PUBLISH_ACK_ALL, true);
    bench.delivery.in_flight = IN_FLIGHT;
    rabbitmq_producer_done(&bench.client);
    assert_int_equal(rabbitmq_producer_init(&bench.endpoint, &bench.client, NULL), 0);
    sent = fill_with_batches(&bench);
    broker_says(&bench, RABBITMQ_CHANNEL, AMQP_CHANNEL_CLOSE_METHOD, &reason);
    count = rabbitmq_poll(&bench.endpoint, events, 1);
    count = count > 0 ? count : rabbitmq_poll(&bench.endpoint, events, 1);
    assert_int_equal(count, 1);
    assert_int_equal(events[0].kind, EVENT_DOWN);
    assert_non_null(strstr(events[0].text, "no more (406)"));
    while ((count = rabbitmq_poll(&bench.endpoint, events, 16)) > 0) {
        for (int i = 0; i < count; i++) {
            assert_int_equal(events[i].kind, EVENT_UNCONFIRMED);
            assert_int_equal(events[i].token, told++);
        }
    }
    assert_int_equal(told, sent);
    end(&bench);
}

static void a_broker_that_blocks_within_a_batch_gets_the_rest_of_it_and_no_more(void **state)
{
    amqp_connection_blocked_t why = {.reason = amqp_cstring_bytes("low on memory")};
    amqp_connection_unblocked_t go_on = {0};
    struct bench bench;
    struct event events[4];

    (void)state;
    begin(&bench, PUBLISH_ACK_ALL, true);
    assert_int_equal(submit(&bench, 7, MESSAGE_BYTES), 0);
    broker_says(&bench, 0, AMQP_CONNECTION_BLOCKED_METHOD, &why);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_int_equal(events[0].kind, EVENT_SAYS);
    assert_string_equal(events[0].text, "blocked: low on memory");
    while (bench.client.unsent.end > 0) {
        broker_reads(&bench);
        assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 0);
    }
    assert_int_equal(submit(&bench, 8, 10), -EAGAIN);
    broker_says(&bench, 0, AMQP_CONNECTION_UNBLOCKED_METHOD, &go_on);
    assert_int_equal(rabbitmq_poll(&bench.endpoint, events, 4), 1);
    assert_string_equal(events[0].text, "no longer blocked");
    assert_int_equal(submit(&bench, 8, 10), 0);
    end(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_message_waits_for_no_broker_that_reads_nothing),
        cmocka_unit_test(nor_does_one_that_the_library_writes_over_tls),
        cmocka_unit_test(without_confirms_it_is_acked_when_all_of_it_is_written),
        cmocka_unit_test(a_connection_that_breaks_within_it_leaves_it_unconfirmed),
        cmocka_unit_test(a_batch_that_the_socket_takes_a_part_of_goes_on_where_it_ended),
        cmocka_unit_test(a_channel_closed_in_the_middle_of_a_batch_leaves_each_message_unconfirmed),
        cmocka_unit_test(a_broker_that_blocks_within_a_batch_gets_the_rest_of_it_and_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
