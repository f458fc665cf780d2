#include "check.h"

#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES 2

/* Two measured cases of one phase each; every message confirmed and received. */
static struct result *new_result(void)
{
    struct result *result = calloc(1, sizeof *result);

    assert_non_null(result);
    result->cases = calloc(CASES, sizeof *result->cases);
    assert_non_null(result->cases);
    result->cases_count = CASES;
    for (uint32_t i = 0; i < CASES; i++) {
        struct result_case *of = &result->cases[i];

        (void)snprintf(of->name, sizeof of->name, "case-%u", i);
        of->status = CASE_MEASURED;
        of->phases = calloc(1, sizeof *of->phases);
        of->trials = calloc(1, sizeof *of->trials);
        assert_non_null(of->phases);
        assert_non_null(of->trials);
        of->phases_count = 1;
        of->trials_count = 1;
        of->phases[0].measured = true;
        of->phases[0].delivery =
            (struct result_delivery){.sent = 100, .acked = 100, .expected = 100, .received = 100};
        assert_int_equal(hist_new(&of->phases[0].latency[SERIES_PUBLISH_SERVICE], NULL), 0);
        of->trials[0].parties = calloc(1, sizeof *of->trials[0].parties);
        assert_non_null(of->trials[0].parties);
        of->trials[0].parties_count = 1;
        of->trials[0].parties[0].kind = PARTY_CONSUMER;
    }
    return result;
}

static struct result_delivery *delivery_of(struct result *result, uint32_t of)
{
    return &result->cases[of].phases[0].delivery;
}

static void judge(struct result *result, const struct judge_events *events)
{
    static const struct judge_events none;
    static const struct judge_terms terms;
    struct errinfo error = {""};

    assert_int_equal(judge_result(result, &terms, events == NULL ? &none : events, &error), 0);
}

static const struct result_objective *objective_of(const struct result *result, const char *text,
                                                   const char *case_name)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (strcmp(result->objectives[i].text, text) == 0 &&
            strcmp(result->objectives[i].case_name, case_name) == 0) {
            return &result->objectives[i];
        }
    }
    fail_msg("there is no objective %s of %s", text, case_name);
    return NULL;
}

static bool has_reason(const struct result *result, const char *code, const char *case_name)
{
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        if (strcmp(result->reasons[i].code, code) == 0 &&
            strcmp(result->reasons[i].case_name, case_name) == 0) {
            return result->reasons[i].text[0] != '\0';
        }
    }
    return false;
}

static void a_run_without_a_fault_passes(void **state)
{
    struct result *result = new_result();

    (void)state;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_PASS);
    assert_int_equal(result->reasons_count, 0);
    assert_int_equal(result->objectives_count, 2 * CASES);
    assert_int_equal(objective_of(result, "lost == 0", "case-1")->met, MET_YES);
    assert_int_equal(objective_of(result, "lost == 0", "case-1")->samples, 100);
    result_free(result);
}

static void one_lost_message_fails_the_run(void **state)
{
    struct result *result = new_result();
    const struct result_objective *objective;

    (void)state;
    delivery_of(result, 1)->lost = 1;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    objective = objective_of(result, "lost == 0", "case-1");
    assert_int_equal(objective->met, MET_NO);
    assert_true(objective->observed == 1.0);
    assert_int_equal(objective_of(result, "lost == 0", "case-0")->met, MET_YES);
    assert_true(has_reason(result, "lost", "case-1"));
    assert_int_equal(result->reasons_count, 1);
    result_free(result);
}

static void one_corrupted_message_fails_the_run(void **state)
{
    struct result *result = new_result();

    (void)state;
    delivery_of(result, 0)->corrupted = 1;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_true(has_reason(result, "corrupted", "case-0"));
    delivery_of(result, 0)->received = 0; /* All were. */
    judge(result, NULL);
    assert_true(has_reason(result, "corrupted", "case-0"));
    result_free(result);
}

/* Whatever nobody can be blamed for, or nobody promised, is no loss. */
static void expired_unaccounted_and_refused_messages_are_not_lost(void **state)
{
    struct result *result = new_result();

    (void)state;
    *delivery_of(result, 0) = (struct result_delivery){.sent = 110,
                                                       .acked = 100,
                                                       .refused = 5,
                                                       .unconfirmed = 5,
                                                       .expected = 100,
                                                       .received = 90,
                                                       .expired = 6,
                                                       .unaccounted = 4,
                                                       .duplicated = 3,
                                                       .reordered = 2,
                                                       .errors = 1};
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_PASS);
    result_free(result);
}

