/* Memory of the audit that must not grow as long as a run goes on. */
#include "small_delivery.h"

#include "random.h"

/* A day of a stream with a ttl of ten seconds: it was a list of all its seconds. */
static void only_the_last_seconds_of_a_ttl_are_remembered(void **state)
{
    static const uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    const struct delivery_question all = {DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL,
                                          DELIVERY_ALL};
    struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit;

    (void)state;
    flow.delivery.ttl_ns = 10 * INTERVAL_NS;
    audit = small_audit_of(&flow);
    for (uint32_t second = 0; second < 86400; second++) {
        struct stream_delta stream = {0};
        struct stream_range range = {.end = 3 * (second + 1)};
        struct snapshot snapshot = {.streams = &stream,
                                    .streams_count = 1,
                                    .ranges = &range,
                                    .ranges_count = 1,
                                    .until_ns = (second + 1) * INTERVAL_NS};

        assert_int_equal(seqruns_add(&stream.acked, 3 * second, 3 * second + 2), 0);
        assert_int_equal(delivery_add(audit, &snapshot, NULL), 0);
        seqruns_done(&stream.acked);
        assert_true(audit->streams[0].progress_capacity <= 32);
        if (second % 1000 == 999) {
            const struct delivery_end end = {.ended_ns = (second + 1) * INTERVAL_NS,
                                             .unaccounted = unaccounted};
            struct delivery_counts counts = {0};

            delivery_count(audit, &all, &end, &counts);
            assert_int_equal(counts.expired, 3 * (second + 1 - 10));
            assert_int_equal(counts.lost, 30);
        }
    }
    delivery_free(audit);
}

/* Every second message came twice: their list grew by 16 bytes for each, as long as the run went
 * on.
 */
static void copies_take_bits_rather_than_a_list(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);
    const uint64_t messages = 400000;
    const struct reading *reading;

    (void)state;
    assert_int_equal(small_add_sent(audit, 0, messages - 1), 0);
    assert_int_equal(small_add_read(audit, 0, 0, 0, messages - 1), 0);
    for (uint64_t seq = 0; seq < messages; seq += 2) {
        assert_int_equal(small_add_read(audit, 0, 1, seq, seq), 0);
    }
    assert_int_equal(small_add_read(audit, 0, 1, 0, 9), 0); /* Five for the third time. */
    assert_int_equal(small_count_all(audit).duplicated, messages / 2 + 10);
    reading = delivery_reading(audit, 0, 0);
    assert_true(seqset_bytes(reading->again) < messages / 4);
    assert_int_equal(copies_count(&reading->more_again, 0, messages), 5);
    delivery_free(audit);
}

/* A queue that gives back what is rejected: each copy from the third on took 16 bytes, without a
 * bound. */
static void a_message_that_comes_again_without_end_takes_the_memory_of_one(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);
    const uint32_t turns = 20000;
    const struct reading *reading;

    (void)state;
    assert_int_equal(small_add_sent(audit, 0, 99), 0);
    assert_int_equal(small_add_read(audit, 0, 0, 0, 99), 0);
    for (uint32_t i = 0; i < turns; i++) {
        for (uint64_t seq = 10; seq < 40; seq += 10) {
            assert_int_equal(small_add_read(audit, 0, 0, seq, seq), 0);
        }
    }
    assert_int_equal(small_count_all(audit).duplicated, 3 * turns);
    reading = delivery_reading(audit, 0, 0);
    assert_int_equal(copies_count(&reading->more_again, 10, 30), 2 * (turns - 1));
    assert_true(reading->more_again.runs_capacity < 100);
    delivery_free(audit);
}

static void copies_are_counted_number_by_number(void **state)
{
    enum { NUMBERS = 200 };
    struct random random;
    struct copies copies = {0};
    uint64_t times[NUMBERS] = {0};
    uint64_t all = 0;

    (void)state;
    random_seed(&random, 7);
    for (uint32_t i = 0; i < 5000; i++) {
        uint64_t first = random_next(&random) % NUMBERS;
        uint64_t last = first + random_next(&random) % (NUMBERS - first);

        assert_int_equal(copies_add(&copies, first, last), 0);
        for (uint64_t seq = first; seq <= last; seq++) {
            times[seq]++;
            all++;
        }
    }
    for (uint64_t seq = 0; seq < NUMBERS; seq++) {
        assert_int_equal(copies_count(&copies, seq, seq + 1), times[seq]);
    }
    assert_int_equal(copies_count(&copies, 0, NUMBERS), all);
    assert_true(copies.runs_capacity <= 4 * NUMBERS);
    copies_done(&copies);
}

/* Above a gap a set takes memory for what is missing. */
static void copies_far_beyond_the_others_are_counted_and_take_no_set(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);
    const uint64_t messages = UINT64_C(1) << 34;

    (void)state;
    assert_int_equal(small_add_sent(audit, 0, messages - 1), 0);
    assert_int_equal(small_add_read(audit, 0, 0, 0, messages - 1), 0);
    assert_int_equal(small_add_read(audit, 0, 1, 1, messages - 1), 0);
    assert_true(small_count_all(audit).duplicated == messages - 1);
    assert_true(seqset_bytes(delivery_reading(audit, 0, 0)->again) < 1000);
    delivery_free(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_last_seconds_of_a_ttl_are_remembered),
        cmocka_unit_test(copies_take_bits_rather_than_a_list),
        cmocka_unit_test(a_message_that_comes_again_without_end_takes_the_memory_of_one),
        cmocka_unit_test(copies_are_counted_number_by_number),
        cmocka_unit_test(copies_far_beyond_the_others_are_counted_and_take_no_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
