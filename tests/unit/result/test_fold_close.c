/* How a journal ends: with its judgement in one part or several, or in the middle of a search. */
#include "archive.h"
#include "check.h"
#include "close_parts.h"
#include "fold.h"
#include "made_journal.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECKS 5000u

/* A fold of a journal of some trials of the case "memory", up to its end or not. */
struct told {
    struct made_trial *trials[2];
    struct fold *fold;
    bool close; /* Else all but the closing entry. */
};

static void take(void *context, const struct journal_entry *entry)
{
    struct told *told = context;

    if (entry->kind != ENTRY_CLOSE || told->close) {
        assert_int_equal(fold_add(told->fold, entry, NULL), 0);
    }
}

static struct told tell(bool close)
{
    const struct made_options options = {.agents_count = 1,
                                         .flows_count = 1,
                                         .topics_count = 1,
                                         .partitions = 1,
                                         .producers_count = 1,
                                         .subscriptions_count = 1,
                                         .consumers_count = 1,
                                         .phases_count = 1,
                                         .messages = 2,
                                         .agent_lost = UINT32_MAX};
    struct told told = {.close = close};
    const struct made_journal journal = {.trials = told.trials, .trials_count = 2};

    assert_int_equal(fold_new(&told.fold, NULL), 0);
    told.trials[0] = made_trial_new(&options);
    told.trials[1] = made_trial_new(&options);
    made_journal_each(&journal, take, &told);
    return told;
}

static struct result *result_of(struct told *told)
{
    struct result *result = NULL;

    assert_int_equal(fold_result(told->fold, &result, NULL), 0);
    return result;
}

static void done(struct told *told)
{
    fold_free(told->fold);
    made_trial_free(told->trials[0]);
    made_trial_free(told->trials[1]);
}

static struct journal_entry search_entry(uint32_t trial, bool has_step)
{
    struct journal_entry entry = {.kind = ENTRY_SEARCH};

    entry.as.search = (struct entry_search){
        .answer = {.case_name = "memory", .lower_per_s = 100.0 * trial, .limit = "not ended"},
        .has_step = has_step,
        .step = {.case_name = "memory", .trial = trial, .asked_per_s = 100.0 * trial}};
    return entry;
}

static void a_search_that_was_cut_off_tells_its_steps(void **state)
{
    struct told told = tell(false);
    struct journal_entry first = search_entry(0, false);
    struct journal_entry second = search_entry(1, true);
    struct result *result;

    (void)state;
    assert_int_equal(fold_add(told.fold, &first, NULL), 0);
    assert_int_equal(fold_add(told.fold, &second, NULL), 0);
    result = result_of(&told);
    assert_true(result->cut_off);
    assert_int_equal(result->findings.searches_count, 1);
    assert_true(result->findings.searches[0].lower_per_s == 100.0);
    assert_int_equal(result->findings.search_steps_count, 1);
    assert_int_equal(result->findings.search_steps[0].trial, 1);
    result_free(result);
    done(&told);
}

/* What a search says of itself that can't be is refused: it is looked up by others. */
static void a_search_that_does_not_fit_the_run_is_refused(void **state)
{
    struct told told = tell(false);
    struct journal_entry entry = search_entry(0, false);
    struct errinfo error = {""};

    (void)state;
    (void)snprintf(entry.as.search.answer.case_name, NAME_BYTES, "another");
    assert_int_equal(fold_add(told.fold, &entry, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "case another, which the run does not have"));
    entry = search_entry(2, true); /* There are trials 0 and 1. */
    assert_int_equal(fold_add(told.fold, &entry, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "trial 2, which does not fit"));
    entry = search_entry(1, true);
    assert_int_equal(fold_add(told.fold, &entry, NULL), 0);
    assert_int_equal(fold_add(told.fold, &entry, &error), -EBADMSG); /* A second time. */
    result_free(result_of(&told));
    done(&told);
}

static void refused_close(struct findings *findings, const char *why)
{
    struct told told = tell(false);
    struct journal_entry entry = {.kind = ENTRY_CLOSE};
    struct errinfo error = {""};
    struct result *result;

    entry.as.close.findings = *findings;
    assert_int_equal(fold_add(told.fold, &entry, &error), -EBADMSG);
    assert_non_null(strstr(error.text, why));
    result = result_of(&told);
    assert_true(result->cut_off);
    result_free(result);
    done(&told);
}

/* Their work would grow with the square of what the file claims. */
static void a_closing_entry_with_more_searches_than_there_can_be_is_refused(void **state)
{
    struct result_search searches[2];
    struct result_search_step steps[3];
    struct findings findings = {.searches = searches, .searches_count = 2};

    (void)state;
    memset(searches, 0, sizeof searches);
    memset(steps, 0, sizeof steps);
    refused_close(&findings, "2 searches in 1 cases");
    findings = (struct findings){.search_steps = steps, .search_steps_count = 3};
    refused_close(&findings, "3 steps of searches in 2 trials");
    findings.search_steps_count = 2;
    refused_close(&findings, "step of trial 0 after one of 0");
}

