/*
 * run_resume: a run that begins where another process left it.
 *
 * The journal loses what stands behind its last whole trial (it is kept beside it), and goes on
 * with RESUMED. The fold takes in all that is before, so that from then on it is as if this process
 * had made it. Topics have another name in this part: agents of the part before may still be at
 * work, and what they send must not be taken for this part's messages.
 */
#include "run_inner.h"

#include "catalog.h"
#include "deadlines.h"
#include "file.h"
#include "hlog.h"
#include "log.h"
#include "mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_entries(struct run *run, struct archive_reader *reader, struct hlog *hlog,
                        struct errinfo *reterr)
{
    struct journal_entry entry;
    int r;

    while ((r = archive_next(reader, &entry, reterr)) == 1) {
        r = fold_add(run->fold, &entry, reterr);
        r = r < 0 ? r : hlog_add(hlog, &entry, reterr);
        journal_entry_done(&entry);
        if (r < 0) {
            return r;
        }
    }
    return r;
}

/* The disk has journal and histogram log from here on. */
static int take_over(struct run *run, struct resume *resume, struct errinfo *reterr)
{
    struct archive_reader *reader = NULL;
    struct hlog *hlog = NULL;
    int r = archive_writer_cut(resume->writer, resume->sound_bytes, reterr);

    r = r < 0 ? r : archive_reader_new(run->folder, &reader, reterr);
    r = r < 0 ? r : hlog_new(run->folder, &hlog, reterr);
    r = r < 0 ? r : read_entries(run, reader, hlog, reterr);
    archive_reader_free(reader);
    if (r < 0) {
        (void)hlog_close(hlog, NULL);
        return errinfo_prefix(reterr, r, "%s", run->folder);
    }
    r = disk_go_on(resume->writer, hlog, DISK_WAITING_BYTES_MAX, &run->disk, reterr);
    resume->writer = NULL;
    return r;
}

static int open_log(struct run *run, struct errinfo *reterr)
{
    char *log = file_join(run->folder, "coordinator.log");
    int r = log == NULL ? errinfo_nomem(reterr) : log_open(log, reterr);

    free(log);
    if (r == 0) {
        disk_take_log(run->disk);
    }
    return r;
}

static int journal_resumed(struct run *run, struct errinfo *reterr)
{
    const struct resume *resume = run->config->resume;
    struct journal_entry entry = {.kind = ENTRY_RESUMED};

    entry.as.resumed = (struct result_resume){.cause = resume->cause,
                                              .trial = resume_next_trial(resume),
                                              .trials_done = resume->trials_count,
                                              .began_trial = resume->left.there,
                                              .left_unix_ns = resume->left_unix_ns,
                                              .resumed_unix_ns = wall_unix_ns()};
    memcpy(entry.as.resumed.part_id, run->part_id, sizeof entry.as.resumed.part_id);
    return run_journal(run, &entry, reterr);
}

static void tell(const struct run *run)
{
    const struct resume *resume = run->config->resume;

    if (!resume_has_left(resume)) {
        run_notice(run, "%s: all %u trials are there; the run is judged", run->folder,
                   resume->trials_count);
    } else if (resume->trials_planned > 0) {
        run_notice(run, "%s: resumed: %u of %u trials are there", run->folder, resume->trials_count,
                   resume->trials_planned);
    } else {
        run_notice(run, "%s: resumed: %u trials are there", run->folder, resume->trials_count);
    }
}

int run_resume_begin(struct run *run, struct errinfo *reterr)
{
    struct resume *resume = run->config->resume;
    int r;

    memcpy(run->run_id, resume->run.run_id, sizeof run->run_id);
    (void)snprintf(run->part_id, sizeof run->part_id, "%.50s-r%u", run->run_id,
                   resume->resumes_count + 1);
    run->search_trials = resume->searched ? resume_next_trial(resume) : 0;
    run->folder = strdup(resume->folder);
    run->agents_folder = file_join(resume->folder, "agents");
    if (run->folder == NULL || run->agents_folder == NULL) {
        return errinfo_nomem(reterr);
    }
    r = file_mkdirs(run->agents_folder, reterr);
    r = r < 0 ? r : take_over(run, resume, reterr);
    r = r < 0 ? r : open_log(run, reterr);
    run_add_sinks(run);
    r = r < 0 ? r : watch_restore(&run->watch, resume->windows, resume->windows_count, reterr);
    r = r < 0 ? r : journal_resumed(run, reterr);
    if (r == 0) {
        tell(run);
    }
    return r;
}

