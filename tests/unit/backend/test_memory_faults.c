/* The memory broker is the known truth that other tests measure against, so its faults are exact:
 * these messages, this often, in this order. */
#include "memory_bench.h"
#include "memory_broker_inner.h"
#include "mono.h"

#include <errno.h>
#include <string.h>

static struct bench bench;

static int close_bench(void **state)
{
    (void)state;
    bench_close(&bench);
    return 0;
}

/* What consumer 0 and the others get of numbers 1 .. last. */
static void assert_gets(uint32_t consumer, const uint64_t *expected, int expected_count)
{
    assert_int_equal(bench_poll(&bench, consumer), expected_count);
    for (int i = 0; i < expected_count; i++) {
        assert_true(bench_number(&bench, i) == expected[i]);
    }
}

static void lose_every_loses_each_nth_message_of_every_subscription(void **state)
{
    static const uint64_t expected[] = {1, 2, 4, 5, 7, 8, 10};
    struct bench_spec spec = {.subscriptions = 2, .options = {"lose_every", "3"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 10);
    assert_int_equal(bench.outcomes[EVENT_ACKED], 10); /* Confirmed, and lost. */
    assert_gets(0, expected, 7);
    assert_gets(1, expected, 7);
}

/* To the nanosecond, as searches for it are tested against it. */
static void capacity_serves_one_message_after_another(void **state)
{
    const struct memory_rules rules = {.queue_bytes = 1 << 20, .capacity = 30000};
    struct memory_topic *topic;
    struct memory_message message = {.bytes = "", .bytes_count = 0};
    int64_t first_ns;
    int64_t begin_ns;

    (void)state;
    assert_int_equal(memory_topic_create("memory", "millrace-served", 1, 1, &rules, NULL), 0);
    topic = memory_topic_get("memory", "millrace-served");
    begin_ns = mono_ns();
    assert_int_equal(memory_publish(&topic->partitions[0], &message, 1), 1);
    first_ns = message.published_ns;
    assert_true(first_ns >= begin_ns + 33333 && first_ns <= mono_ns() + 33333);
    for (int64_t i = 1; i <= 9000; i++) {
        /* So that it is always busy, however long this loop takes. */
        topic->partitions[0].served_ns += NS_PER_S;
        assert_int_equal(memory_publish(&topic->partitions[0], &message, 1), 1);
        assert_int_equal(message.published_ns,
                         first_ns - 33333 + i * NS_PER_S + (i + 1) * NS_PER_S / 30000);
    }
    memory_topic_put(topic);
    memory_topic_delete("memory", "millrace-served");
}

static void what_was_not_served_yet_is_not_delivered(void **state)
{
    struct bench_spec spec = {.options = {"capacity", "1"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 3);
    assert_int_equal(bench.outcomes[EVENT_ACKED], 3);
    assert_int_equal(bench_poll(&bench, 0), 0);
}

static void duplicate_every_delivers_each_nth_message_twice(void **state)
{
    static const uint64_t expected[] = {1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9};
    struct bench_spec spec = {.options = {"duplicate_every", "4"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 9);
    assert_gets(0, expected, 11);
}

static void reorder_every_swaps_each_nth_message_with_the_next(void **state)
{
    static const uint64_t expected[] = {1, 2, 4, 3, 5, 7, 6, 8, 10, 9};
    struct bench_spec spec = {.options = {"reorder_every", "3"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 10);
    assert_gets(0, expected, 10);
}

static void faults_count_the_messages_of_each_partition(void **state)
{
    struct bench_spec spec = {.partitions = 2, .options = {"lose_every", "2"}};
    uint32_t partitions[2] = {0, 0};

    (void)state;
    bench_open(&bench, &spec);
    for (uint64_t number = 1; number <= 9; number++) {
        assert_int_equal(bench_submit(&bench, number, number <= 6 ? 0 : 1), 0);
    }
    assert_int_equal(bench_poll(&bench, 0), 3 + 2);
    for (int i = 0; i < 5; i++) {
        partitions[bench.events[i].partition]++;
    }
    assert_int_equal(partitions[0], 3);
    assert_int_equal(partitions[1], 2);
}

static void corrupt_every_flips_one_bit_of_each_nth_message(void **state)
{
    struct bench_spec spec = {.options = {"corrupt_every", "5"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 100);
    assert_int_equal(bench_poll(&bench, 0), 100);
    for (uint64_t i = 0; i < 100; i++) {
        struct bench_message read;
        struct bench_message sent = {i + 1, ~(i + 1)};
        int bits;

        assert_int_equal(bench.events[i].bytes_count, sizeof read);
        memcpy(&read, bench.events[i].bytes, sizeof read);
        bits = __builtin_popcountll(read.number ^ sent.number) +
               __builtin_popcountll(read.check ^ sent.check);
        assert_int_equal(bits, (i + 1) % 5 == 0 ? 1 : 0);
    }
}

static void refuse_every_refuses_each_nth_message_and_takes_it_nowhere(void **state)
{
    static const uint64_t expected[] = {1, 2, 3, 5, 6, 7, 9};
    struct bench_spec spec = {.options = {"refuse_every", "4"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 9);
    assert_int_equal(bench.outcomes[EVENT_ACKED], 7);
    assert_int_equal(bench.outcomes[EVENT_REFUSED], 2);
    assert_gets(0, expected, 7);
}

static void faults_together_each_keep_their_count(void **state)
{
    static const uint64_t expected[] = {1, 2, 4, 4, 5, 7, 8, 8, 10};
    struct bench_spec spec = {.options = {"lose_every", "3", "duplicate_every", "4"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 10);
    assert_gets(0, expected, 9);
}

static void a_full_queue_of_one_subscription_takes_nothing_into_any(void **state)
{
    /* A message counts at least 40 bytes against the limit: 102 of them. */
    struct bench_spec spec = {.subscriptions = 2, .options = {"queue_bytes", "4096"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 102);
    assert_int_equal(bench_submit(&bench, 103, 0), -EAGAIN);
    assert_int_equal(bench_poll(&bench, 0), 102);
    assert_int_equal(bench_poll(&bench, 0), 0); /* Ends what the first poll gave. */
    assert_int_equal(bench_submit(&bench, 103, 0), -EAGAIN);
    assert_int_equal(bench_poll(&bench, 0), 0);
    assert_int_equal(bench_poll(&bench, 1), 102);
    assert_int_equal(bench_poll(&bench, 1), 0);
    assert_int_equal(bench_submit(&bench, 103, 0), 0);
    assert_gets(0, (const uint64_t[]){103}, 1);
    assert_gets(1, (const uint64_t[]){103}, 1);
}

static void a_refused_submit_does_not_count_for_the_faults(void **state)
{
    struct bench_spec spec = {
        .options = {"queue_bytes", "4096", "refuse_every", "104", "lose_every", "103"}};

    (void)state;
    bench_open(&bench, &spec);
    bench_send(&bench, 1, 102);
    assert_int_equal(bench_submit(&bench, 103, 0), 0); /* Lost: it needs no room. */
    assert_int_equal(bench_submit(&bench, 104, 0), 0); /* Refused by the broker. */
    for (int i = 0; i < 5; i++) {
        assert_int_equal(bench_submit(&bench, 105, 0), -EAGAIN);
    }
    assert_int_equal(bench_poll(&bench, 0), 102);
    assert_int_equal(bench_poll(&bench, 0), 0);
    assert_int_equal(bench_submit(&bench, 105, 0), 0);
    assert_gets(0, (const uint64_t[]){105}, 1);
    while (bench_poll_producer(&bench) > 0) {
    }
    assert_int_equal(bench.outcomes[EVENT_REFUSED], 1);
    assert_int_equal(bench.outcomes[EVENT_ACKED], 104);
}

static void a_batch_counts_for_the_faults_message_by_message(void **state)
{
    static const uint64_t first[] = {1, 3, 5, 9, 9, 11, 13, 15, 17, 17, 19};
    static const uint64_t second[] = {2, 4, 6, 8, 8, 10, 12, 16, 18, 18, 20};
    struct bench_spec spec = {
        .partitions = 2,
        .options = {"refuse_every", "7", "lose_every", "10", "duplicate_every", "4"}};
    uint32_t counts[2] = {0};

    (void)state;
    bench_open(&bench, &spec);
    assert_int_equal(bench_submit_batch(&bench, 1, 22), 22);
    while (bench_poll_producer(&bench) > 0) {
    }
    assert_int_equal(bench.outcomes[EVENT_REFUSED], 3);
    assert_int_equal(bench.outcomes[EVENT_ACKED], 19);
    (void)bench_poll(&bench, 0);
    for (int i = 0; i < bench.events_count; i++) {
        uint32_t partition = bench.events[i].partition;
        const uint64_t *expected = partition == 0 ? first : second;

        assert_true(bench_number(&bench, i) == expected[counts[partition]++]);
    }
}

static void a_batch_is_taken_up_to_the_first_that_a_queue_has_no_room_for(void **state)
{
    struct bench_spec spec = {.subscriptions = 2, .options = {"queue_bytes", "4096"}};

    (void)state;
    bench_open(&bench, &spec);
    assert_int_equal(bench_submit_batch(&bench, 1, 64), 64);
    assert_int_equal(bench_submit_batch(&bench, 65, 64), 102 - 64);
    assert_int_equal(bench_submit_batch(&bench, 103, 10), 0);
    for (uint32_t consumer = 0; consumer < 2; consumer++) {
        assert_int_equal(bench_poll(&bench, consumer), 102);
        assert_int_equal(bench_poll(&bench, consumer), 0);
    }
    assert_int_equal(bench_submit_batch(&bench, 103, 10), 10);
    while (bench_poll_producer(&bench) > 0) {
    }
    assert_int_equal(bench.outcomes[EVENT_ACKED], 112);
    for (uint32_t consumer = 0; consumer < 2; consumer++) {
        assert_int_equal(bench_poll(&bench, consumer), 10);
        assert_true(bench_number(&bench, 0) == 103 && bench_number(&bench, 9) == 112);
    }
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, NULL, close_bench)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lose_every_loses_each_nth_message_of_every_subscription),
        cmocka_unit_test(capacity_serves_one_message_after_another),
        CASE(what_was_not_served_yet_is_not_delivered),
        CASE(duplicate_every_delivers_each_nth_message_twice),
        CASE(reorder_every_swaps_each_nth_message_with_the_next),
        CASE(faults_count_the_messages_of_each_partition),
        CASE(corrupt_every_flips_one_bit_of_each_nth_message),
        CASE(refuse_every_refuses_each_nth_message_and_takes_it_nowhere),
        CASE(faults_together_each_keep_their_count),
        CASE(a_full_queue_of_one_subscription_takes_nothing_into_any),
        CASE(a_refused_submit_does_not_count_for_the_faults),
        CASE(a_batch_counts_for_the_faults_message_by_message),
        CASE(a_batch_is_taken_up_to_the_first_that_a_queue_has_no_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
