/* Workers record as fast as they can, in a time of their own, while a collector takes what they
 * leave at odd moments: nothing may be lost or counted twice. For TSan too. */
#include "executor_fixture.h"

#include "collector.h"
#include "delivery.h"
#include "random.h"
#include "recorder.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 2
#define MESSAGES 200000
#define PHASES FIXTURE_PHASES

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

struct loading {
    struct recorder *recorder;
    uint32_t stream; /* Its producer's. */
    _Atomic bool *done;
    uint64_t turns;
};

/* A message is sent, confirmed (or not) and seen, now and then late or twice. Its time is a tenth
 * of a millisecond, so there are 20 intervals, and a phase lasts for some of them. */
static void *record(void *argument)
{
    struct loading *loading = argument;
    struct recorder *recorder = loading->recorder;
    struct recorder_state state = {0};
    struct random random;

    random_seed(&random, loading->stream);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        int64_t offset_ns = (int64_t)i * NS_PER_MS / 10;
        uint32_t phase = (uint32_t)(i * PHASES / MESSAGES);
        struct recorder_cell *cell;

        while (recorder_room(recorder) < 4) {
            (void)sched_yield();
        }
        recorder_sent(recorder, 0, phase, i, 0);
        cell = recorder_cell(recorder, 0, phase);
        cell->counters.sent++;
        recorder_sample(cell, SERIES_CALL, 100, 0);
        recorder_outcome(recorder, 0, random_next(&random) % 16 == 0 ? RUN_UNCONFIRMED : RUN_ACKED,
                         i);
        recorder_seen(recorder, 0, loading->stream, i);
        if (random_next(&random) % 64 == 0) {
            recorder_seen(recorder, 0, loading->stream, i / 2); /* A copy. */
        }
        if (random_next(&random) % 1024 == 0) {
            recorder_error(recorder, "an error");
        }
        recorder_client(recorder, 0, 1, 1);
        if (recorder_turn_due(recorder, offset_ns)) {
            state.blocked_ns = 1;
            recorder_phases_over(recorder, phase);
            assert_true(recorder_turn(recorder, offset_ns, &state, false));
            loading->turns++;
        }
    }
    state.blocked_ns = 1;
    while (!recorder_turn(recorder, MESSAGES * NS_PER_MS / 10, &state, true)) {
        (void)sched_yield();
    }
    loading->turns++;
    atomic_store(loading->done, true);
    return NULL;
}

struct totals {
    uint64_t sent;
    uint64_t samples;
    uint64_t client_messages;
    uint64_t blocked_ns;
    uint64_t again;
    uint64_t sequence;
    struct delivery_audit *audit;
};

static void take(struct collector *collector, bool final, struct totals *totals)
{
    struct health health = {0};
    struct snapshot **parts = NULL;
    uint32_t count = 0;

    assert_int_equal(collector_snapshots(collector, &health, final, &parts, &count, NULL), 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(parts[i]->sequence, totals->sequence++);
        for (uint32_t r = 0; r < parts[i]->rows_count; r++) {
            totals->sent += parts[i]->rows[r].counters.sent;
            totals->samples += parts[i]->rows[r].series[SERIES_CALL].count;
        }
        for (uint32_t c = 0; c < parts[i]->clients_count; c++) {
            totals->client_messages += parts[i]->clients[c].messages;
        }
        for (uint32_t r = 0; r < parts[i]->readings_count; r++) {
            totals->again += seqruns_count(&parts[i]->readings[r].again);
        }
        totals->blocked_ns += parts[i]->health.blocked_ns;
        assert_int_equal(delivery_add(totals->audit, parts[i], NULL), 0);
        snapshot_free(parts[i]);
    }
    free(parts);
}

static void make(struct fixture *fixture, struct recorder **recorders)
{
    fixture_init(fixture);
    fixture->assignment.workers_count = WORKERS;
    for (uint32_t i = 0; i < WORKERS; i++) {
        fixture_producer(fixture);
        fixture->producers[i].worker = i;
        fixture_consumer(fixture, i); /* Each a subscription: they see different messages. */
        fixture->consumers[i].worker = i;
    }
    for (uint32_t i = 0; i < PHASES; i++) {
        (void)fixture_phase(fixture, LOAD_RATE, per_ms, NS_PER_S);
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(recorder_new(&fixture->assignment, i, &recorders[i], NULL), 0);
    }
}

static bool all_done(_Atomic bool *done)
{
    bool all = true;

    for (uint32_t i = 0; i < WORKERS; i++) {
        all = atomic_load(&done[i]) && all;
    }
    return all;
}

static void nothing_is_lost_or_doubled_beside_a_slow_collector(void **state)
{
    struct fixture fixture;
    struct recorder *recorders[WORKERS];
    struct loading loadings[WORKERS];
    pthread_t threads[WORKERS];
    _Atomic bool finished[WORKERS];
    struct collector *collector = NULL;
    struct totals totals = {0};
    struct delivery_tables tables;
    struct delivery_question all = {DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL,
                                    DELIVERY_ALL};
    uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX] = {0};
    struct delivery_end end = {.ended_ns = INT64_MAX, .unaccounted = unaccounted};
    struct delivery_counts counts = {0};
    uint64_t turns = 0;

    (void)state;
    make(&fixture, recorders);
    tables = (struct delivery_tables){.flows = fixture.flows,
                                      .flows_count = 1,
                                      .phases_count = PHASES,
                                      .producers = fixture.producers,
                                      .producers_count = WORKERS};
    assert_int_equal(delivery_new(&tables, &totals.audit, NULL), 0);
    assert_int_equal(collector_new(&fixture.assignment, recorders, WORKERS, &collector, NULL), 0);
    for (uint32_t i = 0; i < WORKERS; i++) {
        loadings[i] = (struct loading){.recorder = recorders[i], .stream = i, .done = &finished[i]};
        atomic_store(&finished[i], false);
        assert_int_equal(pthread_create(&threads[i], NULL, record, &loadings[i]), 0);
    }
    for (uint32_t round = 0; !all_done(finished); round++) {
        /* Often in a hurry, sometimes asleep while the workers' intervals get long. */
        for (uint32_t i = 0; i < round % 50 * 20; i++) {
            (void)sched_yield();
        }
        assert_int_equal(collector_drain(collector, NULL), 0);
        if (collector_interval_ready(collector)) {
            take(collector, false, &totals);
        }
    }
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        turns += loadings[i].turns;
    }
    for (;;) {
        assert_int_equal(collector_drain(collector, NULL), 0);
        if (!collector_behind(collector)) {
            break;
        }
        take(collector, false, &totals);
    }
    take(collector, true, &totals);
    delivery_count(totals.audit, &all, &end, &counts);
    assert_int_equal(totals.sent, WORKERS * MESSAGES);
    assert_int_equal(totals.samples, WORKERS * MESSAGES);
    assert_int_equal(totals.client_messages, WORKERS * MESSAGES);
    assert_int_equal(totals.blocked_ns, turns); /* One of each half. */
    assert_int_equal(counts.sent, WORKERS * MESSAGES);
    assert_int_equal(counts.acked + counts.unconfirmed, WORKERS * MESSAGES);
    /* Each of the two subscriptions reads both streams, and got its own worker's only. */
    assert_int_equal(counts.received, WORKERS * MESSAGES);
    assert_int_equal(counts.duplicated, totals.again);
    delivery_free(totals.audit);
    collector_free(collector);
    for (uint32_t i = 0; i < WORKERS; i++) {
        recorder_free(recorders[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_doubled_beside_a_slow_collector),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
