#include "fold_agent_rows_inner.h"
#include "fold_inner.h"

#include "invariant.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int fold_new(struct fold **ret, struct errinfo *reterr)
{
    struct fold *fold = calloc(1, sizeof *fold);

    if (fold == NULL) {
        return errinfo_nomem(reterr);
    }
    *ret = fold;
    return 0;
}

void fold_free(struct fold *fold)
{
    if (fold == NULL) {
        return;
    }
    for (uint32_t i = 0; i < fold->trials_count; i++) {
        fold_trial_done(&fold->trials[i]);
    }
    free(fold->run.name);
    free(fold->run.description);
    free(fold->run.command);
    free(fold->run.scenario);
    free(fold->run.versions);
    free(fold->agents);
    free(fold->part.agents);
    free(fold->before.agents);
    free(fold->resumes);
    free(fold->cases);
    free(fold->trials);
    free(fold->marks);
    free(fold->calibrations);
    free(fold->close.reasons);
    free(fold->close.objectives);
    findings_done(&fold->searched);
    findings_done(&fold->close.findings);
    free(fold);
}

char *fold_copy_text(const char *text)
{
    return strdup(text == NULL ? "" : text);
}

int fold_replace_list(void *list, const void *from, uint32_t count, size_t element_bytes,
                      struct errinfo *reterr)
{
    void **address = list;
    void *copy = calloc((size_t)count + 1, element_bytes);

    if (copy == NULL) {
        return errinfo_nomem(reterr);
    }
    if (count > 0) {
        memcpy(copy, from, count * element_bytes);
    }
    free(*address);
    *address = copy;
    return 0;
}

static int add_run(struct fold *fold, const struct entry_run *run, struct errinfo *reterr)
{
    if (fold->has_run) {
        return errinfo_set(reterr, -EBADMSG, "the journal begins a second time");
    }
    if (fold_check_unix_time(run->started_unix_ns, "a run", reterr) < 0) {
        return -EBADMSG;
    }
    fold->has_run = true;
    fold->run = *run;
    fold->run.versions = NULL;
    fold->run.name = fold_copy_text(run->name);
    fold->run.description = fold_copy_text(run->description);
    fold->run.command = fold_copy_text(run->command);
    fold->run.scenario = fold_copy_text(run->scenario);
    if (fold->run.name == NULL || fold->run.description == NULL || fold->run.command == NULL ||
        fold->run.scenario == NULL) {
        return errinfo_nomem(reterr);
    }
    return fold_replace_list(&fold->run.versions, run->versions, run->versions_count,
                             sizeof *run->versions, reterr);
}

/* Written again at the end; trials point into the list. */
static int add_cases(struct fold *fold, const struct entry_cases *entry, struct errinfo *reterr)
{
    int r;

    if (fold->trials_count > 0 && entry->cases_count < fold->cases_count) {
        return errinfo_set(reterr, -EBADMSG, "a list of %u cases where there were more",
                           entry->cases_count);
    }
    r = fold_replace_list(&fold->cases, entry->cases, entry->cases_count, sizeof *fold->cases,
                          reterr);
    fold->cases_count = r == 0 ? entry->cases_count : fold->cases_count;
    return r;
}

static struct fold_trial *trial_of(struct fold *fold, uint32_t number)
{
    for (uint32_t i = fold->trials_count; i > 0; i--) {
        if (fold->trials[i - 1].entry.number == number) {
            return &fold->trials[i - 1];
        }
    }
    return NULL;
}

/* Trials of a case are added up phase by phase. */
static bool same_shape(const struct entry_trial *a, const struct entry_trial *b)
{
    return a->phases_count == b->phases_count && a->flows_count == b->flows_count;
}

/* Nothing was sent: its making was called back, as an agent was lost. */
static bool was_never_begun(const struct fold_trial *trial)
{
    for (uint32_t i = 0; i < trial->entry.phases_count; i++) {
        if (trial->phase_start_ns[i] != INT64_MIN) {
            return false;
        }
    }
    return trial->has_end;
}

