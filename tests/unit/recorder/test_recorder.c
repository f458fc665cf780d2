#include "executor_fixture.h"

#include "recorder.h"

#include <stdio.h>
#include <string.h>

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

/* One producer and two consumers (one subscription each) of a stream; two phases. */
static struct recorder *make(struct fixture *fixture)
{
    struct recorder *recorder = NULL;

    fixture_init(fixture);
    fixture_producer(fixture);
    fixture_consumer(fixture, 0);
    fixture_consumer(fixture, 1);
    (void)fixture_phase(fixture, LOAD_RATE, per_ms, NS_PER_S);
    (void)fixture_phase(fixture, LOAD_RATE, per_ms, NS_PER_S);
    assert_int_equal(recorder_new(&fixture->assignment, 0, &recorder, NULL), 0);
    return recorder;
}

static void turn(struct recorder *recorder, int64_t offset_ns)
{
    struct recorder_state state = {0};

    assert_true(recorder_turn_due(recorder, offset_ns));
    assert_true(recorder_turn(recorder, offset_ns, &state, false));
}

static void assert_run(struct recorder *recorder, enum mark_kind_of_run kind, uint64_t first,
                       uint64_t last)
{
    struct delivery_run run;

    assert_true(recorder_next_run(recorder, &run));
    assert_int_equal(run.kind, kind);
    assert_int_equal(run.first, first);
    assert_int_equal(run.last, last);
}

static void outcomes_that_follow_each_other_are_one_run(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct delivery_run run;

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        recorder_outcome(recorder, 0, RUN_ACKED, i);
    }
    recorder_outcome(recorder, 0, RUN_REFUSED, 100);
    recorder_outcome(recorder, 0, RUN_ACKED, 101);
    recorder_outcome(recorder, 0, RUN_ACKED, 103); /* 102 comes later. */
    recorder_outcome(recorder, 0, RUN_ACKED, 102);
    turn(recorder, NS_PER_S);
    assert_run(recorder, RUN_ACKED, 0, 99);
    assert_run(recorder, RUN_REFUSED, 100, 100);
    assert_run(recorder, RUN_ACKED, 101, 101);
    assert_run(recorder, RUN_ACKED, 103, 103);
    assert_run(recorder, RUN_ACKED, 102, 102);
    assert_false(recorder_next_run(recorder, &run));
    recorder_free(recorder);
}

static void a_run_that_is_open_at_the_turn_is_handed_over_and_begun_anew(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct delivery_run run;

    (void)state;
    recorder_outcome(recorder, 0, RUN_ACKED, 0);
    assert_false(recorder_next_run(recorder, &run));
    turn(recorder, NS_PER_S);
    assert_run(recorder, RUN_ACKED, 0, 0);
    recorder_return(recorder, recorder_take(recorder));
    recorder_outcome(recorder, 0, RUN_ACKED, 1);
    turn(recorder, 2 * NS_PER_S);
    assert_run(recorder, RUN_ACKED, 1, 1);
    recorder_free(recorder);
}

static void what_comes_after_a_higher_one_is_out_of_order_for_its_consumer_only(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);

    (void)state;
    recorder_seen(recorder, 0, 0, 5);
    recorder_seen(recorder, 0, 0, 3);
    recorder_seen(recorder, 0, 0, 4);
    recorder_seen(recorder, 0, 0, 6);
    recorder_seen(recorder, 0, 0, 6); /* A copy: the collector knows. */
    recorder_seen(recorder, 1, 0, 3);
    recorder_seen(recorder, 1, 0, 4);
    turn(recorder, NS_PER_S);
    assert_run(recorder, RUN_SEEN, 5, 5);
    assert_run(recorder, RUN_SEEN_OUT_OF_ORDER, 3, 4);
    assert_run(recorder, RUN_SEEN, 6, 6);
    assert_run(recorder, RUN_SEEN_OUT_OF_ORDER, 6, 6);
    assert_run(recorder, RUN_SEEN, 3, 4);
    recorder_free(recorder);
}

static void a_turn_is_due_when_its_second_is_over_and_the_other_half_is_free(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct recorder_half *half;

    (void)state;
    assert_false(recorder_turn_due(recorder, -1));
    assert_false(recorder_turn_due(recorder, NS_PER_S - 1));
    recorder_cell(recorder, 0, 0)->counters.sent = 1;
    turn(recorder, NS_PER_S);
    recorder_cell(recorder, 0, 0)->counters.sent += 10;
    assert_false(recorder_turn_due(recorder, 2 * NS_PER_S));
    assert_false(recorder_turn_due(recorder, 3 * NS_PER_S));
    half = recorder_take(recorder);
    assert_non_null(half);
    assert_int_equal(half->interval, 0);
    assert_int_equal(half->cells[0].counters.sent, 1);
    recorder_return(recorder, half);
    assert_null(recorder_take(recorder));
    recorder_cell(recorder, 0, 0)->counters.sent += 100;
    turn(recorder, 3 * NS_PER_S + 5); /* It just got longer. */
    half = recorder_take(recorder);
    assert_int_equal(half->interval, 1);
    assert_int_equal(half->until_ns, 3 * NS_PER_S + 5);
    assert_int_equal(half->cells[0].counters.sent, 110);
    recorder_return(recorder, half);
    assert_false(recorder_turn_due(recorder, 4 * NS_PER_S - 1));
    assert_true(recorder_turn_due(recorder, 4 * NS_PER_S));
    assert_int_equal(recorder_cell(recorder, 0, 0)->counters.sent, 0);
    recorder_free(recorder);
}

