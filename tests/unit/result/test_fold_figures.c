/* What a fold adds up: intervals, phases, the trials of a case. */
#include "fold_bench.h"

#include <math.h>
#include <string.h>

static void intervals_add_up_to_the_phases(void **state)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made;
    struct result *result = fold_bench_result_of_options(&options, &made);
    const struct result_trial *trial = &result->cases[0].trials[0];
    uint64_t sent = 0;
    uint64_t received = 0;

    (void)state;
    assert_int_equal(trial->intervals_count, MADE_INTERVALS);
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        assert_true(trial->intervals[i].complete);
        assert_int_equal(trial->intervals[i].index, i);
        sent += trial->intervals[i].sent;
        received += trial->intervals[i].received;
    }
    assert_int_equal(sent, made->messages_count);
    assert_int_equal(received, made->deliveries_count);
    assert_int_equal(trial->intervals[MADE_INTERVALS - 1].backlog, 0);
    assert_int_equal(trial->agent_intervals_count, MADE_INTERVALS * options.agents_count);
    result_free(result);
    made_trial_free(made);
}

/* Each agent reports it as new, but it leaves the backlog only once. */
static void the_backlog_counts_a_message_that_two_agents_saw_once(void **state)
{
    struct made_options options = fold_bench_faultless();
    struct made_trial *made;
    struct result *result;
    uint64_t expected = 0;
    uint64_t received = 0;

    (void)state;
    options.again = 0.9;
    options.lost = 0.3;
    result = fold_bench_result_of_options(&options, &made);
    for (uint32_t i = 0; i < result->cases[0].phases_count; i++) {
        const struct result_phase *phase = &result->cases[0].phases[i];

        if (phase->flow[0] == '\0') {
            expected += phase->delivery.expected;
            received += phase->delivery.received;
            assert_true(phase->delivery.duplicated > 0);
        }
    }
    assert_true(expected > received);
    assert_int_equal(result->cases[0].trials[0].intervals[MADE_INTERVALS - 1].backlog,
                     expected - received);
    result_free(result);
    made_trial_free(made);
}

static void rates_are_events_of_the_phase_over_its_length(void **state)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made;
    struct result *result = fold_bench_result_of_options(&options, &made);
    const struct result_phase *first = &result->cases[0].phases[0];
    double per_interval = options.flows_count * options.producers_count * options.messages;

    (void)state;
    assert_int_equal(first->duration_ns, INTERVAL_NS);
    assert_true(fabs(first->sent_per_s - per_interval) < 1e-9);
    assert_true(fabs(first->asked_per_s - per_interval) < 1e-9);
    assert_true(fabs(first->sent_bytes_per_s - 100 * per_interval) < 1e-9);
    result_free(result);
    made_trial_free(made);
}

/* In a trial of two agents: with one nothing goes from clock to clock. */
static void a_clock_that_was_wrong_widens_the_bound_of_the_phases_of_that_time(void **state)
{
    struct made_options options = fold_bench_faultless();

    (void)state;
    for (uint32_t agents = 1; agents <= 2; agents++) {
        struct made_trial *made;
        struct made_journal journal = {.trials = &made, .trials_count = 1, .judged = true};
        const struct result_case *of;
        struct result *result;

        options.agents_count = agents;
        options.phases_count = 3;
        made = made_trial_new(&options);
        result = fold_bench_result(&journal);
        of = &result->cases[0];
        for (uint32_t i = 0; i < of->phases_count; i++) {
            bool last = of->phases[i].start_ns == 2 * INTERVAL_NS;

            assert_int_equal(of->phases[i].clock_bound_ns,
                             last && agents == 2 ? MADE_CLOCK_BOUND_NS : 0);
        }
        result_free(result);
        made_trial_free(made);
    }
}

/* A trial whose schedule has gaps so wide that its last message is due well before its rate has
 * filled the phase, as with `messages: 5` at 2/s: the fifth is due after 2 s, a rate of 2.50/s. */
static void take_with_wide_gaps(void *context, const struct journal_entry *entry)
{
    struct journal_entry changed = *entry;
    struct assigned_phase phases[PHASES_MAX];

    if (entry->kind == ENTRY_TRIAL) {
        memcpy(phases, entry->as.trial.phases,
               entry->as.trial.phases_count * sizeof *entry->as.trial.phases);
        for (uint32_t f = 0; f < entry->as.trial.flows_count; f++) {
            phases[0].loads[f].rate = (struct rate){40, 1000000000};
        }
        changed.as.trial.phases = phases;
    }
    fold_bench_take(context, &changed);
}

