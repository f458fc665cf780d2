#include "executor_fixture.h"

#include "collector.h"
#include "random.h"
#include "recorder.h"
#include "wire.h"

#include <stdlib.h>
#include <string.h>

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

struct bench {
    struct fixture fixture;
    struct recorder *recorders[2];
    uint32_t workers;
    struct collector *collector;
    uint64_t sequence; /* Of the next part. */
    uint32_t interval;
    int64_t until_ns;
};

/* Two producers with a stream each and two consumers of one subscription; the workers get one of
 * both each, or one worker all. */
static void begin(struct bench *bench, uint32_t workers)
{
    memset(bench, 0, sizeof *bench);
    fixture_init(&bench->fixture);
    for (uint32_t i = 0; i < 2; i++) {
        fixture_producer(&bench->fixture);
        fixture_consumer(&bench->fixture, 0);
        bench->fixture.producers[i].worker = i % workers;
        bench->fixture.consumers[i].worker = i % workers;
    }
    (void)fixture_phase(&bench->fixture, LOAD_RATE, per_ms, NS_PER_S);
    bench->workers = workers;
    bench->fixture.assignment.workers_count = workers;
    for (uint32_t i = 0; i < workers; i++) {
        assert_int_equal(recorder_new(&bench->fixture.assignment, i, &bench->recorders[i], NULL),
                         0);
    }
    assert_int_equal(collector_new(&bench->fixture.assignment, bench->recorders, workers,
                                   &bench->collector, NULL),
                     0);
}

static void done(struct bench *bench)
{
    collector_free(bench->collector);
    for (uint32_t i = 0; i < bench->workers; i++) {
        recorder_free(bench->recorders[i]);
    }
}

static void turn(struct bench *bench, uint32_t worker, int64_t offset_ns,
                 const struct recorder_state *account)
{
    static const struct recorder_state none;

    assert_true(recorder_turn(bench->recorders[worker], offset_ns,
                              account == NULL ? &none : account, false));
}

static void drain(struct bench *bench)
{
    assert_int_equal(collector_drain(bench->collector, NULL), 0);
}

/* Checks what holds for all parts; the caller frees with free_parts(). */
static struct snapshot **cut(struct bench *bench, bool final, uint32_t *ret_count)
{
    struct health health = {.cpu_ns = 5};
    struct snapshot **parts = NULL;

    assert_int_equal(collector_snapshots(bench->collector, &health, final, &parts, ret_count, NULL),
                     0);
    assert_true(*ret_count > 0);
    for (uint32_t i = 0; i < *ret_count; i++) {
        struct text frame = {0};

        assert_int_equal(parts[i]->sequence, bench->sequence++);
        assert_int_equal(parts[i]->interval, bench->interval);
        assert_int_equal(parts[i]->from_ns, bench->until_ns);
        assert_int_equal(parts[i]->last_part, i + 1 == *ret_count);
        assert_int_equal(parts[i]->final, final && i + 1 == *ret_count);
        assert_int_equal(wire_encode_snapshot(parts[i], &frame), 0);
        assert_true(frame.bytes_count <= FRAME_BYTES_MAX);
        text_done(&frame);
    }
    bench->until_ns = parts[0]->until_ns;
    bench->interval++;
    return parts;
}

static void free_parts(struct snapshot **parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        snapshot_free(parts[i]);
    }
    free(parts);
}

static void an_interval_is_ready_when_every_worker_has_handed_it_over(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    begin(&bench, 2);
    assert_false(collector_interval_ready(bench.collector));
    turn(&bench, 0, NS_PER_S, NULL);
    drain(&bench);
    assert_false(collector_interval_ready(bench.collector));
    turn(&bench, 1, NS_PER_S + 3, NULL);
    drain(&bench);
    assert_true(collector_interval_ready(bench.collector));
    parts = cut(&bench, false, &count);
    assert_int_equal(count, 1);
    assert_int_equal(parts[0]->until_ns, NS_PER_S);
    assert_int_equal(parts[0]->health.cpu_ns, 5);
    free_parts(parts, count);
    assert_false(collector_interval_ready(bench.collector));
    done(&bench);
}

