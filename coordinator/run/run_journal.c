#include "run_parts.h"

#include "channel.h"
#include "mono.h"

#include "log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYNC_NS NS_PER_S
#define SHOW_NS (200 * NS_PER_MS)

int run_journal(struct run *run, struct journal_entry *entry, struct errinfo *reterr)
{
    int r;

    entry->at_unix_ns = wall_unix_ns();
    /* Folded first: what the fold refuses must not stand in the journal, where `report` would
     * stumble over it. */
    r = fold_add(run->fold, entry, reterr);
    r = r < 0 ? r : run_watch_objectives(run, entry, reterr);
    if (r < 0 || run->archive_failed || run->archive == NULL) {
        return r;
    }
    r = archive_append(run->archive, entry, reterr);
    run->archive_failed = r < 0; /* Its last document may be half of one: no other may follow. */
    return r < 0 ? r : hlog_add(run->hlog, entry, reterr);
}

int run_sync(struct run *run, struct errinfo *reterr)
{
    int r = run->archive_failed || run->archive == NULL ? 0 : archive_sync(run->archive, reterr);

    run->archive_failed = run->archive_failed || r < 0;
    return r;
}

int run_journal_begin(struct run *run, struct errinfo *reterr)
{
    const struct scenario *scenario = run->config->scenario;
    struct result_version versions[2 + BACKENDS_MAX] = {{"millrace", MILLRACE_VERSION},
                                                        {"nng", ""}};
    struct journal_entry entry = {.kind = ENTRY_RUN};
    char command[4096];

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
    return run_journal(run, &entry, reterr); /* Everything in it is borrowed. */
}

static void fill_agent(const struct run *run, uint32_t index, struct result_agent *ret)
{
    const struct fleet_agent *agent = fleet_agent(run->session->fleet, index);
    struct clock_estimate clock = fleet_clock(run->session->fleet, index, mono_ns());

    memcpy(ret->name, agent->name, sizeof ret->name);
    memcpy(ret->host, agent->hello.host, sizeof ret->host);
    memcpy(ret->kernel, agent->hello.kernel, sizeof ret->kernel);
    memcpy(ret->version, agent->hello.version, sizeof ret->version);
    memcpy(ret->lost_reason, agent->lost_reason, sizeof ret->lost_reason);
    ret->cpus = agent->hello.cpus;
    ret->memory_bytes = agent->hello.memory_bytes;
    ret->lost = agent->lost;
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

int run_journal_trial(struct run *run, const struct plan_trial *trial, const char *broker_version,
                      struct errinfo *reterr)
{
    const struct assignment *first = &trial->assignments[0];
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
    free(of->producers);
    free(of->consumers);
    free(of->producer_agents);
    free(of->consumer_agents);
    return r;
}

static int journal_mark(struct run *run, const struct result_mark *mark, struct errinfo *reterr)
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
    return journal_mark(run, &mark, reterr);
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

/* Marks when an agent's clock was not what it was taken for: what was measured between hosts then
 * is off by up to that. Before T0 nothing is measured. */
static int look_at_clocks(struct run *run, struct errinfo *reterr)
{
    struct fleet_doubt doubt;
    int r = 0;

    while (r == 0 && fleet_next_doubt(run->session->fleet, &doubt)) {
        const char *name = fleet_agent(run->session->fleet, doubt.agent)->name;
        struct result_mark mark = {.kind = MARK_CLOCK,
                                   .at_ns = doubt.until_ns - run->t0_ns,
                                   .from_ns = doubt.from_ns - run->t0_ns,
                                   .clock_bound_ns = (uint64_t)doubt.size_ns};
        char size[UNITS_TEXT_BYTES];

        (void)units_format_ns((double)doubt.size_ns, size);
        if (doubt.kind == FLEET_DOUBT_STEP) {
            (void)snprintf(mark.text, sizeof mark.text,
                           "the clock of %s stepped or changed its pace, by up to %s", name, size);
        } else {
            (void)snprintf(mark.text, sizeof mark.text,
                           "%s has another host's boot id and a clock of its own, up to %s away (a "
                           "cloned machine?)",
                           name, size);
        }
        run_notice(run, "%s", mark.text);
        if (run->trial != NULL && run->t0_ns != 0 && mark.at_ns >= 0) {
            mark.from_ns = mark.from_ns > 0 ? mark.from_ns : 0;
            r = journal_mark(run, &mark, reterr);
        }
    }
    return r;
}

static void show(struct run *run, int64_t now_ns)
{
    struct run_progress *progress = &run->progress;

    if (now_ns - run->shown_ns < SHOW_NS || run->config->on_progress == NULL) {
        return;
    }
    run->shown_ns = now_ns;
    progress->agents_joined =
        run->session_open ? fleet_agents(run->session->fleet) : progress->agents_joined;
    if (run->trial != NULL && run->t0_ns != 0) {
        progress->trial_ns = now_ns - run->t0_ns;
    }
    run->config->on_progress(run->config->context, progress);
}

/* A report that contradicts its trial must not end the run, whose data are worth keeping: it is
 * left out, and the result is invalid and says why. */
static int journal_snapshot(struct run *run, struct journal_entry *entry, struct errinfo *reterr)
{
    struct errinfo error = {""};
    int r = run_journal(run, entry, &error);

    if (r == -EBADMSG) {
        run_notice(run, "%s: a report of an agent was refused: %s", run->progress.case_name,
                   error.text);
        fold_tell_refused(run->fold, error.text);
        return 0;
    }
    return r < 0 ? errinfo_set(reterr, r, "%s", error.text)
                 : run_mark_notices(run, entry->as.snapshot, reterr);
}

int run_turn(struct run *run, int timeout_ms, struct errinfo *reterr)
{
    struct snapshot *snapshot;
    bool fresh = false;
    int64_t now_ns;
    int r = 0;

    session_turn(run->session, timeout_ms);
    while (r == 0 && (snapshot = fleet_next_snapshot(run->session->fleet)) != NULL) {
        struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};

        fresh = true;
        entry.as.snapshot = snapshot;
        r = run->trial != NULL && snapshot->trial == run->trial->number
                ? journal_snapshot(run, &entry, reterr)
                : 0;
        journal_entry_done(&entry);
    }
    r = r < 0 ? r : look_at_clocks(run, reterr);
    now_ns = mono_ns();
    if (r == 0 && now_ns - run->synced_ns >= SYNC_NS) {
        run->synced_ns = now_ns;
        r = run_sync(run, reterr);
    }
    if (r == 0 && fresh) {
        fold_live(run->fold, &run->progress.live);
        /* What comes after a trial was told to end is no full window. */
        if (run->windows != NULL && !run_is_ending(run)) {
            windows_advance(run->windows, run->progress.live.intervals);
        }
        r = run_look_at_broker(run, reterr);
    }
    show(run, now_ns);
    return r;
}

void run_notice(const struct run *run, const char *format, ...)
{
    char text[ERRINFO_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_info("%s", text);
    if (run->config->on_notice != NULL) {
        run->config->on_notice(run->config->context, text);
    }
}

void run_stage(struct run *run, const char *stage, const char *detail)
{
    run->progress.stage = stage;
    run->progress.detail = detail;
    run->shown_ns = 0;
    log_info("%s%s%s", stage, detail == NULL ? "" : ": ", detail == NULL ? "" : detail);
    show(run, mono_ns());
}

bool run_interrupted(const struct run *run)
{
    return *run->config->interrupts > 0;
}
