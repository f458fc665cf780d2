/* Journals that were changed on disk: `report` said PASS, or ended itself. */
#include "check.h"

#include "archive.h"
#include "child_cost.h"
#include "cli.h"
#include "cli_fixture.h"
#include "made_journal.h"
#include "packed.h"
#include "temp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct made_options options = {.agents_count = 1,
                                            .flows_count = 1,
                                            .topics_count = 1,
                                            .partitions = 1,
                                            .producers_count = 1,
                                            .subscriptions_count = 1,
                                            .consumers_count = 1,
                                            .phases_count = 2,
                                            .messages = 5,
                                            .agent_lost = UINT32_MAX,
                                            .latency_ns_max = 1000000,
                                            .seed = 3};

struct writing {
    struct archive_writer *writer;
    void (*change)(struct snapshot *snapshot);
    bool told; /* The run has said itself that its sums do not hold. */
};

static void write_changed(void *context, const struct journal_entry *entry)
{
    const struct writing *writing = context;
    struct journal_entry close = *entry;
    struct result_reason reason = {.code = "audit", .text = "as the run found"};

    if (entry->kind == ENTRY_SNAPSHOT) {
        writing->change(entry->as.snapshot);
    }
    if (entry->kind == ENTRY_CLOSE && writing->told) {
        close.as.close.verdict = VERDICT_INVALID;
        close.as.close.reasons = &reason;
        close.as.close.reasons_count = 1;
    }
    assert_int_equal(archive_append(writing->writer, &close, NULL), 0);
}

/* Makes the reports of a journal whose snapshots were changed. */
static void report(void (*change)(struct snapshot *snapshot), bool told, struct cli_outcome *ret)
{
    char folder[TEMP_BYTES];
    char command[128];
    struct made_trial *made = made_trial_new(&options);
    const struct made_journal journal = {.trials = &made, .trials_count = 1, .judged = true};
    struct writing writing = {.change = change, .told = told};

    assert_non_null(mkdtemp(temp_name(folder, "report")));
    assert_int_equal(archive_writer_new(folder, &writing.writer, NULL), 0);
    made_journal_each(&journal, write_changed, &writing);
    assert_int_equal(archive_writer_close(writing.writer, NULL), 0);
    CALL(command_report, ret, "report", folder);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    made_trial_free(made);
}

static void refused(void (*change)(struct snapshot *snapshot), const char *words)
{
    struct cli_outcome outcome;

    report(change, false, &outcome);
    if (outcome.code != 2 || strstr(outcome.err, words) == NULL) {
        fail_msg("exits %d and says \"%s\" where \"%s\" belongs", outcome.code, outcome.err, words);
    }
    assert_non_null(strstr(outcome.err, "run.bson"));
}

static void leave(struct snapshot *snapshot)
{
    (void)snapshot;
}

static void a_far_second(struct snapshot *snapshot)
{
    snapshot->interval += snapshot->final ? 1999999 : 0;
}

static void cells_over_and_over(struct snapshot *snapshot)
{
    struct snapshot_row *rows;

    if (snapshot->interval != 0 || snapshot->rows_count == 0) {
        return;
    }
    rows = calloc(127, sizeof *rows);
    assert_non_null(rows);
    for (uint32_t i = 0; i < 127; i++) {
        rows[i].flow = snapshot->rows[0].flow;
        rows[i].phase = snapshot->rows[0].phase;
        packed_record_censored(&rows[i].series[SERIES_CONNECT], 1, HIST_COUNT_MAX);
    }
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            hist_packed_done(&snapshot->rows[i].series[series]);
        }
    }
    free(snapshot->rows);
    snapshot->rows = rows;
    snapshot->rows_count = 127;
}

static void sent_once_more(struct snapshot *snapshot)
{
    if (snapshot->interval == 0 && snapshot->rows_count > 0) {
        snapshot->rows[0].counters.sent++;
    }
}

static void a_count_beyond_all(struct snapshot *snapshot)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        hist_packed_done(&snapshot->rows[i].series[SERIES_E2E]);
        packed_record_censored(&snapshot->rows[i].series[SERIES_E2E], 1, HIST_COUNT_MAX);
    }
}

