#include "rig.h"

#include "cases.h"
#include "look.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROBE_NS (5 * NS_PER_S)
#define LOOK_NS (20 * NS_PER_S)

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
    assert_true(mono_ns() - begin_ns < PROBE_NS + RIG_SLACK_NS);
    assert_int_not_equal(ret->failure, PROBE_OK);
    assert_true(reterr->text[0] != '\0');
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

void a_look_at_the_broker_goes_through_and_leaves_nothing(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    const struct look_request request = {.name = "conformance",
                                         .publish_ack = PUBLISH_ACK_ALL,
                                         .consume_ack = CONSUME_ACK_EACH,
                                         .message_bytes = 100000};
    enum look_stage stage = LOOK_MAKE;
    struct target target;

    rig_target(suite, NULL, NULL, &target);
    /* Twice: what the first left behind would be in the way of the second. */
    for (int i = 0; i < 2; i++) {
        const struct look_config config = {.ops = suite->ops,
                                           .target = &target,
                                           .request = &request,
                                           .deadline_ns = mono_ns() + LOOK_NS};

        if (look_at_target(&config, &stage, &error) < 0) {
            fail_msg("look: %s", error.text);
        }
        assert_int_equal(stage, LOOK_DONE);
    }
    target_done(&target);
}

void probe_of_a_port_where_nothing_listens_says_refused(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe;
    char host_port[64];
    int fd;

    rig_require_address(suite);
    fd =
        rig_loopback_port(false, host_port, sizeof host_port); /* Bound, so that nobody takes it. */
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

    rig_require_address(suite);
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

    rig_require_address(suite);
    fd =
        rig_loopback_port(true, host_port, sizeof host_port); /* Connects, and never says a word. */
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

    rig_require_address(suite);
    fd = rig_loopback_port(true, host_port, sizeof host_port);
    assert_int_equal(pthread_create(&server, NULL, answer_as_web_server, &fd), 0);
    probe_at(suite, host_port, &probe, &error);
    (void)shutdown(fd, SHUT_RDWR); /* Ends accept(). */
    assert_int_equal(pthread_join(server, NULL), 0);
    (void)close(fd);
    print_message("failure: %s: %s\n", probe_failure_name(probe.failure), error.text);
    assert_true(probe.failure == PROBE_PROTOCOL || probe.failure == PROBE_TIMEOUT);
}

/* Probes a target; with an expected failure other than OK it must fail within the time. OTHER
 * stands for any. */
static void probe_target(const struct suite *suite, struct target *target,
                         enum probe_failure expected)
{
    struct errinfo error = {""};
    struct probe probe = {.failure = PROBE_OTHER};
    int64_t begin_ns = mono_ns();
    int r = suite->ops->probe(target, begin_ns + PROBE_NS, &probe, &error);

    if (target->password != NULL) {
        assert_null(strstr(error.text, target->password)); /* Secrets stay out of sentences. */
    }
    target_done(target);
    if ((r < 0) != (expected != PROBE_OK)) {
        fail_msg("probe: %d %s", r, error.text);
    }
    if (probe.failure != expected && (expected != PROBE_OTHER || probe.failure == PROBE_OK)) {
        fail_msg("failure is %s instead of %s: %s", probe_failure_name(probe.failure),
                 probe_failure_name(expected), error.text);
    }
    assert_true(mono_ns() - begin_ns < PROBE_NS + RIG_SLACK_NS);
    assert_true(r == 0 || error.text[0] != '\0');
}

static void require_login(const struct suite *suite)
{
    rig_require(suite, CAPABILITY_AUTH);
    if (suite->conformance->username == NULL && !suite->login) {
        rig_skip("this broker lets everybody in");
    }
}

void probe_with_a_wrong_password_says_login(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct target target;

    require_login(suite);
    rig_target(suite, NULL, NULL, &target);
    target.password[0] ^= 1;
    probe_target(suite, &target, PROBE_LOGIN);
}

void probe_without_a_login_fails(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct target target;

    require_login(suite);
    rig_target(suite, NULL, NULL, &target);
    free(target.username);
    free(target.password);
    free(target.mechanism);
    target.username = NULL;
    target.password = NULL;
    target.mechanism = NULL;
    probe_target(suite, &target,
                 suite->conformance->silent_without_login ? PROBE_OTHER : PROBE_LOGIN);
}

void probe_with_a_client_certificate_finds_the_broker(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct target target;

    rig_target(suite, NULL, NULL, &target);
    target.tls_cert = rig_tls_path(suite, "client.pem");
    target.tls_key = rig_tls_path(suite, "client.key");
    probe_target(suite, &target, PROBE_OK);
}

void probe_of_a_broker_that_is_not_trusted_says_tls(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct target target;

    rig_target(suite, NULL, NULL, &target);
    free(target.tls_ca);
    target.tls_ca = NULL; /* The system's store, which does not know the test's CA. */
    probe_target(suite, &target, PROBE_TLS);
}

void probe_without_tls_of_a_port_with_tls_fails_in_time(void **state)
{
    const struct suite *suite = rig_suite(state);
    struct errinfo error = {""};
    struct probe probe = {.failure = PROBE_OK};
    int64_t begin_ns = mono_ns();
    struct target target;
    char *scheme;
    int r;

    rig_target(suite, NULL, NULL, &target);
    target.tls = false;
    free(target.tls_ca);
    target.tls_ca = NULL;
    scheme = strstr(target.addresses[0], "s://");
    if (scheme != NULL) {
        memmove(scheme, scheme + 1, strlen(scheme)); /* amqps: to amqp:, mqtts: to mqtt: */
    }
    r = suite->ops->probe(&target, begin_ns + PROBE_NS, &probe, &error);
    target_done(&target);
    assert_true(r < 0);
    assert_true(mono_ns() - begin_ns < PROBE_NS + RIG_SLACK_NS);
    print_message("failure: %s: %s\n", probe_failure_name(probe.failure), error.text);
    assert_true(probe.failure == PROBE_PROTOCOL || probe.failure == PROBE_TLS ||
                probe.failure == PROBE_TIMEOUT);
}
