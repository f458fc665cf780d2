/* Sums that have to hold of whatever is folded, and snapshots that contradict them: a journal that
 * was changed said PASS. */
#include "fold_bench.h"

#include "fold_trial_inner.h"
#include "made_journal.h"
#include "mono.h"
#include "packed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folds a whole journal whose snapshots were changed before; an entry that is refused is left out,
 * as `run` does, and its reason kept. */
struct changed_fold {
    struct fold *fold;
    void (*change)(struct snapshot *snapshot);
    struct errinfo refused; /* The first. */
    uint32_t told;          /* Of agents: a run says something for each. */
    uint32_t left_out;      /* After it. */
};

static void take_changed(void *context, const struct journal_entry *entry)
{
    struct changed_fold *changed = context;
    struct errinfo error = {""};
    int r;

    if (entry->kind == ENTRY_SNAPSHOT) {
        changed->change(entry->as.snapshot);
    }
    r = fold_add(changed->fold, entry, &error);
    changed->left_out += r == -EALREADY ? 1 : 0;
    if (r < 0 && r != -EALREADY) {
        assert_int_equal(r, -EBADMSG);
        assert_int_equal(entry->kind, ENTRY_SNAPSHOT);
        changed->told++;
        fold_tell_refused(changed->fold, error.text);
        changed->refused = changed->refused.text[0] == '\0' ? error : changed->refused;
    }
}

static struct changed_fold fold_changed_of(void (*change)(struct snapshot *snapshot),
                                           struct result **ret)
{
    const struct made_options options = fold_bench_faultless();
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1};
    struct changed_fold changed = {.change = change};

    assert_int_equal(fold_new(&changed.fold, NULL), 0);
    made_journal_each(&journal, take_changed, &changed);
    assert_int_equal(fold_result(changed.fold, ret, NULL), 0);
    fold_free(changed.fold);
    made_trial_free(made);
    return changed;
}

static void fold_changed(void (*change)(struct snapshot *snapshot), struct result **ret,
                         struct errinfo *refused)
{
    *refused = fold_changed_of(change, ret).refused;
}

/* The snapshot is refused with these words, and the result tells them. */
static void refused(void (*change)(struct snapshot *snapshot), const char *words)
{
    struct result *result = NULL;
    struct errinfo error;

    fold_changed(change, &result, &error);
    if (strstr(error.text, words) == NULL || strstr(result->violation, words) == NULL) {
        fail_msg("\"%s\" and \"%s\" where \"%s\" belongs", error.text, result->violation, words);
    }
    result_free(result);
}

static void a_far_second(struct snapshot *snapshot)
{
    snapshot->interval = 1999999;
}

static void a_second_too_many(struct snapshot *snapshot)
{
    snapshot->interval += snapshot->agent == 1 && snapshot->interval > 2 ? 1 : 0;
}

static void a_cell_twice(struct snapshot *snapshot)
{
    for (uint32_t i = 1; i < snapshot->rows_count; i++) {
        snapshot->rows[i].flow = snapshot->rows[0].flow;
        snapshot->rows[i].phase = snapshot->rows[0].phase;
    }
}

static void a_counter_that_wraps(struct snapshot *snapshot)
{
    if (snapshot->rows_count > 0) {
        snapshot->rows[0].counters.received_bytes = UINT64_MAX;
    }
}

static void latencies_of_nothing(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        snapshot->rows[i].counters.received = 0;
    }
}

static void too_many_samples(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        struct hist_packed *hist = &snapshot->rows[i].series[SERIES_CONSUME_ACK];

        if (hist->count == 0) {
            packed_record_censored(hist, 1, UINT64_C(1) << 41); /* Three are too many. */
        }
    }
}

/* As the seconds of an agent of another run were. */
static void ten_times_too_much(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        snapshot->rows[i].counters.due += 100000;
    }
}

