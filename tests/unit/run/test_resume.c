/* What of a run that was left stays when it is gone on with. */
#include "check.h"

#include "file.h"
#include "made_journal.h"
#include "resume.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIALS 3

/* A journal of some trials, and what is changed of it on its way to the disk. */
struct writing {
    struct archive_writer *writer;
    uint32_t trial;         /* Of which ... */
    bool ended;             /* ... this is told at its end; */
    bool interrupted;       /* ... the user ended it; */
    enum verdict verdict;   /* In place of fail, */
    bool open;              /* if it is closed. */
    const char *version;    /* NULL: this one. */
    uint64_t sound_bytes;   /* To the end of the trial before; of a search, of its step. */
    uint64_t written_bytes; /* So far. */
};

static void append(struct writing *writing, const struct journal_entry *entry)
{
    uint8_t *document = NULL;
    uint32_t bytes = 0;

    assert_int_equal(archive_encode(entry, &document, &bytes, NULL), 0);
    assert_int_equal(archive_append_document(writing->writer, document, bytes, NULL), 0);
    free(document);
    writing->written_bytes += bytes;
}

static void interrupt(struct writing *writing)
{
    struct journal_entry entry = {.kind = ENTRY_MARK};

    entry.as.mark = (struct result_mark){.kind = MARK_INTERRUPTED, .trial = writing->trial};
    append(writing, &entry);
}

static void take(void *context, const struct journal_entry *entry)
{
    struct writing *writing = context;
    struct journal_entry copy = *entry;
    struct result_version version = {"millrace", MILLRACE_VERSION};

    if (entry->kind == ENTRY_RUN) {
        if (writing->version != NULL) {
            (void)snprintf(version.value, sizeof version.value, "%s", writing->version);
        }
        copy.as.run.versions = &version;
    }
    if (entry->kind == ENTRY_TRIAL && entry->as.trial.number == writing->trial) {
        writing->sound_bytes = writing->written_bytes;
    }
    if (entry->kind == ENTRY_TRIAL_END && entry->as.trial_end.trial == writing->trial) {
        copy.as.trial_end.ended = writing->ended;
        if (writing->interrupted) {
            interrupt(writing);
        }
    }
    if (entry->kind == ENTRY_CLOSE) {
        copy.as.close.verdict = writing->verdict;
        if (writing->open) {
            return;
        }
    }
    append(writing, &copy);
}

static char *write_journal(struct writing *writing, struct made_journal *journal)
{
    const struct made_options options = {.agents_count = 2,
                                         .flows_count = 1,
                                         .topics_count = 1,
                                         .partitions = 1,
                                         .producers_count = 1,
                                         .subscriptions_count = 1,
                                         .consumers_count = 1,
                                         .phases_count = 1,
                                         .messages = 2,
                                         .agent_lost = UINT32_MAX};
    struct made_trial *trials[TRIALS];
    char folder[64];

    for (int i = 0; i < TRIALS; i++) {
        trials[i] = made_trial_new(&options);
    }
    journal->trials = trials;
    journal->trials_count = TRIALS;
    assert_non_null(mkdtemp(temp_name(folder, "resume")));
    assert_int_equal(archive_writer_new(folder, &writing->writer, NULL), 0);
    made_journal_each(journal, take, writing);
    assert_int_equal(archive_writer_close(writing->writer, NULL), 0);
    for (int i = 0; i < TRIALS; i++) {
        made_trial_free(trials[i]);
    }
    return strdup(folder);
}

static void remove_journal(char *folder)
{
    char *path = file_join(folder, ARCHIVE_JOURNAL_NAME);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    free(path);
    free(folder);
}

/* How a journal that is changed so is seen; the caller frees. */
static struct resume *look(struct writing *writing, struct made_journal journal)
{
    char *folder = write_journal(writing, &journal);
    struct resume *resume = NULL;
    struct errinfo error = {""};

    if (resume_open(folder, &resume, &error) < 0) {
        fail_msg("%s", error.text);
    }
    remove_journal(folder);
    return resume;
}

static void expect_trials(struct resume *resume, uint32_t count)
{
    assert_int_equal(resume->trials_count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(resume->trials[i], i);
        assert_true(resume_has_trial(resume, i));
    }
    assert_false(resume_has_trial(resume, count));
    assert_int_equal(resume_next_trial(resume), count);
}

static void a_trial_that_was_under_way_is_left_and_all_before_it_stays(void **state)
{
    struct writing writing = {.trial = TRIALS - 1, .ended = true};
    struct resume *resume = look(&writing, (struct made_journal){.cut_off = true});

    (void)state;
    expect_trials(resume, TRIALS - 1);
    assert_int_equal(resume->sound_bytes, writing.sound_bytes);
    assert_int_equal(resume->cause, RESUME_KILLED);
    assert_true(resume->left.there);
    assert_int_equal(resume->left.trial, TRIALS - 1);
    assert_int_equal(resume->left.repetition, TRIALS - 1);
    assert_int_equal(resume->agents_count, 2);
    assert_false(resume_is_over(resume));
    assert_true(resume_has_left(resume));
    resume_free(resume);
}

static void a_run_that_was_judged_is_over(void **state)
{
    struct writing writing = {.trial = TRIALS, .verdict = VERDICT_FAIL};
    struct resume *resume = look(&writing, (struct made_journal){.judged = false});

    (void)state;
    expect_trials(resume, TRIALS);
    assert_true(resume_is_over(resume));
    assert_false(resume->left.there);
    resume_free(resume);
}

