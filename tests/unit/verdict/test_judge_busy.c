/* What a busy generator makes of a figure, and what it does not: judged from made journals. */
#include "check.h"

#include "fold.h"
#include "judge.h"
#include "made_journal.h"
#include "selfcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_NS (INTERVAL_NS / 3)

/* A run of one measured phase of eight seconds, in which every message came within 20 ms and load
 * threads waited a third of each second for a CPU. */
struct bed {
    struct made_trial *made;
    struct result *result;
    struct objective own[2];
    struct judge_terms terms;
};

static void take(void *context, const struct journal_entry *entry)
{
    struct errinfo error = {""};

    if (fold_add(context, entry, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

static void bed_init(struct bed *bed, const char *objective)
{
    const struct made_options options = {.agents_count = 2,
                                         .flows_count = 1,
                                         .topics_count = 1,
                                         .partitions = 1,
                                         .producers_count = 2,
                                         .subscriptions_count = 1,
                                         .consumers_count = 1,
                                         .phases_count = 1,
                                         .messages = 200,
                                         .agent_lost = UINT32_MAX,
                                         .latency_ns_max = 20000000,
                                         .load_wait_ns = BUSY_NS,
                                         .seed = 3};
    const struct made_journal journal = {.trials = &bed->made, .trials_count = 1};
    struct errinfo error = {""};
    struct fold *fold = NULL;

    memset(bed, 0, sizeof *bed);
    bed->made = made_trial_new(&options);
    assert_int_equal(fold_new(&fold, NULL), 0);
    made_journal_each(&journal, take, fold);
    assert_int_equal(fold_result(fold, &bed->result, NULL), 0);
    fold_free(fold);
    if (objective_parse(objective, &bed->own[0], &error) < 0) {
        fail_msg("%s", error.text);
    }
    bed->terms.objectives = bed->own;
    bed->terms.objectives_count = 1;
    assert_int_equal(selfcheck_find(bed->result, NULL), 0);
}

static void bed_done(struct bed *bed)
{
    result_free(bed->result);
    made_trial_free(bed->made);
}

static const struct result_objective *judged(struct bed *bed, enum verdict verdict, enum met met)
{
    const struct judge_events none = {.interrupted = false};
    const struct result_objective *row;

    assert_int_equal(judge_result(bed->result, &bed->terms, &none, NULL), 0);
    row = &bed->result->objectives[bed->result->objectives_count - 1];
    assert_string_equal(row->text, bed->own[0].text);
    assert_int_equal(row->met, met);
    assert_int_equal(bed->result->verdict, verdict);
    assert_true(row->has_observed);
    return row;
}

/* It was INVALID and "n/a", though the host can only have made the latency longer. */
static void an_upper_bound_of_a_response_latency_is_met_in_spite_of_a_busy_host(void **state)
{
    const struct result_objective *row;
    struct bed bed;

    (void)state;
    bed_init(&bed, "e2e.p99 < 50ms");
    row = judged(&bed, VERDICT_PASS, MET_YES);
    assert_non_null(strstr(row->reason, "despite a busy host: self-check run_queue_wait"));
    assert_true(row->observed > 1e6 && row->observed <= 21e6);
    bed_done(&bed);
}

static void
a_bound_that_a_busy_host_may_have_broken_is_not_judged_and_shows_what_was_seen(void **state)
{
    const struct result_objective *row;
    struct bed bed;

    (void)state;
    bed_init(&bed, "e2e.p99 < 1ms");
    row = judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    assert_true(row->observed > 1e6);
    bed_done(&bed);
}

static void a_rate_that_was_reached_on_a_busy_host_was_reached(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed, "received_rate > 10/s");
    (void)judged(&bed, VERDICT_PASS, MET_YES);
    bed_done(&bed);
    bed_init(&bed, "received_rate < 10M/s");
    (void)judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    bed_done(&bed);
}

/* From the actual send: a generator that sends late asks less of the broker at a time. */
static void of_a_service_latency_the_direction_is_not_known(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed, "e2e_service.p99 < 50ms");
    (void)judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    bed_done(&bed);
}

/* It was INVALID where the same objective, implied, says FAIL. */
static void a_rate_that_the_broker_held_back_is_missed_on_a_busy_host_as_well(void **state)
{
    struct result_trial *trial;
    struct bed bed;

    (void)state;
    bed_init(&bed, "attained >= 90%");
    trial = &bed.result->cases[0].trials[0];
    trial->phases[0].sent_in_time /= 2;
    (void)judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].blocked_ns = INTERVAL_NS / 2;
    }
    (void)judged(&bed, VERDICT_FAIL, MET_NO);
    bed_done(&bed);
}

static void load_that_was_not_sent_voids_both_sides(void **state)
{
    struct result_trial *trial;
    struct bed bed;

    (void)state;
    bed_init(&bed, "e2e.p99 < 50ms");
    trial = &bed.result->cases[0].trials[0];
    trial->phases[0].sent_in_time -= trial->phases[0].due / 50;
    (void)judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    bed_done(&bed);
}

static void a_stretch_of_less_load_voids_both_sides(void **state)
{
    struct result_trial *trial;
    struct bed bed;

    (void)state;
    bed_init(&bed, "e2e.p99 < 50ms");
    trial = &bed.result->cases[0].trials[0];
    trial->intervals[1].sent -= 100; /* Sent in the third second: that long it may be. */
    trial->intervals[2].sent += 100;
    (void)judged(&bed, VERDICT_PASS, MET_YES);
    trial->intervals[2].sent -= 100;
    trial->intervals[3].sent += 100;
    (void)judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    bed_done(&bed);
}

