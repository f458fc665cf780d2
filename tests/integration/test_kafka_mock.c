/* librdkafka's mock cluster as a stand-in where no real Kafka can be had: it listens on loopback,
 * has no CreateTopics and answers an empty fetch only when its time is over. */
#include "check.h"

#include "bed.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;

static int start_cluster(void **state)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[256];

    (void)state;
    (void)rd_kafka_conf_set(conf, "log_level", "0", reason, sizeof reason);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof reason);
    assert_non_null(host);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    return cluster == NULL ? -1 : 0;
}

static int stop_cluster(void **state)
{
    (void)state;
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    return 0;
}

static struct bed *new_bed(uint32_t partitions)
{
    struct bed *bed = bed_new("kafka", rd_kafka_mock_cluster_bootstraps(cluster));

    assert_int_equal(target_set_option(&bed->target, "fetch_wait", "10ms"), 0);
    bed->topic.partitions = partitions;
    return bed;
}

static void send_and_receive(struct bed *bed, uint32_t producers, uint32_t consumers)
{
    bed_make(bed);
    bed_open(bed, producers, consumers);
    bed_send(bed, 2000);
    bed_settle(bed);
    bed_wait(bed, &bed->received, 2000);
    assert_int_equal(bed->acked, 2000);
    for (uint32_t i = 0; i < 2000; i++) {
        assert_int_equal(bed->seen[i], 1);
    }
    bed_free(bed);
}

static void probe_finds_the_mock_cluster(void **state)
{
    struct bed *bed = new_bed(1);
    struct probe probe = {.failure = PROBE_OTHER};
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(bed->ops->probe(&bed->target, mono_ns() + 5 * NS_PER_S, &probe, &error), 0);
    assert_int_equal(probe.failure, PROBE_OK);
    target_done(&bed->target);
    free(bed);
}

static void topics_appear_when_they_are_asked_for(void **state)
{
    (void)state;
    send_and_receive(new_bed(4), 1, 1);
}

static void a_topic_with_fewer_partitions_than_wanted_is_refused(void **state)
{
    struct bed *bed = new_bed(5); /* The mock makes four. */
    struct topic_list list = {.topics = &bed->topic, .topics_count = 1};
    struct errinfo error = {""};

    (void)state;
    assert_true(bed->ops->topics_create(&bed->target, &list, mono_ns() + NS_PER_S, &error) < 0);
    target_done(&bed->target);
    free(bed);
}

static void competing_consumers_get_each_message_once(void **state)
{
    (void)state;
    send_and_receive(new_bed(4), 2, 2);
}

static void fixed_assignment_needs_no_group(void **state)
{
    struct bed *bed = new_bed(4);

    (void)state;
    assert_int_equal(target_set_option(&bed->target, "assign", "fixed"), 0);
    send_and_receive(bed, 1, 3);
}

static void commits_are_answered(void **state)
{
    struct bed *bed = new_bed(4);

    (void)state;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    send_and_receive(bed, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probe_finds_the_mock_cluster),
        cmocka_unit_test(topics_appear_when_they_are_asked_for),
        cmocka_unit_test(a_topic_with_fewer_partitions_than_wanted_is_refused),
        cmocka_unit_test(competing_consumers_get_each_message_once),
        cmocka_unit_test(fixed_assignment_needs_no_group),
        cmocka_unit_test(commits_are_answered),
    };

    return cmocka_run_group_tests_name("kafka mock", tests, start_cluster, stop_cluster);
}
