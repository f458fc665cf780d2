#include "check.h"
#include "search_step.h"
#include "snapshot.h"

#include <stdio.h>
#include <string.h>

#define SECONDS 10u
#define RATE 1000.0

/* A trial in which all went well; tests spoil it. */
struct made_up {
    struct result_trial trial;
    struct result_phase phase;
    struct result_interval intervals[SECONDS];
    struct result_agent_interval blocked;
    struct result_agent agent;
    struct search_terms terms;
};

static void make(struct made_up *ret)
{
    memset(ret, 0, sizeof *ret);
    (void)snprintf(ret->phase.name, sizeof ret->phase.name, "trial");
    ret->phase.measured = true;
    ret->phase.duration_ns = SECONDS * INTERVAL_NS;
    ret->phase.due = ret->phase.sent_in_time = ret->phase.delivery.sent = 10000;
    for (uint32_t i = 0; i < SECONDS; i++) {
        ret->intervals[i] = (struct result_interval){.index = i,
                                                     .start_ns = i * INTERVAL_NS,
                                                     .length_s = 1.0,
                                                     .complete = true,
                                                     .backlog = 5 + i % 2};
    }
    ret->trial = (struct result_trial){.ended = true,
                                       .phases = &ret->phase,
                                       .phases_count = 1,
                                       .intervals = ret->intervals,
                                       .intervals_count = SECONDS,
                                       .agent_intervals = &ret->blocked,
                                       .agent_intervals_count = 1};
    (void)snprintf(ret->agent.name, sizeof ret->agent.name, "agent-1");
    ret->agent.cpus = 2;
    ret->blocked.span_ns = INTERVAL_NS;
    ret->blocked.end_ns = INTERVAL_NS;
    ret->terms = (struct search_terms){.target = "memory",
                                       .case_name = "memory",
                                       .asked_per_s = RATE,
                                       .agents = &ret->agent,
                                       .agents_count = 1};
}

static void wants(const struct made_up *made, enum step_outcome outcome, const char *reason)
{
    struct result_search_step step;

    assert_int_equal(search_step(&made->trial, &made->terms, &step, NULL), 0);
    if (step.outcome != outcome || strstr(step.reason, reason) == NULL) {
        fail_msg("%s: \"%s\", wanted %s: \"%s\"", step_outcome_name(step.outcome), step.reason,
                 step_outcome_name(outcome), reason);
    }
}

static void a_trial_in_which_all_went_well_is_good(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    wants(&made, STEP_GOOD, "");
}

static void one_percent_may_be_late_but_not_to_confirm(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.phase.sent_in_time = 9900;
    wants(&made, STEP_GOOD, "");
    made.terms.confirms = true;
    wants(&made, STEP_VOID, "the generator sent 99.00 %");
    made.phase.sent_in_time = 9990;
    wants(&made, STEP_GOOD, "");
}

static void
what_the_broker_held_back_is_bad_and_what_the_generator_did_not_send_is_void(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.phase.sent_in_time = 9000;
    wants(&made, STEP_VOID, "nothing held it back");
    made.blocked.blocked_ns = INTERVAL_NS; /* As long as a tenth of the messages takes. */
    wants(&made, STEP_BAD, "the broker held producers back");
    /* Bug: a library whose calls did not return was taken for the generator. */
    made.blocked.blocked_ns = 0;
    made.blocked.load_threads = 1;
    made.blocked.call_ns = INTERVAL_NS;
    wants(&made, STEP_BAD, "the broker held producers back");
}

static void refusals_errors_and_losses_are_bad(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.phase.delivery.refused = 6;
    made.phase.delivery.errors = 4;
    wants(&made, STEP_GOOD, "");
    made.phase.delivery.errors = 5;
    wants(&made, STEP_BAD, "11 of 10000");
    made.phase.delivery.errors = 0;
    made.phase.delivery.unconfirmed = 5;
    wants(&made, STEP_BAD, "11 of 10000 messages were refused, remained unconfirmed");
    made.phase.delivery.unconfirmed = 0;
    make(&made);
    made.phase.delivery.lost = 1;
    wants(&made, STEP_BAD, "1 messages were lost");
}

static void a_backlog_that_grows_by_more_than_a_thousandth_of_the_rate_is_bad(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    for (uint32_t i = 0; i < SECONDS; i++) {
        made.intervals[i].backlog = i;
    }
    wants(&made, STEP_GOOD, ""); /* 1 a second is 0.1 %. */
    for (uint32_t i = 0; i < SECONDS; i++) {
        made.intervals[i].backlog = 2 * i;
    }
    wants(&made, STEP_BAD, "the backlog grew by at least 2");
    made.phase.sent_in_time = 5000; /* It would have grown all the more. */
    wants(&made, STEP_BAD, "the backlog grew by at least 2");
}

