/* What MQTT's own driver makes of a broker's first words; the broker is a thread of the test's. */
#include "own_bench.h"

#include "mono.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define WAIT_NS (5 * NS_PER_S)
#define ANSWERS_MAX 4

/* Answers the first packets of a connection in turn, byte by byte where it is to, then waits for
 * its end; of two connections where the answers of the first are told apart. */
static struct {
    pthread_t thread;
    int listener;
    struct {
        const char *bytes;
        size_t count;
    } answers[ANSWERS_MAX];
    uint32_t answers_count;
    uint32_t answers_of_first; /* 0: there is only one connection. */
    bool in_pieces;
} broker;

static void send_answer(int fd, const char *bytes, size_t count)
{
    size_t step = broker.in_pieces ? 1 : count;

    for (size_t at = 0; at < count; at += step) {
        (void)!send(fd, bytes + at, step, MSG_NOSIGNAL);
        mono_sleep_until(mono_ns() + (broker.in_pieces ? NS_PER_MS : 0));
    }
}

static void serve_one(uint32_t from, uint32_t until)
{
    const int on = 1;
    char packet[1024];
    int fd = accept(broker.listener, NULL, NULL);

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (uint32_t i = from; i < until && recv(fd, packet, sizeof packet, 0) > 0; i++) {
        send_answer(fd, broker.answers[i].bytes, broker.answers[i].count);
    }
    while (recv(fd, packet, sizeof packet, 0) > 0) {
    }
    (void)close(fd);
}

static void *serve(void *argument)
{
    (void)argument;
    if (broker.answers_of_first > 0) {
        serve_one(0, broker.answers_of_first);
    }
    serve_one(broker.answers_of_first, broker.answers_count);
    return NULL;
}

static void answer(const char *bytes, size_t count)
{
    broker.answers[broker.answers_count].bytes = bytes;
    broker.answers[broker.answers_count++].count = count;
}

#define ANSWER(text) answer(text, sizeof(text) - 1)

/* A client's configuration, and a broker for it, which has no answers yet. */
struct dial_bench {
    struct own_bench bench; /* Of its configuration only. */
    char address[64];
};

static void begin(struct dial_bench *dial, enum endpoint_role role, uint8_t qos)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t here_bytes = sizeof here;

    memset(&broker, 0, sizeof broker);
    own_bench_begin(&dial->bench, role, qos, 10);
    dial->bench.config.run_id = "r";
    broker.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(broker.listener, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(listen(broker.listener, 4), 0);
    assert_int_equal(getsockname(broker.listener, (struct sockaddr *)&here, &here_bytes), 0);
    (void)snprintf(dial->address, sizeof dial->address, "mqtt://127.0.0.1:%u",
                   ntohs(here.sin_port));
    dial->bench.target.addresses = calloc(1, sizeof *dial->bench.target.addresses);
    assert_non_null(dial->bench.target.addresses);
    dial->bench.target.addresses[0] = strdup(dial->address);
    dial->bench.target.addresses_count = 1;
}

static void end(struct dial_bench *dial)
{
    own_bench_end(&dial->bench);
    assert_int_equal(pthread_join(broker.thread, NULL), 0);
    (void)close(broker.listener);
}

static int dial_up(struct dial_bench *dial, int64_t wait_ns, struct link **ret,
                   struct errinfo *reterr)
{
    assert_int_equal(pthread_create(&broker.thread, NULL, serve, NULL), 0);
    return own_connect(&dial->bench.config, 0, mono_ns() + wait_ns, ret, reterr);
}

/* The client fails with that errno and a sentence that has these words, and the address. */
static void expect_failure(struct dial_bench *dial, int code, const char *words)
{
    struct errinfo error = {""};
    struct link *link = NULL;

    assert_int_equal(dial_up(dial, WAIT_NS, &link, &error), code);
    assert_null(link);
    if (strstr(error.text, words) == NULL || strstr(error.text, dial->address) == NULL) {
        fail_msg("%s", error.text);
    }
    end(dial);
}

static void a_broker_without_mqtt_5_is_told_with_the_option_for_it(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\x20\x03\x00\x84\x00");
    expect_failure(&dial, -EPROTO, "`version: 3.1.1`");
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\x20\x02\x00\x01"); /* Of MQTT 3.1.1, to a CONNECT of MQTT 5. */
    expect_failure(&dial, -EPROTO, "`version: 3.1.1`");
}

