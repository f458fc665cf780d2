/* What a recorder and its collector keep follows what happens, not what could. */
#include "check.h"

#include "assignment.h"
#include "collector.h"
#include "mono.h"
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A sanitizer's own memory is in what is resident. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_OURS false
#else
#define MEMORY_IS_OURS true
#endif

#define MIB (1024 * 1024)
#define PHASES 1024

struct many {
    struct assignment assignment;
    struct assigned_flow flow;
};

static size_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
    assert_int_equal(fclose(file), 0);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* All of them on one topic and one worker, in one subscription. */
static void begin(struct many *many, uint32_t producers, uint32_t consumers, uint32_t partitions,
                  uint32_t phases)
{
    struct assignment *assignment = &many->assignment;

    memset(many, 0, sizeof *many);
    many->flow = (struct assigned_flow){.topics_count = 1,
                                        .partitions = partitions,
                                        .producers_count = producers,
                                        .subscriptions_count = 1,
                                        .consumers_count = consumers,
                                        .streams_count = producers * partitions};
    assignment->flows = &many->flow;
    assignment->flows_count = 1;
    assignment->workers_count = 1;
    assignment->phases = calloc(phases, sizeof *assignment->phases);
    assignment->phases_count = phases;
    assignment->producers = calloc(producers, sizeof *assignment->producers);
    assignment->producers_count = producers;
    assignment->consumers = calloc(consumers, sizeof *assignment->consumers);
    assignment->consumers_count = consumers;
    assert_non_null(assignment->phases);
    assert_non_null(assignment->producers);
    assert_non_null(assignment->consumers);
    for (uint32_t i = 0; i < producers; i++) {
        assignment->producers[i] = (struct assigned_producer){
            .client = i, .index = i, .stream_first = i * partitions, .topics_count = 1};
    }
    for (uint32_t i = 0; i < consumers; i++) {
        assignment->consumers[i] =
            (struct assigned_consumer){.client = producers + i, .index = i, .topics_count = 1};
    }
}

static void done(struct many *many)
{
    free(many->assignment.phases);
    free(many->assignment.producers);
    free(many->assignment.consumers);
}

static void assert_run(struct recorder *recorder, enum mark_kind_of_run kind, uint32_t stream,
                       uint64_t sequence)
{
    struct delivery_run run;

    assert_true(recorder_next_run(recorder, &run));
    assert_int_equal(run.kind, kind);
    assert_int_equal(run.stream, stream);
    assert_int_equal(run.first, sequence);
    assert_int_equal(run.last, sequence);
}

/* 2^32 pairs of stream and consumer: their number wrapped, and what was kept of them was written
 * beyond the end of its memory. */
static void more_pairs_than_a_word_can_count_are_told_apart(void **state)
{
    struct many many;
    struct recorder *recorder = NULL;
    struct recorder_state account = {0};
    struct delivery_run run;
    size_t before = resident_bytes();
    uint32_t last = 16384 * 64 - 1;

    (void)state;
    begin(&many, 16384, 4096, 64, 1);
    assert_int_equal(recorder_new(&many.assignment, 0, &recorder, NULL), 0);
    recorder_seen(recorder, 4095, last, 7);
    recorder_seen(recorder, 4095, last, 5);
    recorder_seen(recorder, 4094, last, 6); /* In order: another consumer. */
    recorder_seen(recorder, 0, 0, 9);
    recorder_outcome(recorder, last, RUN_ACKED, 3);
    assert_true(recorder_turn(recorder, NS_PER_S, &account, false));
    assert_run(recorder, RUN_SEEN, last, 7);
    assert_run(recorder, RUN_SEEN_OUT_OF_ORDER, last, 5);
    assert_run(recorder, RUN_ACKED, last, 3);
    assert_run(recorder, RUN_SEEN, last, 6);
    assert_run(recorder, RUN_SEEN, 0, 9);
    assert_false(recorder_next_run(recorder, &run));
    if (MEMORY_IS_OURS) {
        assert_true(resident_bytes() < before + 16 * MIB);
    }
    recorder_free(recorder);
    done(&many);
}

