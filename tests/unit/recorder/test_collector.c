#include "collector_bench.h"

#include "random.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

static void an_interval_is_ready_when_every_worker_has_handed_it_over(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    bench_begin(&bench, 2);
    assert_false(collector_interval_ready(bench.collector));
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_drain(&bench);
    assert_false(collector_interval_ready(bench.collector));
    bench_turn(&bench, 1, NS_PER_S + 3, NULL);
    bench_drain(&bench);
    assert_true(collector_interval_ready(bench.collector));
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(count, 1);
    assert_int_equal(parts[0]->until_ns, NS_PER_S);
    assert_int_equal(parts[0]->health.cpu_ns, 5);
    bench_free_parts(parts, count);
    assert_false(collector_interval_ready(bench.collector));
    bench_done(&bench);
}

static void what_workers_that_have_settled_have_is_handed_in_before_the_second_is_over(void **state)
{
    const struct recorder_state account = {.outstanding = 3, .reconnects = 1};
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    bench_begin(&bench, 2);
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 1;
    assert_true(recorder_settle(bench.recorders[0], 5));
    bench_drain(&bench);
    assert_false(collector_has_settled(bench.collector, 0)); /* Only one of them. */
    assert_true(recorder_settle(bench.recorders[1], 7));
    bench_drain(&bench);
    assert_false(collector_has_settled(bench.collector, 5)); /* One only before. */
    assert_true(collector_has_settled(bench.collector, 4));
    assert_int_equal(collector_settled(bench.collector, &parts, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_true(parts[0]->settled);
    assert_false(parts[0]->last_part);
    assert_int_equal(parts[0]->interval, 0);
    assert_int_equal(parts[0]->until_ns, 7);
    assert_int_equal(parts[0]->rows[0].counters.sent, 1);
    bench.sequence++;
    bench.until_ns = 7;
    bench_free_parts(parts, count);
    assert_false(collector_has_settled(bench.collector, 4)); /* All of it was handed in. */
    /* The rest of the second has what is told of each once. */
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 2;
    bench_turn(&bench, 0, NS_PER_S, &account);
    bench_turn(&bench, 1, NS_PER_S, &account);
    bench_drain(&bench);
    assert_true(collector_interval_ready(bench.collector));
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->rows[0].counters.sent, 2);
    assert_int_equal(parts[0]->health.outstanding, 6);
    assert_int_equal(parts[0]->health.reconnects, 2);
    assert_false(parts[0]->settled);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

static void nothing_is_settled_of_a_second_that_is_over(void **state)
{
    struct bench bench;

    (void)state;
    bench_begin(&bench, 1);
    assert_false(recorder_settle(bench.recorders[0], NS_PER_S));
    assert_true(recorder_settle(bench.recorders[0], NS_PER_S - 1));
    /* The collector still has the other half. */
    assert_false(recorder_settle(bench.recorders[0], NS_PER_S - 1));
    bench_done(&bench);
}

static void a_later_interval_waits_for_its_turn(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    bench_begin(&bench, 2);
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 1;
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_drain(&bench);
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 2;
    bench_turn(&bench, 0, 2 * NS_PER_S, NULL); /* The other worker is late by a whole interval. */
    bench_drain(&bench);
    assert_true(collector_behind(bench.collector));
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->rows_count, 1);
    assert_int_equal(parts[0]->rows[0].counters.sent, 1);
    bench_free_parts(parts, count);
    recorder_cell(bench.recorders[1], 0, 0)->counters.sent = 10;
    bench_turn(&bench, 1, 2 * NS_PER_S, NULL); /* Interval 0 of the late one, together with 1. */
    bench_drain(&bench);
    assert_false(collector_behind(bench.collector));
    assert_true(collector_interval_ready(bench.collector));
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->rows[0].counters.sent, 12);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

static void states_of_workers_are_added_up_and_what_happened_is_told_once(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;
    struct recorder_state first = {.clients_down = 1,
                                   .down_since_ns = 700,
                                   .reconnects = 2,
                                   .outstanding = 5,
                                   .blocked_ns = 100};
    struct recorder_state second = {.clients_down = 2,
                                    .down_since_ns = 300,
                                    .reconnects = 1,
                                    .outstanding = 6,
                                    .blocked_ns = 10};

    (void)state;
    bench_begin(&bench, 2);
    bench_turn(&bench, 0, NS_PER_S, &first);
    bench_turn(&bench, 1, NS_PER_S, &second);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->health.clients_down, 3);
    assert_int_equal(parts[0]->health.down_since_ns, 300);
    assert_int_equal(parts[0]->health.reconnects, 3);
    assert_int_equal(parts[0]->health.outstanding, 11);
    assert_int_equal(parts[0]->health.blocked_ns, 110);
    bench_free_parts(parts, count);
    /* Nobody reports in the next one: how it is stays, what happened was told. */
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->health.clients_down, 3);
    assert_int_equal(parts[0]->health.outstanding, 11);
    assert_int_equal(parts[0]->health.reconnects, 0);
    assert_int_equal(parts[0]->health.blocked_ns, 0);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

