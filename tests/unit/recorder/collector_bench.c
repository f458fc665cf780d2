#include "collector_bench.h"

#include "wire.h"

#include <stdlib.h>
#include <string.h>

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

/* Two producers with a stream each and two consumers of one subscription; the workers get one of
 * both each, or one worker all. */
void bench_begin(struct bench *bench, uint32_t workers)
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

void bench_done(struct bench *bench)
{
    collector_free(bench->collector);
    for (uint32_t i = 0; i < bench->workers; i++) {
        recorder_free(bench->recorders[i]);
    }
}

void bench_turn(struct bench *bench, uint32_t worker, int64_t offset_ns,
                const struct recorder_state *account)
{
    static const struct recorder_state none;

    assert_true(recorder_turn(bench->recorders[worker], offset_ns,
                              account == NULL ? &none : account, false));
}

void bench_drain(struct bench *bench)
{
    assert_int_equal(collector_drain(bench->collector, NULL), 0);
}

/* Checks what holds for all parts; the caller frees with bench_free_parts(). */
struct snapshot **bench_cut(struct bench *bench, bool final, uint32_t *ret_count)
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
        assert_true(frame.bytes_count <= REQUEST_BYTES_MAX);
        text_done(&frame);
    }
    bench->until_ns = parts[0]->until_ns;
    bench->interval++;
    return parts;
}

void bench_free_parts(struct snapshot **parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        snapshot_free(parts[i]);
    }
    free(parts);
}
