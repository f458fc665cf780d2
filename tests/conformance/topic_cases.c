#include "rig.h"

#include "cases.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONTROL_NS (20 * NS_PER_S)
#define PROBE_NS (5 * NS_PER_S)
#define SLACK_NS (2 * NS_PER_S) /* Of a busy machine, on top of a deadline. */

static int64_t control_deadline(void)
{
    return mono_ns() + CONTROL_NS;
}

/* Two topics of a name that only this test uses. */
struct pair {
    struct target target;
    struct delivery delivery;
    char names[2][TOPIC_NAME_BYTES];
    struct topic topics[2];
    struct topic_list list;
};

static void pair_init(struct pair *pair, const struct suite *suite, const char *name)
{
    memset(pair, 0, sizeof *pair);
    rig_target(suite, NULL, NULL, &pair->target);
    pair->delivery = (struct delivery){.in_flight = 100, .consume_ack_batch = 1};
    for (int i = 0; i < 2; i++) {
        (void)snprintf(pair->names[i], sizeof pair->names[i], "millrace-%s-%d-%d", name,
                       (int)getpid(), i);
        pair->topics[i] = (struct topic){.name = pair->names[i],
                                         .partitions = 2,
                                         .subscriptions = 2,
                                         .delivery = &pair->delivery};
    }
    pair->list = (struct topic_list){pair->topics, 2};
}

static void create(const struct suite *suite, const struct pair *pair)
{
    struct errinfo error = {""};

    if (suite->ops->topics_create(&pair->target, &pair->list, control_deadline(), &error) < 0) {
        fail_msg("topics_create: %s", error.text);
    }
}

static void delete (const struct suite *suite, const struct pair *pair)
{
    struct errinfo error = {""};

    if (suite->ops->topics_delete(&pair->target, &pair->list, control_deadline(), &error) < 0) {
        fail_msg("topics_delete: %s", error.text);
    }
}

void topics_can_be_made_and_removed_and_made_again(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct pair pair;

    pair_init(&pair, suite, "again");
    delete (suite, &pair); /* What is not there is no error. */
    create(suite, &pair);
    delete (suite, &pair);
    create(suite, &pair);
    delete (suite, &pair);
    delete (suite, &pair);
    target_done(&pair.target);
}

void making_a_topic_that_exists_is_refused(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct pair pair;

    if (suite->conformance->implicit_topics) {
        rig_skip("topics are not objects of this broker");
    }
    pair_init(&pair, suite, "exists");
    pair.list.topics_count = 1;
    create(suite, &pair);
    assert_int_equal(
        suite->ops->topics_create(&pair.target, &pair.list, control_deadline(), &error), -EEXIST);
    assert_non_null(strstr(error.text, pair.names[0]));
    delete (suite, &pair);
    target_done(&pair.target);
}

void clean_removes_what_was_left_behind(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    uint32_t removed = 0;
    struct pair pair;

    if (suite->conformance->implicit_topics) {
        rig_skip("topics are not objects of this broker");
    }
    if (suite->conformance->broker != NULL && !suite->broker.ours) {
        rig_skip("others may use the broker at %s", suite->broker.address);
    }
    pair_init(&pair, suite, "left");
    create(suite, &pair);
    if (suite->ops->clean(&pair.target, control_deadline(), &removed, &error) < 0) {
        fail_msg("clean: %s", error.text);
    }
    assert_true(removed >= 2);
    create(suite, &pair); /* Nothing of them is left that could be in the way. */
    delete (suite, &pair);
    if (suite->ops->clean(&pair.target, control_deadline(), &removed, &error) < 0) {
        fail_msg("clean: %s", error.text);
    }
    assert_int_equal(removed, 0);
    target_done(&pair.target);
}

/* Probes the suite's broker at another "HOST:PORT", within the 5 s that `doctor` promises. */
static void probe_at(const struct suite *suite, const char *host_port, struct probe *ret,
                     struct errinfo *reterr)
{
    struct target target;
    char address[256];
    int64_t begin_ns = mono_ns();
    int r;

    memset(ret, 0, sizeof *ret);
    rig_address(suite, host_port, address, sizeof address);
    rig_target(suite, address, NULL, &target);
    r = suite->ops->probe(&target, begin_ns + PROBE_NS, ret, reterr);
    target_done(&target);
    assert_true(r < 0);
    assert_true(mono_ns() - begin_ns < PROBE_NS + SLACK_NS);
    assert_int_not_equal(ret->failure, PROBE_OK);
    assert_true(reterr->text[0] != '\0');
}

static void require_address(const struct suite *suite)
{
    if (suite->ops->entry->local) {
        rig_skip("the backend has no address");
    }
}

/* A port on loopback with nothing behind it, or with a listener that the caller closes. */
static int loopback_port(bool listening, char *host_port, size_t bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t address_bytes = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_bytes), 0);
    (void)snprintf(host_port, bytes, "127.0.0.1:%u", ntohs(address.sin_port));
    if (listening) {
        assert_int_equal(listen(fd, 8), 0);
    }
    return fd;
}