static void a_later_interval_waits_for_its_turn(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    begin(&bench, 2);
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 1;
    turn(&bench, 0, NS_PER_S, NULL);
    drain(&bench);
    recorder_cell(bench.recorders[0], 0, 0)->counters.sent = 2;
    turn(&bench, 0, 2 * NS_PER_S, NULL); /* The other worker is late by a whole interval. */
    drain(&bench);
    assert_true(collector_behind(bench.collector));
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->rows_count, 1);
    assert_int_equal(parts[0]->rows[0].counters.sent, 1);
    free_parts(parts, count);
    recorder_cell(bench.recorders[1], 0, 0)->counters.sent = 10;
    turn(&bench, 1, 2 * NS_PER_S, NULL); /* Interval 0 of the late one, together with 1. */
    drain(&bench);
    assert_false(collector_behind(bench.collector));
    assert_true(collector_interval_ready(bench.collector));
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->rows[0].counters.sent, 12);
    free_parts(parts, count);
    done(&bench);
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
    begin(&bench, 2);
    turn(&bench, 0, NS_PER_S, &first);
    turn(&bench, 1, NS_PER_S, &second);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->health.clients_down, 3);
    assert_int_equal(parts[0]->health.down_since_ns, 300);
    assert_int_equal(parts[0]->health.reconnects, 3);
    assert_int_equal(parts[0]->health.outstanding, 11);
    assert_int_equal(parts[0]->health.blocked_ns, 110);
    free_parts(parts, count);
    /* Nobody reports in the next one: how it is stays, what happened was told. */
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->health.clients_down, 3);
    assert_int_equal(parts[0]->health.outstanding, 11);
    assert_int_equal(parts[0]->health.reconnects, 0);
    assert_int_equal(parts[0]->health.blocked_ns, 0);
    free_parts(parts, count);
    done(&bench);
}

/* Two connections broke, one for the second time; one came back. */
static void lost_connections_are_told_one_by_one(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count = 0;
    uint32_t error;

    (void)state;
    begin(&bench, 2);
    error = recorder_error(bench.recorders[1], "closed: too large");
    recorder_lost(bench.recorders[1], 1, error, 100); /* Its consumer. */
    recorder_lost(bench.recorders[1], 1, error, 110); /* Said twice. */
    recorder_found(bench.recorders[1], 1, 200);
    recorder_found(bench.recorders[1], 0, 250); /* Was never lost. */
    recorder_lost(bench.recorders[1], 1, error, 300);
    turn(&bench, 0, NS_PER_S, NULL);
    turn(&bench, 1, NS_PER_S, NULL);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->losses_count, 3);
    assert_int_equal(parts[0]->losses[0].client, bench.fixture.consumers[1].client);
    assert_false(parts[0]->losses[0].is_back);
    assert_int_equal(parts[0]->losses[0].at_ns, 100);
    assert_string_equal(parts[0]->losses[0].text, "closed: too large");
    assert_true(parts[0]->losses[1].is_back);
    assert_int_equal(parts[0]->losses[1].at_ns, 200);
    assert_int_equal(parts[0]->losses[2].at_ns, 300);
    assert_int_equal(parts[0]->health.losses_untold, 0);
    free_parts(parts, count);
    turn(&bench, 0, 2 * NS_PER_S, NULL);
    turn(&bench, 1, 2 * NS_PER_S, NULL);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->losses_count, 0); /* Told once. */
    free_parts(parts, count);
    done(&bench);
}

/* One that is told is told with its end; the others are counted. */
static void losses_beyond_what_is_told_are_counted(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t lost = 0;
    uint32_t back = 0;
    uint32_t untold = 0;
    uint32_t count = 0;

    (void)state;
    begin(&bench, 1);
    for (uint32_t i = 0; i < LOSSES_TOLD_MAX; i++) {
        int64_t at_ns = i * NS_PER_S;

        for (uint32_t k = 0; k < 2; k++) { /* Four clients, each breaks twice a second. */
            for (uint32_t client = 0; client < 4; client++) {
                recorder_lost(bench.recorders[0], client,
                              recorder_error(bench.recorders[0], "reset"), at_ns + k * 2);
                recorder_found(bench.recorders[0], client, at_ns + k * 2 + 1);
            }
        }
        turn(&bench, 0, at_ns + NS_PER_S, NULL);
        drain(&bench);
        parts = cut(&bench, false, &count);
        for (uint32_t p = 0; p < count; p++) {
            for (uint32_t l = 0; l < parts[p]->losses_count; l++) {
                lost += parts[p]->losses[l].is_back ? 0 : 1;
                back += parts[p]->losses[l].is_back ? 1 : 0;
            }
        }
        untold += parts[0]->health.losses_untold;
        free_parts(parts, count);
    }
    assert_int_equal(lost, LOSSES_TOLD_MAX);
    assert_int_equal(back, LOSSES_TOLD_MAX);
    assert_int_equal(lost + untold, LOSSES_TOLD_MAX * 8);
    done(&bench);
}

