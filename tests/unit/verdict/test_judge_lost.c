/* An agent was lost in a trial, and the run went on: what is judged, and what is not. */
#include "check.h"

#include "judge.h"
#include "selfcheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS 2
#define PHASES 2 /* "early" was over before, "steady" lacks the agent in the second trial. */

static void fill_phase(struct result_phase *phase, uint32_t number, uint32_t trials)
{
    (void)snprintf(phase->name, sizeof phase->name, "%s", number == 0 ? "early" : "steady");
    phase->measured = true;
    phase->keeps_rate = true;
    phase->confirms = true;
    phase->producers = 1;
    phase->start_ns = number * 10 * INTERVAL_NS;
    phase->duration_ns = 10 * INTERVAL_NS;
    phase->due = phase->sent_in_time = (uint64_t)trials * 1000;
    phase->delivery.sent = phase->delivery.acked = phase->delivery.expected =
        phase->delivery.received = (uint64_t)trials * 1000;
    assert_int_equal(hist_new(&phase->latency[SERIES_E2E], NULL), 0);
    for (uint32_t i = 0; i < trials * 1000; i++) {
        hist_record(phase->latency[SERIES_E2E], INTERVAL_NS / 1000);
    }
}

/* A case of two trials without a fault; in the second one agent-2 was lost. */
static struct result *new_result(void)
{
    struct result *result = calloc(1, sizeof *result);
    struct result_case *of;

    assert_non_null(result);
    result->cases = of = calloc(1, sizeof *of);
    result->agents = calloc(2, sizeof *result->agents);
    assert_true(of != NULL && result->agents != NULL);
    result->cases_count = 1;
    result->agents_count = 2;
    (void)snprintf(result->agents[0].name, NAME_BYTES, "agent-1");
    (void)snprintf(result->agents[1].name, NAME_BYTES, "agent-2");
    result->agents[1].lost = true;
    result->agents[1].lost_trial = 1;
    result->agents[1].lost_ns = 12 * INTERVAL_NS;
    (void)snprintf(of->name, sizeof of->name, "memory");
    of->status = CASE_MEASURED;
    of->trials = calloc(TRIALS, sizeof *of->trials);
    of->phases = calloc(PHASES, sizeof *of->phases);
    assert_true(of->trials != NULL && of->phases != NULL);
    of->trials_count = TRIALS;
    of->phases_count = PHASES;
    for (uint32_t p = 0; p < PHASES; p++) {
        fill_phase(&of->phases[p], p, TRIALS);
    }
    for (uint32_t t = 0; t < TRIALS; t++) {
        struct result_trial *trial = &of->trials[t];

        trial->number = trial->repetition = t;
        trial->ended = true;
        trial->phases = calloc(PHASES, sizeof *trial->phases);
        trial->parties = calloc(1, sizeof *trial->parties);
        assert_true(trial->phases != NULL && trial->parties != NULL);
        trial->phases_count = PHASES;
        trial->parties_count = 1;
        trial->parties[0].kind = PARTY_CONSUMER;
        for (uint32_t p = 0; p < PHASES; p++) {
            fill_phase(&trial->phases[p], p, 1);
        }
    }
    of->trials[1].phases[1].lacks_agent = true;
    of->phases[1].lacks_agent = true;
    return result;
}

static struct objective objective_of(const char *text, const char *phase)
{
    struct objective objective;

    assert_int_equal(objective_parse(text, &objective, NULL), 0);
    (void)snprintf(objective.phase, sizeof objective.phase, "%s", phase);
    return objective;
}

static void judge(struct result *result, const struct objective *objectives, uint32_t count,
                  bool warns)
{
    const struct judge_events none = {0};
    const struct judge_terms terms = {
        .objectives = objectives, .objectives_count = count, .selfcheck_warns = warns};

    assert_int_equal(selfcheck_find(result, NULL), 0);
    assert_int_equal(judge_result(result, &terms, &none, NULL), 0);
}

static const struct result_objective *row_of(const struct result *result, const char *text,
                                             const char *phase)
{
    uint32_t i = 0;

    while (i < result->objectives_count && (strcmp(result->objectives[i].text, text) != 0 ||
                                            strcmp(result->objectives[i].phase, phase) != 0)) {
        i++;
    }
    if (i == result->objectives_count) {
        fail_msg("there is no objective %s in '%s'", text, phase);
    }
    return &result->objectives[i];
}

static const struct result_check *lost_row(const struct result *result)
{
    uint32_t i = 0;

    while (i < result->findings.checks_count &&
           strcmp(result->findings.checks[i].check, "agent_lost") != 0) {
        i++;
    }
    assert_true(i < result->findings.checks_count);
    return &result->findings.checks[i];
}