/* Two connections broke, one for the second time; one came back. */
static void copies_are_seen_again_and_only_what_is_new_is_out_of_order(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;
    struct reading_delta *reading;

    (void)state;
    bench_begin(&bench, 1);
    recorder_seen(bench.recorders[0], 0, 0, 0);
    recorder_seen(bench.recorders[0], 0, 0, 1);
    recorder_seen(bench.recorders[0], 0, 0, 5);
    recorder_seen(bench.recorders[0], 0, 0, 1); /* A copy, late. */
    recorder_seen(bench.recorders[0], 0, 0, 2); /* New, late. */
    recorder_seen(bench.recorders[0], 0, 0, 5); /* A copy. */
    /* The other consumer of the subscription gets copies of what the first has seen. */
    recorder_seen(bench.recorders[0], 1, 0, 5);
    recorder_seen(bench.recorders[0], 1, 0, 6);
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->readings_count, 1);
    reading = &parts[0]->readings[0];
    assert_int_equal(reading->stream, 0);
    assert_int_equal(seqruns_count(&reading->seen), 5); /* 0 1 2 5 6 */
    assert_int_equal(seqruns_count(&reading->again), 3);
    assert_int_equal(seqruns_count(&reading->out_of_order), 1);
    assert_int_equal(reading->out_of_order.runs[0].first, 2);
    bench_free_parts(parts, count);
    /* Also in a later interval. */
    recorder_seen(bench.recorders[0], 0, 0, 6);
    bench_turn(&bench, 0, 2 * NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->readings_count, 1);
    assert_int_equal(seqruns_count(&parts[0]->readings[0].seen), 0);
    assert_int_equal(seqruns_count(&parts[0]->readings[0].again), 1);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

static void ranges_are_reported_when_they_grew(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    bench_begin(&bench, 2);
    recorder_sent(bench.recorders[1], 0, 0, 0, 1000 * 0);
    recorder_sent(bench.recorders[1], 0, 0, 1, 1000 * 1);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->ranges_count, 1);
    assert_int_equal(parts[0]->ranges[0].stream, 1);
    assert_int_equal(parts[0]->ranges[0].first, 0);
    assert_int_equal(parts[0]->ranges[0].end, 2);
    bench_free_parts(parts, count);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->ranges_count, 0);
    bench_free_parts(parts, count);
    recorder_sent(bench.recorders[1], 0, 0, 2, 1000 * 2);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->ranges_count, 1);
    assert_int_equal(parts[0]->ranges[0].first, 0);
    assert_int_equal(parts[0]->ranges[0].end, 3);
    assert_int_equal(parts[0]->ranges[0].intended_ns, 2000);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