static void seconds_outside_the_phase_and_those_that_were_not_reported_don_t_count(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.intervals[0].backlog = 0;
    made.intervals[1].backlog = 0;
    made.intervals[SECONDS - 1].backlog = 1000000;
    made.intervals[SECONDS - 1].complete = false;
    made.phase.start_ns = 2 * INTERVAL_NS;
    made.phase.duration_ns = 8 * INTERVAL_NS;
    wants(&made, STEP_VOID, "snapshot_gaps"); /* Not bad: the backlog did not grow. */
    made.intervals[SECONDS - 1].complete = true;
    made.intervals[SECONDS - 2].backlog = 900000;
    made.intervals[SECONDS - 3].backlog = 800000;
    made.intervals[SECONDS - 4].backlog = 700000;
    made.intervals[SECONDS - 5].backlog = 600000;
    made.intervals[SECONDS - 6].backlog = 500000;
    wants(&made, STEP_BAD, "the backlog grew");
}

static void noise_around_a_level_is_no_growth(void **state)
{
    const double noise[] = {100, 300, 50, 420, 200, 10, 380, 150, 330, 90};
    const double walk[] = {10, 0, 0, 20, 60, 90, 90, 60, 50, 60};
    const double line[] = {0, 101, 199, 300, 401, 499, 600, 701, 799, 900};

    (void)state;
    assert_true(search_growth(noise, 10) <= 0.0);
    assert_true(search_growth(line, 10) > 99.0 && search_growth(line, 10) < 100.0);
    /* It wanders. By two standard errors it would pass for growth of 2.5 a second. */
    assert_true(search_growth(walk, 10) > -1.0 && search_growth(walk, 10) < 0.0);
}

static void an_objective_that_is_missed_or_can_t_be_judged_is_bad(void **state)
{
    struct objective objective;
    struct made_up made;
    struct errinfo error;

    (void)state;
    make(&made);
    made.terms.objectives = &objective;
    made.terms.objectives_count = 1;
    memset(&objective, 0, sizeof objective);
    assert_int_equal(objective_parse("received_rate >= 500/s", &objective, &error), 0);
    made.phase.received_per_s = 499.0;
    wants(&made, STEP_BAD, "received_rate >= 500/s was missed");
    made.phase.received_per_s = 500.0;
    wants(&made, STEP_GOOD, "");
    assert_int_equal(objective_parse("e2e.p99 < 10ms", &objective, &error), 0);
    wants(&made, STEP_BAD, "could not be judged");
    (void)snprintf(objective.target, sizeof objective.target, "another");
    wants(&made, STEP_GOOD, "");
    memset(&objective, 0, sizeof objective);
    assert_int_equal(objective_parse("duplicated == 0", &objective, &error), 0);
    wants(&made, STEP_GOOD, "");
    made.phase.delivery.duplicated = 1;
    wants(&made, STEP_BAD, "duplicated == 0 was missed");
}

/* A second in which the agent's threads waited for a CPU. */
static void starve(struct made_up *made)
{
    made->blocked.strain.load_wait_ns = INTERVAL_NS / 10;
}

/* Two percent never came: the p99 of the rest is no answer. */
static void an_objective_on_what_is_only_a_lower_bound_is_missed(void **state)
{
    struct made_up made;
    struct objective objective;
    struct result_search_step step;
    struct hist *e2e = NULL;

    (void)state;
    make(&made);
    assert_int_equal(hist_new(&e2e, NULL), 0);
    assert_int_equal(hist_allow_censored(e2e, NULL), 0);
    for (uint32_t i = 0; i < 9800; i++) {
        hist_record(e2e, 1000000);
    }
    hist_record_censored(e2e, 2000000, 200);
    made.phase.latency[SERIES_E2E] = e2e;
    memset(&objective, 0, sizeof objective);
    assert_int_equal(objective_parse("e2e.p99 < 10ms", &objective, NULL), 0);
    made.terms.objectives = &objective;
    made.terms.objectives_count = 1;
    wants(&made, STEP_BAD, "e2e.p99 < 10ms was missed: it was at least 2.00 ms");
    assert_int_equal(search_step(&made.trial, &made.terms, &step, NULL), 0);
    assert_true(step.at_least.e2e_p99 && !step.at_least.e2e_p50 && !step.at_least.publish_p99);
    hist_free(e2e);
}

