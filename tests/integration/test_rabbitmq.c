#include "check.h"

#include "bed.h"
#include "broker.h"
#include "file.h"
#include "revive.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker broker;
static struct errinfo missing;

static int start_broker(void **state)
{
    (void)state;
    (void)broker_start("rabbitmq", "", &broker, &missing);
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
    return bed_new("rabbitmq", broker.address);
}

static void assert_each_came_once(const struct bed *bed)
{
    for (uint32_t i = 0; i < bed->sent; i++) {
        if (bed->seen[i] != 1) {
            fail_msg("message %u came %u times", i, bed->seen[i]);
        }
    }
}

static void assert_broker_is_empty(void)
{
    struct errinfo error = {""};
    char queues[4096];

    assert_int_equal(broker_ask(&broker, "ctl", "list_queues name --no-table-headers", queues,
                                sizeof queues, &error),
                     0);
    assert_string_equal(queues, "");
    assert_int_equal(broker_ask(&broker, "ctl", "list_exchanges name --no-table-headers", queues,
                                sizeof queues, &error),
                     0);
    assert_null(strstr(queues, "millrace"));
}

static pid_t broker_pid(void)
{
    struct errinfo error = {""};
    char folder[512];
    char path[600];
    char line[32];

    assert_int_equal(broker_ask(&broker, "dir", NULL, folder, sizeof folder, &error), 0);
    (void)snprintf(path, sizeof path, "%s/rabbitmq.pid", folder);
    file_first_line(path, line, sizeof line);
    assert_true(strtol(line, NULL, 10) > 1);
    return (pid_t)strtol(line, NULL, 10);
}

static void rabbitmq_refuses_what_no_queue_takes_and_says_so(void **state)
{
    struct bed *bed = new_bed();
    uint32_t beyond;

    (void)state;
    bed_make(bed);
    bed_open(bed, 0, 1);
    bed->topic.partitions = 2; /* The second has no queue. */
    bed_open(bed, 1, 0);
    bed_send(bed, 500);
    beyond = bed->sent / 2;
    bed_settle(bed);
    bed_wait(bed, &bed->received, bed->acked);
    assert_int_equal(bed->refused, beyond);
    assert_int_equal(bed->acked, bed->sent - beyond);
    assert_non_null(strstr(bed->text, "NO_ROUTE"));
    for (uint32_t i = 0; i < bed->sent; i++) {
        assert_int_equal(bed->seen[i], i % 2 == 0);
    }
    bed->topic.partitions = 1;
    bed_free(bed);
}

static void rabbitmq_carries_messages_of_many_frames_without_blocking_poll(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->producer_config.message_bytes_max = 1500000;
    assert_int_equal(target_set_option(&bed->target, "frame_max", "4096"), 0);
    bed_make(bed);
    bed_open(bed, 1, 2);
    for (uint32_t i = 0; i < 12; i++) {
        static const uint32_t sizes[] = {12, 4088, 4089, 100000, 1500000, 300};

        while (bed_submit(bed, 0, 0, sizes[i % 6]) != 0) {
            (void)bed_poll(bed);
        }
        (void)bed_poll(bed);
    }
    bed_settle(bed);
    bed_wait(bed, &bed->received, bed->sent);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void rabbitmq_works_with_quorum_queues(void **state)
{
    struct bed *bed = new_bed();
    struct topic_list list = {.topics = &bed->topic, .topics_count = 1};
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(target_set_option(&bed->target, "queue_type", "quorum"), 0);
    bed->delivery.persistent = false;
    assert_int_equal(bed->ops->topics_create(&bed->target, &list, mono_ns() + BED_WAIT_NS, &error),
                     -ENOTSUP);
    bed->delivery.persistent = true;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 2000);
    bed_settle(bed);
    bed_wait(bed, &bed->received, bed->acked);
    assert_int_equal(bed->acked, bed->sent);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void rabbitmq_serves_hundreds_of_consumers_in_one_endpoint(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->topic.partitions = 200;
    bed_make(bed);
    bed_open(bed, 1, 200);
    bed_send(bed, 20000);
    bed_settle(bed);
    bed_wait(bed, &bed->received, bed->acked);
    assert_int_equal(bed->acked, bed->sent);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void rabbitmq_tells_that_it_was_written_where_there_are_no_confirms(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->delivery.publish_ack = PUBLISH_ACK_NONE;
    bed->delivery.persistent = false;
    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 5000);
    bed_settle(bed);
    assert_int_equal(bed->acked, bed->sent);
    bed_wait(bed, &bed->received, bed->sent);
    bed_free(bed);
}

static void rabbitmq_keeps_what_was_written_when_the_producer_closes_at_once(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->delivery.publish_ack = PUBLISH_ACK_NONE;
    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 5000);
    bed->ops->close(bed->producer);
    bed->producer = NULL;
    bed_wait(bed, &bed->received, bed->sent);
    assert_each_came_once(bed);
    bed_free(bed);
}