/* 3 MB in the document, 16 MB as a list, and each of them might have times of its own. */
static void ranges_without_an_end(struct snapshot *snapshot)
{
    if (snapshot->interval == 0) {
        snapshot->ranges_count = 500000;
        free(snapshot->ranges);
        snapshot->ranges = calloc(snapshot->ranges_count, sizeof *snapshot->ranges);
        assert_non_null(snapshot->ranges);
    }
}

struct hostile_report {
    void (*change)(struct snapshot *snapshot);
    const char *words; /* NULL: it is not refused. */
};

static void report_it(void *context)
{
    const struct hostile_report *hostile = context;
    static struct cli_outcome outcome;

    if (hostile->words == NULL) {
        report(hostile->change, false, &outcome);
    } else {
        refused(hostile->change, hostile->words);
    }
}

/* What a journal can hold that nobody measured; the journal that nobody changed is the control. */
static void what_is_refused_takes_no_memory_and_no_second(void **state)
{
    struct hostile_report as_it_was = {.change = leave};
    struct hostile_report hostile[] = {
        {a_far_second, "but the trial can't last longer than"},
        {a_count_beyond_all, "more latencies than messages"},
        {cells_over_and_over, "more latencies than messages"},
        {ranges_without_an_end, "timed_ranges has more rows than it can hold"},
    };
    struct child_cost control;

    (void)state;
    child_cost_of(report_it, &as_it_was, &control);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct child_cost cost;

        child_cost_of(report_it, &hostile[i], &cost);
        print_message("\"%s\": %.3f s of CPU, %lld KiB more, the journal as it was %lld\n",
                      hostile[i].words, (double)cost.cpu_ns / 1e9, (long long)cost.more_kib,
                      (long long)control.more_kib);
        assert_true(child_cost_is_small(&cost));
    }
}

static void a_journal_that_contradicts_its_trial_or_itself_is_refused(void **state)
{
    struct cli_outcome outcome;

    (void)state;
    report(leave, false, &outcome);
    assert_int_not_equal(outcome.code, 2);
    assert_string_equal(outcome.err, "");
    refused(a_far_second, "but the trial can't last longer than");
    refused(cells_over_and_over, "more latencies than messages");
    refused(sent_once_more, "its figures contradict each other");
}

/* Its data are worth keeping, and the report says what is wrong with them. */
static void a_run_that_found_it_out_itself_is_reported_as_invalid(void **state)
{
    struct cli_outcome outcome;

    (void)state;
    report(sent_once_more, true, &outcome);
    assert_int_equal(outcome.code, 3);
    assert_string_equal(outcome.err, "");
}

/* journals/first-measured: what the agents of a first version really wrote, in a run of a second on
 * a busy host. */
static void a_journal_of_an_earlier_version_is_reported_and_what_it_lacks_told(void **state)
{
    char folder[TEMP_BYTES];
    char command[512];
    struct cli_outcome outcome;

    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "report")));
    (void)snprintf(command, sizeof command, "cp %s/first-measured/run.bson %s", JOURNALS, folder);
    assert_int_equal(system(command), 0);
    CALL(command_report, &outcome, "report", folder);
    assert_int_equal(outcome.code, 3); /* As the run exited. */
    assert_non_null(strstr(outcome.out, "load threads waited for a CPU"));
    assert_non_null(strstr(outcome.err, "was written by an earlier version, which did not keep: "));
    assert_non_null(strstr(outcome.err, "health.answered_first_ns"));
    assert_non_null(strstr(outcome.err, "stream_range.intended_ns"));
    /* What was there, though it was 0. */
    assert_null(strstr(outcome.err, "counters."));
    (void)snprintf(command, sizeof command,
                   "cd %s && grep -q '\"lost\": 0' result.json && grep -q '\"journal_lacks\": .*"
                   "health.handed_ns' result.json && grep -q 'earlier version' report.html && "
                   "rm -rf %s",
                   folder, folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused_takes_no_memory_and_no_second),
        cmocka_unit_test(a_journal_that_contradicts_its_trial_or_itself_is_refused),
        cmocka_unit_test(a_run_that_found_it_out_itself_is_reported_as_invalid),
        cmocka_unit_test(a_journal_of_an_earlier_version_is_reported_and_what_it_lacks_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
