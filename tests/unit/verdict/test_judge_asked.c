#include "check.h"
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIALS 3

static struct result_phase *new_phases(void)
{
    static const char *const names[] = {"warm-up", "steady"};
    struct result_phase *phases = calloc(2, sizeof *phases);

    assert_non_null(phases);
    for (int p = 0; p < 2; p++) {
        (void)snprintf(phases[p].name, sizeof phases[p].name, "%s", names[p]);
        phases[p].measured = p == 1;
        phases[p].duration_ns = INT64_C(10000000000);
        phases[p].sent_per_s = 100.0;
        phases[p].delivery.sent = 1000;
        phases[p].due = 1000;
        phases[p].sent_in_time = 1000;
    }
    return phases;
}

/* One measured case of three trials of two phases; steady has 1000 e2e samples of a fixed value in
 * each trial. */
static struct result *new_result(const int64_t *e2e_ns)
{
    struct result *result = calloc(1, sizeof *result);

    assert_non_null(result);
    result->cases = calloc(1, sizeof *result->cases);
    assert_non_null(result->cases);
    result->cases_count = 1;
    (void)strcpy(result->cases[0].name, "one");
    (void)strcpy(result->cases[0].target, "rabbit");
    result->cases[0].status = CASE_MEASURED;
    result->cases[0].phases = new_phases();
    result->cases[0].phases_count = 2;
    result->cases[0].trials = calloc(TRIALS, sizeof *result->cases[0].trials);
    assert_non_null(result->cases[0].trials);
    result->cases[0].trials_count = TRIALS;
    for (int t = 0; t < TRIALS; t++) {
        struct result_trial *trial = &result->cases[0].trials[t];

        trial->number = (uint32_t)t;
        trial->phases = new_phases();
        trial->phases_count = 2;
        for (int i = 0; e2e_ns[t] > 0 && i < 1000; i++) {
            if (i == 0) {
                assert_int_equal(hist_new(&trial->phases[1].latency[SERIES_E2E], NULL), 0);
            }
            hist_record(trial->phases[1].latency[SERIES_E2E], e2e_ns[t]);
        }
    }
    return result;
}

/* Judges two objectives: the one given, and a count that stands for the implied ones. */
static void judge(struct result *result, const char *text, const char *phase, const char *target)
{
    static const struct judge_events none;
    struct objective objectives[3];
    const struct judge_terms terms = {.objectives = objectives, .objectives_count = 3};
    struct errinfo error = {""};

    assert_int_equal(objective_parse(text, &objectives[0], NULL), 0);
    assert_int_equal(objective_parse("lost < 1k", &objectives[1], NULL), 0);
    assert_int_equal(objective_parse("corrupted < 1k", &objectives[2], NULL), 0);
    (void)snprintf(objectives[0].phase, NAME_BYTES, "%s", phase);
    (void)snprintf(objectives[0].target, NAME_BYTES, "%s", target);
    assert_int_equal(judge_result(result, &terms, &none, &error), 0);
}

static const struct result_objective *row_of(const struct result *result, const char *text)
{
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        if (strcmp(result->objectives[i].text, text) == 0) {
            return &result->objectives[i];
        }
    }
    return NULL;
}

static void a_latency_is_judged_on_the_median_over_trials(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 2000, 90000});

    (void)state;
    judge(result, "e2e.p99 < 3us", "", "");
    assert_int_equal(result->verdict, VERDICT_PASS);
    assert_int_equal(row_of(result, "e2e.p99 < 3us")->met, MET_YES);
    assert_string_equal(row_of(result, "e2e.p99 < 3us")->phase, "steady"); /* Measured only. */
    assert_int_equal(row_of(result, "e2e.p99 < 3us")->samples, 3000);
    judge(result, "e2e.p99 < 2us", "", "");
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_int_equal(result->reasons_count, 1);
    assert_string_equal(result->reasons[0].code, "objective_missed");
    assert_string_equal(result->reasons[0].text,
                        "e2e.p99 < 2us was missed in steady: it was 2.00 µs");
    result_free(result);
}

