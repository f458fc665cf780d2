/* What never came, placed in time. */
#include "check.h"

#include "delivery_inner.h"

#include <stdlib.h>
#include <string.h>

#define MS INT64_C(1000000)
#define PHASE_START_NS (100 * MS)
#define UNTIL_NS (100 * INTERVAL_NS)

struct bench {
    struct assigned_flow flow;
    struct assigned_producer producer;
    struct delivery_audit *audit;
    uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    struct delivery_end end;
    uint64_t count; /* What was told. */
    uint64_t calls;
    int64_t least_ns;
    int64_t most_ns;
    double sum_ns;
};

static void init(struct bench *bench, uint32_t subscriptions, int64_t ttl_ns)
{
    memset(bench, 0, sizeof *bench);
    bench->flow = (struct assigned_flow){.topics_count = 1,
                                         .partitions = 1,
                                         .producers_count = 1,
                                         .subscriptions_count = subscriptions,
                                         .consumers_count = 1,
                                         .streams_count = 1,
                                         .delivery = {.ttl_ns = ttl_ns}};
    bench->producer = (struct assigned_producer){.topic_stride = 1, .topics_count = 1};
    const struct delivery_tables tables = {.flows = &bench->flow,
                                           .flows_count = 1,
                                           .phases_count = 2,
                                           .producers = &bench->producer,
                                           .producers_count = 1};
    bench->end = (struct delivery_end){.ended_ns = UNTIL_NS, .unaccounted = bench->unaccounted};
    assert_int_equal(delivery_new(&tables, &bench->audit, NULL), 0);
}

/* An interval: first .. last were sent in phase 0, the last of them due at intended_ns. */
static void send_timed(struct bench *bench, uint64_t last, int64_t intended_ns, int64_t until_ns)
{
    struct stream_range range = {.end = last + 1, .intended_ns = intended_ns};
    const struct snapshot snapshot = {.ranges = &range, .ranges_count = 1, .until_ns = until_ns};

    assert_int_equal(delivery_add(bench->audit, &snapshot, NULL), 0);
}

enum fate { ACKED, REFUSED, UNCONFIRMED };

static void settle(struct bench *bench, enum fate fate, uint64_t first, uint64_t last)
{
    struct stream_delta stream = {.stream = 0};
    struct seqruns *const lists[] = {&stream.acked, &stream.refused, &stream.unconfirmed};
    const struct snapshot snapshot = {.streams = &stream, .streams_count = 1};

    assert_int_equal(seqruns_add(lists[fate], first, last), 0);
    assert_int_equal(delivery_add(bench->audit, &snapshot, NULL), 0);
    seqruns_done(lists[fate]);
}

static void see(struct bench *bench, uint32_t subscription, uint64_t first, uint64_t last)
{
    struct reading_delta reading = {.subscription = subscription};
    const struct snapshot snapshot = {.readings = &reading, .readings_count = 1};

    assert_int_equal(seqruns_add(&reading.seen, first, last), 0);
    assert_int_equal(delivery_add(bench->audit, &snapshot, NULL), 0);
    seqruns_done(&reading.seen);
}

static void take(void *context, int64_t waited_ns, uint64_t n)
{
    struct bench *bench = context;

    bench->least_ns =
        bench->calls == 0 || waited_ns < bench->least_ns ? waited_ns : bench->least_ns;
    bench->most_ns = waited_ns > bench->most_ns ? waited_ns : bench->most_ns;
    bench->sum_ns += (double)waited_ns * (double)n;
    bench->count += n;
    bench->calls++;
}

static void ask(struct bench *bench, const struct delivery_end *end)
{
    const struct delivery_wait wait = {.phase_start_ns = PHASE_START_NS,
                                       .phase_end_ns = PHASE_START_NS + 10 * INTERVAL_NS,
                                       .until_ns = UNTIL_NS,
                                       .take = take,
                                       .context = bench};

    bench->count = 0;
    bench->calls = 0;
    bench->least_ns = 0;
    bench->most_ns = 0;
    bench->sum_ns = 0.0;
    assert_int_equal(delivery_wait(bench->audit, &wait, end, NULL), 0);
}

static int64_t due_ns(uint64_t sequence)
{
    return PHASE_START_NS + (int64_t)sequence * MS;
}

