#include "small_delivery.h"

#include "made_trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void a_copy_at_another_agent_is_a_duplicate(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);
    struct delivery_counts counts;

    (void)state;
    assert_int_equal(small_add_sent(audit, 0, 9), 0);
    assert_int_equal(small_add_read(audit, 0, 0, 0, 6), 0); /* One agent. */
    assert_int_equal(small_add_read(audit, 0, 0, 5, 9), 0); /* Another. */
    assert_int_equal(small_add_read(audit, 0, 1, 5, 5), 0); /* And once more there. */
    counts = small_count_all(audit);
    assert_int_equal(counts.received, 10);
    assert_int_equal(counts.duplicated, 3); /* 5, 6 and 5. */
    assert_int_equal(counts.lost, 0);
    assert_true(delivery_complete(audit));
    assert_int_equal(delivery_backlog(audit), 0);
    delivery_free(audit);
}

static void what_one_subscription_lacks_is_lost_there_only(void **state)
{
    const struct assigned_flow flow = small_flow_of(2);
    struct delivery_audit *audit = small_audit_of(&flow);
    struct delivery_counts counts;
    static const uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    const struct delivery_end end = {.ended_ns = INTERVAL_NS, .unaccounted = unaccounted};
    struct delivery_tally tally;

    (void)state;
    assert_int_equal(small_add_sent(audit, 0, 9), 0);
    assert_int_equal(small_add_read(audit, 0, 0, 0, 9), 0);
    assert_int_equal(small_add_read(audit, 1, 0, 0, 3), 0);
    assert_int_equal(small_add_read(audit, 1, 0, 6, 9), 0);
    counts = small_count_all(audit);
    assert_int_equal(counts.expected, 20);
    assert_int_equal(counts.received, 18);
    assert_int_equal(counts.lost, 2);
    assert_false(delivery_complete(audit));
    assert_int_equal(delivery_backlog(audit), 2);
    assert_int_equal(delivery_tally(audit, &end, 5, &tally, NULL), 0);
    assert_null(tally.lines[0].detail.bytes);
    assert_string_equal(tally.lines[1].detail.bytes, "stream 0: missing 4-5");
    delivery_tally_done(&tally);
    delivery_free(audit);
}

static void a_reading_may_come_before_what_was_sent(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);

    (void)state;
    assert_int_equal(small_add_read(audit, 0, 0, 0, 9), 0);
    assert_int_equal(small_count_all(audit).received,
                     0); /* Nobody knows yet which phase it is of. */
    assert_int_equal(small_add_sent(audit, 0, 9), 0);
    assert_int_equal(small_count_all(audit).received, 10);
    assert_int_equal(small_count_all(audit).unexpected, 0);
    delivery_free(audit);
}

static void a_run_far_beyond_its_stream_is_refused(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);

    (void)state;
    assert_int_equal(small_add_sent(audit, 0, 9), 0);
    for (int which = 0; which < 3; which++) {
        assert_int_equal(small_add_read(audit, 0, which, 20, SEQ_MAX - 1), -EBADMSG);
        assert_int_equal(small_add_read(audit, 0, which, SEQ_MAX - 1, SEQ_MAX - 1), -EBADMSG);
    }
    assert_int_equal(small_add_sent(audit, 20, SEQ_MAX - 1), -EBADMSG);
    assert_int_equal(small_add_read(audit, 0, 0, 10, UINT64_C(1) << 35), 0);
    delivery_free(audit);
}

/* A day at a million a second; nothing of it takes memory. */
static void a_stream_in_order_may_be_of_any_length(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);
    const uint64_t step = 1000000000;

    (void)state;
    for (uint64_t first = 0; first < 200 * step; first += step) {
        assert_int_equal(small_add_sent(audit, first, first + step - 1), 0);
        assert_int_equal(small_add_read(audit, 0, 0, first, first + step - 1), 0);
    }
    assert_true(small_count_all(audit).received == 200 * step);
    delivery_free(audit);
}

static void what_the_trial_does_not_have_is_refused(void **state)
{
    const struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit = small_audit_of(&flow);
    struct stream_delta stream = {.stream = 1};
    struct stream_range ranges[] = {
        {.stream = 1}, {.phase = 1}, {.first = 2, .end = 1}, {.end = UINT64_MAX}};
    struct reading_delta readings[] = {{.stream = 1}, {.subscription = 1}};
    struct snapshot snapshot = {.streams = &stream, .streams_count = 1};

    (void)state;
    assert_int_equal(delivery_add(audit, &snapshot, NULL), -EBADMSG);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        snapshot = (struct snapshot){.ranges = &ranges[i], .ranges_count = 1};
        assert_int_equal(delivery_add(audit, &snapshot, NULL), -EBADMSG);
    }
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        snapshot = (struct snapshot){.readings = &readings[i], .readings_count = 1};
        assert_int_equal(delivery_add(audit, &snapshot, NULL), -EBADMSG);
    }
    delivery_free(audit);
}