static void a_refused_login_has_the_brokers_words(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\x20\x09\x00\x86\x06\x1f\x00\x03no!");
    expect_failure(&dial, -EACCES, "the broker refuses the login: Bad User Name or Password: no!");
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\x20\x03\x00\x97\x00");
    expect_failure(&dial, -EUSERS, "a limit of the broker is reached: Quota exceeded");
    begin(&dial, ROLE_PRODUCER, 1);
    assert_int_equal(target_set_option(&dial.bench.target, "version", "3.1.1"), 0);
    ANSWER("\x20\x02\x00\x05");
    expect_failure(&dial, -EACCES, "not authorized");
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\xf0\x00");
    expect_failure(&dial, -EACCES, "AUTH");
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\xe0\x01\x8b");
    expect_failure(&dial, -ECONNRESET, "the broker disconnected: Server shutting down");
}

static void a_refused_subscription_is_named_with_its_reason(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_CONSUMER, 1);
    ANSWER("\x20\x03\x00\x00\x00");
    ANSWER("\x90\x05\x00\x01\x00\x01\x87");
    expect_failure(&dial, -EACCES, "the subscription to returns/+: Not authorized");
    begin(&dial, ROLE_CONSUMER, 1);
    dial.bench.client_config.shares_count = 2;
    ANSWER("\x20\x03\x00\x00\x00");
    ANSWER("\x90\x05\x00\x01\x00\x9e\x01");
    expect_failure(&dial, -ECONNREFUSED,
                   "$share/millrace-r-0-0/orders/+: Shared Subscriptions not supported");
    begin(&dial, ROLE_CONSUMER, 1);
    ANSWER("\x20\x03\x00\x00\x00");
    ANSWER("\x90\x04\x00\x01\x00\x01");
    expect_failure(&dial, -EPROTO, "a SUBACK for other filters (3.9.3)");
}

static void what_the_broker_or_the_version_can_not_do_is_refused(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\x20\x05\x00\x00\x02\x24\x00");
    expect_failure(&dial, -EOPNOTSUPP, "its Maximum QoS");
    begin(&dial, ROLE_PRODUCER, 1);
    assert_int_equal(target_set_option(&dial.bench.target, "version", "3.1.1"), 0);
    dial.bench.delivery.ttl_ns = NS_PER_S;
    ANSWER("\x20\x02\x00\x00");
    expect_failure(&dial, -EOPNOTSUPP, "`ttl` needs MQTT 5");
}

static void a_broker_that_does_not_answer_is_waited_for_no_longer_than_said(void **state)
{
    struct dial_bench dial;
    struct errinfo error = {""};
    struct link *link = NULL;

    (void)state;
    begin(&dial, ROLE_CONSUMER, 1);
    ANSWER("\x20\x03\x00\x00\x00");
    ANSWER("");
    assert_int_equal(dial_up(&dial, 200 * NS_PER_MS, &link, &error), -ETIMEDOUT);
    assert_non_null(strstr(error.text, "no answer to MQTT's SUBSCRIBE in time"));
    end(&dial);
}

/* Brings the bench's client back with what the broker says, and polls once. */
static void come_back(struct dial_bench *dial)
{
    struct errinfo error = {""};
    struct link *link = NULL;

    if (dial_up(dial, WAIT_NS, &link, &error) < 0) {
        fail_msg("%s", error.text);
    }
    own_client_lost(dial->bench.endpoint, dial->bench.client, "of the test");
    own_bench_poll(&dial->bench, 16);
    assert_int_equal(own_adopt(dial->bench.endpoint, 0, link), 0);
    own_bench_poll(&dial->bench, 16);
    (void)own_bench_event(&dial->bench, 0, EVENT_UP);
}