/* A host that stood still for ten seconds, in the first one. */
static void a_stall(struct snapshot *snapshot)
{
    for (uint32_t i = 0; snapshot->interval == 0 && i < snapshot->rows_count; i++) {
        snapshot->rows[i].counters.due += 1000 / 3;
    }
}

/* Its coordinator's host did likewise, so nobody was lost. The agent says so itself. */
static void a_long_stall(struct snapshot *snapshot)
{
    if (snapshot->interval == 0) {
        snapshot->health.strain.ticker_late_ns = 3600 * NS_PER_S;
        for (uint32_t i = 0; i < snapshot->rows_count; i++) {
            snapshot->rows[i].counters.due += 3600 * 100 / 3;
        }
    }
}

static void what_contradicts_its_trial_is_refused_and_told(void **state)
{
    (void)state;
    refused(a_far_second, "reports second 1999999, but the trial can't last longer than");
    refused(a_second_too_many, "agent 1 reports second 4 where 3 was expected");
    refused(a_cell_twice, "reported twice in one report");
    refused(a_counter_that_wraps, "counters that can't be");
    refused(latencies_of_nothing, "more latencies than messages");
    refused(too_many_samples, "more latencies than messages");
    refused(ten_times_too_much, "more than ten times as many messages came due as the plan asked");
}

static void a_bad_second(struct snapshot *snapshot)
{
    if (snapshot->agent == 1 && snapshot->interval == 1 && snapshot->rows_count > 0) {
        snapshot->rows[0].counters.received_bytes = UINT64_MAX;
    }
}

/* Each of them was told, with a reason of its own: "snapshot 3 came where 1 was expected". */
static void after_a_refused_report_the_agents_later_ones_are_left_out_and_told_once(void **state)
{
    struct result *result = NULL;
    struct changed_fold changed = fold_changed_of(a_bad_second, &result);

    (void)state;
    assert_int_equal(changed.told, 1);
    assert_int_equal(changed.left_out, MADE_INTERVALS - 2);
    assert_non_null(strstr(result->violation, "agent 1, second 1"));
    assert_non_null(strstr(result->violation, "counters that can't be"));
    result_free(result);
}

static int moved; /* Counted before, and not yet there. */

/* As the part of a second that begins with its counters, and the next one that goes on with more of
 * its histograms: a message that is counted in the first report has its sample in the second. */
static void counted_before(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        struct snapshot_row *row = &snapshot->rows[i];
        bool measured = row->flow == 0 && row->phase == 1 && row->series[SERIES_E2E].count > 0;

        if (measured && snapshot->interval == 1) {
            row->counters.received++;
            moved++;
        } else if (measured && snapshot->interval == 2) {
            row->counters.received--;
            moved--;
        }
    }
}

static void latencies_may_come_after_their_counters(void **state)
{
    struct result *result = NULL;
    struct errinfo error;

    (void)state;
    fold_changed(counted_before, &result, &error);
    assert_int_equal(moved, 0);
    assert_string_equal(error.text, "");
    assert_string_equal(result->violation, "");
    result_free(result);
}

static void sent_once_more(struct snapshot *snapshot)
{
    if (snapshot->agent == 0 && snapshot->interval == 0) {
        snapshot->rows[0].counters.sent++;
    }
}

static void received_once_more(struct snapshot *snapshot)
{
    if (snapshot->agent == 1 && snapshot->interval == 3) {
        snapshot->rows[0].counters.received++;
    }
}

static void a_latency_less(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        hist_packed_done(&snapshot->rows[i].series[SERIES_E2E_SERVICE]);
    }
}

/* Nobody asked: the sums stood in tests only. */
static void told(void (*change)(struct snapshot *snapshot), const char *words)
{
    struct result *result = NULL;
    struct errinfo error;

    fold_changed(change, &result, &error);
    assert_string_equal(error.text, "");
    if (strstr(result->violation, words) == NULL) {
        fail_msg("\"%s\" where \"%s\" belongs", result->violation, words);
    }
    result_free(result);
}

