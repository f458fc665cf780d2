/* fold_result: what a folded run came to: its cases, with their trials added up. */
#include "fold.h"

#include "catalog.h"
#include "fold_inner.h"
#include "invariant.h"
#include "metric_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
        r = r < 0 ? r : hist_add(to->latency[series], from->latency[series], reterr);
        if (r < 0) {
            return r;
        }
        to->below_resolution[series] += from->below_resolution[series];
    }
    to->lacks_agent = to->lacks_agent || from->lacks_agent;
    to->clock_violations += from->clock_violations;
    if (from->clock_bound_ns > to->clock_bound_ns) {
        to->clock_bound_ns = from->clock_bound_ns;
    }
    to->coalesce_ns = from->coalesce_ns;
    for (size_t i = 0; had + more > 0.0 && i < sizeof sums / sizeof sums[0]; i++) {
        *sums[i] = (*sums[i] * had + *adds[i] * more) / (had + more);
    }
    if (from->asked_peak_per_s > to->asked_peak_per_s) {
        to->asked_peak_per_s = from->asked_peak_per_s;
    }
    to->duration_ns += from->duration_ns;
    to->due += from->due;
    to->sent_in_time += from->sent_in_time;
    record_add(&result_phase_record, to, from);
    record_add(&result_delivery_record, &to->delivery, &from->delivery);
    return 0;
}

/* counts: whether the trial of that number is one of them; NULL: all are. */
static int merge_trials(struct result_case *of, bool (*counts)(const void *context, uint32_t trial),
                        const void *context, struct errinfo *reterr)
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
        phase->keeps_rate = first->phases[p].keeps_rate;
        phase->messages = first->phases[p].messages;
        phase->confirms = first->phases[p].confirms;
        phase->producers = first->phases[p].producers;
        phase->start_ns = first->phases[p].start_ns;
        for (uint32_t t = 0; t < of->trials_count; t++) {
            int r = 0;

            if (counts == NULL || counts(context, of->trials[t].number)) {
                r = merge_phase(phase, &of->trials[t].phases[p], reterr);
            }
            if (r < 0) {
                return r;
            }
        }
        fold_phase_settle(phase);
    }
    return 0;
}

static int make_trial(const struct fold *fold, const struct fold_trial *trial,
                      struct result_trial *ret, struct errinfo *reterr)
{
    struct result_agent *agents = NULL;
    int r = fold_name_agents(fold, trial, &agents, reterr);

    if (r == 0) {
        r = fold_trial_result(trial, agents, fold->marks, fold->marks_count, ret, reterr);
    }
    free(agents);
    return r;
}

/* As the run has them, in which others may have come between. */
static void number_agents(const struct fold_trial *trial, struct result_trial *ret)
{
    for (uint32_t i = 0; i < ret->agent_intervals_count; i++) {
        ret->agent_intervals[i].agent = trial->agent_rows[ret->agent_intervals[i].agent];
    }
}

static int make_case(const struct fold *fold, uint32_t index, struct result_case *ret,
                     struct errinfo *reterr)
{
    const struct entry_case *entry = &fold->cases[index];
    const struct catalog_entry *backend = catalog_find_client(entry->backend, entry->client);
    const struct result_calibration *calibration = fold_calibration(fold, index);

    ret->calibration = calibration != NULL ? *calibration : (struct result_calibration){0};
    memcpy(ret->name, entry->name, sizeof ret->name);
    memcpy(ret->backend, entry->backend, sizeof ret->backend);
    memcpy(ret->client, entry->client, sizeof ret->client);
    memcpy(ret->target, entry->target, sizeof ret->target);
    memcpy(ret->address, entry->address, sizeof ret->address);
    memcpy(ret->variant, entry->variant, sizeof ret->variant);
    ret->parameters_count = entry->parameters_count;
    if (fold_replace_list(&ret->parameters, entry->parameters, entry->parameters_count,
                          sizeof *ret->parameters, reterr) < 0) {
        return -ENOMEM;
    }
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
        r = make_trial(fold, &fold->trials[i], &ret->trials[ret->trials_count++], reterr);
        if (r < 0) {
            return r;
        }
        number_agents(&fold->trials[i], &ret->trials[ret->trials_count - 1]);
    }
    if (ret->trials_count > 0) {
        int r = merge_trials(ret, NULL, NULL, reterr);

        return r < 0 ? r : metric_figures(ret, reterr);
    }
    return 0;
}