/* A broker killed under QoS 0 passed with thousands lost: whoever allows that says how many. */
static void without_confirms_loss_is_judged_as_well(void **state)
{
    struct objective allowed;
    const struct judge_terms terms = {.objectives = &allowed, .objectives_count = 1};
    const struct judge_events none = {.interrupted = false};
    struct result *result = new_result();

    (void)state;
    for (uint32_t i = 0; i < CASES; i++) {
        hist_free(result->cases[i].phases[0].latency[SERIES_PUBLISH_SERVICE]);
        result->cases[i].phases[0].latency[SERIES_PUBLISH_SERVICE] = NULL;
        delivery_of(result, i)->lost = 7;
    }
    judge(result, NULL);
    assert_int_equal(objective_of(result, "lost == 0", "case-0")->met, MET_NO);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_true(has_reason(result, "lost", "case-1"));
    assert_int_equal(objective_parse("lost < 8", &allowed, NULL), 0);
    for (uint32_t i = 0; i < CASES; i++) {
        result->cases[i].trials[0].phases = result->cases[i].phases; /* Lent. */
        result->cases[i].trials[0].phases_count = 1;
    }
    assert_int_equal(judge_result(result, &terms, &none, NULL), 0);
    assert_int_equal(result->verdict, VERDICT_PASS);
    for (uint32_t i = 0; i < CASES; i++) {
        result->cases[i].trials[0].phases = NULL;
        result->cases[i].trials[0].phases_count = 0;
    }
    result_free(result);
}

static void nothing_received_is_no_pass(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t i = 0; i < CASES; i++) {
        *delivery_of(result, i) = (struct result_delivery){.sent = 100, .refused = 100};
    }
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_true(has_reason(result, "no_samples", "case-0"));
    assert_true(has_reason(result, "no_samples", "case-1"));
    assert_int_equal(result->reasons_count, 2); /* One for each case is enough. */
    result_free(result);
}

/* It passed once, as the other cases had met objectives. */
static void a_case_without_samples_fails_the_run_beside_a_good_one(void **state)
{
    const struct judge_events interrupted = {.interrupted = true};
    struct result *result = new_result();

    (void)state;
    *delivery_of(result, 1) = (struct result_delivery){.sent = 100, .refused = 100};
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_int_equal(objective_of(result, "lost == 0", "case-1")->met, MET_NO);
    assert_true(has_reason(result, "no_samples", "case-1"));
    judge(result, &interrupted); /* Then it had no time to get any. */
    assert_int_equal(objective_of(result, "lost == 0", "case-1")->met, MET_NOT_AVAILABLE);
    assert_false(has_reason(result, "no_samples", "case-1"));
    result_free(result);
}

static void nothing_sent_is_no_pass(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t i = 0; i < CASES; i++) {
        memset(delivery_of(result, i), 0, sizeof *delivery_of(result, i));
    }
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_true(has_reason(result, "no_samples", "case-0"));
    result_free(result);
}

static void a_run_that_only_sends_passes_on_what_it_sent(void **state)
{
    struct result *result = new_result();

    (void)state;
    for (uint32_t i = 0; i < CASES; i++) {
        result->cases[i].trials[0].parties[0].kind = PARTY_PRODUCER;
        *delivery_of(result, i) = (struct result_delivery){.sent = 100, .acked = 100};
    }
    judge(result, NULL);
    assert_int_equal(objective_of(result, "lost == 0", "case-0")->met, MET_NOT_AVAILABLE);
    assert_int_equal(result->verdict, VERDICT_PASS);
    result_free(result);
}

static void skipped_cases_are_not_judged(void **state)
{
    struct result *result = new_result();

    (void)state;
    result->cases[0].status = CASE_SKIPPED;
    judge(result, NULL);
    assert_int_equal(objective_of(result, "lost == 0", "case-0")->met, MET_NOT_AVAILABLE);
    assert_non_null(strstr(objective_of(result, "lost == 0", "case-0")->reason, "skipped"));
    assert_int_equal(result->verdict, VERDICT_PASS);
    result->cases[1].status = CASE_SKIPPED;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAILED); /* Nothing was measured. */
    assert_true(has_reason(result, "no_case", ""));
    result_free(result);
}

static void a_broker_that_did_not_come_back_fails_the_run(void **state)
{
    const struct judge_events events = {.broker_lost = true,
                                        .broker_lost_case = "case-1",
                                        .broker_lost_text = "away for more than 30 s"};
    struct result *result = new_result();

    (void)state;
    judge(result, &events);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_true(has_reason(result, "broker_lost", "case-1"));
    result_free(result);
}

