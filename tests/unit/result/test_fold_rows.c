#include "check.h"

#include "fold_trial_inner.h"

#include <string.h>

/* Rows and reports of agents that a trial with these phases takes memory for when it begins. */
static void expect_held(struct assigned_phase *phases, uint32_t phases_count, uint32_t agents_count,
                        uint32_t rows, uint32_t reports)
{
    const struct entry_trial entry = {
        .phases = phases, .phases_count = phases_count, .agents_count = agents_count};
    const uint32_t agent_rows[AGENTS_MAX] = {0};
    struct fold_trial trial;

    assert_int_equal(fold_trial_init(&trial, &entry, agent_rows, NULL), 0);
    assert_int_equal(fold_intervals_hold(&trial, NULL), 0);
    assert_int_equal(trial.intervals_capacity, rows);
    assert_int_equal(trial.agent_intervals_capacity, reports);
    fold_trial_done(&trial);
}

static void a_phase_that_ends_by_the_clock_has_its_rows_from_the_start(void **state)
{
    struct assigned_phase phases[] = {{.duration_ns = 1000 * INTERVAL_NS},
                                      {.duration_ns = 1000 * INTERVAL_NS}};

    (void)state;
    expect_held(phases, 2, 3, 2048, 8192);
}

/* It may be over in a second, and is repeated a thousand times. */
static void the_longest_time_of_a_phase_that_ends_by_what_happens_takes_no_memory(void **state)
{
    struct assigned_phase phases[] = {
        {.duration_ns = 30 * 86400 * INTERVAL_NS, .messages = 1000},
        {.duration_ns = 30 * 86400 * INTERVAL_NS, .until_drained = true}};

    (void)state;
    expect_held(phases, 2, 3, 64, 64);
}

/* 1,024 phases of a month are more seconds and agents than 32 bits count. */
static void no_more_rows_are_held_than_a_trial_may_have(void **state)
{
    struct assigned_phase phases[1024];

    (void)state;
    memset(phases, 0, sizeof phases);
    for (uint32_t i = 0; i < 1024; i++) {
        phases[i].duration_ns = 30 * 86400 * INTERVAL_NS;
    }
    expect_held(phases, 1024, 1, 262144, 262144);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phase_that_ends_by_the_clock_has_its_rows_from_the_start),
        cmocka_unit_test(the_longest_time_of_a_phase_that_ends_by_what_happens_takes_no_memory),
        cmocka_unit_test(no_more_rows_are_held_than_a_trial_may_have),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
