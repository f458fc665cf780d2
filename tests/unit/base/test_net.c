#include "check.h"
#include "mono.h"
#include "net.h"
#include "sync.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LONG_NS (30 * NS_PER_S)

/*
 * What a name server does is played here: the test's own getaddrinfo() stands before the system's.
 * "slow.test" is told only when the test lets it, as behind a server that doesn't answer.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool slow_may_end;
static int slow_ended_count;

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **ret)
{
    bool is_number_wanted = (hints->ai_flags & AI_NUMERICHOST) != 0;
    struct addrinfo number = *hints;

    if (is_number_wanted || (strcmp(host, "slow.test") != 0 && strcmp(host, "quick.test") != 0)) {
        return is_number_wanted ? __real_getaddrinfo(host, port, hints, ret) : EAI_NONAME;
    }
    if (host[0] == 's') {
        sync_lock(&lock);
        while (!slow_may_end) {
            (void)sync_condition_wait(&changed, &lock, mono_ns() + LONG_NS);
        }
        slow_ended_count++;
        (void)pthread_cond_broadcast(&changed);
        sync_unlock(&lock);
    }
    number.ai_flags |= AI_NUMERICHOST;
    return __real_getaddrinfo("127.0.0.1", port, &number, ret);
}

static int listen_on(int backlog, char port[NET_PORT_BYTES])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes), 0);
    if (backlog >= 0) {
        assert_int_equal(listen(fd, backlog), 0);
    }
    (void)snprintf(port, NET_PORT_BYTES, "%d", ntohs(address.sin_port));
    return fd;
}

static int connect_to(const char *host, const char *port, int64_t deadline_ns,
                      enum net_failure *failure, struct errinfo *error)
{
    int fd = -1;
    int r = net_connect(host, port, deadline_ns, &fd, failure, error);

    if (r == 0) {
        (void)close(fd);
    }
    return r;
}

static void net_split_takes_names_numbers_and_brackets(void **state)
{
    char host[NET_HOST_BYTES];
    char port[NET_PORT_BYTES];

    (void)state;
    assert_int_equal(net_split("broker.test:9092", host, port), 0);
    assert_string_equal(host, "broker.test");
    assert_string_equal(port, "9092");
    assert_int_equal(net_split("[::1]:9093", host, port), 0);
    assert_string_equal(host, "::1");
    assert_string_equal(port, "9093");
    assert_int_equal(net_split("broker.test", host, port), -EINVAL);
    assert_int_equal(net_split(":9092", host, port), -EINVAL);
}

static void net_connect_by_number_and_by_name_reaches_a_listener(void **state)
{
    enum net_failure failure = NET_OTHER;
    struct errinfo error = {""};
    char port[NET_PORT_BYTES];
    int fd = listen_on(8, port);

    (void)state;
    assert_int_equal(connect_to("127.0.0.1", port, mono_ns() + LONG_NS, &failure, &error), 0);
    assert_int_equal(failure, NET_OK);
    assert_int_equal(connect_to("quick.test", port, mono_ns() + LONG_NS, &failure, &error), 0);
    assert_int_equal(failure, NET_OK);
    (void)close(fd);
}

static void net_connect_says_what_stood_in_the_way(void **state)
{
    enum net_failure failure = NET_OK;
    struct errinfo error = {""};
    char port[NET_PORT_BYTES];
    int fd = listen_on(-1, port);

    (void)state;
    assert_int_equal(connect_to("127.0.0.1", port, mono_ns() + LONG_NS, &failure, &error),
                     -ECONNREFUSED);
    assert_int_equal(failure, NET_REFUSED);
    assert_non_null(strstr(error.text, "nothing listens"));
    assert_int_equal(connect_to("none.test", port, mono_ns() + LONG_NS, &failure, &error),
                     -EHOSTUNREACH);
    assert_int_equal(failure, NET_NAME);
    assert_non_null(strstr(error.text, "none.test"));
    (void)close(fd);
}

/* The kernel leaves further attempts without an answer. */
static void net_connect_to_a_full_accept_queue_ends_at_its_deadline(void **state)
{
    enum net_failure failure = NET_OK;
    struct errinfo error = {""};
    char port[NET_PORT_BYTES];
    int fd = listen_on(0, port);
    int filling = -1;
    int64_t deadline_ns;

    (void)state;
    assert_int_equal(
        net_connect("127.0.0.1", port, mono_ns() + LONG_NS, &filling, &failure, &error), 0);
    deadline_ns = mono_ns() + 50 * NS_PER_MS;
    assert_int_equal(connect_to("127.0.0.1", port, deadline_ns, &failure, &error), -ETIMEDOUT);
    assert_int_equal(failure, NET_TIMEOUT);
    (void)close(filling);
    (void)close(fd);
}