/* Agents whose clocks can't be told apart may have made it seem shorter. */
static void a_check_that_flatters_voids_both_sides(void **state)
{
    static const char *const names[] = {"clock_bound", "snapshot_gaps", "histogram_overflow"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct bed bed;
        struct result_check *last;

        bed_init(&bed, "e2e.p99 < 50ms");
        last = &bed.result->findings.checks[bed.result->findings.checks_count - 1];
        (void)snprintf(last->check, sizeof last->check, "%s", names[i]);
        last->status = CHECK_INVALID;
        assert_non_null(strstr(judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE)->reason, names[i]));
        bed_done(&bed);
    }
}

static void a_self_check_that_only_warns_lets_everything_be_judged_as_it_was_seen(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed, "e2e_service.p99 < 50ms");
    bed.terms.selfcheck_warns = true;
    assert_non_null(strstr(judged(&bed, VERDICT_PASS, MET_YES)->reason,
                           "judged all the same, despite self-check run_queue_wait"));
    bed_done(&bed);
    bed_init(&bed, "e2e.p99 < 1ms");
    bed.terms.selfcheck_warns = true;
    assert_non_null(strstr(judged(&bed, VERDICT_FAIL, MET_NO)->reason, "despite self-check"));
    /* What the generator did not send was not sent. */
    bed.result->cases[0].trials[0].phases[0].sent_in_time /= 2;
    (void)judged(&bed, VERDICT_FAIL, MET_NO);
    assert_int_equal(bed.result->objectives[2].met, MET_NO);
    assert_string_equal(bed.result->objectives[2].text, "attained >= 99%");
    bed_done(&bed);
}

/* A coordinator on the port of one that was killed took the old agent's reports for its own: 1,000
 * a second where 100 were asked, "PASS - held". */
static void reports_of_ten_times_what_the_plan_asks_make_the_run_invalid(void **state)
{
    struct bed bed;
    struct result_trial *trial;
    bool told = false;

    (void)state;
    bed_init(&bed, "lost < 100");
    trial = &bed.result->cases[0].trials[0];
    assert_true(trial->phases[0].asked_peak_per_s == 100.0);
    trial->agent_intervals[5].due = 2000; /* In a second, and as many in the one beside it. */
    assert_int_equal(selfcheck_find(bed.result, NULL), 0);
    (void)judged(&bed, VERDICT_PASS, MET_YES);
    trial->agent_intervals[5].due = 2100;
    trial->phases[0].delivery.lost = 500; /* Nothing of it is to be believed. */
    assert_int_equal(selfcheck_find(bed.result, NULL), 0);
    (void)judged(&bed, VERDICT_INVALID, MET_NOT_AVAILABLE);
    for (uint32_t i = 0; i < bed.result->reasons_count; i++) {
        told = told || strcmp(bed.result->reasons[i].code, "audit") == 0;
    }
    assert_true(told);
    bed_done(&bed);
}

static void where_nothing_ran_nothing_is_said_of_the_instrument(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed, "lost < 100");
    bed.result->cases[0].calibration.ceiling_per_s = 1000.0;
    bed.result->cases[0].phases[0].duration_ns = 0;
    assert_int_equal(selfcheck_find(bed.result, NULL), 0);
    assert_int_equal(bed.result->findings.checks_count, 0);
    bed_done(&bed);
}

/* It said 120x of an agent whose thread had a fifth of its CPU left: the ceiling is one without a
 * client library. */
static void headroom_is_that_of_the_busiest_thread_where_it_is_less(void **state)
{
    struct bed bed;
    struct result_trial *trial;

    (void)state;
    bed_init(&bed, "lost < 100");
    trial = &bed.result->cases[0].trials[0];
    bed.result->cases[0].calibration.ceiling_per_s = 1000.0;
    assert_true(result_headroom(&bed.result->cases[0]) == 10.0);
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        trial->agent_intervals[i].strain.load_cpu_ns =
            trial->agent_intervals[i].agent == 1 ? INTERVAL_NS * 8 / 10 : INTERVAL_NS / 10;
    }
    assert_true(result_headroom(&bed.result->cases[0]) == 1.25);
    assert_true(result_load_share(&bed.result->cases[0]) == 0.8);
    assert_true(result_ceiling_share(&bed.result->cases[0]) == 0.1);
    bed_done(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upper_bound_of_a_response_latency_is_met_in_spite_of_a_busy_host),
        cmocka_unit_test(
            a_bound_that_a_busy_host_may_have_broken_is_not_judged_and_shows_what_was_seen),
        cmocka_unit_test(a_rate_that_was_reached_on_a_busy_host_was_reached),
        cmocka_unit_test(of_a_service_latency_the_direction_is_not_known),
        cmocka_unit_test(a_rate_that_the_broker_held_back_is_missed_on_a_busy_host_as_well),
        cmocka_unit_test(load_that_was_not_sent_voids_both_sides),
        cmocka_unit_test(a_stretch_of_less_load_voids_both_sides),
        cmocka_unit_test(a_check_that_flatters_voids_both_sides),
        cmocka_unit_test(reports_of_ten_times_what_the_plan_asks_make_the_run_invalid),
        cmocka_unit_test(where_nothing_ran_nothing_is_said_of_the_instrument),
        cmocka_unit_test(headroom_is_that_of_the_busiest_thread_where_it_is_less),
        cmocka_unit_test(a_self_check_that_only_warns_lets_everything_be_judged_as_it_was_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