static void messages_that_come_before_the_suback_are_not_lost(void **state)
{
    struct dial_bench dial;

    (void)state;
    for (int pieces = 0; pieces <= 1; pieces++) {
        begin(&dial, ROLE_CONSUMER, 1);
        broker.in_pieces = pieces != 0;
        ANSWER("\x20\x03\x00\x00\x00");
        ANSWER("\x32\x10\x00\x08orders/3\x00\x05\x00"
               "abc"
               "\x90\x05\x00\x01\x00\x01\x01"
               "\x30\x0c\x00\x09returns/0\x00");
        come_back(&dial);
        assert_int_equal(own_bench_event(&dial.bench, 1, EVENT_MESSAGE)->partition, 3);
        for (int i = 0; i < 1000 && dial.bench.events_count < 3; i++) {
            mono_sleep_until(mono_ns() + NS_PER_MS);
            own_bench_poll(&dial.bench, 16);
            if (dial.bench.events_count == 1) {
                break;
            }
        }
        assert_int_equal(
            own_bench_event(&dial.bench, dial.bench.events_count - 1, EVENT_MESSAGE)->topic, 1);
        end(&dial);
    }
}

/* Of as many messages of 1,000 bytes as are in so many, behind a CONNACK and before a SUBACK. */
static char *make_messages(size_t bytes_min, uint32_t *ret_count, size_t *ret_bytes)
{
    static const char suback[] = "\x90\x05\x00\x01\x00\x01\x01";
    const struct mqtt_outgoing message = {.topic = {"orders/1", 8},
                                          .payload = {own_bench_body(1000), 1000}};
    char *bytes = malloc(bytes_min + 2048);

    assert_non_null(bytes);
    *ret_bytes = 0;
    for (*ret_count = 0; *ret_bytes < bytes_min; (*ret_count)++) {
        *ret_bytes += mqtt_encode_publish(MQTT_5, &message, bytes + *ret_bytes);
    }
    memcpy(bytes + *ret_bytes, suback, sizeof suback - 1);
    *ret_bytes += sizeof suback - 1;
    return bytes;
}

/* Bug: more than a client keeps otherwise was told as "does not speak MQTT". */
static void many_messages_that_come_before_the_suback_are_not_lost(void **state)
{
    struct dial_bench dial;
    uint32_t messages = 0;
    uint32_t given = 0;
    size_t bytes_count = 0;
    char *bytes = make_messages(3000000, &messages, &bytes_count);

    (void)state;
    begin(&dial, ROLE_CONSUMER, 1);
    ANSWER("\x20\x03\x00\x00\x00");
    answer(bytes, bytes_count);
    come_back(&dial);
    given = (uint32_t)dial.bench.events_count - 1;
    for (uint32_t polls = 0; polls < 2 * messages && given < messages; polls++) {
        own_bench_poll(&dial.bench, OWN_BENCH_EVENTS_MAX);
        for (int e = 0; e < dial.bench.events_count; e++) {
            assert_memory_equal(own_bench_event(&dial.bench, e, EVENT_MESSAGE)->bytes,
                                own_bench_body(1000), 1000);
        }
        given += (uint32_t)dial.bench.events_count;
    }
    assert_int_equal(given, messages);
    end(&dial);
    free(bytes);
}

static void messages_before_the_suback_have_an_end(void **state)
{
    struct dial_bench dial;
    uint32_t messages = 0;
    size_t bytes_count = 0;
    char *bytes = make_messages(OWN_BEFORE_SUBACK_BYTES_MAX, &messages, &bytes_count);

    (void)state;
    begin(&dial, ROLE_CONSUMER, 1);
    ANSWER("\x20\x03\x00\x00\x00");
    answer(bytes, bytes_count);
    expect_failure(&dial, -EOVERFLOW, "of messages before it has answered SUBSCRIBE");
    free(bytes);
}

/* Bug: the QoS that an address had granted before it refused another filter was held against the
 * next. */
static void what_one_address_grants_is_not_held_against_the_next(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_CONSUMER, 1);
    dial.bench.target.addresses =
        realloc(dial.bench.target.addresses, 2 * sizeof *dial.bench.target.addresses);
    assert_non_null(dial.bench.target.addresses);
    dial.bench.target.addresses[1] = strdup(dial.address);
    dial.bench.target.addresses_count = 2;
    ANSWER("\x20\x03\x00\x00\x00");
    ANSWER("\x90\x05\x00\x01\x00\x00\x80");
    broker.answers_of_first = broker.answers_count;
    ANSWER("\x20\x03\x00\x00\x00");
    ANSWER("\x90\x05\x00\x01\x00\x01\x01");
    come_back(&dial);
    assert_int_equal(dial.bench.events_count, 1);
    end(&dial);
}