static void survive_a_crash(struct bed *bed)
{
    struct errinfo error = {""};
    uint32_t acked_before;

    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 3000);
    assert_int_equal(broker_kill(&broker, &error), 0);
    bed_wait(bed, &bed->downs, 2);
    bed_settle(bed);
    assert_int_equal(bed_submit(bed, 0, 0, 100), -EAGAIN);
    assert_int_equal(revive(bed->ops, bed->producer, &bed->producer_config, 0, &error), -EAGAIN);
    assert_non_null(strstr(error.text, "127.0.0.1"));
    assert_int_equal(broker_resume(&broker, &error), 0);
    bed_reopen(bed);
    bed_wait(bed, &bed->ups, 2);
    acked_before = bed->acked;
    bed_send(bed, 3000);
    bed_settle(bed);
    if (bed->acked != acked_before + 3000) {
        fail_msg("of 3000 only %u were acked: %s", bed->acked - acked_before, bed->text);
    }
    assert_int_equal(bed->acked + bed->refused + bed->unconfirmed, bed->sent);
    assert_int_equal(bed->downs, 2);
}

static void rabbitmq_loses_nothing_confirmed_when_it_crashes_and_comes_back(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->delivery.consume_ack = CONSUME_ACK_EACH;
    survive_a_crash(bed);
    bed_drain(bed);
    bed_free(bed);
}

static void rabbitmq_makes_transient_queues_again_after_a_crash(void **state)
{
    struct bed *bed = new_bed();

    (void)state;
    bed->delivery.persistent = false;
    survive_a_crash(bed);
    /* Those of before the crash are gone with their queue; that is what was asked for. */
    memset(bed->is_acked, 0, (bed->sent - 3000) * sizeof bed->is_acked[0]);
    bed_drain(bed);
    bed_free(bed);
}

/* Idle for several heartbeats: the broker must see ours, or it closes. */
static void rabbitmq_keeps_idle_connections(void **state)
{
    struct bed *bed = new_bed();
    int64_t until_ns;

    (void)state;
    assert_int_equal(target_set_option(&bed->target, "heartbeat", "1s"), 0);
    bed_make(bed);
    bed_open(bed, 1, 1);
    until_ns = mono_ns() + 5 * NS_PER_S;
    while (mono_ns() < until_ns) {
        (void)bed_poll(bed);
        mono_sleep_until(mono_ns() + 10 * NS_PER_MS);
    }
    assert_int_equal(bed->downs, 0);
    bed_send(bed, 10);
    bed_wait(bed, &bed->received, 10);
    bed_free(bed);
}

static void rabbitmq_notices_a_broker_that_is_silent(void **state)
{
    struct bed *bed = new_bed();
    pid_t pid;

    (void)state;
    assert_int_equal(target_set_option(&bed->target, "heartbeat", "1s"), 0);
    bed_make(bed);
    bed_open(bed, 1, 1);
    pid = broker_pid();
    assert_int_equal(kill(pid, SIGSTOP), 0);
    bed_wait(bed, &bed->downs, 2);
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_non_null(strstr(bed->text, "heartbeat"));
    assert_true(bed->poll_ns_max < NS_PER_S);
    bed_reopen(bed);
    bed_wait(bed, &bed->ups, 2);
    bed_send(bed, 10);
    bed_wait(bed, &bed->received, 10);
    bed_free(bed);
}