/* 1000/s for 10 s, told by the second. */
static void send_ten_seconds(struct bench *bench)
{
    for (int64_t s = 1; s <= 10; s++) {
        send_timed(bench, (uint64_t)s * 1000 - 1, due_ns((uint64_t)s * 1000 - 1),
                   PHASE_START_NS + s * INTERVAL_NS);
    }
}

static void a_lost_message_was_waited_for_since_it_was_due(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_ten_seconds(&bench);
    settle(&bench, ACKED, 0, 9999);
    see(&bench, 0, 0, 2344);
    see(&bench, 0, 2346, 9999);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 1);
    assert_in_range(bench.most_ns, UNTIL_NS - due_ns(2345) - 2, UNTIL_NS - due_ns(2345) + 2);
    ask(&bench, NULL);
    assert_int_equal(bench.count, 0);
    delivery_free(bench.audit);
}

/* Sent late, all in one interval: when they were due counts, not when they were sent. */
static void messages_sent_in_a_burst_are_placed_where_they_were_due(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_timed(&bench, 999, due_ns(999), PHASE_START_NS + INTERVAL_NS);
    send_timed(&bench, 9999, due_ns(9999), PHASE_START_NS + 10 * INTERVAL_NS);
    settle(&bench, ACKED, 0, 9999);
    see(&bench, 0, 0, 4999);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 5000);
    assert_in_range(bench.least_ns, UNTIL_NS - due_ns(9999), UNTIL_NS - due_ns(9999) + 2);
    assert_in_range(bench.most_ns, UNTIL_NS - due_ns(5000) - 20 * MS, UNTIL_NS - due_ns(5000));
    assert_true(bench.calls <= 256);
    delivery_free(bench.audit);
}

static void each_subscription_waits_for_itself(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 3, 0);
    send_ten_seconds(&bench);
    settle(&bench, ACKED, 0, 9999);
    see(&bench, 0, 0, 9999);
    see(&bench, 1, 0, 9899);
    ask(&bench, &bench.end); /* 100 of the second, all of the third. */
    assert_int_equal(bench.count, 10100);
    bench.unaccounted[2] = 1; /* A consumer's agent was lost: nobody knows. */
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 100);
    bench.flow.consumers_count = 0; /* Nobody waits. */
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 0);
    delivery_free(bench.audit);
}

static void refused_messages_are_not_waited_for_and_unconfirmed_ones_are(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_ten_seconds(&bench);
    settle(&bench, ACKED, 0, 9899);
    settle(&bench, REFUSED, 9900, 9949);
    settle(&bench, UNCONFIRMED, 9950, 9999);
    see(&bench, 0, 0, 9899);
    see(&bench, 0, 9950, 9959); /* Arrived all the same. */
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 40);
    assert_in_range(bench.most_ns, UNTIL_NS - due_ns(9960) - 2, UNTIL_NS - due_ns(9960) + 2);
    ask(&bench, NULL);
    assert_int_equal(bench.count, 50);
    delivery_free(bench.audit);
}

static void expired_messages_are_not_waited_for(void **state)
{
    struct bench bench;
    uint64_t expired;
    const struct delivery_question all = {DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL,
                                          DELIVERY_ALL};
    struct delivery_counts counts = {0};

    (void)state;
    init(&bench, 1, UNTIL_NS - PHASE_START_NS - 5 * INTERVAL_NS);
    send_ten_seconds(&bench);
    settle(&bench, ACKED, 0, 9999);
    see(&bench, 0, 0, 999);
    delivery_count(bench.audit, &all, &bench.end, &counts);
    expired = counts.expired;
    assert_int_equal(expired, 4000);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, counts.lost);
    assert_int_equal(bench.count + expired, 9000);
    delivery_free(bench.audit);
}

/* Two thousand times were told, and there is memory for 128. */
static void a_long_phase_is_interpolated_between_fewer_times(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    for (uint64_t i = 1; i <= 2000; i++) {
        send_timed(&bench, i * 40 - 1, due_ns(i * 40 - 1), due_ns(i * 40));
    }
    settle(&bench, ACKED, 0, 79999);
    see(&bench, 0, 0, 39998);
    see(&bench, 0, 40000, 79999);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 1);
    assert_in_range(bench.most_ns, UNTIL_NS - due_ns(39999) - 2, UNTIL_NS - due_ns(39999) + 2);
    delivery_free(bench.audit);
}