static void a_rate_is_never_above_that_of_its_schedule(void **state)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    const struct result_phase *first;
    struct result *result = NULL;
    struct fold *fold = NULL;

    (void)state;
    assert_int_equal(fold_new(&fold, NULL), 0);
    made_journal_each(&journal, take_with_wide_gaps, fold);
    assert_int_equal(fold_result(fold, &result, NULL), 0);
    first = &result->cases[0].phases[0];
    /* 50 messages of each flow, 40/s. */
    assert_int_equal(first->duration_ns, INTERVAL_NS);
    assert_true(fabs(first->asked_per_s - 80.0) < 1e-9);
    assert_true(fabs(first->sent_per_s - 80.0) < 1e-9);
    fold_free(fold);
    result_free(result);
    made_trial_free(made);
}

static void a_phase_has_rates_if_it_sends_or_lasts(void **state)
{
    const struct result_phase drain = {.duration_ns = 258000, .received_per_s = 7760.0};
    const struct result_phase long_drain = {.duration_ns = INTERVAL_NS};
    const struct result_phase sending = {.duration_ns = 258000, .due = 1};
    const struct result_phase flat_out = {.duration_ns = 258000, .is_max = true};
    const struct result_phase never = {.due = 1};

    (void)state;
    assert_false(result_phase_has_rates(&drain));
    assert_true(result_phase_has_rates(&long_drain));
    assert_true(result_phase_has_rates(&sending));
    assert_true(result_phase_has_rates(&flat_out));
    assert_false(result_phase_has_rates(&never));
}

static void trials_of_a_case_are_added_up_and_their_rates_averaged(void **state)
{
    struct made_options options = fold_bench_faultless();
    struct made_trial *trials[3];
    const struct made_journal journal = {.trials = trials, .trials_count = 3};
    struct result *result;

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        options.seed = i;
        options.messages = 10 + (uint32_t)i;
        trials[i] = made_trial_new(&options);
    }
    result = fold_bench_result(&journal);
    assert_int_equal(result->cases[0].trials_count, 3);
    for (uint32_t p = 0; p < result->cases[0].phases_count; p++) {
        const struct result_phase *merged = &result->cases[0].phases[p];
        uint64_t samples = 0;
        uint64_t sent = 0;
        double rate = 0;

        for (uint32_t t = 0; t < 3; t++) {
            const struct result_phase *phase = &result->cases[0].trials[t].phases[p];

            samples += hist_count(phase->latency[SERIES_E2E]);
            sent += phase->delivery.sent;
            rate += phase->sent_per_s / 3;
        }
        assert_int_equal(hist_count(merged->latency[SERIES_E2E]), samples);
        assert_int_equal(merged->delivery.sent, sent);
        assert_true(fabs(merged->sent_per_s - rate) < 1e-6);
    }
    result_free(result);
    for (uint32_t i = 0; i < 3; i++) {
        made_trial_free(trials[i]);
    }
}

static void a_case_that_was_searched_is_told_by_the_trials_at_its_lower_bound(void **state)
{
    struct made_options options = fold_bench_faultless();
    struct made_trial *trials[3];
    const struct made_journal journal = {.trials = trials, .trials_count = 3};
    struct result_search search = {.lower_per_s = 200.0, .upper_per_s = 300.0};
    struct result_search_step steps[] = {{.outcome = STEP_GOOD, .asked_per_s = 100.0},
                                         {.outcome = STEP_BAD, .asked_per_s = 300.0},
                                         {.outcome = STEP_GOOD, .asked_per_s = 200.0}};
    const struct findings findings = {
        .searches = &search, .searches_count = 1, .search_steps = steps, .search_steps_count = 3};
    struct result *result;

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        options.seed = i;
        options.messages = 10 + (uint32_t)i;
        trials[i] = made_trial_new(&options);
    }
    result = fold_bench_result(&journal);
    memcpy(search.case_name, result->cases[0].name, sizeof search.case_name);
    for (uint32_t t = 0; t < 3; t++) {
        steps[t].trial = result->cases[0].trials[t].number;
    }
    assert_int_equal(findings_copy(&findings, &result->findings, NULL), 0);
    assert_int_equal(fold_focus_searches(result, NULL), 0);
    for (uint32_t p = 0; p < result->cases[0].phases_count; p++) {
        assert_int_equal(result->cases[0].phases[p].delivery.sent,
                         result->cases[0].trials[2].phases[p].delivery.sent);
    }
    assert_int_equal(result->cases[0].figures_count, 0);
    result->findings.searches[0].lower_per_s = 0.0; /* Nothing held: by what did not. */
    assert_int_equal(fold_focus_searches(result, NULL), 0);
    assert_int_equal(result->cases[0].phases[0].delivery.sent,
                     result->cases[0].trials[1].phases[0].delivery.sent);
    result_free(result);
    for (uint32_t i = 0; i < 3; i++) {
        made_trial_free(trials[i]);
    }
}