static int fill_run(const struct fold *fold, struct result *result, struct errinfo *reterr)
{
    int r = 0;

    memcpy(result->run_id, fold->run.run_id, sizeof result->run_id);
    memcpy(result->scenario_sha256, fold->run.scenario_sha256, sizeof result->scenario_sha256);
    result->name = fold_copy_text(fold->run.name);
    result->description = fold_copy_text(fold->run.description);
    result->command = fold_copy_text(fold->run.command);
    result->scenario = fold_copy_text(fold->run.scenario);
    result->seed = fold->run.seed;
    result->selfcheck_warns = fold->run.selfcheck_warns;
    result->started_unix_ns = fold->run.started_unix_ns;
    result->versions_count = fold->run.versions_count;
    result->agents_count = fold->agents_count;
    result->marks_count = fold->marks_count;
    result->resumes_count = fold->resumes_count;
    result->resumable = fold->has_plan;
    result->trials_planned = fold->trials_planned;
    if (result->name == NULL || result->description == NULL || result->command == NULL ||
        result->scenario == NULL) {
        return errinfo_nomem(reterr);
    }
    r = fold_replace_list(&result->versions, fold->run.versions, fold->run.versions_count,
                          sizeof *result->versions, reterr);
    if (r == 0) {
        r = fold_replace_list(&result->agents, fold->agents, fold->agents_count,
                              sizeof *result->agents, reterr);
    }
    if (r == 0) {
        r = fold_replace_list(&result->resumes, fold->resumes, fold->resumes_count,
                              sizeof *result->resumes, reterr);
    }
    if (r == 0) {
        r = fold_replace_list(&result->marks, fold->marks, fold->marks_count, sizeof *result->marks,
                              reterr);
    }
    return r;
}

/* Did the user end the run, and would not wait until it was closed? */
static bool was_interrupted(const struct fold *fold)
{
    for (uint32_t i = 0; i < fold->marks_count; i++) {
        if (fold->marks[i].kind == MARK_INTERRUPTED) {
            return true;
        }
    }
    return false;
}

/* A journal that nobody closed has its end for a verdict; nobody judged its objectives. */
static int fill_cut_off(const struct fold *fold, struct result *result, struct errinfo *reterr)
{
    static const struct result_reason died = {
        .code = "cut_off",
        .text = "the journal has no closing entry: the coordinator died, or it still runs"};
    static const struct result_reason stopped = {
        .code = "interrupted",
        .text = "interrupted by the user, and stopped at once before it was drained and closed"};
    bool interrupted = was_interrupted(fold);
    const struct result_reason reason = interrupted ? stopped : died;

    result->cut_off = true;
    result->cut_off_ns = fold->last_unix_ns;
    result->ended_unix_ns = fold->last_unix_ns;
    result->verdict = interrupted ? VERDICT_INTERRUPTED : VERDICT_FAILED;
    result->reasons_count = 1;
    if (fold_replace_list(&result->reasons, &reason, 1, sizeof reason, reterr) < 0) {
        return -ENOMEM;
    }
    /* Searches tell of themselves as they go on. */
    return findings_copy(&fold->searched, &result->findings, reterr);
}

static int fill_close(const struct fold *fold, struct result *result, struct errinfo *reterr)
{
    int r;

    if (!fold->has_close) {
        return fill_cut_off(fold, result, reterr);
    }
    result->verdict = fold->close.verdict;
    result->ended_unix_ns = fold->close.ended_unix_ns;
    result->reasons_count = fold->close.reasons_count;
    result->objectives_count = fold->close.objectives_count;
    r = fold_replace_list(&result->reasons, fold->close.reasons, fold->close.reasons_count,
                          sizeof *result->reasons, reterr);
    if (r == 0) {
        r = fold_replace_list(&result->objectives, fold->close.objectives,
                              fold->close.objectives_count, sizeof *result->objectives, reterr);
    }
    return r == 0 ? findings_copy(&fold->close.findings, &result->findings, reterr) : r;
}