/* Interrupted, and due a moment after that: nobody waits for less than no time. */
static void what_was_due_after_the_end_was_waited_for_no_time(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_timed(&bench, 0, UNTIL_NS + MS, UNTIL_NS + MS);
    settle(&bench, UNCONFIRMED, 0, 0);
    ask(&bench, NULL);
    assert_int_equal(bench.count, 1);
    assert_int_equal(bench.most_ns, 0);
    delivery_free(bench.audit);
}

/* Journals of before say nothing of times. */
static void without_times_messages_are_spread_over_their_phase(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_timed(&bench, 9999, RANGE_TIME_UNKNOWN, PHASE_START_NS + INTERVAL_NS);
    settle(&bench, ACKED, 0, 9999);
    see(&bench, 0, 0, 4999);
    see(&bench, 0, 5001, 9999);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 1);
    assert_in_range(bench.most_ns, UNTIL_NS - due_ns(5000) - MS, UNTIL_NS - due_ns(5000) + MS);
    delivery_free(bench.audit);
}

static void every_second_message_lost_is_told_to_the_last(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_timed(&bench, 99999, PHASE_START_NS + 10 * INTERVAL_NS, PHASE_START_NS + INTERVAL_NS);
    settle(&bench, ACKED, 0, 99999);
    for (uint64_t seq = 0; seq < 100000; seq += 2) {
        see(&bench, 0, seq, seq);
    }
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 50000);
    assert_true(bench.sum_ns / 50000.0 < (double)(UNTIL_NS - PHASE_START_NS - 4990 * MS));
    assert_true(bench.sum_ns / 50000.0 > (double)(UNTIL_NS - PHASE_START_NS - 5010 * MS));
    delivery_free(bench.audit);
}

/* A run keeps its trials: times of a thousand streams and three phases in a hundred trials were 600
 * MB. */
static void of_what_came_no_times_are_kept_and_of_what_did_not_all_are(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 2, 0);
    send_ten_seconds(&bench);
    settle(&bench, ACKED, 0, 9999);
    see(&bench, 0, 0, 9999);
    see(&bench, 1, 0, 4999);
    see(&bench, 1, 5001, 9999);
    delivery_settle(bench.audit);
    assert_int_equal(bench.audit->streams[0].ranges[0].knots_count, 10);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 1);
    assert_int_equal(bench.most_ns, UNTIL_NS - due_ns(5000));
    see(&bench, 1, 5000, 5000);
    delivery_settle(bench.audit);
    assert_null(bench.audit->streams[0].ranges[0].knots);
    ask(&bench, &bench.end);
    assert_int_equal(bench.count, 0);
    delivery_free(bench.audit);
}

static void times_of_a_message_that_was_never_confirmed_are_kept(void **state)
{
    struct bench bench;

    (void)state;
    init(&bench, 1, 0);
    send_ten_seconds(&bench);
    settle(&bench, ACKED, 0, 9998);
    settle(&bench, UNCONFIRMED, 9999, 9999);
    see(&bench, 0, 0, 9998);
    delivery_settle(bench.audit);
    ask(&bench, NULL);
    assert_int_equal(bench.count, 1);
    assert_int_equal(bench.most_ns, UNTIL_NS - due_ns(9999));
    delivery_free(bench.audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_message_was_waited_for_since_it_was_due),
        cmocka_unit_test(messages_sent_in_a_burst_are_placed_where_they_were_due),
        cmocka_unit_test(each_subscription_waits_for_itself),
        cmocka_unit_test(refused_messages_are_not_waited_for_and_unconfirmed_ones_are),
        cmocka_unit_test(expired_messages_are_not_waited_for),
        cmocka_unit_test(a_long_phase_is_interpolated_between_fewer_times),
        cmocka_unit_test(what_was_due_after_the_end_was_waited_for_no_time),
        cmocka_unit_test(without_times_messages_are_spread_over_their_phase),
        cmocka_unit_test(every_second_message_lost_is_told_to_the_last),
        cmocka_unit_test(of_what_came_no_times_are_kept_and_of_what_did_not_all_are),
        cmocka_unit_test(times_of_a_message_that_was_never_confirmed_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