static void a_count_is_judged_on_every_trial_and_over_all_phases(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});

    (void)state;
    result->cases[0].trials[1].phases[0].delivery.duplicated = 2; /* In the warm-up. */
    result->cases[0].trials[2].phases[1].delivery.duplicated = 1;
    judge(result, "duplicated <= 2", "", "");
    assert_int_equal(row_of(result, "duplicated <= 2")->met, MET_YES);
    assert_true(row_of(result, "duplicated <= 2")->observed == 2.0); /* Of the worst trial. */
    judge(result, "duplicated < 2", "", "");
    assert_int_equal(result->verdict, VERDICT_FAIL);
    judge(result, "duplicated < 2", "steady", "");
    assert_int_equal(result->verdict, VERDICT_PASS);
    result_free(result);
}

static void an_objective_of_the_scenario_replaces_the_implied_one(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});

    (void)state;
    judge(result, "sent_rate >= 100/s", "", "");
    assert_null(row_of(result, "lost == 0"));
    assert_null(row_of(result, "corrupted == 0"));
    assert_int_equal(row_of(result, "sent_rate >= 100/s")->met, MET_YES);
    result_free(result);
}

static void an_objective_of_a_part_stands_beside_the_implied_one(void **state)
{
    static const struct {
        const char *phase, *flow, *target;
        bool replaces;
    } parts[] = {{"steady", "", "", false},
                 {"", "orders", "", false},
                 {"", "", "kafka", false},
                 {"", "", "rabbit", true}};
    static const struct judge_events none;
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
    struct objective objective;
    const struct judge_terms terms = {.objectives = &objective, .objectives_count = 1};

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_int_equal(objective_parse("lost < 5", &objective, NULL), 0);
        (void)snprintf(objective.phase, NAME_BYTES, "%s", parts[i].phase);
        (void)snprintf(objective.flow, NAME_BYTES, "%s", parts[i].flow);
        (void)snprintf(objective.target, NAME_BYTES, "%s", parts[i].target);
        assert_int_equal(judge_result(result, &terms, &none, NULL), 0);
        assert_int_equal(row_of(result, "lost == 0") == NULL, parts[i].replaces);
        assert_non_null(row_of(result, "corrupted == 0"));
    }
    result_free(result);
}

static void a_percentile_of_too_few_samples_is_not_met(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});

    (void)state;
    judge(result, "e2e.p99.99 < 1s", "", "");
    assert_int_equal(row_of(result, "e2e.p99.99 < 1s")->met, MET_NO);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_string_equal(result->reasons[0].code, "no_samples");
    result_free(result);
}

static void what_can_be_judged_nowhere_is_not_met(void **state)
{
    struct result *result = new_result((const int64_t[]){0, 0, 0});

    (void)state;
    judge(result, "e2e.p50 < 1s", "", "");
    assert_int_equal(row_of(result, "e2e.p50 < 1s")->met, MET_NOT_AVAILABLE);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_string_equal(result->reasons[0].text,
                        "e2e.p50 < 1s was judged in no case: there are no samples");
    judge(result, "sent_rate > 1/s", "", "kafka"); /* No case of it. */
    assert_int_equal(result->verdict, VERDICT_FAIL);
    result_free(result);
}

static void an_objective_is_not_available_where_the_case_was_not_measured(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});

    (void)state;
    result->cases = realloc(result->cases, 2 * sizeof *result->cases);
    assert_non_null(result->cases);
    memset(&result->cases[1], 0, sizeof result->cases[1]);
    result->cases[1].status = CASE_SKIPPED;
    (void)strcpy(result->cases[1].name, "two");
    result->cases_count = 2;
    judge(result, "e2e.p50 < 1s", "", "");
    assert_int_equal(result->verdict, VERDICT_PASS);
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        assert_int_equal(result->objectives[i].met,
                         strcmp(result->objectives[i].case_name, "two") == 0 ? MET_NOT_AVAILABLE
                                                                             : MET_YES);
    }
    result_free(result);
}