int fold_last_trial(const struct fold *fold, struct result_trial *ret, struct errinfo *reterr)
{
    struct result_trial trial = {0};
    int r;

    ASSERT(fold->trials_count > 0);
    r = make_trial(fold, &fold->trials[fold->trials_count - 1], &trial, reterr);
    if (r < 0) {
        result_trial_done(&trial);
        return r;
    }
    *ret = trial;
    return 0;
}

/* Which trials stand for a case that was searched. */
struct focus {
    const struct findings *findings;
    const struct result_search *search;
};

static int compare_trial(const void *key, const void *item)
{
    const uint32_t *trial = key;
    const struct result_search_step *step = item;

    return *trial < step->trial ? -1 : *trial > step->trial ? 1 : 0;
}

/* Steps stand in the order of their trials; NULL: the trial was not judged. */
static const struct result_search_step *step_of(const struct findings *findings, uint32_t trial)
{
    return findings->search_steps_count == 0
               ? NULL
               : bsearch(&trial, findings->search_steps, findings->search_steps_count,
                         sizeof *findings->search_steps, compare_trial);
}

static bool is_in_focus(const void *context, uint32_t trial)
{
    const struct focus *focus = context;
    bool held = focus->search->lower_per_s > 0.0;
    bool settled = held || focus->search->upper_per_s > 0.0;
    double rate_per_s = held ? focus->search->lower_per_s : focus->search->upper_per_s;

    const struct result_search_step *step = step_of(focus->findings, trial);

    return step != NULL &&
           (!settled || (step->asked_per_s == rate_per_s && (step->outcome == STEP_GOOD) == held));
}

static int focus_case(struct result_case *of, const struct focus *focus, struct errinfo *reterr)
{
    if (of->trials_count == 0) {
        return 0;
    }
    result_phases_free(of->phases, of->phases_count);
    of->phases = NULL;
    of->phases_count = 0;
    /* Figures over trials of different rates are none. */
    free(of->figures);
    of->figures = NULL;
    of->figures_count = 0;
    return merge_trials(of, is_in_focus, focus, reterr);
}

static const struct result_search *search_of(const struct findings *findings, const char *case_name)
{
    for (uint32_t i = 0; i < findings->searches_count; i++) {
        if (strcmp(findings->searches[i].case_name, case_name) == 0) {
            return &findings->searches[i];
        }
    }
    return NULL;
}

int fold_focus_searches(struct result *result, struct errinfo *reterr)
{
    int r = 0;

    /* Each case once, whatever a journal says. */
    for (uint32_t c = 0; r == 0 && c < result->cases_count; c++) {
        const struct result_search *search = search_of(&result->findings, result->cases[c].name);
        const struct focus focus = {&result->findings, search};

        r = search == NULL ? 0 : focus_case(&result->cases[c], &focus, reterr);
    }
    return r;
}

/* The first thing that does not add up. */
static void tell_violation(const struct fold *fold, struct result *result)
{
    (void)snprintf(result->violation, sizeof result->violation, "%s", fold->refused);
    for (uint32_t c = 0; c < result->cases_count; c++) {
        const struct result_case *of = &result->cases[c];

        for (uint32_t t = 0; t < of->trials_count && result->violation[0] == '\0'; t++) {
            if (of->trials[t].violation[0] != '\0') {
                (void)snprintf(result->violation, sizeof result->violation, "%s, trial %u: %s",
                               of->name, of->trials[t].number, of->trials[t].violation);
            }
        }
    }
}

static void tell_longest_call(const struct result_trial *trial, struct result *result)
{
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];
        int64_t *longest_ns = &result->agents[row->agent].driver_ns_max;

        ASSERT(row->agent < result->agents_count);
        *longest_ns =
            row->strain.driver_ns_max > *longest_ns ? row->strain.driver_ns_max : *longest_ns;
    }
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
    r = r < 0 ? r : fold_focus_searches(result, reterr);
    if (r < 0) {
        result_free(result);
        return r;
    }
    tell_violation(fold, result);
    for (uint32_t c = 0; c < result->cases_count; c++) {
        for (uint32_t t = 0; t < result->cases[c].trials_count; t++) {
            tell_longest_call(&result->cases[c].trials[t], result);
        }
    }
    *ret = result;
    return 0;
}
