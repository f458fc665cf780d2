/* A consumer that comes back to a broker which takes the connection, and leaves its subscription
 * without an answer. The broker is the test's: no real one does so when asked. */
#include "check.h"

#include "bed.h"
#include "revive.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_MAX_HERE 8
#define PACKET_BYTES 1024

enum packet { CONNECT = 0x10, SUBSCRIBE = 0x82, PINGREQ = 0xC0 };

static struct {
    pthread_t thread;
    int listener;
    int clients[CLIENTS_MAX_HERE]; /* -1: closed. */
    int clients_count;
    atomic_bool answers; /* Subscriptions. */
    atomic_bool cuts;    /* Closes all connections, once. */
    atomic_int subscribes;
    atomic_bool ends;
} broker;

/* One whole packet; false: the client has gone. They are short, and come in one piece on loopback.
 */
static bool answer(int fd)
{
    static const uint8_t connack[] = {0x20, 3, 0, 0, 0};
    static const uint8_t pingresp[] = {0xD0, 0};
    uint8_t packet[PACKET_BYTES];
    ssize_t got = recv(fd, packet, sizeof packet, 0);

    if (got < 2) {
        return false;
    }
    if (packet[0] == CONNECT) {
        return send(fd, connack, sizeof connack, MSG_NOSIGNAL) > 0;
    }
    if (packet[0] == SUBSCRIBE && got >= 4) {
        uint8_t suback[] = {0x90, 4, packet[2], packet[3], 0, 0};

        (void)atomic_fetch_add(&broker.subscribes, 1);
        return !atomic_load(&broker.answers) || send(fd, suback, sizeof suback, MSG_NOSIGNAL) > 0;
    }
    return packet[0] != PINGREQ || send(fd, pingresp, sizeof pingresp, MSG_NOSIGNAL) > 0;
}

static void drop(int index)
{
    (void)close(broker.clients[index]);
    broker.clients[index] = -1;
}

static void *broker_main(void *argument)
{
    struct pollfd wanted[CLIENTS_MAX_HERE + 1];

    (void)argument;
    while (!atomic_load(&broker.ends)) {
        int count = broker.clients_count;
        bool cuts = atomic_exchange(&broker.cuts, false);

        for (int i = 0; i < count; i++) {
            if (cuts && broker.clients[i] >= 0) {
                drop(i);
            }
            wanted[i] = (struct pollfd){.fd = broker.clients[i], .events = POLLIN};
        }
        wanted[count] = (struct pollfd){.fd = broker.listener, .events = POLLIN};
        (void)poll(wanted, (nfds_t)count + 1, 5);
        for (int i = 0; i < count; i++) {
            if (wanted[i].revents != 0 && broker.clients[i] >= 0 && !answer(broker.clients[i])) {
                drop(i);
            }
        }
        if (wanted[count].revents != 0 && count < CLIENTS_MAX_HERE) {
            broker.clients[broker.clients_count++] = accept(broker.listener, NULL, NULL);
        }
    }
    for (int i = 0; i < broker.clients_count; i++) {
        (void)close(broker.clients[i]);
    }
    return NULL;
}

static void broker_begin(char *address, size_t address_bytes)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t bytes = sizeof name;

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    broker.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(broker.listener, (struct sockaddr *)&name, sizeof name), 0);
    assert_int_equal(listen(broker.listener, CLIENTS_MAX_HERE), 0);
    assert_int_equal(getsockname(broker.listener, (struct sockaddr *)&name, &bytes), 0);
    (void)snprintf(address, address_bytes, "mqtt://127.0.0.1:%u", ntohs(name.sin_port));
    atomic_store(&broker.answers, true);
    assert_int_equal(pthread_create(&broker.thread, NULL, broker_main, NULL), 0);
}

static void broker_end(void)
{
    atomic_store(&broker.ends, true);
    (void)pthread_join(broker.thread, NULL);
    (void)close(broker.listener);
}

static void come_back(struct bed *bed)
{
    struct errinfo error = {""};

    if (revive(bed->ops, bed->consumer, &bed->consumer_config, 0, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

/* Bug: it was "arriving" for ever. Who gives it up gives it another link, while the first still
 * waits for its answer. */
static void a_consumer_that_never_arrived_takes_another_link(void **state)
{
    char address[64];
    struct bed *bed;
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;

    (void)state;
    broker_begin(address, sizeof address);
    bed = bed_new("mqtt/paho", address);
    bed_open(bed, 0, 1);
    atomic_store(&broker.answers, false);
    atomic_store(&broker.cuts, true);
    bed_wait(bed, &bed->downs, 1);
    come_back(bed);
    while (atomic_load(&broker.subscribes) < 2 && mono_ns() < deadline_ns) {
        (void)bed_poll(bed);
    }
    assert_int_equal(atomic_load(&broker.subscribes), 2);
    assert_int_equal(bed->ups, 0);
    atomic_store(&broker.answers, true);
    come_back(bed);
    bed_wait(bed, &bed->ups, 1);
    assert_int_equal(bed->downs, 1);
    bed->ops->close(bed->consumer);
    broker_end();
    target_done(&bed->target);
    free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consumer_that_never_arrived_takes_another_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
