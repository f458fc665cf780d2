#include "mqtt_waker_inner.h"

#include "invariant.h"
#include "mono.h"
#include "random.h"

#include <arpa/inet.h>
#include <MQTTAsync.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_NS (1 * NS_PER_S)
#define CLIENT_ID_BYTES 40

/* Our end of the connection; -1: there is none. */
static atomic_int waker_fd = -1;
static MQTTAsync client; /* The other end; never destroyed. */

static int listen_on_loopback(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t address_bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, 4) == 0 && getsockname(fd, (struct sockaddr *)&address, &address_bytes) == 0) {
        *ret_port = ntohs(address.sin_port);
        return fd;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return -1;
}

static bool readable(int fd, int64_t deadline_ns)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    int64_t left_ns = deadline_ns - mono_ns();

    return left_ns > 0 && poll(&wanted, 1, (int)(left_ns / NS_PER_MS) + 1) == 1;
}

/* Answers CONNECT with CONNACK. False if it is not our own client that called. */
static bool welcome(int fd, const char *client_id, int64_t deadline_ns)
{
    static const uint8_t connack[] = {0x20, 2, 0, 0};
    uint8_t connect[256];
    size_t got = 0;

    while (memmem(connect, got, client_id, strlen(client_id)) == NULL) {
        ssize_t r = readable(fd, deadline_ns) ? read(fd, connect + got, sizeof connect - got) : 0;

        if (r <= 0) {
            return false;
        }
        got += (size_t)r;
    }
    return write(fd, connack, sizeof connack) == (ssize_t)sizeof connack;
}

static int accept_own(int listener, const char *client_id, int64_t deadline_ns)
{
    while (readable(listener, deadline_ns)) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0 && welcome(fd, client_id, deadline_ns)) {
            return fd;
        }
        if (fd >= 0) {
            (void)close(fd);
        }
    }
    return -1;
}

static void make_waker(void)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    char client_id[CLIENT_ID_BYTES];
    char uri[64];
    uint16_t port = 0;
    int listener = listen_on_loopback(&port);

    (void)snprintf(uri, sizeof uri, "tcp://127.0.0.1:%u", port);
    (void)snprintf(client_id, sizeof client_id, "millrace-waker-%016llx",
                   (unsigned long long)random_entropy());
    if (MQTTAsync_create(&client, uri, client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL) !=
            MQTTASYNC_SUCCESS ||
        listener < 0) {
        return;
    }
    options.keepAliveInterval = 0;
    if (MQTTAsync_connect(client, &options) == MQTTASYNC_SUCCESS) {
        atomic_store(&waker_fd, accept_own(listener, client_id, mono_ns() + START_NS));
    }
    (void)close(listener);
}

void mqtt_waker_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    ASSERT(pthread_once(&once, make_waker) == 0);
}

void mqtt_waker_wake(void)
{
    static const uint8_t pingresp[] = {0xD0, 0};
    int fd = atomic_load_explicit(&waker_fd, memory_order_relaxed);

    if (fd >= 0) {
        /* A full socket is one that wakes already. */
        (void)send(fd, pingresp, sizeof pingresp, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
}

void mqtt_waker_kick(void)
{
    int fd = atomic_load_explicit(&waker_fd, memory_order_relaxed);
    char kicks[4096];

    if (fd >= 0) {
        /* Earlier ones, or the socket would be full one day. */
        (void)recv(fd, kicks, sizeof kicks, MSG_DONTWAIT);
        (void)MQTTAsync_send(client, "kick", 0, NULL, 0, 0, NULL);
    }
}