/* Judges one objective in windows of 10 s with the counts that trials had of it. */
static void judge_in_windows(struct result *result, const struct window_count *counts,
                             uint32_t counts_count, bool aborted)
{
    struct judge_events events = {.aborted = aborted};
    struct objective objectives[3];
    const struct judge_terms terms = {.objectives = objectives,
                                      .objectives_count = 3,
                                      .windows = counts,
                                      .windows_count = counts_count};

    (void)strcpy(events.aborted_text, "the trial was ended at 3.0 s");
    assert_int_equal(objective_parse("lost < 1k", &objectives[0], NULL), 0);
    assert_int_equal(objective_parse("corrupted < 1k", &objectives[1], NULL), 0);
    assert_int_equal(objective_parse("e2e.p99 < 10ms", &objectives[2], NULL), 0);
    assert_int_equal(objective_set_window(&objectives[2], INT64_C(10000000000), 0.9, 0, NULL), 0);
    assert_int_equal(judge_result(result, &terms, &events, NULL), 0);
}

static void windows_are_judged_on_every_trial(void **state)
{
    static const char text[] = "e2e.p99 < 10ms in 90 % of windows of 10 s";
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
    struct window_count counts[TRIALS] = {{2, 0, "steady", 10, 10, 500, true, 1e6, 0, 0},
                                          {2, 1, "steady", 10, 9, 500, true, 15e6, 0, 0},
                                          {2, 2, "steady", 10, 10, 500, true, 1e6, 0, 0}};

    (void)state;
    judge_in_windows(result, counts, TRIALS, false);
    assert_int_equal(result->verdict, VERDICT_PASS);
    assert_int_equal(row_of(result, text)->met, MET_YES);
    assert_true(row_of(result, text)->observed == 90.0 && row_of(result, text)->limit == 90.0);
    assert_string_equal(row_of(result, text)->unit, "%");
    assert_string_equal(row_of(result, text)->phase, "steady");
    assert_int_equal(row_of(result, text)->samples, 1500);
    assert_int_equal(row_of(result, text)->window_ns, INT64_C(10000000000));
    counts[1].held = 8;
    judge_in_windows(result, counts, TRIALS, false);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_string_equal(result->reasons[0].code, "objective_missed");
    assert_string_equal(
        row_of(result, text)->reason,
        "it held in 8 of 10 windows, the worst value was 15.0 ms (of the worst trial)");
    result_free(result);
}

/* A run has up to 20000 trials, each with a row for each objective and phase: only those of the
 * case's own trials may be looked at, or judging thousands of cases takes minutes. */
static void windows_are_found_among_those_of_many_trials(void **state)
{
    enum { MANY = 100, ROWS = 3 };
    static const uint32_t numbers[][TRIALS] = {{0, 1, 2}, {40, 3, 77}, {97, 98, 99}, {0, 50, 99}};
    static const char text[] = "e2e.p99 < 10ms in 90 % of windows of 10 s";
    struct window_count counts[MANY * ROWS];

    (void)state;
    for (uint32_t i = 0; i < MANY * ROWS; i++) { /* samples: 1 + the trial's number. */
        counts[i] = (struct window_count){i % ROWS == 0 ? 1 : 2, i / ROWS, "",  10, 10,
                                          1 + i / ROWS,          true,     1e6, 0,  0};
        (void)snprintf(counts[i].phase, NAME_BYTES, "%s", i % ROWS == 1 ? "other" : "steady");
    }
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
        uint64_t samples = TRIALS;

        for (uint32_t t = 0; t < TRIALS; t++) {
            result->cases[0].trials[t].number = numbers[n][t];
            samples += numbers[n][t];
        }
        judge_in_windows(result, counts, MANY * ROWS, false);
        assert_int_equal(row_of(result, text)->met, MET_YES);
        assert_int_equal(row_of(result, text)->samples, samples);
        result->cases[0].trials[2].number = MANY;
        judge_in_windows(result, counts, MANY * ROWS, false);
        assert_int_equal(row_of(result, text)->samples, samples - numbers[n][2] - 1);
        result_free(result);
    }
}

static void windows_that_never_were_are_not_met(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
    const struct window_count none = {2, 0, "steady", 0, 0, 0, false, 0.0, 0, 0};

    (void)state;
    judge_in_windows(result, &none, 1, false);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_string_equal(result->reasons[0].code, "no_samples");
    result_free(result);
}

static void windows_without_samples_are_not_met(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
    const struct window_count empty = {2, 0, "steady", 10, 0, 0, false, 0.0, 0, 0};

    (void)state;
    judge_in_windows(result, &empty, 1, false);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_int_equal(row_of(result, "e2e.p99 < 10ms in 90 % of windows of 10 s")->met, MET_NO);
    result_free(result);
}