static void a_lower_qos_that_was_granted_is_said(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_CONSUMER, 2);
    assert_int_equal(target_set_option(&dial.bench.target, "version", "3.1.1"), 0);
    ANSWER("\x20\x02\x00\x00");
    ANSWER("\x90\x04\x00\x01\x02\x01");
    come_back(&dial);
    assert_string_equal(own_bench_event(&dial.bench, 1, EVENT_SAYS)->text,
                        "the broker grants QoS 1 to subscriptions that asked for QoS 2");
    end(&dial);
}

static void the_brokers_limits_hold(void **state)
{
    struct dial_bench dial;

    (void)state;
    begin(&dial, ROLE_PRODUCER, 1);
    broker.in_pieces = true;
    /* Receive Maximum 7, Maximum Packet Size 1000, Server Keep Alive 5. */
    ANSWER("\x20\x0e\x00\x00\x0b\x21\x00\x07\x27\x00\x00\x03\xe8\x13\x00\x05");
    come_back(&dial);
    assert_int_equal(dial.bench.client->link.limits.receive_maximum, 7);
    assert_int_equal(dial.bench.client->link.limits.packet_bytes_max, 1000);
    assert_int_equal(dial.bench.client->link.limits.keep_alive_s, 5);
    end(&dial);
}

/* Bug: its clients were looked at as rarely as the broker of before allowed. */
static void a_shorter_keep_alive_of_a_broker_that_came_back_makes_ticks_shorter(void **state)
{
    struct dial_bench dial;
    struct itimerspec ticks;

    (void)state;
    begin(&dial, ROLE_PRODUCER, 1);
    dial.bench.endpoint->route.keep_alive_s = 60;
    own_alive_start(dial.bench.endpoint);
    ANSWER("\x20\x06\x00\x00\x03\x13\x00\x04"); /* Server Keep Alive 4. */
    come_back(&dial);
    assert_int_equal(timerfd_gettime(dial.bench.endpoint->turns.timer_fd, &ticks), 0);
    assert_int_equal(ticks.it_interval.tv_sec, 0);
    assert_int_equal(ticks.it_interval.tv_nsec, 500 * NS_PER_MS);
    end(&dial);
}

static void a_probe_tells_the_brokers_limits_and_its_version(void **state)
{
    struct dial_bench dial;
    struct probe probe;
    struct errinfo error = {""};

    (void)state;
    begin(&dial, ROLE_PRODUCER, 1);
    ANSWER("\x20\x0b\x00\x00\x08\x21\x00\x07\x27\x00\x00\x03\xe8");
    ANSWER("\x90\x04\x00\x01\x00\x00\x31\x1c\x00\x13$SYS/broker/version\x00Hive 1");
    assert_int_equal(pthread_create(&broker.thread, NULL, serve, NULL), 0);
    assert_int_equal(own_probe(&dial.bench.target, mono_ns() + WAIT_NS, &probe, &error), 0);
    assert_int_equal(probe.failure, PROBE_OK);
    assert_string_equal(probe.broker_version, "Hive 1");
    assert_int_equal(probe.limits.count, 2);
    assert_int_equal(probe.limits.items[0].value, 1000);
    end(&dial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_without_mqtt_5_is_told_with_the_option_for_it),
        cmocka_unit_test(a_refused_login_has_the_brokers_words),
        cmocka_unit_test(a_refused_subscription_is_named_with_its_reason),
        cmocka_unit_test(what_the_broker_or_the_version_can_not_do_is_refused),
        cmocka_unit_test(a_broker_that_does_not_answer_is_waited_for_no_longer_than_said),
        cmocka_unit_test(messages_that_come_before_the_suback_are_not_lost),
        cmocka_unit_test(many_messages_that_come_before_the_suback_are_not_lost),
        cmocka_unit_test(messages_before_the_suback_have_an_end),
        cmocka_unit_test(what_one_address_grants_is_not_held_against_the_next),
        cmocka_unit_test(a_lower_qos_that_was_granted_is_said),
        cmocka_unit_test(the_brokers_limits_hold),
        cmocka_unit_test(a_shorter_keep_alive_of_a_broker_that_came_back_makes_ticks_shorter),
        cmocka_unit_test(a_probe_tells_the_brokers_limits_and_its_version),
    };

    return cmocka_run_group_tests_name("own_dial", tests, NULL, NULL);
}
