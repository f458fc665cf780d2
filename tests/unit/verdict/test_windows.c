#include "check.h"
#include "packed.h"
#include "windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

/* A trial of a warm-up of 2 s and a steady phase of 10 s, of two flows, in one segment. */
struct bed {
    struct assigned_phase phases[2];
    struct assigned_flow flows[2];
    struct entry_trial trial;
    struct objective objective;
    struct windows *windows;
    struct window_count *counts;
    uint32_t counts_count;
};

static void segment(struct bed *bed, int64_t end_ns)
{
    windows_segment(
        bed->windows,
        &(struct entry_segment){
            .trial = 7, .phase_first = 0, .phase_last = 1, .start_ns = 0, .end_ns = end_ns});
}

/* One objective with a window of window_s seconds (0: none), which ends the trial when missed. */
static struct bed *new_bed(const char *text, int64_t window_s, double within, int64_t after_s)
{
    struct bed *bed = calloc(1, sizeof *bed);

    assert_non_null(bed);
    for (int p = 0; p < 2; p++) {
        (void)snprintf(bed->phases[p].name, NAME_BYTES, "%s", p == 0 ? "warm-up" : "steady");
        bed->phases[p].measured = p == 1;
        bed->phases[p].duration_ns = (p == 0 ? 2 : 10) * SECOND;
        bed->phases[p].loads[0].load = LOAD_RATE;
        bed->phases[p].loads[1].load = LOAD_RATE;
    }
    (void)snprintf(bed->flows[0].name, NAME_BYTES, "%s", "orders");
    (void)snprintf(bed->flows[1].name, NAME_BYTES, "%s", "exports");
    bed->trial = (struct entry_trial){.number = 7,
                                      .agents_count = 1,
                                      .flows = bed->flows,
                                      .flows_count = 2,
                                      .phases = bed->phases,
                                      .phases_count = 2};
    assert_int_equal(objective_parse(text, &bed->objective, NULL), 0);
    if (window_s > 0) {
        assert_int_equal(objective_set_window(&bed->objective, window_s * SECOND, within,
                                              after_s * SECOND, NULL),
                         0);
    }
    assert_int_equal(objective_set_abort(&bed->objective, NULL), 0);
    return bed;
}

static void begin(struct bed *bed)
{
    assert_int_equal(windows_new(&bed->objective, 1, &bed->trial, "rabbit", &bed->windows, NULL),
                     0);
    segment(bed, -1);
}

static void end_bed(struct bed *bed)
{
    windows_free(bed->windows);
    free(bed->counts);
    free(bed);
}

/* What happened in a second: samples of e2e, each of that value, and the counts. */
static void second_of(struct bed *bed, uint32_t interval, struct snapshot_row row, int64_t e2e_ns,
                      uint32_t samples)
{
    struct snapshot snapshot = {
        .trial = 7, .interval = interval, .rows = &row, .rows_count = 1, .last_part = true};

    for (uint32_t i = 0; i < samples; i++) {
        packed_record(&row.series[SERIES_E2E], e2e_ns);
    }
    assert_int_equal(windows_snapshot(bed->windows, &snapshot, NULL), 0);
    hist_packed_done(&row.series[SERIES_E2E]);
}

/* 100 samples of a value in one second of the steady phase, by the seconds of the trial. */
static void steady(struct bed *bed, uint32_t interval, int64_t e2e_ns)
{
    second_of(bed, interval,
              (struct snapshot_row){.phase = 1, .flow = 0, .counters = {.due = 100, .sent = 100}},
              e2e_ns, 100);
}

static const struct window_count *finish(struct bed *bed, int64_t end_ns)
{
    segment(bed, end_ns);
    assert_int_equal(windows_finish(bed->windows, &bed->counts, &bed->counts_count, NULL), 0);
    return bed->counts_count == 0 ? NULL : &bed->counts[bed->counts_count - 1];
}

