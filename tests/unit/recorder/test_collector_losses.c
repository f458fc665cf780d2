#include "collector_bench.h"

#include <stdlib.h>
#include <string.h>

static void lost_connections_are_told_one_by_one(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count = 0;
    uint32_t error;

    (void)state;
    bench_begin(&bench, 2);
    error = recorder_error(bench.recorders[1], "closed: too large");
    recorder_lost(bench.recorders[1], 1, error, 100); /* Its consumer. */
    recorder_lost(bench.recorders[1], 1, error, 110); /* Said twice. */
    recorder_found(bench.recorders[1], 1, 200);
    recorder_found(bench.recorders[1], 0, 250); /* Was never lost. */
    recorder_lost(bench.recorders[1], 1, error, 300);
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_turn(&bench, 1, NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->losses_count, 3);
    assert_int_equal(parts[0]->losses[0].client, bench.fixture.consumers[1].client);
    assert_false(parts[0]->losses[0].is_back);
    assert_int_equal(parts[0]->losses[0].at_ns, 100);
    assert_string_equal(parts[0]->losses[0].text, "closed: too large");
    assert_true(parts[0]->losses[1].is_back);
    assert_int_equal(parts[0]->losses[1].at_ns, 200);
    assert_int_equal(parts[0]->losses[2].at_ns, 300);
    assert_int_equal(parts[0]->health.losses_untold, 0);
    bench_free_parts(parts, count);
    bench_turn(&bench, 0, 2 * NS_PER_S, NULL);
    bench_turn(&bench, 1, 2 * NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->losses_count, 0); /* Told once. */
    bench_free_parts(parts, count);
    bench_done(&bench);
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
    bench_begin(&bench, 1);
    for (uint32_t i = 0; i < LOSSES_TOLD_MAX; i++) {
        int64_t at_ns = i * NS_PER_S;

        for (uint32_t k = 0; k < 2; k++) { /* Four clients, each breaks twice a second. */
            for (uint32_t client = 0; client < 4; client++) {
                recorder_lost(bench.recorders[0], client,
                              recorder_error(bench.recorders[0], "reset"), at_ns + k * 2);
                recorder_found(bench.recorders[0], client, at_ns + k * 2 + 1);
            }
        }
        bench_turn(&bench, 0, at_ns + NS_PER_S, NULL);
        bench_drain(&bench);
        parts = bench_cut(&bench, false, &count);
        for (uint32_t p = 0; p < count; p++) {
            for (uint32_t l = 0; l < parts[p]->losses_count; l++) {
                lost += parts[p]->losses[l].is_back ? 0 : 1;
                back += parts[p]->losses[l].is_back ? 1 : 0;
            }
        }
        untold += parts[0]->health.losses_untold;
        bench_free_parts(parts, count);
    }
    assert_int_equal(lost, LOSSES_TOLD_MAX);
    assert_int_equal(back, LOSSES_TOLD_MAX);
    assert_int_equal(lost + untold, LOSSES_TOLD_MAX * 8);
    bench_done(&bench);
}

static void what_the_broker_says_is_one_text_with_its_times(void **state)
{
    struct bench bench;
    struct snapshot **parts;
    uint32_t count = 0;

    (void)state;
    bench_begin(&bench, 2);
    recorder_notice(bench.recorders[0], "blocked: low on memory", 500);
    recorder_notice(bench.recorders[1], "blocked: low on memory", 300);
    recorder_notice(bench.recorders[1], "blocked: low on memory", 900);
    recorder_notice(bench.recorders[1], "no longer blocked", 950);
    bench_turn(&bench, 0, NS_PER_S, NULL);
    bench_turn(&bench, 1, NS_PER_S, NULL);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->notices_count, 2);
    assert_string_equal(parts[0]->notices[0].text, "blocked: low on memory");
    assert_int_equal(parts[0]->notices[0].first_ns, 300);
    assert_int_equal(parts[0]->notices[0].last_ns, 900);
    assert_int_equal(parts[0]->notices[0].count, 3);
    bench_free_parts(parts, count);
    bench_done(&bench);
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
    bench_begin(&bench, 2);
    bench_turn(&bench, 0, NS_PER_S, &first);
    bench_turn(&bench, 1, NS_PER_S, &second);
    bench_drain(&bench);
    parts = bench_cut(&bench, false, &count);
    assert_int_equal(parts[0]->health.signs.answered_first_ns, 40);
    assert_int_equal(parts[0]->health.signs.answered_last_ns, 90);
    assert_int_equal(parts[0]->health.signs.waiting_since_ns, 60);
    assert_int_equal(parts[0]->health.signs.handed_ns, 0);
    bench_free_parts(parts, count);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_connections_are_told_one_by_one),
        cmocka_unit_test(losses_beyond_what_is_told_are_counted),
        cmocka_unit_test(what_the_broker_says_is_one_text_with_its_times),
        cmocka_unit_test(signs_of_the_broker_are_those_of_all_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