/* A worker that waited for the others after its close handed over again what was being read. */
static void nothing_is_handed_over_after_the_final_turn(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct recorder_state account = {.blocked_ns = 7};
    struct recorder_state none = {0};
    struct recorder_half *half;

    (void)state;
    turn(recorder, NS_PER_S);
    recorder_cell(recorder, 0, 0)->counters.sent = 1;
    assert_true(recorder_turn(recorder, NS_PER_S + 5, &account, true)); /* Whatever the other is. */
    assert_false(recorder_turn_due(recorder, 9 * NS_PER_S));
    assert_true(recorder_turn(recorder, 9 * NS_PER_S, &none, true));
    recorder_return(recorder, recorder_take(recorder));
    assert_false(recorder_turn_due(recorder, 9 * NS_PER_S));
    half = recorder_take(recorder);
    assert_int_equal(half->until_ns, NS_PER_S + 5);
    assert_int_equal(half->state.blocked_ns, 7);
    assert_int_equal(half->cells[0].counters.sent, 1);
    recorder_return(recorder, half);
    assert_null(recorder_take(recorder));
    recorder_free(recorder);
}

static void ranges_say_which_numbers_belong_to_which_phase(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    const struct delivery_range *ranges;
    uint32_t first;
    uint32_t over;
    uint32_t end;

    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        recorder_sent(recorder, 0, i < 4 ? 0 : 1, i, (int64_t)i * 100);
    }
    assert_int_equal(recorder_producer_lanes(recorder), 1);
    assert_int_equal(recorder_lane_stream(recorder, 0), 0);
    ranges = recorder_ranges(recorder, 0);
    assert_int_equal(ranges->first, 0);
    assert_int_equal(ranges->end, 4);
    assert_int_equal(ranges->intended_ns, 300);
    ranges = recorder_ranges(recorder, 1);
    assert_int_equal(ranges->first, 4);
    assert_int_equal(ranges->end, 10);
    assert_int_equal(ranges->intended_ns, 900);
    recorder_phases_over(recorder, 1);
    recorder_phases(recorder, &first, &over, &end);
    assert_int_equal(first, 0);
    assert_int_equal(over, 1);
    assert_int_equal(end, 2);
    recorder_forget_ranges(recorder, over);
    recorder_phases(recorder, &first, &over, &end);
    assert_int_equal(first, 1);
    assert_int_equal(ranges->end, 10);
    recorder_free(recorder);
}

static void samples_before_their_cause_count_as_zero_and_by_name(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct recorder_cell *cell = recorder_cell(recorder, 0, 1);

    (void)state;
    recorder_sample(cell, SERIES_E2E, 10, 0);
    recorder_sample(cell, SERIES_E2E, -5, 5);
    recorder_sample(cell, SERIES_E2E, -6, 5);
    assert_int_equal(hist_count(cell->series[SERIES_E2E]), 3);
    assert_int_equal(hist_min(cell->series[SERIES_E2E]), 0);
    assert_int_equal((int64_t)hist_sum(cell->series[SERIES_E2E]), 10);
    assert_int_equal(cell->counters.below_resolution[SERIES_E2E], 1);
    assert_int_equal(cell->counters.clock_violations, 1);
    recorder_free(recorder);
}

static void texts_beyond_the_limit_are_other_errors(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct recorder_half *half;
    uint64_t sum = 0;

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            char text[32];

            (void)snprintf(text, sizeof text, "error %d", i);
            recorder_error(recorder, text);
        }
    }
    turn(recorder, NS_PER_S);
    half = recorder_take(recorder);
    assert_int_equal(half->errors_count, RECORDER_ERRORS_MAX);
    for (uint32_t i = 0; i < half->errors_count; i++) {
        sum += half->errors[i].count;
    }
    assert_int_equal(sum, 120);
    assert_string_equal(half->errors[0].text, "error 0");
    assert_int_equal(half->errors[0].count, 3);
    assert_string_equal(half->errors[RECORDER_ERRORS_MAX - 1].text, "other errors");
    recorder_return(recorder, half);
    recorder_free(recorder);
}