static void what_lacks_an_agent_is_not_judged_and_says_which(void **state)
{
    struct result *result = new_result();
    struct objective objectives[] = {objective_of("e2e.p99 < 1s", "early"),
                                     objective_of("e2e.p99 < 1s", "steady")};
    const struct result_objective *row;

    (void)state;
    judge(result, objectives, 2, false);
    assert_int_equal(result->verdict, VERDICT_INVALID);
    assert_int_equal(row_of(result, "e2e.p99 < 1s", "early")->met, MET_YES);
    row = row_of(result, "e2e.p99 < 1s", "steady");
    assert_int_equal(row->met, MET_NOT_AVAILABLE);
    assert_true(row->has_observed);
    assert_string_equal(row->reason, "self-check agent_lost of agent-2");
    assert_string_equal(lost_row(result)->text, "lost in trial 2 at 12.0 s");
    result_free(result);
}

/* Nothing passes over what nobody knows. */
static void what_is_implied_of_the_case_is_not_judged_either(void **state)
{
    static const char *const texts[] = {"lost == 0", "corrupted == 0", "attained >= 99%",
                                        "refused + unconfirmed + errors <= 0.1%"};
    struct result *result = new_result();

    (void)state;
    judge(result, NULL, 0, false);
    assert_int_equal(result->verdict, VERDICT_INVALID);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(row_of(result, texts[i], "")->met, MET_NOT_AVAILABLE);
    }
    assert_int_equal(result->reasons_count, sizeof texts / sizeof texts[0]);
    result_free(result);
}

static void what_was_lost_for_certain_is_a_miss_all_the_same(void **state)
{
    struct result *result = new_result();
    struct objective objective = objective_of("duplicated == 0", "");

    (void)state;
    result->cases[0].phases[1].delivery.lost = 3;
    result->cases[0].phases[1].delivery.received -= 3;
    result->cases[0].trials[0].phases[0].delivery.duplicated = 1;
    judge(result, &objective, 1, false);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_int_equal(row_of(result, "lost == 0", "")->met, MET_NO);
    assert_int_equal(row_of(result, "duplicated == 0", "")->met, MET_NO);
    result_free(result);
}

static void a_missed_latency_of_a_phase_that_lacks_an_agent_is_no_miss(void **state)
{
    struct result *result = new_result();
    struct objective objective = objective_of("e2e.p99 < 100us", "steady");

    (void)state;
    judge(result, &objective, 1, false);
    assert_int_equal(result->verdict, VERDICT_INVALID);
    assert_int_equal(row_of(result, "e2e.p99 < 100us", "steady")->met, MET_NOT_AVAILABLE);
    result_free(result);
}

/* What its producers had sent was due, and has no outcome; who is to blame is not known. */
static void too_little_in_a_phase_that_lacks_an_agent_blames_nobody(void **state)
{
    struct result *result = new_result();

    (void)state;
    result->cases[0].trials[1].phases[1].sent_in_time = 500;
    result->cases[0].trials[1].phases[1].delivery.unconfirmed = 200;
    judge(result, NULL, 0, false);
    assert_int_equal(result->verdict, VERDICT_INVALID);
    result->cases[0].trials[0].phases[1].delivery.unconfirmed = 200; /* But here nobody lacks. */
    judge(result, NULL, 0, false);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    result_free(result);
}

static void with_a_selfcheck_that_warns_it_is_judged_as_observed_and_says_so(void **state)
{
    struct result *result = new_result();
    struct objective objective = objective_of("e2e.p99 < 1s", "steady");

    (void)state;
    judge(result, &objective, 1, true);
    assert_int_equal(result->verdict, VERDICT_PASS);
    assert_non_null(strstr(row_of(result, "e2e.p99 < 1s", "steady")->reason,
                           "judged all the same, despite self-check agent_lost of agent-2"));
    assert_non_null(strstr(row_of(result, "lost == 0", "")->reason,
                           "judged all the same, despite self-check agent_lost of agent-2"));
    result_free(result);
}

/* Others took its share: all of the load was there. */
static void trials_that_were_made_without_an_agent_are_judged_and_say_so(void **state)
{
    struct result *result = new_result();
    const struct result_check *check;

    (void)state;
    result->cases[0].trials[1].phases[1].lacks_agent = false;
    result->cases[0].phases[1].lacks_agent = false;
    result->agents[1].lost_trial = 0;
    judge(result, NULL, 0, false);
    assert_int_equal(result->verdict, VERDICT_PASS);
    check = lost_row(result);
    assert_int_equal(check->status, CHECK_SUSPECT);
    assert_string_equal(check->text, "lost before; 1 trial was made without it, by the others");
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lacks_an_agent_is_not_judged_and_says_which),
        cmocka_unit_test(what_is_implied_of_the_case_is_not_judged_either),
        cmocka_unit_test(what_was_lost_for_certain_is_a_miss_all_the_same),
        cmocka_unit_test(a_missed_latency_of_a_phase_that_lacks_an_agent_is_no_miss),
        cmocka_unit_test(too_little_in_a_phase_that_lacks_an_agent_blames_nobody),
        cmocka_unit_test(with_a_selfcheck_that_warns_it_is_judged_as_observed_and_says_so),
        cmocka_unit_test(trials_that_were_made_without_an_agent_are_judged_and_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