static void leave(struct snapshot *snapshot)
{
    (void)snapshot;
}

static void counters_that_are_not_what_the_numbers_say_are_told(void **state)
{
    struct result *result = NULL;
    struct errinfo error;

    (void)state;
    told(sent_once_more, "sent by its counters");
    told(received_once_more, "received by its counters");
    told(a_latency_less, "timed arrivals by its counters");
    fold_changed(leave, &result, &error);
    assert_string_equal(result->violation, "");
    result_free(result);
    fold_changed(a_stall, &result, &error);
    assert_string_equal(result->violation, "");
    result_free(result);
    fold_changed(a_long_stall, &result, &error);
    assert_string_equal(result->violation, "");
    result_free(result);
}

static void a_trial_lasts_longer_by_what_its_agents_stood_still(void **state)
{
    struct fold_agent agent = {.reported = 120};
    struct fold_trial trial = {.agents = &agent, .seconds_max = 100};
    const struct snapshot snapshot = {.interval = 120};

    (void)state;
    assert_int_equal(fold_check_snapshot(&trial, &snapshot, NULL), -EBADMSG);
    trial.stood_ns = 25 * NS_PER_S;
    assert_int_equal(fold_check_snapshot(&trial, &snapshot, NULL), 0);
    trial.stood_ns = INT64_MAX; /* Of a made journal. */
    agent.reported = 3000000;
    const struct snapshot far = {.interval = 3000000};

    assert_int_equal(fold_check_snapshot(&trial, &far, NULL), -EBADMSG);
}

static void three_hundred_errors(struct snapshot *snapshot)
{
    if (snapshot->agent != 0 || snapshot->interval != 0 || snapshot->errors_count > 0) {
        return;
    }
    free(snapshot->errors);
    snapshot->errors = calloc(300, sizeof *snapshot->errors);
    assert_non_null(snapshot->errors);
    snapshot->errors_count = 300;
    for (uint32_t i = 0; i < snapshot->errors_count; i++) {
        (void)snprintf(snapshot->errors[i].text, REASON_BYTES, "error %u", i);
        snapshot->errors[i].count = 1000 - i;
    }
}

/* The last text that had fitted had the counts of a hundred others. */
static void no_error_has_the_counts_of_others(void **state)
{
    struct result *result = NULL;
    struct errinfo error;
    uint64_t sum = 0;

    (void)state;
    fold_changed(three_hundred_errors, &result, &error);
    for (uint32_t i = 0; i < result->cases[0].trials[0].errors_count; i++) {
        const struct error_delta *of = &result->cases[0].trials[0].errors[i];

        sum += of->count;
        assert_true(of->count <= 1000 || strcmp(of->text, "other errors") == 0);
    }
    assert_int_equal(sum, 300 * 1000 - 300 * 299 / 2);
    result_free(result);
}

/* Whatever happens to messages and agents, what is right is not called wrong. */
static void no_run_of_any_faults_violates_a_sum(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        const struct made_options options = made_options_random(seed);
        struct made_trial *made = NULL;
        struct result *result = fold_bench_result_of_options(&options, &made);

        if (result->violation[0] != '\0') {
            fail_msg("seed %llu: %s", (unsigned long long)seed, result->violation);
        }
        result_free(result);
        made_trial_free(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_contradicts_its_trial_is_refused_and_told),
        cmocka_unit_test(after_a_refused_report_the_agents_later_ones_are_left_out_and_told_once),
        cmocka_unit_test(latencies_may_come_after_their_counters),
        cmocka_unit_test(counters_that_are_not_what_the_numbers_say_are_told),
        cmocka_unit_test(a_trial_lasts_longer_by_what_its_agents_stood_still),
        cmocka_unit_test(no_error_has_the_counts_of_others),
        cmocka_unit_test(no_run_of_any_faults_violates_a_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