/* Each event takes one place at most, and each open run keeps one for the turn. */
static void whoever_asks_for_room_can_always_mark_and_turn(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    uint64_t sequence = 0;
    uint64_t marked = 0;
    uint64_t taken = 0;
    struct delivery_run run;

    (void)state;
    while (recorder_room(recorder) > 0) {
        recorder_outcome(recorder, 0, RUN_ACKED, sequence);
        sequence += 2;
        marked++;
    }
    assert_true(recorder_turn_due(recorder, NS_PER_S));
    turn(recorder, NS_PER_S);
    assert_true(recorder_runs_max(recorder) >= marked);
    while (recorder_next_run(recorder, &run)) {
        taken += run.last - run.first + 1;
    }
    assert_int_equal(taken, marked);
    recorder_free(recorder);
}

/* Events wait for their place; how long, the self-check is told. */
static void time_without_room_is_counted_in_its_interval(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct recorder_half *half;
    struct delivery_run run;
    uint64_t sequence = 0;

    (void)state;
    recorder_watch_room(recorder, 100);
    recorder_watch_room(recorder, 200); /* There was room. */
    while (recorder_room(recorder) > 0) {
        recorder_outcome(recorder, 0, RUN_ACKED, sequence);
        sequence += 2;
    }
    recorder_watch_room(recorder, 300);
    recorder_watch_room(recorder, 340);
    recorder_watch_room(recorder, 400);
    while (recorder_next_run(recorder, &run)) {
    }
    recorder_watch_room(recorder, 450);
    recorder_watch_room(recorder, 900);
    turn(recorder, NS_PER_S);
    half = recorder_take(recorder);
    assert_non_null(half);
    assert_int_equal(half->full_ns, 150);
    recorder_return(recorder, half);
    turn(recorder, 2 * NS_PER_S);
    half = recorder_take(recorder);
    assert_int_equal(half->full_ns, 0);
    recorder_return(recorder, half);
    turn(recorder, 3 * NS_PER_S);
    half = recorder_take(recorder); /* The first half once more. */
    assert_int_equal(half->full_ns, 0);
    recorder_return(recorder, half);
    recorder_free(recorder);
}

static void client_figures_are_those_of_the_interval(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = make(&fixture);
    struct recorder_half *half;

    (void)state;
    recorder_client(recorder, 0, 100, 50);
    recorder_client(recorder, 0, 100, -1); /* Without a latency. */
    recorder_client(recorder, 0, 100, 30);
    recorder_client(recorder, 2, 10, 1);
    turn(recorder, NS_PER_S);
    half = recorder_take(recorder);
    assert_int_equal(half->clients[0].messages, 3);
    assert_int_equal(half->clients[0].bytes, 300);
    assert_int_equal(half->clients[0].latency_samples, 2);
    assert_int_equal(half->clients[0].latency_ns_max, 50);
    assert_int_equal((int64_t)half->clients[0].latency_ns_sum, 80);
    assert_int_equal(half->clients[1].messages, 0);
    assert_int_equal(half->clients[2].messages, 1);
    recorder_return(recorder, half);
    assert_int_equal(half->clients[0].messages, 0);
    recorder_free(recorder);
}

/* Bug: histograms were there for two phases. Where phases are shorter than the collector's pause,
 * the load thread waited for those of the next ones, and what was due meanwhile was late. */
static void short_phases_need_no_collector_between_them(void **state)
{
    struct fixture fixture;
    struct recorder *recorder = NULL;
    struct recorder_half *half;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    for (uint32_t i = 0; i < FIXTURE_PHASES; i++) {
        (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 5 * NS_PER_MS);
    }
    assert_int_equal(recorder_new(&fixture.assignment, 0, &recorder, NULL), 0);
    for (uint32_t i = 0; i < FIXTURE_PHASES; i++) {
        recorder_cell(recorder, 0, i)->counters.sent++;
    }
    turn(recorder, NS_PER_S);
    half = recorder_take(recorder);
    assert_non_null(half);
    assert_int_equal(half->listed_count, FIXTURE_PHASES);
    assert_int_equal(half->full_ns, 0);
    recorder_return(recorder, half);
    recorder_free(recorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_that_follow_each_other_are_one_run),
        cmocka_unit_test(a_run_that_is_open_at_the_turn_is_handed_over_and_begun_anew),
        cmocka_unit_test(what_comes_after_a_higher_one_is_out_of_order_for_its_consumer_only),
        cmocka_unit_test(a_turn_is_due_when_its_second_is_over_and_the_other_half_is_free),
        cmocka_unit_test(nothing_is_handed_over_after_the_final_turn),
        cmocka_unit_test(ranges_say_which_numbers_belong_to_which_phase),
        cmocka_unit_test(samples_before_their_cause_count_as_zero_and_by_name),
        cmocka_unit_test(texts_beyond_the_limit_are_other_errors),
        cmocka_unit_test(whoever_asks_for_room_can_always_mark_and_turn),
        cmocka_unit_test(time_without_room_is_counted_in_its_interval),
        cmocka_unit_test(client_figures_are_those_of_the_interval),
        cmocka_unit_test(short_phases_need_no_collector_between_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