static void windows_begin_with_the_phase_and_each_is_judged_on_its_own(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 2, 0.8, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    second_of(bed, 0, (struct snapshot_row){.phase = 0, .flow = 0, .counters = {0}}, 90000,
              100); /* The warm-up's don't count. */
    for (uint32_t i = 2; i < 12; i++) {
        steady(bed, i, i == 5 ? 20000 : 1000);
        windows_advance(bed->windows, i + 1);
    }
    count = finish(bed, 12 * SECOND);
    assert_int_equal(bed->counts_count, 1);
    assert_string_equal(count->phase, "steady");
    assert_int_equal(count->trial, 7);
    assert_int_equal(count->windows, 5);
    assert_int_equal(count->held, 4);
    assert_int_equal(count->samples, 1000);
    assert_true(count->worst >= 20000.0 && count->worst < 20100.0);
    end_bed(bed);
}

/* So many may be missing of each that held that it holds all the same. */
static uint64_t room_of(const char *text, int64_t value_ns, uint32_t beyond)
{
    struct bed *bed = new_bed(text, 2, 0.0, 0);
    uint64_t room;

    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        steady(bed, i, value_ns);
    }
    if (beyond > 0) {
        second_of(bed, 4, (struct snapshot_row){.phase = 1, .flow = 0, .counters = {0}}, 90000,
                  beyond);
    }
    room = finish(bed, 12 * SECOND)->room;
    end_bed(bed);
    return room;
}

static void the_room_of_windows_is_that_of_the_one_with_the_least(void **state)
{
    (void)state;
    /* 200 / 0.9 = 222.2; the 200th of 223 is below its p90. */
    assert_int_equal(room_of("e2e.p90 < 10us", 1000, 0), 22);
    assert_int_equal(room_of("e2e.p90 < 10us", 1000, 20), 2);
    assert_int_equal(room_of("e2e.max < 10us", 1000, 0), 0);
    assert_int_equal(room_of("e2e.mean < 10us", 1000, 0), 0);
    assert_true(room_of("e2e.p90 > 10us", 90000, 0) == UINT64_MAX);
    assert_true(room_of("received_rate > 1/s", 1000, 0) == 0); /* None holds. */
}

static void a_window_is_judged_once_every_second_of_it_is_reported(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 5, 1.0, 0);
    char text[REASON_BYTES];

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 7; i++) {
        steady(bed, i, 20000);
        windows_advance(bed->windows, i);
        assert_false(windows_missed(bed->windows, text));
    }
    windows_advance(bed->windows, 7);
    assert_true(windows_missed(bed->windows, text));
    assert_non_null(strstr(text, "was missed in steady: 1 of 1 windows did not hold"));
    end_bed(bed);
}

static void so_many_windows_may_fail_as_the_share_allows(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 1, 0.8, 0);
    char text[REASON_BYTES];

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 5; i++) {
        steady(bed, i, 20000);
        windows_advance(bed->windows, i + 1);
        /* 2 of the 10 that the phase will have. */
        assert_int_equal(windows_missed(bed->windows, text), i == 4);
    }
    end_bed(bed);
}

static void a_window_without_samples_does_not_hold(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 2, 1.0, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        if (i != 4 && i != 5) {
            steady(bed, i, 1000);
        }
        windows_advance(bed->windows, i + 1);
    }
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->windows, 5);
    assert_int_equal(count->held, 4);
    end_bed(bed);
}

static void a_window_needs_the_samples_of_its_percentile(void **state)
{
    struct bed *bed = new_bed("e2e.p99.9 < 1s", 5, 1.0, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        steady(bed, i, 1000);
    }
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->windows, 2);
    assert_int_equal(count->held, 0);
    assert_false(count->has_worst);
    end_bed(bed);
}

static void what_comes_late_belongs_to_the_last_window(void **state)
{
    struct bed *bed = new_bed("e2e.max < 10us", 4, 1.0, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        steady(bed, i, 1000);
        windows_advance(bed->windows, i + 1);
    }
    steady(bed, 20, 90000);
    windows_advance(bed->windows, 21);
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->windows, 2); /* Of 4 s and, with the rest, 6 s. */
    assert_int_equal(count->held, 1);
    assert_true(count->worst >= 90000.0);
    end_bed(bed);
}

static void windows_before_the_time_of_after_do_not_count(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 2, 1.0, 3);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        steady(bed, i, i < 6 ? 20000 : 1000); /* Until 4 s of the phase. */
        windows_advance(bed->windows, i + 1);
    }
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->windows, 3);
    assert_int_equal(count->held, 3);
    end_bed(bed);
}