static void a_trial_that_an_objective_ended_fails_and_says_when(void **state)
{
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
    const struct window_count count = {2, 0, "steady", 1, 0, 100, true, 1e8, 0, 0};

    (void)state;
    judge_in_windows(result, &count, 1, true);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_string_equal(result->reasons[0].code, "aborted");
    assert_string_equal(result->reasons[0].text, "the trial was ended at 3.0 s");
    assert_string_equal(result->reasons[1].code, "objective_missed");
    result_free(result);
}

static void a_latency_of_messages_that_never_came_is_missed_below_its_limit(void **state)
{
    struct result *result = new_result((int64_t[]){1000, 1000, 1000});

    (void)state;
    for (int t = 0; t < 2; t++) { /* The median's trial is one of them. */
        struct hist *e2e = result->cases[0].trials[t].phases[1].latency[SERIES_E2E];

        assert_int_equal(hist_allow_censored(e2e, NULL), 0);
        hist_record_censored(e2e, 2000000, 20);
    }
    judge(result, "e2e.p99 < 1s", "", "");
    assert_int_equal(row_of(result, "e2e.p99 < 1s")->met, MET_NO);
    assert_true(row_of(result, "e2e.p99 < 1s")->at_least);
    assert_string_equal(row_of(result, "e2e.p99 < 1s")->reason,
                        "it was at least 2.00 ms, because messages never arrived");
    result_free(result);
}

/* Every message of the phase but 1,000 of 2,000 came in time, so each window held; the phase as a
 * whole missed the same limit. */
static void windows_do_not_hold_for_messages_that_never_came(void **state)
{
    static const char text[] = "e2e.p99 < 10ms in 90 % of windows of 10 s";
    struct result *result = new_result((const int64_t[]){1000, 1000, 1000});
    struct hist *e2e = result->cases[0].trials[1].phases[1].latency[SERIES_E2E];
    struct window_count counts[TRIALS] = {{2, 0, "steady", 10, 10, 500, true, 1e6, 0, 0},
                                          {2, 1, "steady", 10, 10, 500, true, 1e6, 4, 0},
                                          {2, 2, "steady", 10, 10, 500, true, 1e6, 0, 0}};

    (void)state;
    assert_int_equal(hist_allow_censored(e2e, NULL), 0);
    hist_record_censored(e2e, 2000000, 9);
    judge_in_windows(result, counts, TRIALS, false); /* Five of a window that has room for four. */
    assert_int_equal(row_of(result, text)->met, MET_YES);
    assert_true(row_of(result, text)->observed == 90.0);
    hist_record_censored(e2e, 2000000, 1);
    judge_in_windows(result, counts, TRIALS, false);
    assert_int_equal(row_of(result, text)->met, MET_NO);
    assert_string_equal(
        row_of(result, text)->reason,
        "it held in 10 of 10 windows, the worst value was 1.00 ms; 10 messages that never arrived "
        "can belong to 2 more windows that missed it (of the worst trial)");
    counts[1].censored = 10; /* They are in the windows already. */
    judge_in_windows(result, counts, TRIALS, false);
    assert_true(row_of(result, text)->observed == 100.0);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_judged_on_every_trial),
        cmocka_unit_test(windows_are_found_among_those_of_many_trials),
        cmocka_unit_test(windows_that_never_were_are_not_met),
        cmocka_unit_test(windows_without_samples_are_not_met),
        cmocka_unit_test(windows_do_not_hold_for_messages_that_never_came),
        cmocka_unit_test(a_trial_that_an_objective_ended_fails_and_says_when),
        cmocka_unit_test(a_latency_is_judged_on_the_median_over_trials),
        cmocka_unit_test(a_latency_of_messages_that_never_came_is_missed_below_its_limit),
        cmocka_unit_test(a_count_is_judged_on_every_trial_and_over_all_phases),
        cmocka_unit_test(an_objective_of_the_scenario_replaces_the_implied_one),
        cmocka_unit_test(an_objective_of_a_part_stands_beside_the_implied_one),
        cmocka_unit_test(a_percentile_of_too_few_samples_is_not_met),
        cmocka_unit_test(what_can_be_judged_nowhere_is_not_met),
        cmocka_unit_test(an_objective_is_not_available_where_the_case_was_not_measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