static void the_final_parts_end_where_the_last_worker_ended(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;
    struct recorder_state none = {0};

    (void)state;
    bench_begin(&bench, 2);
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_turn(&bench, 1, NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    bench_free_parts(parts, count);
    assert_true(recorder_turn(bench.recorders[0], NS_PER_S + 70, &none, true));
    assert_true(recorder_turn(bench.recorders[1], NS_PER_S + 90, &none, true));
    bench_drain(&bench);
    parts = bench_cut(&bench, true, &count);
    assert_int_equal(parts[0]->from_ns, NS_PER_S);
    assert_int_equal(parts[0]->until_ns, NS_PER_S + 90);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

/* Marks every second message of a stream as seen, and of the other kinds, so that nothing joins. */
static uint64_t mark_scattered(struct bench *bench, struct random *random, uint64_t from)
{
    struct recorder *recorder = bench->recorders[0];
    uint64_t sequence = from;

    for (uint32_t i = 0; i < 100000; i++) {
        recorder_outcome(recorder, 0, (enum mark_kind_of_run)(RUN_ACKED + random_next(random) % 3),
                         sequence);
        recorder_seen(recorder, 0, 0, sequence);
        recorder_sent(recorder, 0, 0, sequence, 0);
        recorder_cell(recorder, 0, 0)->counters.sent++;
        recorder_sample(recorder_cell(recorder, 0, 0), SERIES_E2E,
                        (int64_t)(random_next(random) % (uint64_t)(100 * NS_PER_MS)), 0);
        recorder_sample(recorder_cell(recorder, 0, 0), SERIES_CALL,
                        (int64_t)(random_next(random) % (uint64_t)(100 * NS_PER_S)), 0);
        sequence += 2;
        if (recorder_room(recorder) < 4) {
            bench_drain(bench);
        }
    }
    return sequence;
}

struct tally {
    uint64_t sent;
    uint64_t samples;
    uint64_t runs;
    struct seqset *fates;
    struct seqset *seen;
};

static void add_all(struct seqset *set, const struct seqruns *runs, struct tally *tally)
{
    struct seqruns again = {0};

    for (uint32_t i = 0; i < runs->runs_count; i++) {
        assert_int_equal(seqset_add(set, runs->runs[i].first, runs->runs[i].last, NULL, &again), 0);
    }
    assert_int_equal(again.runs_count, 0);
    seqruns_done(&again);
    tally->runs += runs->runs_count;
}

static void add_part(struct tally *tally, const struct snapshot *part)
{
    for (uint32_t i = 0; i < part->rows_count; i++) {
        tally->sent += part->rows[i].counters.sent;
        tally->samples += part->rows[i].series[SERIES_E2E].count;
    }
    for (uint32_t i = 0; i < part->streams_count; i++) {
        add_all(tally->fates, &part->streams[i].acked, tally);
        add_all(tally->fates, &part->streams[i].refused, tally);
        add_all(tally->fates, &part->streams[i].unconfirmed, tally);
    }
    for (uint32_t i = 0; i < part->readings_count; i++) {
        add_all(tally->seen, &part->readings[i].seen, tally);
        assert_int_equal(part->readings[i].again.runs_count, 0);
    }
}

static void what_is_too_large_is_cut_into_parts_whose_union_is_exact(void **state)
{
    struct bench bench;
    struct random random;
    struct tally tally = {0};
    uint64_t end = 0;
    uint32_t parts_count = 0;

    (void)state;
    bench_begin(&bench, 1);
    random_seed(&random, 1);
    assert_int_equal(seqset_new(&tally.fates, NULL), 0);
    assert_int_equal(seqset_new(&tally.seen, NULL), 0);
    for (int interval = 1; interval <= 3; interval++) {
        struct snapshot **parts;
        uint32_t count;

        for (int i = 0; i < 3; i++) {
            end = mark_scattered(&bench, &random, end);
        }
        bench_turn(&bench, 0, interval * NS_PER_S, NULL);
        bench_drain(&bench);
        parts = bench_cut(&bench, interval == 3, &count);
        for (uint32_t i = 0; i < count; i++) {
            add_part(&tally, parts[i]);
        }
        parts_count += count;
        bench_free_parts(parts, count);
    }
    assert_true(parts_count > 200); /* 600,000 runs of some 20 bytes and a histogram, each time. */
    assert_int_equal(tally.runs, 1800000);
    assert_int_equal(tally.sent, 900000);
    assert_int_equal(tally.samples, 900000);
    assert_int_equal(seqset_count(tally.fates), 900000);
    assert_int_equal(seqset_count(tally.seen), 900000);
    assert_int_equal(seqset_count_range(tally.seen, 0, end), 900000);
    assert_false(seqset_has(tally.seen, 1));
    seqset_free(tally.fates);
    seqset_free(tally.seen);
    bench_done(&bench);
}

/* A histogram that has a sample or more in every bucket up to 100 s, some of them censored. */
static void record_widely(struct bench *bench, enum series series, bool censored)
{
    struct recorder_cell *cell = recorder_cell(bench->recorders[0], 0, 0);

    for (int64_t value_ns = 1; value_ns < 100 * NS_PER_S; value_ns += 1 + value_ns / 1100) {
        recorder_sample(cell, series, value_ns, 0);
    }
    for (int64_t value_ns = 1; censored && value_ns < 100 * NS_PER_S;
         value_ns += 1 + value_ns / 1100) {
        hist_record_censored(cell->series[series], value_ns, 200);
    }
}

/* Longer than a part may be together; one of them is so alone. Counters come first: there are never
 * more latencies than messages so far. */
static void histograms_of_one_row_go_on_in_the_next_part(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint64_t samples[SERIES_COUNT] = {0};
    uint32_t rows = 0;
    uint32_t count;

    (void)state;
    bench_begin(&bench, 1);
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 5;
    for (int series = 0; series < SERIES_COUNT; series++) {
        record_widely(&bench, (enum series)series, false);
    }
    record_widely(&bench, SERIES_PUBLISH, true);
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, true, &count); /* Each of them fits into a request. */
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t row = 0; row < parts[i]->rows_count; row++) {
            size_t bytes = 0;

            assert_int_equal(row, 0);
            assert_int_equal(parts[i]->rows[row].counters.sent, rows++ == 0 ? 5 : 0);
            for (int series = 0; series < SERIES_COUNT; series++) {
                samples[series] += parts[i]->rows[row].series[series].count;
                bytes += parts[i]->rows[row].series[series].bytes_count;
            }
            assert_true(bytes <= SNAPSHOT_BYTES_MAX ||
                        bytes == parts[i]->rows[row].series[SERIES_PUBLISH].bytes_count);
        }
    }
    assert_true(rows > 2);
    for (int series = 0; series < SERIES_COUNT; series++) {
        assert_true(samples[series] >= samples[SERIES_E2E]);
    }
    assert_true(samples[SERIES_E2E] > 20000 && samples[SERIES_PUBLISH] > 201 * samples[SERIES_E2E]);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_is_ready_when_every_worker_has_handed_it_over),
        cmocka_unit_test(
            what_workers_that_have_settled_have_is_handed_in_before_the_second_is_over),
        cmocka_unit_test(nothing_is_settled_of_a_second_that_is_over),
        cmocka_unit_test(a_later_interval_waits_for_its_turn),
        cmocka_unit_test(states_of_workers_are_added_up_and_what_happened_is_told_once),
        cmocka_unit_test(copies_are_seen_again_and_only_what_is_new_is_out_of_order),
        cmocka_unit_test(ranges_are_reported_when_they_grew),
        cmocka_unit_test(the_final_parts_end_where_the_last_worker_ended),
        cmocka_unit_test(histograms_of_one_row_go_on_in_the_next_part),
        cmocka_unit_test(what_is_too_large_is_cut_into_parts_whose_union_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