static void of_a_phase_that_ends_early_the_unfinished_window_is_left_out(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 2, 1.0, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 7; i++) {
        steady(bed, i, i == 6 ? 20000 : 1000);
        windows_advance(bed->windows, i + 1);
    }
    count = finish(bed, 6 * SECOND + SECOND / 4);
    assert_int_equal(count->windows, 2);
    assert_int_equal(count->held, 2);
    end_bed(bed);
}

static void rates_are_of_the_time_that_the_window_has_of_its_phase(void **state)
{
    struct bed *bed = new_bed("sent_rate >= 100/s", 2, 1.0, 0);
    const struct window_count *count;

    (void)state;
    bed->phases[0].duration_ns = SECOND / 2; /* Steady begins in the middle of a second. */
    begin(bed);
    for (uint32_t i = 0; i <= 10; i++) {
        uint64_t sent = i == 0 || i == 10 ? 50 : 100;

        sent = i == 4 ? 98 : sent;
        second_of(bed, i,
                  (struct snapshot_row){
                      .phase = 1, .flow = 0, .counters = {.sent = sent, .sent_now = sent}},
                  0, 0);
        windows_advance(bed->windows, i + 1);
    }
    count = finish(bed, 10 * SECOND + SECOND / 2);
    assert_int_equal(count->windows, 5);
    assert_int_equal(count->held, 4);
    assert_true(count->worst > 98.9 && count->worst < 99.1);
    end_bed(bed);
}

/* A standstill is a rate of nothing: neither is it left out, nor does it lack anything. */
static void a_window_in_which_nothing_was_sent_has_a_rate_of_zero(void **state)
{
    static const char *const texts[] = {"received_rate >= 90/s", "sent_rate >= 90/s",
                                        "received_rate < 110/s"};

    (void)state;
    for (uint32_t t = 0; t < 3; t++) {
        struct bed *bed = new_bed(texts[t], 2, 0.5, 0);
        const struct window_count *count;

        begin(bed);
        for (uint32_t i = 2; i < 8; i++) { /* Nothing in the last two windows. */
            second_of(bed, i,
                      (struct snapshot_row){
                          .phase = 1,
                          .flow = 0,
                          .counters = {.sent = 100, .sent_now = 100, .received_now = 100}},
                      0, 0);
        }
        windows_advance(bed->windows, 12);
        count = finish(bed, 12 * SECOND);
        assert_int_equal(count->windows, 5);
        assert_int_equal(count->held, t == 2 ? 5 : 3);
        assert_true(count->worst == (t == 2 ? 100.0 : 0.0));
        assert_int_equal(count->samples, 600);
        end_bed(bed);
    }
}

/* As of a run that reads topics which others fill. */
static void what_was_only_received_has_rates_too(void **state)
{
    struct bed *bed = new_bed("received_rate >= 90/s", 2, 1.0, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        second_of(bed, i,
                  (struct snapshot_row){
                      .phase = 1, .flow = 0, .counters = {.received = 100, .received_now = 100}},
                  0, 0);
    }
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->windows, 5);
    assert_int_equal(count->held, 5);
    assert_int_equal(count->samples, 1000);
    end_bed(bed);
}

static void a_window_in_which_nothing_was_sent_has_no_errors_unless_it_has(void **state)
{
    struct bed *bed = new_bed("errors == 0", 2, 0.5, 0);
    const struct window_count *count;

    (void)state;
    begin(bed);
    for (uint32_t i = 2; i < 8; i++) {
        second_of(bed, i, (struct snapshot_row){.phase = 1, .flow = 0, .counters = {.sent = 100}},
                  0, 0);
    }
    second_of(bed, 8, (struct snapshot_row){.phase = 1, .flow = 0, .counters = {.errors = 3}}, 0,
              0); /* The broker is away. */
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->windows, 5);
    assert_int_equal(count->held, 4);
    assert_true(count->worst == 3.0);
    end_bed(bed);
}

