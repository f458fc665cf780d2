#include "check.h"

#include "backend_table.h"
#include "bed.h"
#include "broker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct broker plain;
static struct broker secure;
static struct errinfo missing;
static char tls_folder[512];

static int start_brokers(void **state)
{
    (void)state;
    if (broker_start("rabbitmq", "", &plain, &missing) == 0 &&
        broker_start("rabbitmq", "--tls", &secure, &missing) == 0) {
        (void)broker_ask(&secure, "dir", NULL, tls_folder, sizeof tls_folder, &missing);
    }
    return 0;
}

static int stop_brokers(void **state)
{
    (void)state;
    broker_stop(&plain);
    broker_stop(&secure);
    return 0;
}

static void need_brokers(void)
{
    if (missing.text[0] != '\0') {
        print_message("[  REASON  ] %s\n", missing.text);
        skip();
    }
}

static char *tls_file(const char *name)
{
    char path[600];

    (void)snprintf(path, sizeof path, "%s/tls/%s", tls_folder, name);
    return strdup(path);
}

/* Probes and expects a failure whose sentence has `says` in it. */
static void expect(struct target *target, enum probe_failure failure, const char *says)
{
    struct probe probe = {.failure = PROBE_OTHER};
    struct errinfo error = {""};
    int64_t start_ns = mono_ns();
    int r = backend_find(catalog_find("rabbitmq"))
                ->probe(target, mono_ns() + 2 * NS_PER_S, &probe, &error);

    if (probe.failure != failure || (r == 0) != (failure == PROBE_OK) ||
        strstr(error.text, says) == NULL) {
        fail_msg("probe of %s: failure %d, code %d, \"%s\"", target->addresses[0],
                 (int)probe.failure, r, error.text);
    }
    assert_true(mono_ns() - start_ns < 5 * NS_PER_S);
    if (failure == PROBE_OK) {
        assert_memory_equal(probe.broker_version, "RabbitMQ ", 9);
    }
    target_done(target);
}

static void expect_at(const char *address, enum probe_failure failure, const char *says)
{
    struct target target;

    bed_target(&target, "rabbitmq", address);
    expect(&target, failure, says);
}

/* Address of a listening socket of ours; it accepts nothing unless somebody calls accept(). */
static int listen_somewhere(char *address, size_t address_bytes)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t here_bytes = sizeof here;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &here_bytes), 0);
    (void)snprintf(address, address_bytes, "amqp://127.0.0.1:%u/", ntohs(here.sin_port));
    return fd;
}

struct speaker {
    int fd;
    const char *words; /* NULL: closes at once. */
};

static void *speak(void *argument)
{
    const struct speaker *speaker = argument;
    char heard[64];

    /* The driver connects once. */
    int fd = accept(speaker->fd, NULL, NULL);

    if (fd >= 0 && speaker->words != NULL) {
        (void)!read(fd, heard, sizeof heard);
        (void)!write(fd, speaker->words, strlen(speaker->words));
    }
    (void)close(fd);
    return NULL;
}

static void expect_from_speaker(const char *words, const char *says)
{
    char address[64];
    struct speaker speaker = {.fd = listen_somewhere(address, sizeof address), .words = words};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, speak, &speaker), 0);
    expect_at(address, PROBE_PROTOCOL, says);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(speaker.fd);
}

static void rabbitmq_probe_tells_the_version(void **state)
{
    (void)state;
    need_brokers();
    expect_at(plain.address, PROBE_OK, "");
}

static void rabbitmq_probe_tells_why_it_cannot_connect(void **state)
{
    char address[64];
    int fd = listen_somewhere(address, sizeof address);

    (void)state;
    expect_at(address, PROBE_TIMEOUT, "no AMQP greeting");
    (void)close(fd);
    expect_at(address, PROBE_REFUSED, "nothing listens");
    expect_at("amqp://no-such-host.invalid:5672/", PROBE_NAME, "no-such-host.invalid");
}