/* Bug: getaddrinfo() took as long as the resolver liked, whatever the deadline. */
static void net_connect_does_not_wait_for_a_dead_name_server(void **state)
{
    enum net_failure failure = NET_OK;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(connect_to("slow.test", "1", mono_ns() + NS_PER_MS, &failure, &error),
                     -EHOSTUNREACH);
    assert_int_equal(failure, NET_NAME);
    assert_non_null(strstr(error.text, "slow.test"));
    sync_lock(&lock);
    assert_int_equal(slow_ended_count, 0); /* It came back before the name server did. */
    slow_may_end = true;
    (void)pthread_cond_broadcast(&changed);
    while (slow_ended_count == 0) {
        (void)sync_condition_wait(&changed, &lock, mono_ns() + LONG_NS);
    }
    sync_unlock(&lock);
}

static void sync_event_is_readable_until_it_is_cleared(void **state)
{
    struct errinfo error = {""};
    struct pollfd event = {.fd = sync_event_new(&error), .events = POLLIN};

    (void)state;
    assert_true(event.fd >= 0);
    assert_int_equal(poll(&event, 1, 0), 0);
    sync_event_clear(event.fd);
    sync_event_set(event.fd);
    sync_event_set(event.fd);
    assert_int_equal(poll(&event, 1, 0), 1);
    sync_event_clear(event.fd);
    assert_int_equal(poll(&event, 1, 0), 0);
    (void)close(event.fd);
}

static void sync_condition_wait_does_not_wait_past_its_deadline(void **state)
{
    (void)state;
    sync_lock(&lock);
    assert_false(sync_condition_wait(&changed, &lock, mono_ns() - 1));
    assert_true(sync_condition_wait(&changed, &lock, mono_ns() + NS_PER_MS));
    sync_unlock(&lock);
}

static void net_is_here_knows_loopback_and_own_addresses(void **state)
{
    int64_t deadline_ns = mono_ns() + 10 * NS_PER_S;

    (void)state;
    assert_true(net_is_here("127.0.0.1", deadline_ns));
    assert_true(net_is_here("127.9.8.7", deadline_ns)); /* All of the net. */
    assert_true(net_is_here("::1", deadline_ns));
    assert_false(net_is_here("192.0.2.1", deadline_ns)); /* For documents: nobody's. */
    assert_false(net_is_here("2001:db8::1", deadline_ns));
    assert_false(net_is_here("no name at all", deadline_ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(net_split_takes_names_numbers_and_brackets),
        cmocka_unit_test(net_connect_by_number_and_by_name_reaches_a_listener),
        cmocka_unit_test(net_connect_says_what_stood_in_the_way),
        cmocka_unit_test(net_connect_to_a_full_accept_queue_ends_at_its_deadline),
        cmocka_unit_test(net_connect_does_not_wait_for_a_dead_name_server),
        cmocka_unit_test(net_is_here_knows_loopback_and_own_addresses),
        cmocka_unit_test(sync_event_is_readable_until_it_is_cleared),
        cmocka_unit_test(sync_condition_wait_does_not_wait_past_its_deadline),
    };

    sync_condition_init(&changed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