static int check_trials(const struct run *run, struct errinfo *reterr)
{
    const struct resume *resume = run->config->resume;

    for (uint32_t i = 0; i < resume->trials_count; i++) {
        uint32_t number = resume->trials[i];
        bool known = resume->case_indices[i] < run->plan->cases_count;

        if (known && !resume->searched) {
            known = number < run->plan->trials_count &&
                    run->plan->trials[number].case_index == resume->case_indices[i];
        }
        if (!known) {
            return errinfo_set(reterr, -EBADMSG, "%s: trial %u is none of the scenario's",
                               run->folder, number);
        }
        run->cases_begun[resume->case_indices[i]] = true;
    }
    return 0;
}

static void take_outcome(struct run *run, const struct resume_outcome *outcome)
{
    const struct plan_case *of = &run->plan->cases[outcome->case_index];

    if (outcome->aborted[0] != '\0' && !run->events.aborted) {
        run->events.aborted = true;
        memcpy(run->events.aborted_case, of->name, sizeof run->events.aborted_case);
        memcpy(run->events.aborted_text, outcome->aborted, sizeof run->events.aborted_text);
    }
    if (outcome->broker_lost[0] != '\0') {
        run->events.broker_lost = true;
        run->target_lost[of->target] = true;
        memcpy(run->events.broker_lost_case, of->name, sizeof run->events.broker_lost_case);
        memcpy(run->events.broker_lost_text, outcome->broker_lost,
               sizeof run->events.broker_lost_text);
    }
}

int run_resume_plan(struct run *run, struct errinfo *reterr)
{
    const struct resume *resume = run->config->resume;
    int r = check_trials(run, reterr);

    if (r < 0) {
        return r;
    }
    for (uint32_t i = 0; i < resume->outcomes_count; i++) {
        take_outcome(run, &resume->outcomes[i]);
    }
    for (uint32_t i = 0; i < resume->calibrations_count; i++) {
        const struct entry_calibration *from = &resume->calibrations[i];

        if (from->case_index < run->plan->cases_count) {
            run->calibrations[from->case_index] = from->made;
        }
    }
    return 0;
}

/* Agents of the part before that are still there take their topics away themselves. */
static int remove_left(struct run *run, const struct resume_left *left, struct errinfo *reterr)
{
    const struct plan_trial of = {
        .number = left->trial, .case_index = left->case_index, .repetition = left->repetition};

    run_stage(run, "removing what was left", run->cases[left->case_index].name);
    return run_remove_topics(run, run->config->resume->part_id, &of, reterr);
}

int run_resume_clean(struct run *run, struct errinfo *reterr)
{
    const struct resume_left *left = &run->config->resume->left;
    const struct entry_case *of;
    struct errinfo error = {""};
    int r;

    if (!left->there || left->case_index >= run->plan->cases_count) {
        return 0;
    }
    of = &run->cases[left->case_index];
    if (of->status != CASE_MEASURED || catalog_find(of->backend)->local) {
        return 0; /* It was never there, or in agents that are gone. */
    }
    r = remove_left(run, left, &error);
    if (r == -EINTR || r == -ENOMEM || (r < 0 && fleet_lost(run->session->fleet) != UINT32_MAX)) {
        return errinfo_set(reterr, r, "%s", error.text);
    }
    if (r < 0) {
        run_notice(run, "%s: topics of a trial may be left (%s); `millrace clean` removes them",
                   of->name, error.text);
    }
    return 0;
}

int run_resume_search(const struct run *run, const char *case_name, struct search *search,
                      struct errinfo *reterr)
{
    const struct resume *resume = run->config->resume;

    for (uint32_t i = 0; resume != NULL && i < resume->steps_count; i++) {
        const struct result_search_step *step = &resume->steps[i];
        struct search_trial trial;

        if (strcmp(step->case_name, case_name) != 0) {
            continue;
        }
        if (!search_next(search, &trial) || trial.rate_per_s != step->asked_per_s ||
            trial.confirms != step->confirms) {
            return errinfo_set(reterr, -EBADMSG,
                               "%s: the search of %s did not go the way that its steps tell: it "
                               "can't be resumed",
                               run->folder, case_name);
        }
        search_tell(search, step->outcome, step->reason);
    }
    return 0;
}

static int compare_windows(const void *a, const void *b)
{
    const struct window_count *left = a;
    const struct window_count *right = b;

    return left->trial != right->trial           ? (left->trial > right->trial ? 1 : -1)
           : left->objective != right->objective ? (left->objective > right->objective ? 1 : -1)
                                                 : strcmp(left->phase, right->phase);
}

void run_resume_judge(struct run *run)
{
    if (run->config->resume != NULL && run->watch.counts_count > 1) {
        qsort(run->watch.counts, run->watch.counts_count, sizeof run->watch.counts[0],
              compare_windows);
    }
}