static void times_at_the_ends_of_their_range_break_nothing(void **state)
{
    struct assigned_flow flow = small_flow_of(1);
    struct delivery_audit *audit;
    struct stream_range range = {.end = 5};
    struct snapshot snapshot = {.ranges = &range, .ranges_count = 1, .until_ns = INT64_MAX};

    (void)state;
    flow.delivery.ttl_ns = INT64_MAX;
    audit = small_audit_of(&flow);
    assert_int_equal(delivery_add(audit, &snapshot, NULL), 0);
    snapshot.until_ns = INT64_MIN;
    assert_int_equal(delivery_add(audit, &snapshot, NULL), 0);
    assert_int_equal(small_add_sent(audit, 0, 4), 0);
    assert_int_equal(small_count_all(audit).lost + small_count_all(audit).expired, 5);
    delivery_free(audit);
}

static void tables_that_do_not_fit_each_other_are_refused(void **state)
{
    struct assigned_flow flow = small_flow_of(1);
    struct assigned_producer producer = {.topic_stride = 1, .topics_count = 1};
    const struct delivery_tables tables = {.flows = &flow,
                                           .flows_count = 1,
                                           .phases_count = 1,
                                           .producers = &producer,
                                           .producers_count = 1};
    struct delivery_audit *audit = NULL;

    (void)state;
    flow.stream_first = 1; /* Of one stream. */
    assert_int_equal(delivery_new(&tables, &audit, NULL), -EBADMSG);
    flow.stream_first = 0;
    producer.flow = 1;
    assert_int_equal(delivery_new(&tables, &audit, NULL), -EBADMSG);
    producer.flow = 0;
    producer.stream_first = 1;
    assert_int_equal(delivery_new(&tables, &audit, NULL), -EBADMSG);
    assert_null(audit);
}

/* ---- Random trials against the truth
 * ---------------------------------------------------------------- */

static struct delivery_audit *unite(struct made_trial *made, struct delivery_tables *tables)
{
    struct delivery_audit *audit = NULL;
    uint32_t count = 0;
    struct snapshot **snapshots = made_shuffle(made, &count);

    *tables = made_tables(made);
    assert_int_equal(delivery_new(tables, &audit, NULL), 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(delivery_add(audit, snapshots[i], NULL), 0);
    }
    free(snapshots);
    return audit;
}

static void assert_sums(const struct made_trial *made, const struct delivery_counts *counts)
{
    bool all_told = made->options.agent_lost >= made->options.agents_count;

    if (all_told) {
        assert_int_equal(counts->sent, counts->acked + counts->refused + counts->unconfirmed);
    }
    assert_int_equal(counts->received - counts->unexpected + counts->lost + counts->expired +
                         counts->unaccounted,
                     counts->expected);
}

static void assert_answer(const struct made_trial *made, const struct delivery_audit *audit,
                          struct delivery_question question)
{
    uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    const struct delivery_end end = {.ended_ns = MADE_INTERVALS * INTERVAL_NS,
                                     .unaccounted = unaccounted};
    struct delivery_counts got = {0};
    struct delivery_counts truth = {0};

    made_unaccounted(made, unaccounted);
    delivery_count(audit, &question, &end, &got);
    made_count(made, &question, &end, &truth);
    if (memcmp(&got, &truth, sizeof got) != 0) {
        fail_msg("seed %llu, flow %d, phase %d, subscription %d, topic %d, partition %d: "
                 "received %llu of %llu, lost %llu of %llu, duplicated %llu of %llu",
                 (unsigned long long)made->options.seed, (int)question.flow, (int)question.phase,
                 (int)question.subscription, (int)question.topic, (int)question.partition,
                 (unsigned long long)got.received, (unsigned long long)truth.received,
                 (unsigned long long)got.lost, (unsigned long long)truth.lost,
                 (unsigned long long)got.duplicated, (unsigned long long)truth.duplicated);
    }
    assert_sums(made, &got);
}

static void assert_all_answers(const struct made_trial *made, const struct delivery_audit *audit)
{
    const struct made_options *o = &made->options;
    const uint32_t all = DELIVERY_ALL;

    assert_answer(made, audit, (struct delivery_question){all, all, all, all, all});
    for (uint32_t f = 0; f < o->flows_count; f++) {
        for (uint32_t p = 0; p < o->phases_count; p++) {
            assert_answer(made, audit, (struct delivery_question){f, p, all, all, all});
        }
        for (uint32_t t = 0; t < o->topics_count; t++) {
            for (uint32_t s = 0; s < o->subscriptions_count; s++) {
                assert_answer(made, audit, (struct delivery_question){f, all, s, t, all});
            }
            assert_answer(made, audit,
                          (struct delivery_question){f, all, all, t, o->partitions - 1});
        }
    }
}

