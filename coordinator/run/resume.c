#include "resume.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How far the journal was looked through. */
struct look {
    struct resume *resume;
    bool open;           /* A trial is under way. */
    bool doubtful;       /* The last trial has ended, but is not whole. */
    bool stopped;        /* Interrupted, or closed: nothing that follows stays. */
    bool begun;          /* The part has trials. */
    uint32_t case_index; /* Of the last trial. */
    struct entry_outcome outcome;
};

/* Appends a copy to the list whose address is given. */
static int append(void *list, uint32_t *count, const void *item, size_t item_bytes,
                  struct errinfo *reterr)
{
    void **address = list;
    char *grown = realloc(*address, ((size_t)*count + 1) * item_bytes);

    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(grown + *count * item_bytes, item, item_bytes);
    *address = grown;
    ++*count;
    return 0;
}

static void drop_outcome(struct look *look)
{
    free(look->outcome.windows);
    memset(&look->outcome, 0, sizeof look->outcome);
}

/* What was decided while it ran stays with it. */
static int keep_outcome(struct look *look, uint32_t trial, struct errinfo *reterr)
{
    struct resume *resume = look->resume;
    struct resume_outcome kept = {.trial = trial, .case_index = look->case_index};
    int r = 0;

    if (look->outcome.trial == trial) {
        memcpy(kept.aborted, look->outcome.aborted, sizeof kept.aborted);
        memcpy(kept.broker_lost, look->outcome.broker_lost, sizeof kept.broker_lost);
        for (uint32_t i = 0; r == 0 && i < look->outcome.windows_count; i++) {
            r = append(&resume->windows, &resume->windows_count, &look->outcome.windows[i],
                       sizeof look->outcome.windows[i], reterr);
        }
    }
    if (r == 0 && (kept.aborted[0] != '\0' || kept.broker_lost[0] != '\0')) {
        r = append(&resume->outcomes, &resume->outcomes_count, &kept, sizeof kept, reterr);
    }
    drop_outcome(look);
    return r;
}

static int keep_trial(struct look *look, uint32_t trial, struct errinfo *reterr)
{
    struct resume *resume = look->resume;
    uint32_t count = resume->trials_count;
    int r = append(&resume->trials, &resume->trials_count, &trial, sizeof trial, reterr);

    r = r < 0 ? r
              : append(&resume->case_indices, &count, &look->case_index, sizeof look->case_index,
                       reterr);
    look->doubtful = false;
    resume->left.there = false;
    return r < 0 ? r : keep_outcome(look, trial, reterr);
}

/* The run went on after it, though it was not whole: so it counts. */
static int begin_trial(struct look *look, const struct entry_trial *trial, struct errinfo *reterr)
{
    struct resume *resume = look->resume;
    int r = look->doubtful ? keep_trial(look, resume->left.trial, reterr) : 0;

    drop_outcome(look);
    look->open = true;
    look->begun = true;
    look->case_index = trial->case_index;
    resume->left = (struct resume_left){.there = true,
                                        .trial = trial->number,
                                        .case_index = trial->case_index,
                                        .repetition = trial->repetition,
                                        .agents_count = trial->agents_count};
    return r;
}

static int end_trial(struct look *look, const struct entry_trial_end *end, struct errinfo *reterr)
{
    bool whole = look->open && end->ended && end->status == CASE_MEASURED && !look->stopped;

    look->open = false;
    look->doubtful = true;
    /* A search's is judged first. */
    return whole && !look->resume->searched ? keep_trial(look, end->trial, reterr) : 0;
}

static int take_search(struct look *look, const struct entry_search *search, struct errinfo *reterr)
{
    struct resume *resume = look->resume;
    int r;

    resume->searched = true;
    if (!search->has_step || look->stopped) {
        return 0;
    }
    r = append(&resume->steps, &resume->steps_count, &search->step, sizeof search->step, reterr);
    return r < 0 || !look->doubtful ? r : keep_trial(look, search->step.trial, reterr);
}

static int take_run(struct look *look, struct journal_entry *entry, struct errinfo *reterr)
{
    struct resume *resume = look->resume;

    if (resume->run.name != NULL) {
        return errinfo_set(reterr, -EBADMSG, "the journal begins a second time");
    }
    resume->run = entry->as.run;
    memset(&entry->as.run, 0, sizeof entry->as.run); /* Its strings are ours now. */
    memcpy(resume->part_id, resume->run.run_id, sizeof resume->part_id);
    for (uint32_t i = 0; i < resume->run.versions_count; i++) {
        if (strcmp(resume->run.versions[i].name, "millrace") == 0) {
            memcpy(resume->version, resume->run.versions[i].value, sizeof resume->version);
        }
    }
    return 0;
}

static void take_close(struct look *look, const struct entry_close *close)
{
    struct resume *resume = look->resume;

    look->stopped = true;
    resume->closed = !close->more;
    resume->verdict = close->verdict;
    if (resume->closed && close->verdict == VERDICT_FAILED) {
        resume->cause = RESUME_FAILED;
    }
}

static void take_resumed(struct look *look, const struct result_resume *resumed)
{
    look->begun = false;
    look->resume->resumes_count++;
    memcpy(look->resume->part_id, resumed->part_id, sizeof look->resume->part_id);
}

static int take_calibration(struct look *look, const struct entry_calibration *calibration,
                            struct errinfo *reterr)
{
    struct resume *resume = look->resume;

    return append(&resume->calibrations, &resume->calibrations_count, calibration,
                  sizeof *calibration, reterr);
}

