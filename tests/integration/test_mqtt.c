#include "check.h"

#include "bed.h"
#include "broker.h"
#include "revive.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct broker broker;
static struct errinfo missing;

static int start_broker(void **state)
{
    (void)state;
    (void)broker_start("mosquitto", "", &broker, &missing);
    return 0;
}

static int stop_broker(void **state)
{
    (void)state;
    broker_stop(&broker);
    return 0;
}

static struct bed *new_bed(void)
{
    if (missing.text[0] != '\0') {
        print_message("[  REASON  ] %s\n", missing.text);
        skip();
    }
    return bed_new(MQTT_DRIVER, broker.address);
}

static const char *broker_port(void)
{
    return strrchr(broker.address, ':') + 1;
}

/* 0, 1 or 2, for both directions. */
static void set_qos(struct bed *bed, int qos)
{
    bed->delivery.publish_ack = qos == 0 ? PUBLISH_ACK_NONE : PUBLISH_ACK_ALL;
    bed->delivery.consume_ack = qos == 0 ? CONSUME_ACK_NONE : CONSUME_ACK_EACH;
    assert_int_equal(target_set_option(&bed->target, "qos", qos == 2 ? "2" : "1"), 0);
}

static void assert_each_came_once(const struct bed *bed)
{
    for (uint32_t i = 0; i < bed->sent; i++) {
        if (bed->seen[i] != 1) {
            fail_msg("message %u came %u times", i, bed->seen[i]);
        }
    }
}

static void send_at(int qos)
{
    struct bed *bed = new_bed();

    set_qos(bed, qos);
    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 3000);
    bed_settle(bed);
    assert_int_equal(bed->acked, 3000);
    bed_wait(bed, &bed->received, 3000);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void mqtt_delivers_each_message_once_at_qos_0(void **state)
{
    (void)state;
    send_at(0);
}

static void mqtt_delivers_each_message_once_at_qos_1(void **state)
{
    (void)state;
    send_at(1);
}

static void mqtt_delivers_each_message_once_at_qos_2(void **state)
{
    (void)state;
    send_at(2);
}

/* mosquitto_sub, which knows nothing of us, prints a line per message. */
static void assert_reader_sees(struct bed *bed, int qos, const char *expected)
{
    char command[512];
    char line[256] = "";
    FILE *reader;

    bed->topic.partitions = 4;
    bed_make(bed);
    bed_open(bed, 1, 0);
    /* stdbuf: the line "Subscribed" must come before we send. */
    (void)snprintf(command, sizeof command,
                   "stdbuf -oL mosquitto_sub -d -V mqttv5 -p %s -q %d -t '%s/#' -C 4 -W 20 "
                   "-F '%%t %%l qos %%q expiry %%E retained %%r' 2>&1",
                   broker_port(), qos, bed->name);
    reader = popen(command, "re"); /* NOLINT(cert-env33-c): a fixed command. */
    assert_non_null(reader);
    while (fgets(line, sizeof line, reader) != NULL && strncmp(line, "Subscribed", 10) != 0) {
    }
    bed_send(bed, 4);
    bed_settle(bed);
    for (uint32_t i = 0; i < 4;) {
        char wanted[256];

        if (fgets(line, sizeof line, reader) == NULL) {
            fail_msg("the reader saw only %u messages", i);
        }
        if (strncmp(line, bed->name, strlen(bed->name)) == 0) {
            (void)snprintf(wanted, sizeof wanted, "%s/%u 100 %s\n", bed->name, i, expected);
            assert_string_equal(line, wanted);
            i++;
        }
    }
    (void)pclose(reader);
    bed_free(bed);
}

static void mqtt_publishes_what_an_independent_reader_understands(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    set_qos(bed, 2);
    bed->delivery.ttl_ns = 59100 * NS_PER_MS;
    assert_reader_sees(bed, 2, "qos 2 expiry 60 retained 0");
}

static void mqtt_publishes_at_qos_0_without_expiry(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    set_qos(bed, 0);
    assert_reader_sees(bed, 2, "qos 0 expiry  retained 0");
}

