#include "fold.h"

#include "catalog.h"
#include "fold_trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fold {
    bool has_run;
    struct entry_run run;
    struct result_agent *agents;
    uint32_t agents_count;
    struct entry_case *cases;
    uint32_t cases_count;
    struct fold_trial *trials;
    uint32_t trials_count;
    struct result_mark *marks;
    uint32_t marks_count;
    bool has_close;
    struct entry_close close;
    int64_t last_unix_ns;
};

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
    free(fold->cases);
    free(fold->trials);
    free(fold->marks);
    free(fold->close.reasons);
    free(fold->close.objectives);
    free(fold);
}

static char *copy_text(const char *text)
{
    return strdup(text == NULL ? "" : text);
}

static int replace_list(void *list, const void *from, uint32_t count, size_t element_bytes,
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
    fold->has_run = true;
    fold->run = *run;
    fold->run.versions = NULL;
    fold->run.name = copy_text(run->name);
    fold->run.description = copy_text(run->description);
    fold->run.command = copy_text(run->command);
    fold->run.scenario = copy_text(run->scenario);
    if (fold->run.name == NULL || fold->run.description == NULL || fold->run.command == NULL ||
        fold->run.scenario == NULL) {
        return errinfo_nomem(reterr);
    }
    return replace_list(&fold->run.versions, run->versions, run->versions_count,
                        sizeof *run->versions, reterr);
}

/* Agents and cases are written again at the end; trials point into both lists. */
static int add_agents(struct fold *fold, const struct entry_agents *entry, struct errinfo *reterr)
{
    int r;

    if (entry->agents_count > AGENTS_MAX ||
        (fold->trials_count > 0 && entry->agents_count < fold->agents_count)) {
        return errinfo_set(reterr, -EBADMSG, "a list of %u agents, which can't be",
                           entry->agents_count);
    }
    r = replace_list(&fold->agents, entry->agents, entry->agents_count, sizeof *fold->agents,
                     reterr);
    fold->agents_count = r == 0 ? entry->agents_count : fold->agents_count;
    return r;
}