static int take(struct look *look, struct journal_entry *entry, struct errinfo *reterr)
{
    struct resume *resume = look->resume;

    switch (entry->kind) {
    case ENTRY_RUN:
        return take_run(look, entry, reterr);
    case ENTRY_AGENTS:
        resume->agents_count =
            resume->agents_count == 0 ? entry->as.agents.agents_count : resume->agents_count;
        return 0;
    case ENTRY_PLAN:
        resume->trials_planned = entry->as.plan.trials_count;
        return 0;
    case ENTRY_TRIAL:
        return begin_trial(look, &entry->as.trial, reterr);
    case ENTRY_MARK:
        if (entry->as.mark.kind == MARK_INTERRUPTED) {
            look->stopped = true;
            resume->cause = RESUME_INTERRUPTED;
        }
        return 0;
    case ENTRY_OUTCOME:
        drop_outcome(look);
        look->outcome = entry->as.outcome;
        memset(&entry->as.outcome, 0, sizeof entry->as.outcome);
        return 0;
    case ENTRY_TRIAL_END:
        return end_trial(look, &entry->as.trial_end, reterr);
    case ENTRY_SEARCH:
        return take_search(look, &entry->as.search, reterr);
    case ENTRY_CALIBRATION:
        return take_calibration(look, &entry->as.calibration, reterr);
    case ENTRY_CLOSE:
        take_close(look, &entry->as.close);
        return 0;
    case ENTRY_RESUMED:
        take_resumed(look, &entry->as.resumed);
        return 0;
    default:
        return 0;
    }
}

/* May the journal end behind it? What tells of agents and cases again comes at the end of a run. */
static bool is_sound_after(const struct look *look, enum entry_kind kind)
{
    if (look->open || look->doubtful || look->stopped) {
        return false;
    }
    switch (kind) {
    case ENTRY_AGENTS:
    case ENTRY_CASES:
    case ENTRY_PLAN:
        return !look->begun;
    case ENTRY_MARK:
        return false; /* Of a trial that may not come. */
    default:
        return true;
    }
}

static int look_through(struct resume *resume, struct archive_reader *reader,
                        struct errinfo *reterr)
{
    struct look look = {.resume = resume};
    struct journal_entry entry;
    uint32_t calibrations_count = 0;
    int r;

    while ((r = archive_next(reader, &entry, reterr)) == 1) {
        resume->left_unix_ns =
            entry.at_unix_ns > resume->left_unix_ns ? entry.at_unix_ns : resume->left_unix_ns;
        r = take(&look, &entry, reterr);
        if (r == 0 && is_sound_after(&look, entry.kind)) {
            resume->sound_bytes = archive_reader_bytes(reader);
            calibrations_count = resume->calibrations_count;
        }
        journal_entry_done(&entry);
        if (r < 0) {
            break;
        }
    }
    resume->calibrations_count = calibrations_count; /* Others do not stay. */
    drop_outcome(&look);
    return r;
}

static int check(const struct resume *resume, struct errinfo *reterr)
{
    if (resume->run.name == NULL) {
        return errinfo_set(reterr, -ENODATA,
                           "%s: the run had not begun when it ended: there is nothing to resume",
                           resume->folder);
    }
    if (strcmp(resume->version, MILLRACE_VERSION) != 0) {
        return errinfo_set(reterr, -ENOTSUP,
                           "%s: the run was begun by millrace %s and this is " MILLRACE_VERSION
                           ", which may plan it differently: resume it with %s",
                           resume->folder, resume->version, resume->version);
    }
    return 0;
}

int resume_open(const char *folder, struct resume **ret, struct errinfo *reterr)
{
    struct resume *resume = calloc(1, sizeof *resume);
    struct archive_reader *reader = NULL;
    int r = 0;

    if (resume == NULL) {
        return errinfo_nomem(reterr);
    }
    resume->folder = strdup(folder);
    r = resume->folder == NULL ? errinfo_nomem(reterr)
                               : archive_writer_reopen(folder, &resume->writer, reterr);
    if (r == -ENOENT || r == -ENOTDIR) {
        r = errinfo_set(reterr, r, "%s: holds no run (there is no " ARCHIVE_JOURNAL_NAME ")",
                        folder);
    }
    r = r < 0 ? r : archive_reader_new(folder, &reader, reterr);
    r = r < 0 ? r : look_through(resume, reader, reterr);
    r = r < 0 ? r : check(resume, reterr);
    archive_reader_free(reader);
    if (r < 0) {
        resume_free(resume);
        return r;
    }
    *ret = resume;
    return 0;
}

void resume_free(struct resume *resume)
{
    struct journal_entry run = {.kind = ENTRY_RUN};

    if (resume == NULL) {
        return;
    }
    (void)archive_writer_close(resume->writer, NULL);
    run.as.run = resume->run;
    journal_entry_done(&run);
    free(resume->folder);
    free(resume->trials);
    free(resume->case_indices);
    free(resume->outcomes);
    free(resume->windows);
    free(resume->steps);
    free(resume->calibrations);
    free(resume);
}

bool resume_is_over(const struct resume *resume)
{
    return resume->closed && resume->verdict != VERDICT_FAILED &&
           resume->verdict != VERDICT_INTERRUPTED;
}

bool resume_has_left(const struct resume *resume)
{
    return resume->trials_planned == 0 || resume->trials_count < resume->trials_planned;
}

bool resume_has_trial(const struct resume *resume, uint32_t number)
{
    for (uint32_t i = 0; i < resume->trials_count; i++) {
        if (resume->trials[i] == number) {
            return true;
        }
    }
    return false;
}

uint32_t resume_next_trial(const struct resume *resume)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < resume->trials_count; i++) {
        next = resume->trials[i] >= next ? resume->trials[i] + 1 : next;
    }
    return next;
}