static void mqtt_gets_large_messages_through_a_full_socket(void **state)
{
    struct bed *bed = new_bed();
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;

    (void)state;
    set_qos(bed, 0);
    bed->producer_config.message_bytes_max = 200000;
    bed_make(bed);
    bed_open(bed, 1, 0);
    /* Nobody writes to this producer: without the waker paho sends 81 of them per second. */
    while (bed->sent < 4000 && mono_ns() < deadline_ns) {
        if (bed_submit(bed, 0, 0, 200000) != 0) {
            (void)bed_poll(bed);
        }
    }
    assert_int_equal(bed->sent, 4000);
    bed_settle(bed);
    assert_int_equal(bed->acked, 4000);
    bed_free(bed);
}

static void mqtt_keeps_what_a_worker_does_not_poll(void **state)
{
    struct bed *bed = new_bed();
    struct endpoint *consumer;

    (void)state;
    bed_make(bed);
    bed_open(bed, 1, 1);
    consumer = bed->consumer;
    bed->consumer = NULL;
    /* More than the inbox was made for. */
    bed_send(bed, 20000);
    bed_settle(bed);
    bed->consumer = consumer;
    bed_wait(bed, &bed->received, 20000);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void mqtt_opens_many_clients_at_once(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed_make(bed);
    bed_open(bed, BED_CLIENTS_MAX, BED_CLIENTS_MAX);
    for (uint32_t i = 0; i < 4 * BED_CLIENTS_MAX; i++) {
        while (bed_submit(bed, i % BED_CLIENTS_MAX, 0, 100) != 0) {
            (void)bed_poll(bed);
        }
    }
    bed_settle(bed);
    assert_int_equal(bed->acked, bed->sent);
    bed_wait(bed, &bed->received, bed->sent);
    assert_each_came_once(bed);
    bed_free(bed);
}

/* A client that takes the id of another throws it out. */
static void mqtt_notices_and_reopens_one_closed_connection_of_several(void **state)
{
    struct bed *bed = new_bed();
    char command[256];

    (void)state;
    bed_make(bed);
    bed_open(bed, 3, 1);
    bed_send(bed, 100);
    (void)snprintf(command, sizeof command,
                   "mosquitto_pub -V mqttv5 -p %s -i millrace-bed-0-0 -t nowhere -m x",
                   broker_port());
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command. */
    bed_wait(bed, &bed->downs, 1);
    /* The others go on. */
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(bed_submit(bed, 1 + i % 2, 0, 100), 0);
    }
    assert_int_equal(bed_submit(bed, 0, 0, 100), -EAGAIN);
    bed_settle(bed);
    bed_reopen(bed);
    bed_wait(bed, &bed->ups, 1);
    bed_send(bed, 100);
    bed_settle(bed);
    assert_int_equal(bed->downs, 1);
    assert_int_equal(bed->acked + bed->unconfirmed, 210);
    bed_drain(bed);
    bed_free(bed);
}

/* Kills the broker while messages flow, twice. bed asserts that each token has one outcome. */
static void outage_at(int qos)
{
    struct bed *bed = new_bed();
    struct errinfo error = {""};
    uint32_t before;

    if (!broker.ours) {
        bed_free(bed);
        skip();
    }
    set_qos(bed, qos);
    bed_make(bed);
    bed_open(bed, 3, 3);
    for (uint32_t round = 1; round <= 2; round++) {
        bed_send(bed, 2000);
        while (bed_submit(bed, bed->sent % 3, 0, 100) == 0) {
        }
        assert_int_equal(broker_kill(&broker, &error), 0);
        bed_wait(bed, &bed->downs, 6 * round);
        bed_settle(bed);
        assert_int_equal(revive(bed->ops, bed->producer, &bed->producer_config, 0, &error),
                         -EAGAIN);
        assert_non_null(strstr(error.text, broker.address));
        assert_int_equal(broker_resume(&broker, &error), 0);
        bed_reopen(bed);
        bed_wait(bed, &bed->ups, 6 * round);
        before = bed->sent;
        bed_send(bed, 2000);
        bed_settle(bed);
        for (uint32_t i = before; i < bed->sent; i++) {
            assert_true(bed->is_acked[i]);
        }
        while (bed->seen[bed->sent - 1] == 0) {
            bed_wait(bed, &bed->received, bed->received + 1);
        }
    }
    bed_free(bed);
}

static void mqtt_survives_a_killed_broker_at_qos_0(void **state)
{
    (void)state;
    outage_at(0);
}

