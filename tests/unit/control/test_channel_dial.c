/* A connection that says nothing any more, without having ended: its peer's host is out of reach.
 */
#include "check.h"

#include "channel.h"
#include "channel_dial_inner.h"
#include "mono.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOW_NS (100 * NS_PER_S)
#define LINES_MAX 8
#define BYTES_MAX 1024
#define LONG_MS 20000 /* Only a failing test waits this long. */

static void a_call_without_an_answer_is_a_reason_to_dial_where_nothing_came_meanwhile(void **state)
{
    struct channel_contact contact = {.heard_ns = NOW_NS - 4 * NS_PER_S, .answered = true};

    (void)state;
    assert_true(channel_contact_is_stale(&contact, NOW_NS - 3 * NS_PER_S, NOW_NS));
    contact.heard_ns = NOW_NS - 2 * NS_PER_S; /* Others are answered: whoever is slow is there. */
    assert_false(channel_contact_is_stale(&contact, NOW_NS - 3 * NS_PER_S, NOW_NS));
}

/* Else a coordinator that stands still finds one dead connection after the other when it goes on.
 */
static void an_attempt_or_a_connection_that_has_not_answered_gets_more_time(void **state)
{
    struct channel_contact contact = {.dialed_ns = NOW_NS - CHANNEL_DIAL_MS * NS_PER_MS};

    (void)state;
    assert_false(channel_contact_is_stale(&contact, NOW_NS - NS_PER_S, NOW_NS));
    contact.dialed_ns = NOW_NS - CHANNEL_MUTE_MS * NS_PER_MS;
    assert_true(channel_contact_is_stale(&contact, NOW_NS - NS_PER_S, NOW_NS));
}

