/* run_journal: the entries of a run, and how they come to those who take them. */
#include "run_inner.h"

#include "channel.h"
#include "fleet_libraries.h"
#include "mono.h"
#include "sink_fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_add_sinks(struct run *run)
{
    const struct scenario *scenario = run->config->scenario;

    sinks_add(&run->sinks, &sink_fold, run->fold);
    watch_init(&run->watch, scenario->objectives, scenario->objectives_count);
    sinks_add(&run->sinks, &watch_sink, &run->watch);
    if (run->disk != NULL) {
        sinks_add(&run->sinks, &disk_sink, run->disk);
    }
}

int run_journal(struct run *run, struct journal_entry *entry, struct errinfo *reterr)
{
    entry->at_unix_ns = wall_unix_ns();
    return sinks_take(&run->sinks, entry, reterr);
}

int run_journal_begin(struct run *run, struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    struct result_version versions[2 + BACKENDS_MAX] = {{"millrace", MILLRACE_VERSION},
                                                        {"nng", ""}};
    struct journal_entry entry = {.kind = ENTRY_RUN};
    char command[4096];
    int r;

    (void)snprintf(versions[1].value, sizeof versions[1].value, "%s", channel_library_version());
    for (uint32_t i = 0; i < run->config->libraries_count; i++) {
        memcpy(versions[2 + i].name, run->config->libraries[i].name, sizeof versions[2 + i].name);
        memcpy(versions[2 + i].value, run->config->libraries[i].library,
               sizeof versions[2 + i].value);
    }
    (void)snprintf(command, sizeof command, "%s", run->config->command);
    memcpy(entry.as.run.run_id, run->run_id, sizeof entry.as.run.run_id);
    memcpy(entry.as.run.scenario_sha256, scenario->sha256, sizeof entry.as.run.scenario_sha256);
    entry.as.run.name = scenario->name;
    entry.as.run.description = scenario->description;
    entry.as.run.command = command;
    entry.as.run.scenario = scenario->effective;
    entry.as.run.seed = run->config->seed;
    entry.as.run.started_unix_ns = wall_unix_ns();
    entry.as.run.selfcheck_warns = scenario->selfcheck_warns;
    entry.as.run.versions = versions;
    entry.as.run.versions_count = 2 + run->config->libraries_count;
    r = run_journal(run, &entry, reterr); /* Everything in it is borrowed. */
    return r < 0 ? r : run_journal_plan(run, reterr);
}

void run_name_backend(const struct target *target, struct entry_case *ret)
{
    const char *client = catalog_entry_of(target)->client;

    (void)snprintf(ret->backend, sizeof ret->backend, "%s", target->backend);
    (void)snprintf(ret->client, sizeof ret->client, "%s", client == NULL ? "" : client);
}

static double share_of(const struct run *run, uint32_t index)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < fleet_agents(run->session->fleet); i++) {
        all += run->dealt[i].sum;
    }
    return all == 0 ? 0.0 : (double)run->dealt[index].sum / (double)all;
}

static void fill_agent(const struct run *run, uint32_t index, struct result_agent *ret)
{
    const struct run *whole = run->whole == NULL ? run : run->whole;
    const struct fleet_agent *agent = fleet_agent(run->session->fleet, index);
    struct clock_estimate clock = fleet_clock(run->session->fleet, index, mono_ns());

    memcpy(ret->name, agent->name, sizeof ret->name);
    memcpy(ret->host, agent->hello.host, sizeof ret->host);
    memcpy(ret->kernel, agent->hello.kernel, sizeof ret->kernel);
    memcpy(ret->version, agent->hello.version, sizeof ret->version);
    memcpy(ret->lost_reason, agent->lost_reason, sizeof ret->lost_reason);
    ret->cpus = agent->hello.cpus;
    ret->usable_cpus_milli = whole->plan_agents[index].cpus_milli;
    ret->clients = run->dealt[index].most;
    ret->share = share_of(run, index);
    fleet_libraries_text(run->session->fleet, index, ret->libraries);
    ret->memory_bytes = agent->hello.memory_bytes;
    ret->lost = fleet_is_lost(run->session->fleet, index);
    ret->fenced = agent->state == FLEET_FENCED;
    ret->lost_trial = whole->losses[index].trial;
    ret->lost_ns = whole->losses[index].at_ns;
    ret->start_skew_ns = run->start_skew_ns[index];
    ret->clock_offset_ns = clock.offset_ns;
    ret->clock_bound_ns = clock.bound_ns;
    ret->clock_drift_ppb = clock.drift_ppb;
}