static void mqtt_survives_a_killed_broker_at_qos_1(void **state)
{
    (void)state;
    outage_at(1);
}

static void mqtt_survives_a_killed_broker_at_qos_2(void **state)
{
    (void)state;
    outage_at(2);
}

/* How many connections of this process to the broker have Nagle's algorithm off, of how many. */
static void count_hurried(uint32_t *ret_hurried, uint32_t *ret_all)
{
    DIR *folder = opendir("/proc/self/fd");
    const struct dirent *entry;

    assert_non_null(folder);
    *ret_hurried = 0;
    *ret_all = 0;
    while ((entry = readdir(folder)) != NULL) {
        int fd = atoi(entry->d_name); /* NOLINT(cert-err34-c): "." gives 0, which is no socket. */
        struct sockaddr_in peer = {.sin_family = AF_UNSPEC};
        socklen_t bytes = sizeof peer;
        int on = 0;

        if (getpeername(fd, (struct sockaddr *)&peer, &bytes) < 0 || peer.sin_family != AF_INET ||
            ntohs(peer.sin_port) != strtoul(broker_port(), NULL, 10)) {
            continue;
        }
        bytes = sizeof on;
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &bytes), 0);
        *ret_hurried += on != 0;
        *ret_all += 1;
    }
    (void)closedir(folder);
}

static void mqtt_sends_small_packets_at_once_unless_told_not_to(void **state)
{
    uint32_t hurried = 0;
    uint32_t all = 0;
    struct bed *bed = new_bed();

    (void)state;
    bed_open(bed, 2, 1);
    count_hurried(&hurried, &all);
    assert_int_equal(all, 3);
    assert_int_equal(hurried, 3);
    bed_free(bed);
    bed = new_bed();
    assert_int_equal(target_set_option(&bed->target, "tcp_nodelay", "false"), 0);
    bed_open(bed, 2, 1);
    count_hurried(&hurried, &all);
    assert_int_equal(all, 3);
    assert_int_equal(hurried, 0);
    bed_free(bed);
}

static void mqtt_leaves_no_connection_and_no_descriptor_behind(void **state)
{
    uint32_t hurried = 0;
    uint32_t all = 0;
    uint32_t before = 0;
    struct bed *bed = new_bed();

    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        DIR *folder;
        uint32_t count = 0;

        bed_open(bed, 3, 3);
        bed_send(bed, 500);
        bed->ops->close(bed->producer);
        bed->ops->close(bed->consumer);
        bed->producer = NULL;
        bed->consumer = NULL;
        memset(bed->outstanding, 0, sizeof bed->outstanding);
        folder = opendir("/proc/self/fd");
        assert_non_null(folder);
        while (readdir(folder) != NULL) {
            count++;
        }
        (void)closedir(folder);
        assert_true(round == 0 || count == before);
        before = count;
    }
    count_hurried(&hurried, &all);
    assert_int_equal(all, 0);
    bed_free(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mqtt_delivers_each_message_once_at_qos_0),
        cmocka_unit_test(mqtt_delivers_each_message_once_at_qos_1),
        cmocka_unit_test(mqtt_delivers_each_message_once_at_qos_2),
        cmocka_unit_test(mqtt_publishes_what_an_independent_reader_understands),
        cmocka_unit_test(mqtt_publishes_at_qos_0_without_expiry),
        cmocka_unit_test(mqtt_gets_large_messages_through_a_full_socket),
        cmocka_unit_test(mqtt_keeps_what_a_worker_does_not_poll),
        cmocka_unit_test(mqtt_opens_many_clients_at_once),
        cmocka_unit_test(mqtt_notices_and_reopens_one_closed_connection_of_several),
        cmocka_unit_test(mqtt_survives_a_killed_broker_at_qos_0),
        cmocka_unit_test(mqtt_survives_a_killed_broker_at_qos_1),
        cmocka_unit_test(mqtt_survives_a_killed_broker_at_qos_2),
        cmocka_unit_test(mqtt_sends_small_packets_at_once_unless_told_not_to),
        cmocka_unit_test(mqtt_leaves_no_connection_and_no_descriptor_behind),
    };

    return cmocka_run_group_tests_name("integration_mqtt", tests, start_broker, stop_broker);
}