static void a_journal_ends_once(void **state)
{
    struct told told = tell(true);
    const struct journal_entry entry = {.kind = ENTRY_CLOSE};
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(fold_add(told.fold, &entry, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "ends a second time"));
    done(&told);
}

/* More rows than a document takes, through the file and back. */
static void a_judgement_of_many_rows_is_written_in_parts_and_read_as_one(void **state)
{
    struct told told = tell(false);
    struct result *judged = result_of(&told);
    struct archive_writer *writer = NULL;
    struct archive_reader *reader = NULL;
    struct close_parts parts;
    struct journal_entry entry = {.kind = ENTRY_CLOSE};
    char folder[TEMP_BYTES];
    char path[TEMP_BYTES + 16];
    uint32_t parts_count = 0;
    struct result *result;

    (void)state;
    judged->verdict = VERDICT_FAIL;
    free(judged->findings.checks); /* A list of none. */
    judged->findings.checks = calloc(CHECKS, sizeof *judged->findings.checks);
    assert_non_null(judged->findings.checks);
    judged->findings.checks_count = CHECKS;
    for (uint32_t i = 0; i < CHECKS; i++) {
        struct result_check *check = &judged->findings.checks[i];

        check->observed = i + 1;
        memset(check->text, 'x', sizeof check->text - 1);
    }
    assert_non_null(mkdtemp(temp_name(folder, "fold")));
    assert_int_equal(archive_writer_new(folder, &writer, NULL), 0);
    close_parts_init(&parts, judged);
    while (close_parts_next(&parts, &entry.as.close)) {
        assert_int_equal(archive_append(writer, &entry, NULL), 0);
    }
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    assert_int_equal(archive_reader_new(folder, &reader, NULL), 0);
    while (archive_next(reader, &entry, NULL) == 1) {
        parts_count++;
        result = result_of(&told);
        assert_true(result->cut_off); /* As long as there is more to come. */
        result_free(result);
        assert_int_equal(fold_add(told.fold, &entry, NULL), 0);
        journal_entry_done(&entry);
    }
    archive_reader_free(reader);
    assert_int_equal(parts_count, 3);
    result = result_of(&told);
    assert_false(result->cut_off);
    assert_int_equal(result->verdict, VERDICT_FAIL);
    assert_int_equal(result->reasons_count, judged->reasons_count);
    assert_int_equal(result->findings.checks_count, CHECKS);
    assert_memory_equal(result->findings.checks, judged->findings.checks,
                        CHECKS * sizeof *judged->findings.checks);
    result_free(result);
    result_free(judged);
    (void)snprintf(path, sizeof path, "%s/%s", folder, ARCHIVE_JOURNAL_NAME);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    done(&told);
}

static void a_calibration_is_its_cases_and_comes_once(void **state)
{
    struct told told = tell(false);
    struct journal_entry entry = {.kind = ENTRY_CALIBRATION};
    struct result *result;

    (void)state;
    result = result_of(&told);
    assert_true(result->cases[0].calibration.ceiling_per_s == 0.0); /* An older journal has none. */
    assert_true(result_headroom(&result->cases[0]) == 0.0);
    result_free(result);
    entry.as.calibration.case_index = 99;
    entry.as.calibration.made.ceiling_per_s = 1e6;
    assert_int_equal(fold_add(told.fold, &entry, NULL), -EBADMSG);
    entry.as.calibration.case_index = 0;
    entry.as.calibration.made.ceiling_per_s = -1.0;
    assert_int_equal(fold_add(told.fold, &entry, NULL), -EBADMSG);
    entry.as.calibration.made.ceiling_per_s = 1e6;
    assert_int_equal(fold_add(told.fold, &entry, NULL), 0);
    assert_int_equal(fold_add(told.fold, &entry, NULL), -EBADMSG);
    result = result_of(&told);
    assert_true(result->cases[0].calibration.ceiling_per_s == 1e6);
    result_free(result);
    done(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_that_was_cut_off_tells_its_steps),
        cmocka_unit_test(a_calibration_is_its_cases_and_comes_once),
        cmocka_unit_test(a_search_that_does_not_fit_the_run_is_refused),
        cmocka_unit_test(a_closing_entry_with_more_searches_than_there_can_be_is_refused),
        cmocka_unit_test(a_journal_ends_once),
        cmocka_unit_test(a_judgement_of_many_rows_is_written_in_parts_and_read_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