void probe_finds_the_broker(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe = {.failure = PROBE_OTHER};
    struct target target;

    rig_target(suite, NULL, NULL, &target);
    if (suite->ops->probe(&target, mono_ns() + PROBE_NS, &probe, &error) < 0) {
        fail_msg("probe: %s", error.text);
    }
    assert_int_equal(probe.failure, PROBE_OK);
    assert_non_null(memchr(probe.broker_version, '\0', sizeof probe.broker_version));
    print_message("broker: %s, library: %s\n", probe.broker_version, suite->ops->library_version());
    target_done(&target);
}

void probe_of_a_port_where_nothing_listens_says_refused(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe;
    char host_port[64];
    int fd;

    require_address(suite);
    fd = loopback_port(false, host_port, sizeof host_port); /* Bound, so that nobody takes it. */
    probe_at(suite, host_port, &probe, &error);
    (void)close(fd);
    assert_int_equal(probe.failure, PROBE_REFUSED);
    assert_non_null(strstr(error.text, host_port));
}

void probe_of_a_name_that_does_not_resolve_says_so(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe;

    require_address(suite);
    probe_at(suite, "no-such-host.invalid:4321", &probe, &error); /* RFC 6761 */
    assert_int_equal(probe.failure, PROBE_NAME);
    assert_non_null(strstr(error.text, "no-such-host.invalid"));
}

void probe_of_a_silent_port_ends_in_time(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe;
    char host_port[64];
    int fd;

    require_address(suite);
    fd = loopback_port(true, host_port, sizeof host_port); /* Connects, and never says a word. */
    probe_at(suite, host_port, &probe, &error);
    (void)close(fd);
    assert_true(probe.failure == PROBE_TIMEOUT || probe.failure == PROBE_PROTOCOL);
}

/* Answers whatever comes with a page, as a web server would. */
static void *answer_as_web_server(void *argument)
{
    static const char page[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    int listener = *(int *)argument;
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        char request[256];
        struct pollfd readable = {fd, POLLIN, 0};

        if (poll(&readable, 1, 1000) == 1) {
            (void)!recv(fd, request, sizeof request, MSG_DONTWAIT);
        }
        (void)!send(fd, page, sizeof page - 1, MSG_NOSIGNAL);
        (void)close(fd);
    }
    return NULL;
}

void probe_of_another_protocol_is_not_taken_for_the_broker(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe;
    char host_port[64];
    pthread_t server;
    int fd;

    require_address(suite);
    fd = loopback_port(true, host_port, sizeof host_port);
    assert_int_equal(pthread_create(&server, NULL, answer_as_web_server, &fd), 0);
    probe_at(suite, host_port, &probe, &error);
    (void)shutdown(fd, SHUT_RDWR); /* Ends accept(). */
    assert_int_equal(pthread_join(server, NULL), 0);
    (void)close(fd);
    print_message("failure: %s: %s\n", probe_failure_name(probe.failure), error.text);
    assert_true(probe.failure == PROBE_PROTOCOL || probe.failure == PROBE_TIMEOUT);
}

void probe_with_a_wrong_password_says_login(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe = {.failure = PROBE_OK};
    struct target target;
    int r;

    rig_require(suite, CAPABILITY_AUTH);
    if (suite->conformance->username == NULL) {
        rig_skip("this broker lets everybody in");
    }
    rig_target(suite, NULL, NULL, &target);
    target.password[0] ^= 1;
    r = suite->ops->probe(&target, mono_ns() + PROBE_NS, &probe, &error);
    assert_true(r < 0);
    assert_int_equal(probe.failure, PROBE_LOGIN);
    assert_null(strstr(error.text, target.password)); /* Secrets stay out of sentences. */
    target_done(&target);
}

void control_calls_without_a_broker_fail_in_time_with_a_sentence(void **state)
{
    const struct suite *suite = rig_suite(state);
    int64_t deadline_ns = mono_ns() + 2 * NS_PER_S;
    struct errinfo error = {""};
    uint32_t removed = 0;
    char address[256];
    char host_port[64];
    struct pair pair;
    int fd;

    require_address(suite);
    fd = loopback_port(false, host_port, sizeof host_port);
    rig_address(suite, host_port, address, sizeof address);
    pair_init(&pair, suite, "nowhere");
    target_done(&pair.target);
    rig_target(suite, address, NULL, &pair.target);
    assert_true(suite->ops->clean(&pair.target, deadline_ns, &removed, &error) < 0);
    assert_non_null(strstr(error.text, host_port));
    if (!suite->conformance->implicit_topics) {
        error.text[0] = '\0';
        assert_true(suite->ops->topics_create(&pair.target, &pair.list, mono_ns() + 2 * NS_PER_S,
                                              &error) < 0);
        assert_non_null(strstr(error.text, host_port));
    }
    assert_true(mono_ns() < deadline_ns + 2 * NS_PER_S + SLACK_NS);
    (void)close(fd);
    target_done(&pair.target);
}