static int add_cases(struct fold *fold, const struct entry_cases *entry, struct errinfo *reterr)
{
    int r;

    if (fold->trials_count > 0 && entry->cases_count < fold->cases_count) {
        return errinfo_set(reterr, -EBADMSG, "a list of %u cases where there were more",
                           entry->cases_count);
    }
    r = replace_list(&fold->cases, entry->cases, entry->cases_count, sizeof *fold->cases, reterr);
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

static bool fits_run(struct fold *fold, const struct entry_trial *entry)
{
    if (entry->case_index >= fold->cases_count || entry->agents_count > fold->agents_count ||
        trial_of(fold, entry->number) != NULL) {
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
    r = fold_trial_init(&fold->trials[fold->trials_count], entry, reterr);
    fold->trials_count += r == 0 ? 1 : 0;
    return r;
}

static int add_mark(struct fold *fold, const struct result_mark *mark, struct errinfo *reterr)
{
    struct result_mark *grown;
    int r = fold_check_time(mark->at_ns, "a mark", reterr);

    if (r < 0) {
        return r;
    }
    grown = realloc(fold->marks, ((size_t)fold->marks_count + 1) * sizeof *fold->marks);
    if (grown == NULL) {
        return errinfo_nomem(reterr);
    }
    fold->marks = grown;
    fold->marks[fold->marks_count++] = *mark;
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
    for (uint32_t i = 0; i < fold->agents_count; i++) {
        if (end->start_skew_ns[i] > fold->agents[i].start_skew_ns) {
            fold->agents[i].start_skew_ns = end->start_skew_ns[i];
        }
    }
    if (end->status != CASE_MEASURED) {
        struct entry_case *of = &fold->cases[trial->entry.case_index];

        of->status = end->status;
        memcpy(of->reason, end->reason, sizeof of->reason);
    }
    return 0;
}

static int add_close(struct fold *fold, const struct entry_close *close, struct errinfo *reterr)
{
    int r = replace_list(&fold->close.reasons, close->reasons, close->reasons_count,
                         sizeof *close->reasons, reterr);

    if (r == 0) {
        r = replace_list(&fold->close.objectives, close->objectives, close->objectives_count,
                         sizeof *close->objectives, reterr);
    }
    if (r == 0) {
        fold->has_close = true;
        fold->close.verdict = close->verdict;
        fold->close.ended_unix_ns = close->ended_unix_ns;
        fold->close.reasons_count = close->reasons_count;
        fold->close.objectives_count = close->objectives_count;
    }
    return r;
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
        return add_agents(fold, &entry->as.agents, reterr);
    case ENTRY_CASES:
        return add_cases(fold, &entry->as.cases, reterr);
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
    case ENTRY_CLOSE:
        return add_close(fold, &entry->as.close, reterr);
    case ENTRY_COUNT:
        break;
    }
    return errinfo_set(reterr, -EBADMSG, "an entry of unknown kind %d", (int)entry->kind);
}

static void add_delivery(struct result_delivery *to, const struct result_delivery *from)
{
    to->sent += from->sent;
    to->acked += from->acked;
    to->refused += from->refused;
    to->unconfirmed += from->unconfirmed;
    to->expected += from->expected;
    to->received += from->received;
    to->lost += from->lost;
    to->duplicated += from->duplicated;
    to->reordered += from->reordered;
    to->corrupted += from->corrupted;
    to->expired += from->expired;
    to->unaccounted += from->unaccounted;
    to->unexpected += from->unexpected;
    to->errors += from->errors;
}

/* Adds a trial's phase to the case's: counts and histograms sum, rates are means weighted by
 * duration. */
static int merge_phase(struct result_phase *to, const struct result_phase *from,
                       struct errinfo *reterr)
{
    double had = (double)to->duration_ns;
    double more = (double)from->duration_ns;
    double *sums[] = {&to->asked_per_s,    &to->sent_per_s,       &to->acked_per_s,
                      &to->received_per_s, &to->sent_bytes_per_s, &to->received_bytes_per_s};
    const double *adds[] = {&from->asked_per_s,      &from->sent_per_s,
                            &from->acked_per_s,      &from->received_per_s,
                            &from->sent_bytes_per_s, &from->received_bytes_per_s};

    for (int series = 0; series < SERIES_COUNT; series++) {
        int r = 0;

        if (from->latency[series] == NULL) {
            continue;
        }
        r = to->latency[series] == NULL ? hist_new(&to->latency[series], reterr) : 0;
        if (r < 0) {
            return r;
        }
        hist_add(to->latency[series], from->latency[series]);
        to->below_resolution[series] += from->below_resolution[series];
    }
    for (size_t i = 0; had + more > 0.0 && i < sizeof sums / sizeof sums[0]; i++) {
        *sums[i] = (*sums[i] * had + *adds[i] * more) / (had + more);
    }
    to->duration_ns += from->duration_ns;
    to->due += from->due;
    to->sent_in_time += from->sent_in_time;
    add_delivery(&to->delivery, &from->delivery);
    return 0;
}

static int merge_trials(struct result_case *of, struct errinfo *reterr)
{
    const struct result_trial *first = &of->trials[0];

    of->phases = calloc((size_t)first->phases_count + 1, sizeof *of->phases);
    if (of->phases == NULL) {
        return errinfo_nomem(reterr);
    }
    of->phases_count = first->phases_count;
    for (uint32_t p = 0; p < of->phases_count; p++) {
        struct result_phase *phase = &of->phases[p];

        memcpy(phase->name, first->phases[p].name, sizeof phase->name);
        memcpy(phase->flow, first->phases[p].flow, sizeof phase->flow);
        phase->measured = first->phases[p].measured;
        phase->is_max = first->phases[p].is_max;
        phase->start_ns = first->phases[p].start_ns;
        for (uint32_t t = 0; t < of->trials_count; t++) {
            int r = merge_phase(phase, &of->trials[t].phases[p], reterr);

            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}

static int make_case(const struct fold *fold, uint32_t index, struct result_case *ret,
                     struct errinfo *reterr)
{
    const struct entry_case *entry = &fold->cases[index];
    const struct catalog_entry *backend = catalog_find(entry->backend);

    memcpy(ret->name, entry->name, sizeof ret->name);
    memcpy(ret->backend, entry->backend, sizeof ret->backend);
    memcpy(ret->target, entry->target, sizeof ret->target);
    memcpy(ret->address, entry->address, sizeof ret->address);
    memcpy(ret->reason, entry->reason, sizeof ret->reason);
    ret->status = entry->status;
    ret->equivalence = backend == NULL ? NULL : backend->equivalences;
    ret->trials = calloc((size_t)fold->trials_count + 1, sizeof *ret->trials);
    if (ret->trials == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < fold->trials_count; i++) {
        int r;

        if (fold->trials[i].entry.case_index != index) {
            continue;
        }
        memcpy(ret->broker_version, fold->trials[i].entry.broker_version,
               sizeof ret->broker_version);
        r = fold_trial_result(&fold->trials[i], fold->agents, fold->marks, fold->marks_count,
                              &ret->trials[ret->trials_count++], reterr);
        if (r < 0) {
            return r;
        }
    }
    return ret->trials_count == 0 ? 0 : merge_trials(ret, reterr);
}

static int fill_run(const struct fold *fold, struct result *result, struct errinfo *reterr)
{
    int r = 0;

    memcpy(result->run_id, fold->run.run_id, sizeof result->run_id);
    memcpy(result->scenario_sha256, fold->run.scenario_sha256, sizeof result->scenario_sha256);
    result->name = copy_text(fold->run.name);
    result->description = copy_text(fold->run.description);
    result->command = copy_text(fold->run.command);
    result->scenario = copy_text(fold->run.scenario);
    result->seed = fold->run.seed;
    result->started_unix_ns = fold->run.started_unix_ns;
    result->versions_count = fold->run.versions_count;
    result->agents_count = fold->agents_count;
    result->marks_count = fold->marks_count;
    if (result->name == NULL || result->description == NULL || result->command == NULL ||
        result->scenario == NULL) {
        return errinfo_nomem(reterr);
    }
    r = replace_list(&result->versions, fold->run.versions, fold->run.versions_count,
                     sizeof *result->versions, reterr);
    if (r == 0) {
        r = replace_list(&result->agents, fold->agents, fold->agents_count, sizeof *result->agents,
                         reterr);
    }
    if (r == 0) {
        r = replace_list(&result->marks, fold->marks, fold->marks_count, sizeof *result->marks,
                         reterr);
    }
    return r;
}

static int fill_close(const struct fold *fold, struct result *result, struct errinfo *reterr)
{
    int r;

    result->cut_off = !fold->has_close;
    result->cut_off_ns = fold->has_close ? 0 : fold->last_unix_ns;
    result->verdict = fold->has_close ? fold->close.verdict : VERDICT_FAILED;
    result->ended_unix_ns = fold->has_close ? fold->close.ended_unix_ns : fold->last_unix_ns;
    result->reasons_count = fold->close.reasons_count;
    result->objectives_count = fold->close.objectives_count;
    r = replace_list(&result->reasons, fold->close.reasons, fold->close.reasons_count,
                     sizeof *result->reasons, reterr);
    if (r == 0) {
        r = replace_list(&result->objectives, fold->close.objectives, fold->close.objectives_count,
                         sizeof *result->objectives, reterr);
    }
    return r;
}

int fold_result(const struct fold *fold, struct result **ret, struct errinfo *reterr)
{
    struct result *result = calloc(1, sizeof *result);
    int r;

    if (result == NULL) {
        return errinfo_nomem(reterr);
    }
    r = fill_run(fold, result, reterr);
    if (r == 0) {
        r = fill_close(fold, result, reterr);
    }
    if (r == 0) {
        result->cases = calloc((size_t)fold->cases_count + 1, sizeof *result->cases);
        r = result->cases == NULL ? errinfo_nomem(reterr) : 0;
    }
    for (uint32_t i = 0; r == 0 && i < fold->cases_count; i++) {
        r = make_case(fold, i, &result->cases[result->cases_count++], reterr);
    }
    if (r < 0) {
        result_free(result);
        return r;
    }
    *ret = result;
    return 0;
}

void fold_live(const struct fold *fold, struct fold_live *ret)
{
    const struct fold_trial *trial;
    uint32_t complete;

    memset(ret, 0, sizeof *ret);
    if (fold->trials_count == 0) {
        return;
    }
    trial = &fold->trials[fold->trials_count - 1];
    ret->trial = trial->entry.number;
    complete = fold_trial_complete(trial);
    ret->intervals = complete;
    if (complete > 0 && complete <= trial->intervals_count) {
        ret->last = trial->intervals[complete - 1];
    }
    for (uint32_t i = 0; i < trial->intervals_count; i++) {
        ret->due += trial->intervals[i].due;
        ret->sent += trial->intervals[i].sent;
        ret->acked += trial->intervals[i].acked;
        ret->received += trial->intervals[i].received;
    }
    for (uint32_t i = 0; i < trial->entry.agents_count; i++) {
        const struct fold_agent *agent = &trial->agents[i];

        ret->outstanding += agent->outstanding;
        ret->clients_down += agent->clients_down;
        if (agent->clients_down > 0 &&
            (ret->down_since_ns == 0 || agent->down_since_ns < ret->down_since_ns)) {
            ret->down_since_ns = agent->down_since_ns;
        }
    }
    ret->backlog = delivery_backlog(trial->delivery);
    ret->drained = ret->outstanding == 0 && ret->backlog == 0 && ret->sent >= ret->due &&
                   delivery_complete(trial->delivery);
    ret->last.backlog = ret->backlog;
}
