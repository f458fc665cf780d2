#include "check.h"

#include "fold_agent_rows_inner.h"

#include "mono.h"

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

#define AGENTS 1000
#define HOUR_S 3600
#define PHASE_S 1000 /* Of all phases but the last. */

/* A trial of phases that follow each other, which lasts an hour. */
static void begin_hour(struct fold_trial *trial, uint32_t agents_count, uint32_t rows_max)
{
    struct assigned_phase phases[4];
    const struct entry_trial entry = {
        .phases = phases, .phases_count = 4, .agents_count = agents_count};
    const uint32_t agent_rows[AGENTS_MAX] = {0};
    const struct entry_segment segment = {.phase_last = 3, .end_ns = HOUR_S * INTERVAL_NS};

    memset(phases, 0, sizeof phases);
    for (uint32_t i = 0; i < 4; i++) {
        phases[i].duration_ns = (i < 3 ? PHASE_S : HOUR_S - 3 * PHASE_S) * INTERVAL_NS;
    }
    assert_int_equal(fold_trial_init(trial, &entry, agent_rows, NULL), 0);
    assert_int_equal(fold_trial_segment(trial, &segment, NULL), 0);
    trial->agent_rows_max = rows_max;
}

/* A second of an agent in which it sent ten messages. */
static void add_second(struct fold_trial *trial, uint32_t agent, uint32_t second, int64_t late_ns)
{
    const struct result_agent_interval row = {.agent = agent,
                                              .index = second,
                                              .cpu = 0.5,
                                              .rss_bytes = 1000 + second,
                                              .load_threads = 1,
                                              .end_ns = (second + 1) * INTERVAL_NS,
                                              .span_ns = INTERVAL_NS,
                                              .asked = 10,
                                              .asked_sent = 10,
                                              .sent = 10,
                                              .call_p99_ns = second,
                                              .trace_records = second,
                                              .strain = {.load_cpu_ns = INTERVAL_NS / 10,
                                                         .load_wait_ns = STRAIN_UNKNOWN,
                                                         .ticker_late_ns = late_ns}};

    assert_int_equal(fold_agent_rows_add(trial, &row, NULL), 0);
}

/* Each took 232 bytes a second of each agent: 800 MB of this hour. */
static void what_agents_say_of_themselves_takes_no_more_memory_than_it_may(void **state)
{
    static uint32_t next[AGENTS];
    struct fold_trial trial;
    uint64_t sent = 0;

    (void)state;
    memset(next, 0, sizeof next);
    begin_hour(&trial, AGENTS, FOLD_AGENT_ROWS_MAX);
    for (uint32_t second = 0; second < HOUR_S; second++) {
        for (uint32_t agent = 0; agent < AGENTS; agent++) {
            add_second(&trial, agent, second, 0);
        }
        assert_true(trial.agent_intervals_capacity <= FOLD_AGENT_ROWS_MAX);
    }
    for (uint32_t i = 0; i < trial.agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial.agent_intervals[i];

        assert_int_equal(row->index, next[row->agent]);
        next[row->agent] += row->seconds_more + 1;
        assert_int_equal(row->span_ns, (row->seconds_more + 1) * INTERVAL_NS);
        assert_int_equal(row->end_ns, next[row->agent] * INTERVAL_NS);
        assert_int_equal(row->strain.load_cpu_ns, row->span_ns / 10);
        assert_int_equal(row->strain.load_wait_ns, STRAIN_UNKNOWN);
        assert_int_equal(row->rss_bytes, 1000 + next[row->agent] - 1);
        assert_int_equal(row->trace_records, next[row->agent] - 1);
        assert_int_equal(row->call_p99_ns, next[row->agent] - 1);
        assert_true(row->cpu == 0.5);
        sent += row->sent;
    }
    for (uint32_t agent = 0; agent < AGENTS; agent++) {
        assert_int_equal(next[agent], HOUR_S);
    }
    assert_int_equal(sent, (uint64_t)HOUR_S * AGENTS * 10);
    fold_trial_done(&trial);
}

/* The self-check counts seconds that are doubtful: one of them must not become sixteen. */
static void a_doubtful_second_and_those_around_a_phases_begin_stay_by_themselves(void **state)
{
    struct fold_trial trial;
    uint32_t doubtful = 0;

    (void)state;
    begin_hour(&trial, 2, 1024);
    for (uint32_t second = 0; second < HOUR_S; second++) {
        add_second(&trial, 0, second, second % 500 == 250 ? 50 * NS_PER_MS : 0);
        add_second(&trial, 1, second, 0);
    }
    assert_true(trial.agent_intervals_count <= 1024);
    for (uint32_t i = 0; i < trial.agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial.agent_intervals[i];
        uint32_t last = row->index + row->seconds_more;

        doubtful += row->strain.ticker_late_ns > 0 ? row->seconds_more + 1 : 0;
        assert_true(row->index / PHASE_S == last / PHASE_S || row->index >= 3 * PHASE_S);
        assert_true(row->index % PHASE_S != 0 || row->seconds_more == 0);
    }
    assert_int_equal(doubtful, HOUR_S / 500);
    fold_trial_done(&trial);
}

/* Nothing of such an hour is calm. */
static void where_all_seconds_are_doubtful_they_are_merged_all_the_same(void **state)
{
    struct fold_trial trial;
    uint32_t seconds = 0;

    (void)state;
    begin_hour(&trial, 1, 256);
    for (uint32_t second = 0; second < HOUR_S; second++) {
        add_second(&trial, 0, second, second % 2 == 0 ? 50 * NS_PER_MS : 0);
    }
    assert_true(trial.agent_intervals_count <= 256);
    assert_int_equal(trial.agent_rows_max, 256);
    for (uint32_t i = 0; i < trial.agent_intervals_count; i++) {
        seconds += trial.agent_intervals[i].seconds_more + 1;
    }
    assert_int_equal(seconds, HOUR_S);
    fold_trial_done(&trial);
}

static void a_trial_that_is_over_gives_back_memory_for_those_to_come(void **state)
{
    struct fold_trial trial;

    (void)state;
    begin_hour(&trial, 4, FOLD_AGENT_ROWS_MAX);
    for (uint32_t second = 0; second < HOUR_S; second++) {
        for (uint32_t agent = 0; agent < 4; agent++) {
            add_second(&trial, agent, second, 0);
        }
    }
    assert_int_equal(trial.agent_intervals_count, 4 * HOUR_S);
    fold_agent_rows_shrink(&trial, 1000);
    assert_true(trial.agent_intervals_count <= 1000);
    assert_true(trial.agent_intervals_capacity <= 1024);
    fold_trial_done(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_phase_that_ends_by_the_clock_has_its_rows_from_the_start),
        cmocka_unit_test(the_longest_time_of_a_phase_that_ends_by_what_happens_takes_no_memory),
        cmocka_unit_test(no_more_rows_are_held_than_a_trial_may_have),
        cmocka_unit_test(what_agents_say_of_themselves_takes_no_more_memory_than_it_may),
        cmocka_unit_test(a_doubtful_second_and_those_around_a_phases_begin_stay_by_themselves),
        cmocka_unit_test(where_all_seconds_are_doubtful_they_are_merged_all_the_same),
        cmocka_unit_test(a_trial_that_is_over_gives_back_memory_for_those_to_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