/* Interrupted, failed, fail, pass: each outranks those behind it, and all reasons are told. */
static void the_worse_verdict_outranks_the_other(void **state)
{
    for (unsigned bits = 0; bits < 8; bits++) {
        struct judge_events events = {.interrupted = (bits & 4) != 0,
                                      .failed = (bits & 2) != 0,
                                      .failed_code = "disk_full",
                                      .failed_text = "the disk is full"};
        enum verdict expected = (bits & 4) != 0   ? VERDICT_INTERRUPTED
                                : (bits & 2) != 0 ? VERDICT_FAILED
                                : (bits & 1) != 0 ? VERDICT_FAIL
                                                  : VERDICT_PASS;
        struct result *result = new_result();

        delivery_of(result, 0)->lost = bits & 1;
        judge(result, &events);
        assert_int_equal(result->verdict, expected);
        assert_int_equal(has_reason(result, "interrupted", ""), (bits & 4) != 0);
        assert_int_equal(has_reason(result, "disk_full", ""), (bits & 2) != 0);
        assert_int_equal(has_reason(result, "lost", "case-0"), bits & 1);
        result_free(result);
    }
    (void)state;
}

static void judging_again_replaces_what_was_judged(void **state)
{
    struct result *result = new_result();

    (void)state;
    delivery_of(result, 0)->lost = 1;
    judge(result, NULL);
    delivery_of(result, 0)->lost = 0;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_PASS);
    assert_int_equal(result->reasons_count, 0);
    assert_int_equal(result->objectives_count, 2 * CASES);
    result_free(result);
}

/* With several flows there is a row for all of them and one for each: none counts twice, and one
 * without confirms is judged as the others are. */
static void what_a_flow_lost_counts_once(void **state)
{
    struct result *result = new_result();
    struct result_case *of = &result->cases[0];
    struct result_phase *phases = calloc(3, sizeof *phases);

    (void)state;
    assert_non_null(phases);
    for (int i = 0; i < 3; i++) {
        phases[i].delivery = of->phases[0].delivery;
    }
    phases[0].latency[SERIES_PUBLISH_SERVICE] = of->phases[0].latency[SERIES_PUBLISH_SERVICE];
    (void)snprintf(phases[1].flow, sizeof phases[1].flow, "confirmed");
    (void)snprintf(phases[2].flow, sizeof phases[2].flow, "fire-and-forget");
    free(of->phases);
    of->phases = phases;
    of->phases_count = 3;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_PASS);
    assert_int_equal(objective_of(result, "lost == 0", "case-0")->samples, 100);
    phases[0].delivery.lost = 9;
    phases[2].delivery.lost = 9;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_true(objective_of(result, "lost == 0", "case-0")->observed == 9.0);
    result_free(result);
}

static void a_failure_afterwards_is_the_first_reason(void **state)
{
    struct result *result = new_result();

    (void)state;
    delivery_of(result, 0)->lost = 1;
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_int_equal(judge_failure(result, "disk_full", "no room", NULL), 0);
    assert_int_equal(result->verdict, VERDICT_FAILED);
    assert_string_equal(result->reasons[0].code, "disk_full");
    assert_true(has_reason(result, "lost", "case-0"));
    result_free(result);
}

static void figures_that_contradict_each_other_are_no_pass(void **state)
{
    struct result *result = new_result();

    (void)state;
    (void)snprintf(result->violation, sizeof result->violation, "memory, trial 0: 3 sent, 2 not");
    judge(result, NULL);
    assert_int_equal(result->verdict, VERDICT_INVALID);
    assert_int_equal(result->reasons_count, 1);
    assert_string_equal(result->reasons[0].code, "audit");
    assert_non_null(strstr(result->reasons[0].text, "memory, trial 0: 3 sent, 2 not"));
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_without_a_fault_passes),
        cmocka_unit_test(figures_that_contradict_each_other_are_no_pass),
        cmocka_unit_test(one_lost_message_fails_the_run),
        cmocka_unit_test(one_corrupted_message_fails_the_run),
        cmocka_unit_test(expired_unaccounted_and_refused_messages_are_not_lost),
        cmocka_unit_test(without_confirms_loss_is_judged_as_well),
        cmocka_unit_test(nothing_received_is_no_pass),
        cmocka_unit_test(a_case_without_samples_fails_the_run_beside_a_good_one),
        cmocka_unit_test(nothing_sent_is_no_pass),
        cmocka_unit_test(a_run_that_only_sends_passes_on_what_it_sent),
        cmocka_unit_test(skipped_cases_are_not_judged),
        cmocka_unit_test(a_broker_that_did_not_come_back_fails_the_run),
        cmocka_unit_test(the_worse_verdict_outranks_the_other),
        cmocka_unit_test(judging_again_replaces_what_was_judged),
        cmocka_unit_test(what_a_flow_lost_counts_once),
        cmocka_unit_test(a_failure_afterwards_is_the_first_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