/* Does the entry begin the last trial anew? */
static bool begins_anew(const struct fold *fold, const struct entry_trial *entry)
{
    const struct fold_trial *last = fold->trials_count > fold->part.trials_before
                                        ? &fold->trials[fold->trials_count - 1]
                                        : NULL;

    return last != NULL && last->entry.number == entry->number &&
           last->entry.case_index == entry->case_index && was_never_begun(last) &&
           last->end.status == CASE_MEASURED;
}

static bool fits_run(struct fold *fold, const struct entry_trial *entry)
{
    if (entry->case_index >= fold->cases_count || entry->agents_count > fold->part.agents_count ||
        (trial_of(fold, entry->number) != NULL && !begins_anew(fold, entry))) {
        return false;
    }
    for (uint32_t i = 0; i < fold->trials_count; i++) {
        if (fold->trials[i].entry.case_index == entry->case_index &&
            !same_shape(&fold->trials[i].entry, entry)) {
            return false;
        }
    }
    return true;
}

/* Half of what a run keeps of its agents is for its last trial, at least; the trials before have
 * coarser rows then. Returns how many that one may have. */
static uint32_t make_room_for_rows(struct fold *fold)
{
    uint64_t rows = 0;

    for (uint32_t i = 0; i < fold->trials_count; i++) {
        rows += fold->trials[i].agent_intervals_count;
    }
    for (uint32_t i = 0; rows > FOLD_AGENT_ROWS_MAX / 2 && i < fold->trials_count; i++) {
        struct fold_trial *trial = &fold->trials[i];
        uint32_t had = trial->agent_intervals_count;

        fold_agent_rows_shrink(trial, had / 2);
        rows -= had - trial->agent_intervals_count;
    }
    return rows > FOLD_AGENT_ROWS_MAX / 2 ? FOLD_AGENT_ROWS_MAX / 2
                                          : FOLD_AGENT_ROWS_MAX - (uint32_t)rows;
}

static int add_trial(struct fold *fold, const struct entry_trial *entry, struct errinfo *reterr)
{
    struct fold_trial *grown;
    int r;

    if (!fits_run(fold, entry)) {
        return errinfo_set(reterr, -EBADMSG, "trial %u does not fit the run", entry->number);
    }
    r = fold_check_trial(entry, reterr);
    if (r < 0) {
        return r;
    }
    grown = realloc(fold->trials, ((size_t)fold->trials_count + 1) * sizeof *fold->trials);
    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    fold->trials = grown;
    if (begins_anew(fold, entry)) {
        fold_trial_done(&fold->trials[--fold->trials_count]);
    }
    r = fold_trial_init(&fold->trials[fold->trials_count], entry, fold->part.agents, reterr);
    fold->trials[fold->trials_count].agent_rows_max = r == 0 ? make_room_for_rows(fold) : 0;
    for (uint32_t i = 0; r == 0 && i < entry->agents_count; i++) {
        fold->trials[fold->trials_count].agents[i].gone = fold->part.gone[i];
    }
    fold->trials_count += r == 0 ? 1 : 0;
    return r;
}

int fold_hold_rows(struct fold *fold, struct errinfo *reterr)
{
    ASSERT(fold->trials_count > 0);
    return fold_intervals_hold(&fold->trials[fold->trials_count - 1], reterr);
}

/* From now on nobody waits for its reports: neither the running trial nor those to come. */
static void take_lost(struct fold *fold, uint32_t agent)
{
    struct fold_trial *trial =
        fold->trials_count == 0 ? NULL : &fold->trials[fold->trials_count - 1];

    if (agent < AGENTS_MAX) {
        fold->part.gone[agent] = true;
    }
    if (trial != NULL && !trial->has_end && agent < trial->entry.agents_count) {
        trial->agents[agent].gone = true;
    }
}