int run_agents_now(const struct run *run, struct result_agent **ret, uint32_t *ret_count,
                   struct errinfo *reterr)
{
    uint32_t count = fleet_agents(run->session->fleet);
    struct result_agent *agents = calloc((size_t)count + 1, sizeof *agents);

    if (agents == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < count; i++) {
        fill_agent(run, i, &agents[i]);
    }
    *ret = agents;
    *ret_count = count;
    return 0;
}

int run_journal_agents(struct run *run, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_AGENTS};
    int r = run_agents_now(run, &entry.as.agents.agents, &entry.as.agents.agents_count, reterr);

    if (r < 0) {
        return r;
    }
    r = run_journal(run, &entry, reterr);
    journal_entry_done(&entry);
    return r;
}

int run_journal_cases(struct run *run, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_CASES};

    entry.as.cases.cases = run->cases;
    entry.as.cases.cases_count = run->plan->cases_count;
    return run_journal(run, &entry, reterr);
}

int run_journal_plan(struct run *run, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_PLAN};

    if (run->plan != NULL && !run->config->scenario->search.wanted) {
        entry.as.plan.trials_count = run->plan->trials_count;
    }
    return run_journal(run, &entry, reterr);
}

int run_journal_outcome(struct run *run, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_OUTCOME};
    struct entry_outcome *outcome = &entry.as.outcome;
    uint32_t counts_before = run->watch.counts_count;
    int r = watch_finish(&run->watch, reterr);

    outcome->trial = run->trial->number;
    outcome->windows_count = run->watch.counts_count - counts_before;
    outcome->windows = outcome->windows_count == 0 ? NULL : run->watch.counts + counts_before;
    if (run->aborted) {
        memcpy(outcome->aborted, run->aborted_text, sizeof outcome->aborted);
    }
    if (run->broker_given_up) {
        memcpy(outcome->broker_lost, run->events.broker_lost_text, sizeof outcome->broker_lost);
    }
    if (r < 0 || (outcome->windows_count == 0 && !run->aborted && !run->broker_given_up)) {
        return r;
    }
    return run_journal(run, &entry, reterr); /* Everything in it is borrowed. */
}

/* Producers and consumers of all agents, with their agents beside them. */
static int gather_clients(const struct plan_trial *trial, struct entry_trial *entry,
                          struct errinfo *reterr)
{
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        entry->producers_count += trial->assignments[a].producers_count;
        entry->consumers_count += trial->assignments[a].consumers_count;
    }
    entry->producers = calloc((size_t)entry->producers_count + 1, sizeof *entry->producers);
    entry->consumers = calloc((size_t)entry->consumers_count + 1, sizeof *entry->consumers);
    entry->producer_agents =
        calloc((size_t)entry->producers_count + 1, sizeof *entry->producer_agents);
    entry->consumer_agents =
        calloc((size_t)entry->consumers_count + 1, sizeof *entry->consumer_agents);
    if (entry->producers == NULL || entry->consumers == NULL || entry->producer_agents == NULL ||
        entry->consumer_agents == NULL) {
        return errinfo_nomem(reterr);
    }
    entry->producers_count = 0;
    entry->consumers_count = 0;
    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *assignment = &trial->assignments[a];

        for (uint32_t i = 0; i < assignment->producers_count; i++) {
            entry->producer_agents[entry->producers_count] = a;
            entry->producers[entry->producers_count++] = assignment->producers[i];
        }
        for (uint32_t i = 0; i < assignment->consumers_count; i++) {
            entry->consumer_agents[entry->consumers_count] = a;
            entry->consumers[entry->consumers_count++] = assignment->consumers[i];
        }
    }
    return 0;
}