static void random_trials_come_to_the_truth_and_their_sums_hold(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        const struct made_options options = made_options_random(seed);
        struct made_trial *made = made_trial_new(&options);
        struct delivery_tables tables;
        struct delivery_audit *audit = unite(made, &tables);

        assert_all_answers(made, audit);
        delivery_free(audit);
        made_trial_free(made);
    }
}

static void producers_and_consumers_on_different_agents_are_united(void **state)
{
    struct made_options options = made_options_random(1);
    struct made_trial *made;
    struct delivery_tables tables;
    struct delivery_audit *audit;

    (void)state;
    options.agents_count = 4;
    options.apart = true;
    options.consumers_count = 3;
    options.agent_lost = UINT32_MAX;
    options.again = 0.5;
    made = made_trial_new(&options);
    assert_true(made->snapshots[0].readings_count == 0);
    assert_true(made->snapshots[MADE_INTERVALS].streams_count == 0);
    audit = unite(made, &tables);
    assert_all_answers(made, audit);
    delivery_free(audit);
    made_trial_free(made);
}

/* Everything that an audit can be asked, as text. */
static void tell(const struct delivery_audit *audit, struct text *out)
{
    static const uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    const struct delivery_end end = {.ended_ns = MADE_INTERVALS * INTERVAL_NS,
                                     .unaccounted = unaccounted};
    struct delivery_tally tally;

    assert_int_equal(delivery_tally(audit, &end, 20, &tally, NULL), 0);
    for (size_t i = 0; i < tally.lines_count; i++) {
        const struct delivery_line *line = &tally.lines[i];

        text_add_bytes(out, &line->counts, sizeof line->counts);
        text_add(out, line->detail.bytes == NULL ? "" : line->detail.bytes);
    }
    delivery_tally_done(&tally);
    text_addf(out, " %llu %d", (unsigned long long)delivery_backlog(audit),
              delivery_complete(audit));
}

static void the_order_between_agents_changes_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct made_options options = made_options_random(seed);
        struct made_trial *made;
        struct text first = {0};

        options.agents_count = 4;
        options.again = 0.6;
        made = made_trial_new(&options);
        for (int round = 0; round < 4; round++) {
            struct delivery_tables tables;
            struct delivery_audit *audit = unite(made, &tables);
            struct text told = {0};

            tell(audit, &told);
            if (round == 0) {
                first = told;
            } else {
                assert_int_equal(told.bytes_count, first.bytes_count);
                assert_memory_equal(told.bytes, first.bytes, first.bytes_count);
                text_done(&told);
            }
            delivery_free(audit);
        }
        text_done(&first);
        made_trial_free(made);
    }
}

static void the_audit_is_complete_when_everything_has_come(void **state)
{
    struct made_options options = made_options_random(3);
    struct made_trial *made;
    struct delivery_tables tables;
    struct delivery_audit *audit;

    (void)state;
    options.agents_count = 2;
    options.consumers_count = 2;
    options.agent_lost = UINT32_MAX;
    options.lost = 0;
    options.refused = 0;
    made = made_trial_new(&options);
    audit = unite(made, &tables);
    assert_true(delivery_complete(audit));
    assert_int_equal(delivery_backlog(audit), 0);
    delivery_free(audit);
    made->options.agent_lost = 1; /* Its last interval did not come. */
    made->options.lost_after = MADE_INTERVALS - 1;
    audit = unite(made, &tables);
    assert_false(delivery_complete(audit));
    delivery_free(audit);
    made_trial_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_at_another_agent_is_a_duplicate),
        cmocka_unit_test(what_one_subscription_lacks_is_lost_there_only),
        cmocka_unit_test(a_reading_may_come_before_what_was_sent),
        cmocka_unit_test(a_run_far_beyond_its_stream_is_refused),
        cmocka_unit_test(a_stream_in_order_may_be_of_any_length),
        cmocka_unit_test(what_the_trial_does_not_have_is_refused),
        cmocka_unit_test(times_at_the_ends_of_their_range_break_nothing),
        cmocka_unit_test(tables_that_do_not_fit_each_other_are_refused),
        cmocka_unit_test(random_trials_come_to_the_truth_and_their_sums_hold),
        cmocka_unit_test(producers_and_consumers_on_different_agents_are_united),
        cmocka_unit_test(the_order_between_agents_changes_nothing),
        cmocka_unit_test(the_audit_is_complete_when_everything_has_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