static int add_mark(struct fold *fold, const struct result_mark *mark, struct errinfo *reterr)
{
    struct result_mark *grown;
    int r = fold_check_time(mark->at_ns, "a mark", reterr);

    r = r < 0 ? r : fold_check_time(mark->from_ns, "a mark", reterr);
    if (r < 0) {
        return r;
    }
    grown = realloc(fold->marks, ((size_t)fold->marks_count + 1) * sizeof *fold->marks);
    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    fold->marks = grown;
    fold->marks[fold->marks_count++] = *mark;
    if (mark->kind == MARK_AGENT_LOST) {
        take_lost(fold, mark->agent);
    }
    return 0;
}

static int add_trial_end(struct fold *fold, struct fold_trial *trial,
                         const struct entry_trial_end *end, struct errinfo *reterr)
{
    int r = fold_check_time(end->ended_ns, "the end of a trial", reterr);

    if (r < 0) {
        return r;
    }
    trial->has_end = true;
    trial->end = *end;
    delivery_settle(trial->delivery);
    for (uint32_t i = 0; i < end->agents_count; i++) {
        const struct agent_end *of = &end->agents[i];

        struct result_agent *agent = of->agent < trial->entry.agents_count
                                         ? &fold->agents[trial->agent_rows[of->agent]]
                                         : NULL;

        if (agent != NULL && of->lost) { /* Marks of earlier journals don't say who. */
            trial->agents[of->agent].gone = true;
        }
        if (agent != NULL && of->start_skew_ns > agent->start_skew_ns) {
            agent->start_skew_ns = of->start_skew_ns;
        }
    }
    if (end->status != CASE_MEASURED) {
        struct entry_case *of = &fold->cases[trial->entry.case_index];

        of->status = end->status;
        memcpy(of->reason, end->reason, sizeof of->reason);
    }
    return 0;
}

static int add_of_trial(struct fold *fold, const struct journal_entry *entry, uint32_t number,
                        struct errinfo *reterr)
{
    struct fold_trial *trial = trial_of(fold, number);

    if (trial == NULL) {
        return errinfo_set(reterr, -EBADMSG, "an entry of trial %u, which has not begun", number);
    }
    switch (entry->kind) {
    case ENTRY_SEGMENT:
        return fold_trial_segment(trial, &entry->as.segment, reterr);
    case ENTRY_SNAPSHOT:
        return fold_trial_snapshot(trial, entry->as.snapshot, reterr);
    case ENTRY_OUTCOME: /* For whoever judges: it stands in the closing entry then. */
        return 0;
    default:
        return add_trial_end(fold, trial, &entry->as.trial_end, reterr);
    }
}

int fold_add(struct fold *fold, const struct journal_entry *entry, struct errinfo *reterr)
{
    if (!fold->has_run && entry->kind != ENTRY_RUN) {
        return errinfo_set(reterr, -EBADMSG, "the journal does not begin with its run");
    }
    fold->last_unix_ns =
        entry->at_unix_ns > fold->last_unix_ns ? entry->at_unix_ns : fold->last_unix_ns;
    switch (entry->kind) {
    case ENTRY_RUN:
        return add_run(fold, &entry->as.run, reterr);
    case ENTRY_AGENTS:
        return fold_add_agents(fold, &entry->as.agents, reterr);
    case ENTRY_CASES:
        return add_cases(fold, &entry->as.cases, reterr);
    case ENTRY_PLAN:
        fold->has_plan = true;
        fold->trials_planned = entry->as.plan.trials_count;
        return 0;
    case ENTRY_TRIAL:
        return add_trial(fold, &entry->as.trial, reterr);
    case ENTRY_MARK:
        return add_mark(fold, &entry->as.mark, reterr);
    case ENTRY_SEGMENT:
        return add_of_trial(fold, entry, entry->as.segment.trial, reterr);
    case ENTRY_SNAPSHOT:
        return add_of_trial(fold, entry, entry->as.snapshot->trial, reterr);
    case ENTRY_TRIAL_END:
        return add_of_trial(fold, entry, entry->as.trial_end.trial, reterr);
    case ENTRY_SEARCH:
        return fold_add_search(fold, &entry->as.search, reterr);
    case ENTRY_CALIBRATION:
        return fold_add_calibration(fold, &entry->as.calibration, reterr);
    case ENTRY_CLOSE:
        return fold_add_close(fold, &entry->as.close, reterr);
    case ENTRY_OUTCOME:
        return add_of_trial(fold, entry, entry->as.outcome.trial, reterr);
    case ENTRY_RESUMED:
        return fold_add_resumed(fold, &entry->as.resumed, reterr);
    case ENTRY_COUNT:
        break;
    }
    return errinfo_set(reterr, -EBADMSG, "an entry of unknown kind %d", (int)entry->kind);
}