static void a_run_that_failed_or_was_not_judged_is_not_over(void **state)
{
    struct writing failed = {.trial = TRIALS, .verdict = VERDICT_FAILED};
    struct writing open = {.trial = TRIALS, .open = true};
    struct resume *resume = look(&failed, (struct made_journal){.judged = false});

    (void)state;
    assert_false(resume_is_over(resume));
    assert_int_equal(resume->cause, RESUME_FAILED);
    resume_free(resume);
    resume = look(&open, (struct made_journal){.resumed = true});
    assert_false(resume_is_over(resume));
    assert_false(resume_has_left(resume)); /* All are there that were planned. */
    expect_trials(resume, TRIALS);
    resume_free(resume);
}

/* It was drained and ended in order, and yet is shorter than the others. */
static void a_trial_that_was_interrupted_does_not_stay(void **state)
{
    struct writing writing = {
        .trial = TRIALS - 1, .ended = true, .interrupted = true, .verdict = VERDICT_INTERRUPTED};
    struct resume *resume = look(&writing, (struct made_journal){.judged = false});

    (void)state;
    expect_trials(resume, TRIALS - 1);
    assert_int_equal(resume->sound_bytes, writing.sound_bytes);
    assert_int_equal(resume->cause, RESUME_INTERRUPTED);
    assert_false(resume_is_over(resume));
    assert_true(resume->left.there);
    resume_free(resume);
}

/* An agent was lost in it, and the run was to go on. */
static void a_trial_that_lacks_something_counts_if_the_run_went_on(void **state)
{
    struct writing first = {.trial = 0, .ended = false, .verdict = VERDICT_FAIL};
    struct writing last = {.trial = TRIALS - 1, .ended = false, .verdict = VERDICT_FAILED};
    struct resume *resume = look(&first, (struct made_journal){.judged = false});

    (void)state;
    expect_trials(resume, TRIALS);
    resume_free(resume);
    resume = look(&last, (struct made_journal){.judged = false});
    expect_trials(resume, TRIALS - 1);
    assert_int_equal(resume->sound_bytes, last.sound_bytes);
    resume_free(resume);
}

static void what_was_decided_in_trials_that_stay_is_known(void **state)
{
    struct writing writing = {.trial = TRIALS - 1, .ended = false, .open = true};
    struct resume *resume =
        look(&writing, (struct made_journal){.resumed = true, .calibrated = true});

    (void)state;
    assert_int_equal(resume->outcomes_count, TRIALS - 1);
    assert_string_equal(resume->outcomes[0].aborted, "as made");
    assert_int_equal(resume->windows_count, TRIALS - 1);
    assert_int_equal(resume->windows[1].trial, 1);
    assert_int_equal(resume->windows[1].held, 1);
    assert_int_equal(resume->calibrations_count, 1);
    assert_int_equal(resume->resumes_count, TRIALS - 1);
    assert_string_equal(resume->part_id, "as-made-r1");
    assert_int_equal(resume->trials_planned, TRIALS);
    assert_true(resume_has_left(resume));
    resume_free(resume);
}

static void a_trial_of_a_search_stays_with_its_step(void **state)
{
    struct writing writing = {.trial = TRIALS - 1, .ended = true};
    struct resume *resume =
        look(&writing, (struct made_journal){.searched = true, .cut_off = true});

    (void)state;
    assert_true(resume->searched);
    expect_trials(resume, TRIALS - 1);
    assert_int_equal(resume->steps_count, TRIALS - 1);
    assert_int_equal(resume->steps[1].trial, 1);
    assert_int_equal(resume->sound_bytes, writing.sound_bytes);
    assert_true(resume_has_left(resume));
    resume_free(resume);
}

static void a_run_of_another_version_is_refused(void **state)
{
    struct writing writing = {.trial = TRIALS, .version = "9.9.9"};
    struct made_journal journal = {.judged = false};
    char *folder = write_journal(&writing, &journal);
    struct resume *resume = NULL;
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(resume_open(folder, &resume, &error), -ENOTSUP);
    assert_non_null(strstr(error.text, "begun by millrace 9.9.9"));
    remove_journal(folder);
}

static void a_run_that_had_not_begun_is_refused(void **state)
{
    struct archive_writer *writer = NULL;
    struct resume *resume = NULL;
    struct errinfo error = {""};
    char folder[64];

    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "resume")));
    assert_int_equal(resume_open(folder, &resume, &error), -ENOENT);
    assert_non_null(strstr(error.text, "holds no run"));
    assert_int_equal(archive_writer_new(folder, &writer, NULL), 0);
    assert_int_equal(resume_open(folder, &resume, &error), -EBUSY);
    assert_int_equal(archive_writer_close(writer, NULL), 0);
    assert_int_equal(resume_open(folder, &resume, &error), -ENODATA);
    assert_non_null(strstr(error.text, "had not begun"));
    remove_journal(strdup(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_that_was_under_way_is_left_and_all_before_it_stays),
        cmocka_unit_test(a_run_that_was_judged_is_over),
        cmocka_unit_test(a_run_that_failed_or_was_not_judged_is_not_over),
        cmocka_unit_test(a_trial_that_was_interrupted_does_not_stay),
        cmocka_unit_test(a_trial_that_lacks_something_counts_if_the_run_went_on),
        cmocka_unit_test(what_was_decided_in_trials_that_stay_is_known),
        cmocka_unit_test(a_trial_of_a_search_stays_with_its_step),
        cmocka_unit_test(a_run_of_another_version_is_refused),
        cmocka_unit_test(a_run_that_had_not_begun_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