/* Between client and server: what stands when it is stalled takes nothing more, and never ends. */
struct relay {
    int listener;
    uint16_t to_port;
    int lines[LINES_MAX][2];
    int stalled_count; /* So many of them. */
    int lines_count;
    atomic_bool stall;
    atomic_bool ends;
    atomic_int accepted;
    pthread_t thread;
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void relay_accept(struct relay *relay)
{
    struct sockaddr_in to = loopback(relay->to_port);
    int *line = relay->lines[relay->lines_count];

    assert_true(relay->lines_count < LINES_MAX);
    line[0] = accept(relay->listener, NULL, NULL);
    line[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(line[0] >= 0 && line[1] >= 0);
    assert_int_equal(connect(line[1], (struct sockaddr *)&to, sizeof to), 0);
    relay->lines_count++;
    atomic_fetch_add(&relay->accepted, 1);
}

static void relay_pump(struct relay *relay, struct pollfd *fds)
{
    char bytes[BYTES_MAX];

    for (int i = relay->stalled_count; i < relay->lines_count; i++) {
        for (int side = 0; side < 2; side++) {
            struct pollfd *from = &fds[1 + 2 * i + side];
            ssize_t got = from->revents != 0 ? recv(from->fd, bytes, sizeof bytes, 0) : -1;

            if (got > 0) {
                (void)send(relay->lines[i][1 - side], bytes, (size_t)got, MSG_NOSIGNAL);
            } else if (got == 0) {
                (void)shutdown(relay->lines[i][1 - side], SHUT_WR);
                (void)shutdown(from->fd, SHUT_RD);
            }
        }
    }
}

static void *relay_main(void *argument)
{
    struct relay *relay = argument;

    while (!atomic_load(&relay->ends)) {
        struct pollfd fds[1 + 2 * LINES_MAX] = {{.fd = relay->listener, .events = POLLIN}};
        int count = relay->lines_count;

        if (atomic_exchange(&relay->stall, false)) {
            relay->stalled_count = relay->lines_count;
        }
        for (int i = 0; i < count; i++) {
            for (int side = 0; side < 2; side++) {
                fds[1 + 2 * i + side] = (struct pollfd){
                    .fd = i < relay->stalled_count ? -1 : relay->lines[i][side], .events = POLLIN};
            }
        }
        (void)poll(fds, 1 + 2 * (nfds_t)count, 10);
        relay_pump(relay, fds);
        if (fds[0].revents != 0) {
            relay_accept(relay);
        }
    }
    return NULL;
}

static void relay_begin(struct relay *relay, const char *server_url, char *url, size_t url_bytes)
{
    struct sockaddr_in own = loopback(0);
    socklen_t own_bytes = sizeof own;

    memset(relay, 0, sizeof *relay);
    relay->to_port = (uint16_t)strtoul(strrchr(server_url, ':') + 1, NULL, 10);
    relay->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(relay->listener >= 0);
    assert_int_equal(bind(relay->listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(relay->listener, LINES_MAX), 0);
    assert_int_equal(getsockname(relay->listener, (struct sockaddr *)&own, &own_bytes), 0);
    (void)snprintf(url, url_bytes, "tcp://127.0.0.1:%u", ntohs(own.sin_port));
    assert_int_equal(pthread_create(&relay->thread, NULL, relay_main, relay), 0);
}

static void relay_end(struct relay *relay)
{
    atomic_store(&relay->ends, true);
    assert_int_equal(pthread_join(relay->thread, NULL), 0);
    for (int i = 0; i < relay->lines_count; i++) {
        (void)close(relay->lines[i][0]);
        (void)close(relay->lines[i][1]);
    }
    (void)close(relay->listener);
}

struct echo {
    struct channel_server *server;
    atomic_bool ends;
    pthread_t thread;
};

static void *echo_main(void *argument)
{
    struct echo *echo = argument;

    while (!atomic_load(&echo->ends)) {
        struct channel_request *request = NULL;
        size_t bytes_count = 0;

        if (channel_server_next(echo->server, 20, &request) == 0) {
            const void *bytes = channel_request_bytes(request, &bytes_count);
            char copy[BYTES_MAX];

            memcpy(copy, bytes, bytes_count);
            channel_request_reply(request, copy, bytes_count);
        }
    }
    return NULL;
}

static int call(struct channel_client *client, int timeout_ms)
{
    struct channel_reply reply = {0};
    int r = channel_call(client, "x", 1, timeout_ms, &reply, NULL);

    free(reply.bytes);
    return r;
}

/* TCP would have sent again and again, with pauses that double, for as long as it was away. */
static void a_client_whose_connection_went_dead_has_another_after_one_call(void **state)
{
    const struct channel_server_config config = {.url = "tcp://127.0.0.1:0",
                                                 .requests_max = 8,
                                                 .request_bytes_max = BYTES_MAX,
                                                 .reply_bytes_max = BYTES_MAX,
                                                 .connections_max = 8};
    struct channel_client *client = NULL;
    struct echo echo = {0};
    struct relay relay;
    char url[64];
    char *server_url = NULL;

    (void)state;
    assert_int_equal(channel_server_new(&config, &echo.server, &server_url, NULL), 0);
    assert_int_equal(pthread_create(&echo.thread, NULL, echo_main, &echo), 0);
    relay_begin(&relay, server_url, url, sizeof url);
    assert_int_equal(
        channel_client_new(&(struct channel_client_config){.url = url, .bytes_max = BYTES_MAX},
                           &client, NULL),
        0);
    assert_int_equal(call(client, LONG_MS), 0);
    atomic_store(&relay.stall, true);
    mono_sleep_until(mono_ns() + CHANNEL_DIAL_MS * NS_PER_MS);
    assert_int_equal(call(client, 100), -ETIMEDOUT);
    assert_int_equal(call(client, LONG_MS), 0);
    assert_int_equal(atomic_load(&relay.accepted), 2);
    channel_client_free(client);
    relay_end(&relay);
    atomic_store(&echo.ends, true);
    assert_int_equal(pthread_join(echo.thread, NULL), 0);
    channel_server_free(echo.server);
    free(server_url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_without_an_answer_is_a_reason_to_dial_where_nothing_came_meanwhile),
        cmocka_unit_test(an_attempt_or_a_connection_that_has_not_answered_gets_more_time),
        cmocka_unit_test(a_client_whose_connection_went_dead_has_another_after_one_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