static void what_the_broker_says_is_one_text_with_its_times(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count = 0;

    (void)state;
    begin(&bench, 2);
    recorder_notice(bench.recorders[0], "blocked: low on memory", 500);
    recorder_notice(bench.recorders[1], "blocked: low on memory", 300);
    recorder_notice(bench.recorders[1], "blocked: low on memory", 900);
    recorder_notice(bench.recorders[1], "no longer blocked", 950);
    turn(&bench, 0, NS_PER_S, NULL);
    turn(&bench, 1, NS_PER_S, NULL);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->notices_count, 2);
    assert_string_equal(parts[0]->notices[0].text, "blocked: low on memory");
    assert_int_equal(parts[0]->notices[0].first_ns, 300);
    assert_int_equal(parts[0]->notices[0].last_ns, 900);
    assert_int_equal(parts[0]->notices[0].count, 3);
    free_parts(parts, count);
    done(&bench);
}

/* What any worker heard is an answer; what any of them waits for is waited for. */
static void signs_of_the_broker_are_those_of_all_workers(void **state)
{
    struct recorder_state first = {
        .signs = {.answered_first_ns = 40, .answered_last_ns = 70, .waiting_since_ns = 60}};
    struct recorder_state second = {.signs = {.answered_first_ns = 50, .answered_last_ns = 90}};
    struct bench bench;
    struct snapshot **parts;
    uint32_t count = 0;

    (void)state;
    begin(&bench, 2);
    turn(&bench, 0, NS_PER_S, &first);
    turn(&bench, 1, NS_PER_S, &second);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->health.signs.answered_first_ns, 40);
    assert_int_equal(parts[0]->health.signs.answered_last_ns, 90);
    assert_int_equal(parts[0]->health.signs.waiting_since_ns, 60);
    assert_int_equal(parts[0]->health.signs.handed_ns, 0);
    free_parts(parts, count);
    done(&bench);
}

static void copies_are_seen_again_and_only_what_is_new_is_out_of_order(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;
    uint32_t lane;
    struct reading_delta *reading;

    (void)state;
    begin(&bench, 1);
    lane = recorder_consumer_lane(bench.recorders[0], 0);
    recorder_seen(bench.recorders[0], lane, 0);
    recorder_seen(bench.recorders[0], lane, 1);
    recorder_seen(bench.recorders[0], lane, 5);
    recorder_seen(bench.recorders[0], lane, 1); /* A copy, late. */
    recorder_seen(bench.recorders[0], lane, 2); /* New, late. */
    recorder_seen(bench.recorders[0], lane, 5); /* A copy. */
    /* The other consumer of the subscription gets copies of what the first has seen. */
    lane = recorder_consumer_lane(bench.recorders[0], 1);
    recorder_seen(bench.recorders[0], lane, 5);
    recorder_seen(bench.recorders[0], lane, 6);
    turn(&bench, 0, NS_PER_S, NULL);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->readings_count, 1);
    reading = &parts[0]->readings[0];
    assert_int_equal(reading->stream, 0);
    assert_int_equal(seqruns_count(&reading->seen), 5); /* 0 1 2 5 6 */
    assert_int_equal(seqruns_count(&reading->again), 3);
    assert_int_equal(seqruns_count(&reading->out_of_order), 1);
    assert_int_equal(reading->out_of_order.runs[0].first, 2);
    free_parts(parts, count);
    /* Also in a later interval. */
    recorder_seen(bench.recorders[0], recorder_consumer_lane(bench.recorders[0], 0), 6);
    turn(&bench, 0, 2 * NS_PER_S, NULL);
    drain(&bench);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->readings_count, 1);
    assert_int_equal(seqruns_count(&parts[0]->readings[0].seen), 0);
    assert_int_equal(seqruns_count(&parts[0]->readings[0].again), 1);
    free_parts(parts, count);
    done(&bench);
}

static void ranges_are_reported_when_they_grew(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;

    (void)state;
    begin(&bench, 2);
    recorder_sent(bench.recorders[1], 0, 0, 0, 1000 * 0);
    recorder_sent(bench.recorders[1], 0, 0, 1, 1000 * 1);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->ranges_count, 1);
    assert_int_equal(parts[0]->ranges[0].stream, 1);
    assert_int_equal(parts[0]->ranges[0].first, 0);
    assert_int_equal(parts[0]->ranges[0].end, 2);
    free_parts(parts, count);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->ranges_count, 0);
    free_parts(parts, count);
    recorder_sent(bench.recorders[1], 0, 0, 2, 1000 * 2);
    parts = cut(&bench, false, &count);
    assert_int_equal(parts[0]->ranges_count, 1);
    assert_int_equal(parts[0]->ranges[0].first, 0);
    assert_int_equal(parts[0]->ranges[0].end, 3);
    assert_int_equal(parts[0]->ranges[0].intended_ns, 2000);
    free_parts(parts, count);
    done(&bench);
}