/* What the agents were given; true if that is not in the proportions of before. */
static bool count_dealt(struct run *run, const struct plan_trial *trial)
{
    bool differs = false;

    for (uint32_t a = 0; a < trial->assignments_count; a++) {
        const struct assignment *assignment = &trial->assignments[a];
        uint32_t clients = assignment->producers_count + assignment->consumers_count;

        differs = differs || clients != run->dealt[a].most;
        run->dealt[a].sum += clients;
        run->dealt[a].most = clients > run->dealt[a].most ? clients : run->dealt[a].most;
    }
    return differs;
}

int run_journal_trial(struct run *run, const struct plan_trial *trial, const char *broker_version,
                      struct errinfo *reterr)
{
    const struct assignment *first = plan_trial_tables(trial);
    struct journal_entry entry = {.kind = ENTRY_TRIAL};
    struct entry_trial *of = &entry.as.trial;
    int r = gather_clients(trial, of, reterr);

    of->number = trial->number;
    of->case_index = trial->case_index;
    of->repetition = trial->repetition;
    of->agents_count = trial->assignments_count;
    of->started_unix_ns = wall_unix_ns();
    (void)snprintf(of->broker_version, sizeof of->broker_version, "%s", broker_version);
    /* The tables are the same in every assignment; they are borrowed from the first. */
    of->flows = first->flows;
    of->flows_count = first->flows_count;
    of->topics = first->topics;
    of->topics_count = first->topics_count;
    of->phases = first->phases;
    of->phases_count = first->phases_count;
    if (r == 0 && run->cases_begun != NULL) {
        run->cases_begun[trial->case_index] = true;
    }
    if (r == 0) {
        r = run_journal(run, &entry, reterr);
    }
    r = r < 0 ? r : fold_hold_rows(run->fold, reterr);
    if (count_dealt(run, trial) && r == 0) {
        r = run_journal_agents(run, reterr);
    }
    free(of->producers);
    free(of->consumers);
    free(of->producer_agents);
    free(of->consumer_agents);
    return r;
}

int run_journal_mark_of(struct run *run, const struct result_mark *mark, struct errinfo *reterr)
{
    struct journal_entry entry = {.kind = ENTRY_MARK};

    entry.as.mark = *mark;
    entry.as.mark.trial = run->trial != NULL                     ? run->trial->number
                          : run->config->scenario->search.wanted ? run->search_trials
                                                                 : run->trial_next;
    return run_journal(run, &entry, reterr);
}

int run_journal_mark(struct run *run, enum mark_kind kind, int64_t at_ns, const char *text,
                     struct errinfo *reterr)
{
    struct result_mark mark = {.kind = kind, .at_ns = at_ns};

    (void)snprintf(mark.text, sizeof mark.text, "%s", text);
    return run_journal_mark_of(run, &mark, reterr);
}

int run_journal_missed_count(struct run *run, const struct assigned_phase *phases,
                             const struct segment *segment, int64_t end_ns, struct errinfo *reterr)
{
    const struct assigned_phase *last = &phases[segment->phase_last];
    int64_t due_end_ns = segment->start_ns;
    char text[REASON_BYTES];
    char allowed[UNITS_TEXT_BYTES];

    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        due_end_ns += phases[i].duration_ns;
    }
    if (last->messages == 0 || end_ns < due_end_ns) {
        return 0;
    }
    (void)snprintf(text, sizeof text,
                   "phase %s ended after %s, before its %llu messages of each flow were through",
                   last->name, units_format_duration(last->duration_ns, allowed),
                   (unsigned long long)last->messages);
    run_notice(run, "%s: %s", run->progress.case_name, text);
    return run_journal_mark(run, MARK_ERROR, due_end_ns, text, reterr);
}