void fold_tell_refused(struct fold *fold, const char *why)
{
    if (fold->refused[0] == '\0') {
        (void)snprintf(fold->refused, sizeof fold->refused, "%s", why);
    }
}

#define QUIET_ROWS 3

/* What a lost agent had sent or received and not told stays open for ever: where one is missing,
 * whatever still comes has come once nothing did for some seconds. */
static bool is_quiet(const struct fold_trial *trial, uint32_t rows)
{
    bool lacks = false;

    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        lacks = lacks || trial->agents[i].gone;
    }
    if (!lacks || rows < QUIET_ROWS || rows > trial->intervals_count) {
        return false;
    }
    for (uint32_t i = rows - QUIET_ROWS; i < rows; i++) {
        const struct result_interval *one = &trial->intervals[i];

        if (one->sent + one->acked + one->received + one->refused + one->unconfirmed > 0) {
            return false;
        }
    }
    return true;
}

static int64_t told_ns(const struct fold_trial *trial)
{
    int64_t told_ns = (int64_t)fold_trial_complete(trial) * INTERVAL_NS;
    int64_t settled_ns = INT64_MAX;

    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        const struct fold_agent *agent = &trial->agents[i];
        int64_t reported_ns = (int64_t)agent->reported * INTERVAL_NS;
        int64_t own_ns = agent->settled_ns > reported_ns ? agent->settled_ns : reported_ns;

        settled_ns = !agent->gone && own_ns < settled_ns ? own_ns : settled_ns;
    }
    return settled_ns != INT64_MAX && settled_ns > told_ns ? settled_ns : told_ns;
}

void fold_live(const struct fold *fold, struct fold_live *ret)
{
    const struct fold_trial *trial;
    uint32_t complete;
    uint32_t rows;

    memset(ret, 0, sizeof *ret);
    if (fold->trials_count == 0) {
        return;
    }
    trial = &fold->trials[fold->trials_count - 1];
    ret->trial = trial->entry.number;
    complete = fold_trial_complete(trial);
    ret->intervals = complete;
    ret->told_ns = told_ns(trial);
    rows = fold_trial_rows_complete(trial);
    if (rows > 0 && rows <= trial->intervals_count) {
        ret->last = trial->intervals[rows - 1];
    }
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        ret->due += trial->intervals[i].due;
        ret->sent += trial->intervals[i].sent;
        ret->skipped += trial->intervals[i].skipped;
        ret->acked += trial->intervals[i].acked;
        ret->received += trial->intervals[i].received;
    }
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        const struct fold_agent *agent = &trial->agents[i];

        if (agent->gone) {
            continue;
        }
        ret->outstanding += agent->outstanding;
        ret->clients += agent->clients;
        ret->clients_down += agent->clients_down;
        if (agent->clients_down > 0 &&
            (ret->down_since_ns == 0 || agent->down_since_ns < ret->down_since_ns)) {
            ret->down_since_ns = agent->down_since_ns;
        }
    }
    ret->backlog = delivery_backlog(trial->delivery);
    ret->drained =
        ret->outstanding == 0 && ret->sent + ret->skipped >= ret->due &&
        ((ret->backlog == 0 && delivery_complete(trial->delivery)) || is_quiet(trial, rows));
    ret->last.backlog = ret->backlog;
}