static void a_bad_trial_of_a_starved_generator_is_void(void **state)
{
    struct objective objective;
    struct made_up made;

    (void)state;
    make(&made);
    starve(&made);
    for (uint32_t i = 0; i < SECONDS; i++) {
        made.intervals[i].backlog = 100 * i;
    }
    wants(&made, STEP_VOID,
          "self-check run_queue_wait of agent-1: Load threads waited for a CPU in 1 of 1 "
          "seconds. To fix it: ");
    made.terms.selfcheck_warns = true;
    wants(&made, STEP_BAD, "the backlog grew");
    made.terms.selfcheck_warns = false;
    made.blocked.strain.load_wait_ns = INTERVAL_NS / 40; /* Suspect is no reason to doubt. */
    wants(&made, STEP_BAD, "the backlog grew");

    make(&made);
    starve(&made);
    memset(&objective, 0, sizeof objective);
    assert_int_equal(objective_parse("received_rate >= 500/s", &objective, NULL), 0);
    made.terms.objectives = &objective;
    made.terms.objectives_count = 1;
    wants(&made, STEP_VOID, "self-check run_queue_wait");
}

static void what_a_starved_generator_got_through_has_held(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    starve(&made);
    made.blocked.send_lag_p99_ns = INTERVAL_NS / 10;
    wants(&made, STEP_GOOD, "");
}

/* Near its own ceiling the generator may be what fails; what held, held in spite of it. */
static void a_bad_trial_near_the_generators_ceiling_is_void(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.phase.asked_peak_per_s = RATE;
    made.terms.calibration.ceiling_per_s = RATE / 0.9;
    wants(&made, STEP_GOOD, "");
    for (uint32_t i = 0; i < SECONDS; i++) {
        made.intervals[i].backlog = 100 * i;
    }
    wants(&made, STEP_VOID, "self-check ceiling: headroom 1.1x");
    made.terms.calibration.ceiling_per_s = RATE / 0.7; /* Suspect is no reason to doubt. */
    wants(&made, STEP_BAD, "the backlog grew");
}

static void a_good_trial_with_seconds_missing_is_void(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.intervals[SECONDS - 1].complete = false;
    wants(&made, STEP_VOID,
          "self-check snapshot_gaps: Reports of an agent are missing for 1 of 10 "
          "seconds");
}

static void clocks_that_can_t_be_trusted_void_what_is_judged_by_them(void **state)
{
    struct objective objective;
    struct made_up made;

    (void)state;
    make(&made);
    made.phase.clock_bound_ns = 2 * INTERVAL_NS;
    assert_int_equal(hist_new(&made.phase.latency[SERIES_E2E], NULL), 0);
    assert_int_equal(hist_new(&made.phase.latency[SERIES_E2E_SERVICE], NULL), 0);
    for (int i = 0; i < 1000; i++) {
        hist_record(made.phase.latency[SERIES_E2E], 1000000);
        hist_record(made.phase.latency[SERIES_E2E_SERVICE], 1000000);
    }
    wants(&made, STEP_GOOD, ""); /* Nothing asks for a latency. */
    memset(&objective, 0, sizeof objective);
    assert_int_equal(objective_parse("e2e.p99 < 10ms", &objective, NULL), 0);
    made.terms.objectives = &objective;
    made.terms.objectives_count = 1;
    wants(&made, STEP_VOID, "self-check clock_bound");
    hist_free(made.phase.latency[SERIES_E2E]);
    hist_free(made.phase.latency[SERIES_E2E_SERVICE]);
}

static void a_trial_that_was_cut_off_says_nothing(void **state)
{
    struct made_up made;

    (void)state;
    make(&made);
    made.trial.ended = false;
    wants(&made, STEP_VOID, "did not come to its end");
    make(&made);
    made.trial.intervals_count = 2;
    wants(&made, STEP_VOID, "too few seconds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_in_which_all_went_well_is_good),
        cmocka_unit_test(one_percent_may_be_late_but_not_to_confirm),
        cmocka_unit_test(
            what_the_broker_held_back_is_bad_and_what_the_generator_did_not_send_is_void),
        cmocka_unit_test(refusals_errors_and_losses_are_bad),
        cmocka_unit_test(a_backlog_that_grows_by_more_than_a_thousandth_of_the_rate_is_bad),
        cmocka_unit_test(seconds_outside_the_phase_and_those_that_were_not_reported_don_t_count),
        cmocka_unit_test(noise_around_a_level_is_no_growth),
        cmocka_unit_test(an_objective_that_is_missed_or_can_t_be_judged_is_bad),
        cmocka_unit_test(an_objective_on_what_is_only_a_lower_bound_is_missed),
        cmocka_unit_test(a_bad_trial_of_a_starved_generator_is_void),
        cmocka_unit_test(what_a_starved_generator_got_through_has_held),
        cmocka_unit_test(a_bad_trial_near_the_generators_ceiling_is_void),
        cmocka_unit_test(a_good_trial_with_seconds_missing_is_void),
        cmocka_unit_test(clocks_that_can_t_be_trusted_void_what_is_judged_by_them),
        cmocka_unit_test(a_trial_that_was_cut_off_says_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