/* Far more marks than places for open runs, and every one arrives. */
static void runs_that_share_a_place_lose_nothing(void **state)
{
    enum { STREAMS = 40000, ROUNDS = 3 };
    struct many many;
    struct recorder *recorder = NULL;
    struct recorder_state account = {0};
    struct delivery_run run;
    uint8_t *seen = calloc(STREAMS, sizeof *seen);

    (void)state;
    assert_non_null(seen);
    begin(&many, STREAMS, 2, 1, 1);
    assert_int_equal(recorder_new(&many.assignment, 0, &recorder, NULL), 0);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < STREAMS; i++) {
            assert_true(recorder_room(recorder) > 0);
            recorder_seen(recorder, i % 2, i, round);
        }
    }
    assert_true(recorder_turn(recorder, NS_PER_S, &account, false));
    while (recorder_next_run(recorder, &run)) {
        assert_int_equal(run.kind, RUN_SEEN);
        for (uint64_t i = run.first; i <= run.last; i++) {
            assert_false(seen[run.stream] & 1u << i);
            seen[run.stream] |= (uint8_t)(1u << i);
        }
    }
    for (uint32_t i = 0; i < STREAMS; i++) {
        assert_int_equal(seen[i], (1u << ROUNDS) - 1);
    }
    free(seen);
    recorder_free(recorder);
    done(&many);
}

struct course {
    struct many many;
    struct recorder *recorder;
    struct collector *collector;
    uint32_t intervals;
    uint64_t rows[PHASES]; /* Messages by phase, as the snapshots have them. */
    uint64_t samples;
    uint64_t ends[PHASES]; /* Of the first stream's range. */
};

static void take_part(struct course *course, const struct snapshot *part)
{
    for (uint32_t i = 0; i < part->rows_count; i++) {
        const struct snapshot_row *row = &part->rows[i];

        course->rows[row->phase] += row->counters.sent;
        course->samples += row->series[SERIES_E2E].count;
    }
    for (uint32_t i = 0; i < part->ranges_count; i++) {
        if (part->ranges[i].stream == 0) {
            course->ends[part->ranges[i].phase] = part->ranges[i].end;
        }
    }
}

/* An interval of the phase: each series has samples. */
static void record_interval(struct course *course, uint32_t phase)
{
    struct recorder_state account = {0};
    struct health health = {0};
    struct snapshot **parts = NULL;
    uint32_t count = 0;

    for (uint32_t i = 0; i < 64; i++) {
        struct recorder_cell *cell = recorder_cell(course->recorder, 0, phase);

        cell->counters.sent++;
        for (int series = 0; series < SERIES_COUNT; series++) {
            recorder_sample(cell, (enum series)series, (int64_t)1 << i % 12, 0);
        }
        recorder_sent(course->recorder, i, phase, course->intervals, 0);
    }
    recorder_phases_over(course->recorder, phase);
    course->intervals++;
    assert_true(recorder_turn(course->recorder, course->intervals * NS_PER_S, &account, false));
    assert_int_equal(collector_drain(course->collector, NULL), 0);
    assert_int_equal(collector_snapshots(course->collector, &health, false, &parts, &count, NULL),
                     0);
    for (uint32_t i = 0; i < count; i++) {
        take_part(course, parts[i]);
        snapshot_free(parts[i]);
    }
    free(parts);
}

static void a_thousand_phases_take_the_memory_of_a_few(void **state)
{
    static struct course course;
    struct many *many = &course.many;
    size_t early = 0;

    (void)state;
    begin(many, 2500, 1, 1, PHASES);
    assert_int_equal(recorder_new(&many->assignment, 0, &course.recorder, NULL), 0);
    assert_int_equal(collector_new(&many->assignment, &course.recorder, 1, &course.collector, NULL),
                     0);
    for (uint32_t phase = 0; phase < PHASES; phase++) {
        for (uint32_t i = 0; i < 2; i++) {
            record_interval(&course, phase);
        }
        early = phase == 3 ? resident_bytes() : early;
    }
    if (MEMORY_IS_OURS) {
        assert_true(resident_bytes() < early + 2 * MIB);
    }
    for (uint32_t phase = 0; phase < PHASES; phase++) {
        assert_int_equal(course.rows[phase], 2 * 64);
        assert_int_equal(course.ends[phase], 2 * phase + 2);
    }
    /* One that was away for an hour brings a message of the first phase. */
    recorder_sample(recorder_cell(course.recorder, 0, 0), SERIES_E2E, 3600 * NS_PER_S, 0);
    record_interval(&course, PHASES - 1);
    assert_int_equal(course.samples, (2 * PHASES + 1) * 64 + 1);
    collector_free(course.collector);
    recorder_free(course.recorder);
    done(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_pairs_than_a_word_can_count_are_told_apart),
        cmocka_unit_test(runs_that_share_a_place_lose_nothing),
        cmocka_unit_test(a_thousand_phases_take_the_memory_of_a_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