static void the_final_parts_end_where_the_last_worker_ended(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count;
    struct recorder_state none = {0};

    (void)state;
    begin(&bench, 2);
    turn(&bench, 0, NS_PER_S, NULL);
    turn(&bench, 1, NS_PER_S, NULL);
    drain(&bench);
    parts = cut(&bench, false, &count);
    free_parts(parts, count);
    assert_true(recorder_turn(bench.recorders[0], NS_PER_S + 70, &none, true));
    assert_true(recorder_turn(bench.recorders[1], NS_PER_S + 90, &none, true));
    drain(&bench);
    parts = cut(&bench, true, &count);
    assert_int_equal(parts[0]->from_ns, NS_PER_S);
    assert_int_equal(parts[0]->until_ns, NS_PER_S + 90);
    free_parts(parts, count);
    done(&bench);
}

/* Marks every second message of a stream as seen, and of the other kinds, so that nothing joins. */
static uint64_t mark_scattered(struct bench *bench, struct random *random, uint64_t from)
{
    struct recorder *recorder = bench->recorders[0];
    uint32_t consumer = recorder_consumer_lane(recorder, 0);
    uint64_t sequence = from;

    for (uint32_t i = 0; i < 100000; i++) {
        recorder_outcome(recorder, 0, (enum mark_kind_of_run)(RUN_ACKED + random_next(random) % 3),
                         sequence);
        recorder_seen(recorder, consumer, sequence);
        recorder_sent(recorder, 0, 0, sequence, 0);
        recorder_cell(recorder, 0, 0)->counters.sent++;
        recorder_sample(recorder_cell(recorder, 0, 0), SERIES_E2E,
                        (int64_t)(random_next(random) % (uint64_t)(100 * NS_PER_MS)), 0);
        recorder_sample(recorder_cell(recorder, 0, 0), SERIES_CALL,
                        (int64_t)(random_next(random) % (uint64_t)(100 * NS_PER_S)), 0);
        sequence += 2;
        if (recorder_room(recorder) < 4) {
            drain(bench);
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
        tally->samples += part->rows[i].series[SERIES_E2E] == NULL
                              ? 0
                              : hist_count(part->rows[i].series[SERIES_E2E]);
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
    begin(&bench, 1);
    random_seed(&random, 1);
    assert_int_equal(seqset_new(&tally.fates, NULL), 0);
    assert_int_equal(seqset_new(&tally.seen, NULL), 0);
    for (int interval = 1; interval <= 3; interval++) {
        struct snapshot **parts;
        uint32_t count;

        for (int i = 0; i < 3; i++) {
            end = mark_scattered(&bench, &random, end);
        }
        turn(&bench, 0, interval * NS_PER_S, NULL);
        drain(&bench);
        parts = cut(&bench, interval == 3, &count);
        for (uint32_t i = 0; i < count; i++) {
            add_part(&tally, parts[i]);
        }
        parts_count += count;
        free_parts(parts, count);
    }
    assert_true(parts_count > 6); /* 600,000 runs of some 20 bytes and a histogram, each time. */
    assert_int_equal(tally.runs, 1800000);
    assert_int_equal(tally.sent, 900000);
    assert_int_equal(tally.samples, 900000);
    assert_int_equal(seqset_count(tally.fates), 900000);
    assert_int_equal(seqset_count(tally.seen), 900000);
    assert_int_equal(seqset_count_range(tally.seen, 0, end), 900000);
    assert_false(seqset_has(tally.seen, 1));
    seqset_free(tally.fates);
    seqset_free(tally.seen);
    done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_is_ready_when_every_worker_has_handed_it_over),
        cmocka_unit_test(a_later_interval_waits_for_its_turn),
        cmocka_unit_test(states_of_workers_are_added_up_and_what_happened_is_told_once),
        cmocka_unit_test(lost_connections_are_told_one_by_one),
        cmocka_unit_test(losses_beyond_what_is_told_are_counted),
        cmocka_unit_test(what_the_broker_says_is_one_text_with_its_times),
        cmocka_unit_test(signs_of_the_broker_are_those_of_all_workers),
        cmocka_unit_test(copies_are_seen_again_and_only_what_is_new_is_out_of_order),
        cmocka_unit_test(ranges_are_reported_when_they_grew),
        cmocka_unit_test(the_final_parts_end_where_the_last_worker_ended),
        cmocka_unit_test(what_is_too_large_is_cut_into_parts_whose_union_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
