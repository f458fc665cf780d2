/* All rows of an audit at once: the same as each of them asked for alone, and of a size at which
 * asking for each would not end. */
#include "check.h"

#include "delivery.h"
#include "made_trial.h"

#include <stdlib.h>
#include <string.h>

#define ALL DELIVERY_ALL

/* A tally, with what it was made of. */
struct bench {
    struct made_trial *made;
    struct delivery_audit *audit;
    uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    struct delivery_end end;
    struct delivery_tally tally;
};

static void assert_truth(const struct bench *bench, struct delivery_question question,
                         const struct delivery_counts *got)
{
    struct delivery_counts alone = {0};
    struct delivery_counts truth = {0};

    delivery_count(bench->audit, &question, &bench->end, &alone);
    made_count(bench->made, &question, &bench->end, &truth);
    if (memcmp(got, &alone, sizeof alone) != 0 || memcmp(got, &truth, sizeof truth) != 0) {
        fail_msg("seed %llu, flow %d, phase %d, subscription %d, topic %d: received %llu, asked "
                 "alone %llu, in truth %llu",
                 (unsigned long long)bench->made->options.seed, (int)question.flow,
                 (int)question.phase, (int)question.subscription, (int)question.topic,
                 (unsigned long long)got->received, (unsigned long long)alone.received,
                 (unsigned long long)truth.received);
    }
}

static void assert_places(const struct bench *bench, uint32_t flow)
{
    const struct made_options *o = &bench->made->options;

    for (uint32_t i = 0; i < o->topics_count * o->partitions; i++) {
        const struct delivery_question question = {flow, ALL, ALL, i / o->partitions,
                                                   i % o->partitions};
        const struct delivery_place *place =
            &bench->tally.places[bench->tally.flow_first_place[flow] + i];
        struct delivery_counts truth = {0};

        made_count(bench->made, &question, &bench->end, &truth);
        assert_int_equal(place->acked, truth.acked);
        assert_int_equal(place->received, truth.received);
    }
}

static void assert_flow(const struct bench *bench, uint32_t flow)
{
    const struct made_options *o = &bench->made->options;

    for (uint32_t p = 0; p < o->phases_count; p++) {
        assert_truth(bench, (struct delivery_question){flow, p, ALL, ALL, ALL},
                     &bench->tally.cells[flow * o->phases_count + p]);
    }
    for (uint32_t i = 0; i < o->topics_count * o->subscriptions_count; i++) {
        const struct delivery_line *line =
            &bench->tally.lines[bench->tally.flow_first_line[flow] + i];

        assert_truth(bench,
                     (struct delivery_question){flow, ALL, i % o->subscriptions_count,
                                                i / o->subscriptions_count, ALL},
                     &line->counts);
        if (line->counts.lost + line->counts.expired + line->counts.unaccounted +
                line->counts.duplicated >
            0) {
            assert_non_null(line->detail.bytes);
        }
    }
    assert_places(bench, flow);
}

static void all_rows_are_the_truth_of_random_trials(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        const struct made_options options = made_options_random(seed);
        struct bench bench = {.made = made_trial_new(&options)};
        const struct delivery_tables tables = made_tables(bench.made);
        uint32_t count = 0;
        struct snapshot **snapshots = made_shuffle(bench.made, &count);

        bench.end = (struct delivery_end){.ended_ns = MADE_INTERVALS * INTERVAL_NS,
                                          .unaccounted = bench.unaccounted};
        made_unaccounted(bench.made, bench.unaccounted);
        assert_int_equal(delivery_new(&tables, &bench.audit, NULL), 0);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(delivery_add(bench.audit, snapshots[i], NULL), 0);
        }
        assert_int_equal(delivery_tally(bench.audit, &bench.end, 5, &bench.tally, NULL), 0);
        for (uint32_t f = 0; f < options.flows_count; f++) {
            assert_flow(&bench, f);
        }
        delivery_tally_done(&bench.tally);
        delivery_free(bench.audit);
        free(snapshots);
        made_trial_free(bench.made);
    }
}

/* Streams may be numbered by a producer that does not fit its flow, in a damaged journal. */
static void a_stream_of_no_topic_or_partition_counts_for_its_flow(void **state)
{
    static const uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    const struct delivery_end end = {.ended_ns = INTERVAL_NS, .unaccounted = unaccounted};
    const struct assigned_flow flows[] = {{.topics_count = 1,
                                           .partitions = 1,
                                           .subscriptions_count = 1,
                                           .consumers_count = 1,
                                           .streams_count = 2},
                                          {.partitions = 2, .stream_first = 2}};
    const struct assigned_producer producers[] = {
        {.flow = 1, .topic_stride = 1, .topics_count = 1},
        {.topic_first = 7, .topic_stride = 1, .topics_count = 1}};
    const struct delivery_tables tables = {.flows = flows,
                                           .flows_count = 2,
                                           .phases_count = 1,
                                           .producers = producers,
                                           .producers_count = 2};
    struct stream_range ranges[] = {{.end = 5}, {.stream = 1, .end = 3}};
    const struct snapshot snapshot = {.ranges = ranges, .ranges_count = 2};
    struct delivery_audit *audit = NULL;
    struct delivery_tally tally;

    (void)state;
    assert_int_equal(delivery_new(&tables, &audit, NULL), 0);
    assert_int_equal(delivery_add(audit, &snapshot, NULL), 0);
    assert_int_equal(delivery_tally(audit, &end, 5, &tally, NULL), 0);
    /* Stream 0 is of a topic that is not there, 1 of a partition that is not. */
    assert_int_equal(tally.cells[0].sent, 8);
    assert_int_equal(tally.lines[0].counts.sent, 3);
    delivery_tally_done(&tally);
    delivery_free(audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows_are_the_truth_of_random_trials),
        cmocka_unit_test(a_stream_of_no_topic_or_partition_counts_for_its_flow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
