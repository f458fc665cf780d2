#include "own_bench.h"

#include "mono.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BYTES (1024 * 1024)

static void fill_config(struct own_bench *bench, enum endpoint_role role, uint8_t qos,
                        uint32_t in_flight)
{
    bench->delivery = (struct delivery){
        .publish_ack = qos > 0 ? PUBLISH_ACK_ALL : PUBLISH_ACK_NONE,
        .consume_ack = qos > 0 ? CONSUME_ACK_EACH : CONSUME_ACK_NONE,
        .in_flight = in_flight,
    };
    assert_int_equal(target_set_option(&bench->target, "qos", qos == 2 ? "2" : "1"), 0);
    bench->topics[0] = (struct topic){.name = "orders", .partitions = 4, .subscriptions = 1};
    bench->topics[1] = (struct topic){.name = "returns", .partitions = 1, .subscriptions = 1};
    bench->topic_indexes[1] = 1;
    bench->client_config = (struct endpoint_client){
        .topics = bench->topic_indexes, .topics_count = 2, .shares_count = 1};
    bench->config = (struct endpoint_config){.target = &bench->target,
                                             .role = role,
                                             .topics = bench->topics,
                                             .topics_count = 2,
                                             .clients = &bench->client_config,
                                             .clients_count = 1,
                                             .delivery = &bench->delivery,
                                             .message_bytes_max = OWN_BENCH_BYTES_MAX};
}

void own_bench_begin(struct own_bench *bench, enum endpoint_role role, uint8_t qos,
                     uint32_t in_flight)
{
    struct errinfo error = {""};

    memset(bench, 0, sizeof *bench);
    bench->version = MQTT_5;
    bench->limits = (struct own_limits){.packet_bytes_max = UINT32_MAX,
                                        .receive_maximum = UINT16_MAX,
                                        .keep_alive_s = 60,
                                        .qos_max = 2};
    fill_config(bench, role, qos, in_flight);
    assert_int_equal(own_endpoint_new(&bench->config, &bench->endpoint, &error), 0);
    bench->client = &bench->endpoint->clients[0];
    bench->broker_fd = -1;
    own_bench_link(bench);
}

void own_bench_link(struct own_bench *bench)
{
    struct own_link link = {.version = bench->version,
                            .limits = bench->limits,
                            .granted_qos = bench->endpoint->qos,
                            .peer = "mqtt://broker:1883",
                            .up_ns = 1};
    const int bytes = SOCKET_BYTES;
    int fds[2];

    if (bench->broker_fd >= 0) {
        (void)close(bench->broker_fd);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    (void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    bench->broker_fd = fds[1];
    link.stream.fd = fds[0];
    assert_int_equal(kept_init(&link.unread, OWN_BENCH_BYTES_MAX + OWN_AROUND_PAYLOAD_BYTES), 0);
    assert_int_equal(own_client_take(bench->endpoint, bench->client, &link), 0);
}

void own_bench_end(struct own_bench *bench)
{
    (void)close(bench->broker_fd); /* Or the end would be waited for. */
    own_close(bench->endpoint);
    target_done(&bench->target);
}

void own_bench_poll(struct own_bench *bench, uint32_t events_max)
{
    bench->events_count = own_poll(bench->endpoint, bench->events, events_max);
    assert_in_range(bench->events_count, 0, events_max);
}

void own_bench_poll_held(struct own_bench *bench, uint32_t events_max)
{
    bench->events_count = own_poll_held(bench->endpoint, bench->events, events_max);
    assert_in_range(bench->events_count, 0, events_max);
}

void own_bench_say(struct own_bench *bench, const void *bytes, size_t count)
{
    assert_int_equal(send(bench->broker_fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL), count);
}

const char *own_bench_body(uint32_t count)
{
    static char body[OWN_BENCH_BYTES_MAX];

    for (uint32_t i = 0; i < count; i++) {
        body[i] = (char)(i * 7 + i / 256 + count);
    }
    return body;
}

size_t own_bench_publish(const struct own_bench *bench, uint16_t id, uint8_t qos, uint32_t count,
                         char *to)
{
    struct mqtt_outgoing message = {
        .topic = {"orders/1", 8}, .payload = {own_bench_body(count), count}, .id = id, .qos = qos};

    return mqtt_encode_publish(bench->version, &message, to);
}

void own_bench_send(struct own_bench *bench, uint16_t id, uint8_t qos)
{
    char packet[256];

    own_bench_say(bench, packet, own_bench_publish(bench, id, qos, 100, packet));
}

void own_bench_answer(struct own_bench *bench, enum mqtt_kind kind, uint16_t id, uint8_t reason)
{
    char packet[5];
    size_t bytes = mqtt_encode_answer(kind, id, packet);

    if (reason != 0) {
        packet[1] = 3;
        packet[bytes++] = (char)reason;
    }
    own_bench_say(bench, packet, bytes);
}

size_t own_bench_hear(struct own_bench *bench, void *to, size_t count)
{
    ssize_t r = recv(bench->broker_fd, to, count, MSG_DONTWAIT);

    return r > 0 ? (size_t)r : 0;
}

void own_bench_expect(struct own_bench *bench, const void *bytes, size_t count)
{
    char heard[1024];

    assert_int_equal(own_bench_hear(bench, heard, sizeof heard), count);
    assert_memory_equal(heard, bytes, count);
}

int own_bench_submit(struct own_bench *bench, uint64_t token, uint32_t count)
{
    struct message message = {.topic = 0,
                              .partition = 1,
                              .bytes = own_bench_body(count),
                              .bytes_count = count,
                              .token = token};

    return own_submit(bench->endpoint, &message, 1);
}

const struct event *own_bench_event(const struct own_bench *bench, int index, enum event_kind kind)
{
    assert_in_range(index, 0, bench->events_count - 1);
    assert_int_equal(bench->events[index].kind, kind);
    return &bench->events[index];
}