/* Memory alarm: the broker reads nothing more from who publishes. */
static void rabbitmq_says_full_while_the_broker_blocks_publishers(void **state)
{
    struct bed *bed = new_bed();
    struct errinfo error = {""};
    char output[256];
    int64_t deadline_ns = mono_ns() + BED_WAIT_NS;
    uint32_t refusals = 0;

    (void)state;
    bed_make(bed);
    bed_open(bed, 1, 1);
    bed_send(bed, 1);
    assert_int_equal(broker_ask(&broker, "ctl", "set_vm_memory_high_watermark 0.0001", output,
                                sizeof output, &error),
                     0);
    /* The first message after the alarm makes the broker say so. */
    while (refusals < 100 && mono_ns() < deadline_ns) {
        refusals =
            bed_submit(bed, 0, 0, 100) == -EAGAIN && !bed->outstanding[bed->sent % BED_TOKENS]
                ? refusals + 1
                : 0;
        (void)bed_poll(bed);
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    assert_int_equal(refusals, 100);
    assert_int_equal(bed->downs, 0);
    assert_int_equal(bed->says, 1); /* It was read, and kept from who asks why. */
    assert_string_equal(bed->said, "blocked: low on memory");
    assert_int_equal(broker_ask(&broker, "ctl", "set_vm_memory_high_watermark 0.4", output,
                                sizeof output, &error),
                     0);
    bed_send(bed, 100);
    bed_settle(bed);
    assert_int_equal(bed->acked, bed->sent);
    assert_string_equal(bed->said, "no longer blocked");
    bed_free(bed);
}

static void rabbitmq_clean_removes_what_a_killed_run_left(void **state)
{
    struct bed *left = new_bed();
    struct bed *kept = new_bed();
    struct topic_list list = {.topics = &left->topic, .topics_count = 1};
    struct errinfo error = {""};
    uint32_t removed = 0;

    (void)state;
    left->topic.partitions = 3;
    left->topic.subscriptions = 2;
    bed_make(left);
    bed_make(kept);
    assert_int_equal(
        left->ops->topics_create(&left->target, &list, mono_ns() + BED_WAIT_NS, &error), -EEXIST);
    bed_free(kept);
    assert_int_equal(left->ops->clean(&left->target, mono_ns() + BED_WAIT_NS, &removed, &error), 0);
    assert_int_equal(removed, 1);
    assert_int_equal(left->ops->clean(&left->target, mono_ns() + BED_WAIT_NS, &removed, &error), 0);
    assert_int_equal(removed, 0);
    assert_broker_is_empty();
    bed_free(left);
}

static void *make_and_remove(void *argument)
{
    int *failures = argument;

    for (int i = 0; i < 10; i++) {
        struct bed *bed = bed_new("rabbitmq", broker.address);
        struct topic_list list = {.topics = &bed->topic, .topics_count = 1};
        struct errinfo error = {""};
        int r = bed->ops->topics_create(&bed->target, &list, mono_ns() + BED_WAIT_NS, &error);

        if (r == 0) {
            r = bed->ops->topics_delete(&bed->target, &list, mono_ns() + BED_WAIT_NS, &error);
        }
        if (r < 0) {
            (void)fprintf(stderr, "%s\n", error.text);
            *failures += 1;
        }
        target_done(&bed->target);
        free(bed);
    }
    return NULL;
}

static void rabbitmq_keeps_its_ledger_right_when_runs_overlap(void **state)
{
    pthread_t threads[4];
    int failures[4] = {0};

    (void)state;
    bed_free(new_bed()); /* Skips if there is no broker. */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_and_remove, &failures[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
    assert_broker_is_empty();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rabbitmq_refuses_what_no_queue_takes_and_says_so),
        cmocka_unit_test(rabbitmq_carries_messages_of_many_frames_without_blocking_poll),
        cmocka_unit_test(rabbitmq_works_with_quorum_queues),
        cmocka_unit_test(rabbitmq_serves_hundreds_of_consumers_in_one_endpoint),
        cmocka_unit_test(rabbitmq_tells_that_it_was_written_where_there_are_no_confirms),
        cmocka_unit_test(rabbitmq_keeps_what_was_written_when_the_producer_closes_at_once),
        cmocka_unit_test(rabbitmq_loses_nothing_confirmed_when_it_crashes_and_comes_back),
        cmocka_unit_test(rabbitmq_makes_transient_queues_again_after_a_crash),
        cmocka_unit_test(rabbitmq_keeps_idle_connections),
        cmocka_unit_test(rabbitmq_notices_a_broker_that_is_silent),
        cmocka_unit_test(rabbitmq_says_full_while_the_broker_blocks_publishers),
        cmocka_unit_test(rabbitmq_clean_removes_what_a_killed_run_left),
        cmocka_unit_test(rabbitmq_keeps_its_ledger_right_when_runs_overlap),
    };

    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