static void a_flow_is_judged_without_the_others(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 5, 1.0, 0);
    const struct window_count *count;

    (void)state;
    (void)snprintf(bed->objective.flow, NAME_BYTES, "%s", "orders");
    begin(bed);
    for (uint32_t i = 2; i < 12; i++) {
        steady(bed, i, 1000);
        second_of(bed, i, (struct snapshot_row){.phase = 1, .flow = 1, .counters = {.sent = 1000}},
                  90000, 1000);
    }
    count = finish(bed, 12 * SECOND);
    assert_int_equal(count->held, 2);
    assert_int_equal(count->samples, 1000);
    end_bed(bed);
}

static void other_targets_and_phases_without_a_schedule_have_no_windows(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 5, 1.0, 0);

    (void)state;
    (void)snprintf(bed->objective.target, NAME_BYTES, "%s", "kafka");
    begin(bed);
    assert_null(finish(bed, 12 * SECOND));
    windows_free(bed->windows);
    bed->objective.target[0] = '\0';
    bed->phases[1].loads[1].load = LOAD_MAX;
    begin(bed);
    assert_null(finish(bed, 12 * SECOND));
    end_bed(bed);
}

static void a_count_is_missed_once_it_is_beyond_its_limit_in_any_phase(void **state)
{
    struct bed *bed = new_bed("refused <= 3", 0, 1.0, 0);
    char text[REASON_BYTES];

    (void)state;
    begin(bed);
    second_of(bed, 0, (struct snapshot_row){.phase = 0, .flow = 0, .counters = {.refused = 2}}, 0,
              0);
    second_of(bed, 3, (struct snapshot_row){.phase = 1, .flow = 1, .counters = {.refused = 1}}, 0,
              0);
    assert_false(windows_missed(bed->windows, text));
    second_of(bed, 4, (struct snapshot_row){.phase = 1, .flow = 0, .counters = {.refused = 1}}, 0,
              0);
    assert_true(windows_missed(bed->windows, text));
    assert_string_equal(text, "refused <= 3 was missed: it was 4 by then");
    assert_null(finish(bed, 12 * SECOND)); /* It has no windows. */
    end_bed(bed);
}

static void agents_that_are_far_apart_never_need_more_windows_than_are_kept(void **state)
{
    struct bed *bed = new_bed("e2e.p90 < 10us", 1, 1.0, 0);
    const struct window_count *count;

    (void)state;
    bed->phases[1].duration_ns = 100 * SECOND;
    begin(bed);
    for (uint32_t i = 2; i < 102; i++) {
        steady(bed, i, 1000);
    }
    steady(bed, 2, 90000); /* Too late: it is judged. */
    count = finish(bed, 102 * SECOND);
    assert_int_equal(count->windows, 100);
    assert_int_equal(count->held, 100);
    end_bed(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_begin_with_the_phase_and_each_is_judged_on_its_own),
        cmocka_unit_test(the_room_of_windows_is_that_of_the_one_with_the_least),
        cmocka_unit_test(a_window_is_judged_once_every_second_of_it_is_reported),
        cmocka_unit_test(so_many_windows_may_fail_as_the_share_allows),
        cmocka_unit_test(a_window_without_samples_does_not_hold),
        cmocka_unit_test(a_window_needs_the_samples_of_its_percentile),
        cmocka_unit_test(what_comes_late_belongs_to_the_last_window),
        cmocka_unit_test(windows_before_the_time_of_after_do_not_count),
        cmocka_unit_test(of_a_phase_that_ends_early_the_unfinished_window_is_left_out),
        cmocka_unit_test(rates_are_of_the_time_that_the_window_has_of_its_phase),
        cmocka_unit_test(a_window_in_which_nothing_was_sent_has_a_rate_of_zero),
        cmocka_unit_test(what_was_only_received_has_rates_too),
        cmocka_unit_test(a_window_in_which_nothing_was_sent_has_no_errors_unless_it_has),
        cmocka_unit_test(a_flow_is_judged_without_the_others),
        cmocka_unit_test(other_targets_and_phases_without_a_schedule_have_no_windows),
        cmocka_unit_test(a_count_is_missed_once_it_is_beyond_its_limit_in_any_phase),
        cmocka_unit_test(agents_that_are_far_apart_never_need_more_windows_than_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