static void rabbitmq_probe_tells_another_protocol(void **state)
{
    (void)state;
    expect_from_speaker("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "not AMQP 0-9-1");
    expect_from_speaker("AMQP\x03\x01\x01\x01", "AMQP 0-9-1");
    expect_from_speaker(NULL, "not AMQP 0-9-1");
}

static void rabbitmq_probe_tells_a_refused_login(void **state)
{
    struct target target;
    char address[300];

    (void)state;
    need_brokers();
    bed_target(&target, "rabbitmq", plain.address);
    target.username = strdup("guest");
    target.password = strdup("wrong");
    expect(&target, PROBE_LOGIN, "ACCESS_REFUSED");
    (void)snprintf(address, sizeof address, "%.*s/no%%20such", (int)strlen(plain.address) - 4,
                   plain.address);
    expect_at(address, PROBE_LOGIN, "vhost no such not found");
}

static void rabbitmq_goes_to_the_next_address(void **state)
{
    struct target target;

    (void)state;
    need_brokers();
    bed_target(&target, "rabbitmq", "amqp://127.0.0.1:1/");
    target.addresses = realloc(target.addresses, 2 * sizeof *target.addresses);
    target.addresses[1] = strdup(plain.address);
    target.addresses_count = 2;
    expect(&target, PROBE_OK, "");
}

static void rabbitmq_probe_tells_what_is_wrong_with_tls(void **state)
{
    struct target target;
    char address[300];

    (void)state;
    need_brokers();
    bed_target(&target, "rabbitmq", secure.address);
    target.tls_ca = tls_file("ca.pem");
    expect(&target, PROBE_OK, "");

    bed_target(&target, "rabbitmq", secure.address);
    target.tls_ca = tls_file("client.pem");
    expect(&target, PROBE_TLS, "certificate");

    bed_target(&target, "rabbitmq", secure.address);
    target.tls_ca = strdup("/nonexistent.pem");
    expect(&target, PROBE_TLS, "tls.ca");

    (void)snprintf(address, sizeof address, "amqps://127.0.0.1%s",
                   secure.address + strlen("amqps://localhost"));
    bed_target(&target, "rabbitmq", address);
    target.tls_ca = tls_file("ca.pem");
    expect(&target, PROBE_TLS, "not for this name");

    /* amqps to one that doesn't speak TLS, amqp to one that does. */
    (void)snprintf(address, sizeof address, "amqps%s", plain.address + 4);
    bed_target(&target, "rabbitmq", address);
    target.tls_ca = tls_file("ca.pem");
    expect(&target, PROBE_TLS, "TLS");
    (void)snprintf(address, sizeof address, "amqp%s", secure.address + 5);
    expect_at(address, PROBE_PROTOCOL, "AMQP 0-9-1");
}

static void rabbitmq_carries_messages_over_tls(void **state)
{
    struct bed *bed;

    (void)state;
    need_brokers();
    bed = bed_new("rabbitmq", secure.address);
    bed->target.tls_ca = tls_file("ca.pem");
    bed->target.tls_cert = tls_file("client.pem");
    bed->target.tls_key = tls_file("client.key");
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    bed->producer_config.message_bytes_max = 300000;
    bed_make(bed);
    bed_open(bed, 1, 2);
    for (uint32_t i = 0; i < 20; i++) {
        while (bed_submit(bed, 0, 0, 300000) != 0) {
            (void)bed_poll(bed);
        }
    }
    bed_send(bed, 5000);
    bed_settle(bed);
    assert_int_equal(bed->acked, bed->sent);
    bed_drain(bed);
    assert_int_equal(bed->received, bed->sent);
    bed_free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rabbitmq_probe_tells_the_version),
        cmocka_unit_test(rabbitmq_probe_tells_why_it_cannot_connect),
        cmocka_unit_test(rabbitmq_probe_tells_another_protocol),
        cmocka_unit_test(rabbitmq_probe_tells_a_refused_login),
        cmocka_unit_test(rabbitmq_goes_to_the_next_address),
        cmocka_unit_test(rabbitmq_probe_tells_what_is_wrong_with_tls),
        cmocka_unit_test(rabbitmq_carries_messages_over_tls),
    };

    return cmocka_run_group_tests(tests, start_brokers, stop_brokers);
}