/* Counts down to the end of a run: drained only when nothing is missing. */
struct watch {
    struct fold *fold;
    uint32_t snapshots;
    uint32_t drained;
};

static void take_watched(void *context, const struct journal_entry *entry)
{
    struct watch *watch = context;
    struct fold_live live;

    fold_bench_take(watch->fold, entry);
    if (entry->kind == ENTRY_SNAPSHOT) {
        fold_live(watch->fold, &live);
        watch->snapshots++;
        watch->drained += live.drained ? 1 : 0;
        if (live.drained) {
            assert_int_equal(live.backlog, 0);
        }
    }
}

static void a_trial_is_drained_when_the_last_message_has_come(void **state)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1, .cut_off = true};
    struct watch watch = {0};
    struct fold_live live;

    (void)state;
    assert_int_equal(fold_new(&watch.fold, NULL), 0);
    made_journal_each(&journal, take_watched, &watch);
    fold_live(watch.fold, &live);
    assert_true(live.drained);
    assert_int_equal(live.sent, made->messages_count);
    assert_int_equal(live.intervals, MADE_INTERVALS);
    assert_true(watch.drained < watch.snapshots / 2);
    fold_free(watch.fold);
    made_trial_free(made);
}

/* The last second of each agent is not over: it says instead that it has settled. */
static void take_settled(void *context, const struct journal_entry *entry)
{
    struct watch *watch = context;
    struct journal_entry told = *entry;
    struct snapshot early;

    if (entry->kind == ENTRY_SNAPSHOT && entry->as.snapshot->interval == MADE_INTERVALS - 1) {
        early = *entry->as.snapshot;
        early.settled = early.last_part;
        early.last_part = false;
        early.final = false;
        early.until_ns = (MADE_INTERVALS - 1) * INTERVAL_NS + 1;
        early.health.rss_bytes = 0;
        told.as.snapshot = &early;
    }
    take_watched(watch, &told);
}

static void a_drain_is_over_when_all_have_settled_and_not_only_with_the_second(void **state)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1, .cut_off = true};
    struct watch watch = {0};
    struct fold_live live;

    (void)state;
    assert_int_equal(fold_new(&watch.fold, NULL), 0);
    made_journal_each(&journal, take_settled, &watch);
    fold_live(watch.fold, &live);
    assert_true(live.drained);
    assert_int_equal(live.intervals, MADE_INTERVALS - 1);
    assert_int_equal(live.told_ns, (MADE_INTERVALS - 1) * INTERVAL_NS + 1);
    fold_free(watch.fold);
    made_trial_free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_add_up_to_the_phases),
        cmocka_unit_test(the_backlog_counts_a_message_that_two_agents_saw_once),
        cmocka_unit_test(rates_are_events_of_the_phase_over_its_length),
        cmocka_unit_test(a_clock_that_was_wrong_widens_the_bound_of_the_phases_of_that_time),
        cmocka_unit_test(a_rate_is_never_above_that_of_its_schedule),
        cmocka_unit_test(a_phase_has_rates_if_it_sends_or_lasts),
        cmocka_unit_test(trials_of_a_case_are_added_up_and_their_rates_averaged),
        cmocka_unit_test(a_case_that_was_searched_is_told_by_the_trials_at_its_lower_bound),
        cmocka_unit_test(a_trial_is_drained_when_the_last_message_has_come),
        cmocka_unit_test(a_drain_is_over_when_all_have_settled_and_not_only_with_the_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
