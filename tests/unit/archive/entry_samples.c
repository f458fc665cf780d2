#include "entry_samples.h"

#include "findings_samples.h"

#include "invariant.h"
#include "wire_samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS 5

/* Makes any bytes UTF-8 of the same length: ASCII, with a two-byte letter here and there. */
static void make_utf8(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == 'a' && text[1] != '\0') {
            memcpy(text, "\xC3\xA9", 2);
            text++;
        } else {
            *text = (char)(*text & 0x7F);
            *text = (char)(*text == '\0' ? '?' : *text);
        }
    }
}

void sample_utf8(struct random *random, char *text, size_t text_bytes)
{
    sample_text(random, text, text_bytes);
    make_utf8(text);
}

static char *string_of(struct random *random, size_t bytes)
{
    char *text = malloc(bytes);

    ASSERT(text != NULL);
    sample_utf8(random, text, bytes);
    return text;
}

static void sample_run(struct random *random, struct entry_run *run)
{
    run->schema = JOURNAL_SCHEMA;
    sample_utf8(random, run->run_id, sizeof run->run_id);
    run->name = string_of(random, 200);
    run->description = string_of(random, 2000);
    run->command = string_of(random, 2000);
    run->scenario = string_of(random, 20000);
    sample_utf8(random, run->scenario_sha256, sizeof run->scenario_sha256);
    run->seed = sample_number(random);
    run->selfcheck_warns = sample_below(random, 2) > 0;
    run->started_unix_ns = sample_time(random);
    run->versions_count = sample_below(random, ITEMS);
    run->versions = sample_zeros(run->versions_count, sizeof *run->versions);
    for (uint32_t i = 0; i < run->versions_count; i++) {
        sample_utf8(random, run->versions[i].name, sizeof run->versions[i].name);
        sample_utf8(random, run->versions[i].value, sizeof run->versions[i].value);
    }
}

static void sample_agents(struct random *random, struct entry_agents *entry)
{
    entry->agents_count = sample_below(random, ITEMS);
    entry->agents = sample_zeros(entry->agents_count, sizeof *entry->agents);
    for (uint32_t i = 0; i < entry->agents_count; i++) {
        struct result_agent *agent = &entry->agents[i];

        sample_utf8(random, agent->name, sizeof agent->name);
        sample_utf8(random, agent->host, sizeof agent->host);
        sample_utf8(random, agent->kernel, sizeof agent->kernel);
        sample_utf8(random, agent->version, sizeof agent->version);
        agent->cpus = (uint32_t)sample_number(random);
        agent->memory_bytes = sample_number(random);
        agent->lost = sample_bool(random);
        sample_utf8(random, agent->lost_reason, sizeof agent->lost_reason);
        agent->start_skew_ns = sample_time(random);
        agent->clock_offset_ns = sample_time(random);
        agent->clock_bound_ns = sample_time(random);
        agent->clock_drift_ppb = (double)sample_time(random) / 7;
    }
}

static void sample_cases(struct random *random, struct entry_cases *entry)
{
    entry->cases_count = sample_below(random, ITEMS);
    entry->cases = sample_zeros(entry->cases_count, sizeof *entry->cases);
    for (uint32_t i = 0; i < entry->cases_count; i++) {
        struct entry_case *of = &entry->cases[i];

        sample_utf8(random, of->name, sizeof of->name);
        sample_utf8(random, of->backend, sizeof of->backend);
        sample_utf8(random, of->target, sizeof of->target);
        sample_utf8(random, of->address, sizeof of->address);
        sample_utf8(random, of->variant, sizeof of->variant);
        of->parameters_count = sample_below(random, SWEEP_KEYS_MAX + 1);
        for (uint32_t p = 0; p < of->parameters_count; p++) {
            sample_utf8(random, of->parameters[p].key, sizeof of->parameters[p].key);
            sample_utf8(random, of->parameters[p].value, sizeof of->parameters[p].value);
            of->parameters[p].number =
                sample_below(random, 2) == 0 ? (double)NAN : (double)sample_time(random) / 3;
        }
        of->status = (enum case_status)sample_below(random, CASE_FAILED + 1);
        sample_utf8(random, of->reason, sizeof of->reason);
    }
}

/* The tables are those of an assignment. */
static void sample_trial(struct random *random, struct entry_trial *trial)
{
    struct assignment tables;

    sample_assignment(random, &tables);
    trial->number = tables.trial;
    trial->case_index = (uint32_t)sample_number(random);
    trial->repetition = (uint32_t)sample_number(random);
    trial->agents_count = sample_below(random, AGENTS_MAX + 1);
    trial->started_unix_ns = sample_time(random);
    sample_utf8(random, trial->broker_version, sizeof trial->broker_version);
    trial->flows = tables.flows;
    trial->flows_count = tables.flows_count;
    trial->topics = tables.topics;
    trial->topics_count = tables.topics_count;
    trial->phases = tables.phases;
    trial->phases_count = tables.phases_count;
    trial->producers = tables.producers;
    trial->producers_count = tables.producers_count;
    trial->consumers = tables.consumers;
    trial->consumers_count = tables.consumers_count;
    tables.flows = NULL;
    tables.topics = NULL;
    tables.phases = NULL;
    tables.producers = NULL;
    tables.consumers = NULL;
    tables.flows_count = 0;
    tables.topics_count = 0;
    tables.phases_count = 0;
    tables.producers_count = 0;
    tables.consumers_count = 0;
    assignment_done(&tables);
    trial->producer_agents = sample_zeros(trial->producers_count, sizeof(uint32_t));
    trial->consumer_agents = sample_zeros(trial->consumers_count, sizeof(uint32_t));
    for (uint32_t i = 0; i < trial->producers_count; i++) {
        trial->producer_agents[i] = sample_below(random, AGENTS_MAX);
    }
    for (uint32_t i = 0; i < trial->consumers_count; i++) {
        trial->consumer_agents[i] = sample_below(random, AGENTS_MAX);
    }
    for (uint32_t i = 0; i < trial->flows_count; i++) {
        make_utf8(trial->flows[i].name);
    }
    for (uint32_t i = 0; i < trial->topics_count; i++) {
        make_utf8(trial->topics[i].name);
    }
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        make_utf8(trial->phases[i].name);
    }
}

static void sample_segment(struct random *random, struct entry_segment *segment)
{
    segment->trial = (uint32_t)sample_number(random);
    segment->phase_first = sample_below(random, PHASES_MAX);
    segment->phase_last = sample_below(random, PHASES_MAX);
    segment->start_ns = sample_time(random);
    segment->end_ns = sample_time(random);
}

static void sample_trial_end(struct random *random, struct entry_trial_end *end)
{
    end->trial = (uint32_t)sample_number(random);
    end->ended = sample_bool(random);
    end->ended_ns = sample_time(random);
    end->status = (enum case_status)sample_below(random, CASE_FAILED + 1);
    sample_utf8(random, end->reason, sizeof end->reason);
    end->agents_count = sample_below(random, ITEMS);
    for (uint32_t i = 0; i < end->agents_count; i++) {
        end->agents[i].agent = sample_below(random, AGENTS_MAX);
        end->agents[i].lost = sample_bool(random);
        end->agents[i].start_skew_ns = sample_time(random);
    }
}

static void sample_close(struct random *random, struct entry_close *entry)
{
    entry->verdict = (enum verdict)sample_below(random, VERDICT_INTERRUPTED + 1);
    entry->ended_unix_ns = sample_time(random);
    entry->more = sample_below(random, 2) == 0;
    entry->reasons_count = sample_below(random, ITEMS);
    entry->reasons = sample_zeros(entry->reasons_count, sizeof *entry->reasons);
    for (uint32_t i = 0; i < entry->reasons_count; i++) {
        sample_utf8(random, entry->reasons[i].code, sizeof entry->reasons[i].code);
        sample_utf8(random, entry->reasons[i].case_name, sizeof entry->reasons[i].case_name);
        sample_utf8(random, entry->reasons[i].text, sizeof entry->reasons[i].text);
    }
    entry->objectives_count = sample_below(random, ITEMS);
    entry->objectives = sample_zeros(entry->objectives_count, sizeof *entry->objectives);
    for (uint32_t i = 0; i < entry->objectives_count; i++) {
        struct result_objective *objective = &entry->objectives[i];

        sample_utf8(random, objective->text, sizeof objective->text);
        sample_utf8(random, objective->case_name, sizeof objective->case_name);
        sample_utf8(random, objective->phase, sizeof objective->phase);
        sample_utf8(random, objective->flow, sizeof objective->flow);
        objective->met = (enum met)sample_below(random, MET_NOT_AVAILABLE + 1);
        objective->has_observed = sample_below(random, 2) > 0;
        objective->observed = (double)sample_time(random) / 3;
        objective->at_least = sample_below(random, 2) == 1;
        objective->limit = (double)sample_time(random) / 3;
        sample_utf8(random, objective->unit, sizeof objective->unit);
        objective->window_ns = sample_time(random);
        objective->samples = sample_number(random);
        sample_utf8(random, objective->reason, sizeof objective->reason);
    }
    sample_findings(random, &entry->findings);
}

static void sample_search(struct random *random, struct entry_search *entry)
{
    struct findings findings;

    memset(&findings, 0, sizeof findings);
    while (findings.searches_count == 0 || findings.search_steps_count == 0) {
        findings_done(&findings);
        sample_findings(random, &findings);
    }
    entry->answer = findings.searches[0];
    entry->has_step = sample_below(random, 2) == 0;
    if (entry->has_step) {
        entry->step = findings.search_steps[0];
    }
    findings_done(&findings);
}

static void sample_snapshot_entry(struct random *random, struct snapshot **ret)
{
    struct snapshot *snapshot = sample_zeros(1, sizeof *snapshot);

    sample_snapshot(random, snapshot);
    memset(&snapshot->head, 0, sizeof snapshot->head); /* It is not kept. */
    for (uint32_t i = 0; i < snapshot->errors_count; i++) {
        make_utf8(snapshot->errors[i].text);
    }
    for (uint32_t i = 0; i < snapshot->notices_count; i++) {
        make_utf8(snapshot->notices[i].text);
    }
    for (uint32_t i = 0; i < snapshot->losses_count; i++) {
        make_utf8(snapshot->losses[i].text);
    }
    *ret = snapshot;
}

void sample_entry(struct random *random, enum entry_kind kind, struct journal_entry *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->kind = kind;
    ret->at_unix_ns = sample_time(random);
    switch (kind) {
    case ENTRY_RUN:
        sample_run(random, &ret->as.run);
        break;
    case ENTRY_AGENTS:
        sample_agents(random, &ret->as.agents);
        break;
    case ENTRY_CASES:
        sample_cases(random, &ret->as.cases);
        break;
    case ENTRY_TRIAL:
        sample_trial(random, &ret->as.trial);
        break;
    case ENTRY_SEGMENT:
        sample_segment(random, &ret->as.segment);
        break;
    case ENTRY_SNAPSHOT:
        sample_snapshot_entry(random, &ret->as.snapshot);
        break;
    case ENTRY_MARK:
        ret->as.mark.kind = (enum mark_kind)sample_below(random, MARK_COUNT);
        ret->as.mark.trial = (uint32_t)sample_number(random);
        ret->as.mark.at_ns = sample_time(random);
        ret->as.mark.from_ns = sample_time(random);
        ret->as.mark.clock_bound_ns = sample_number(random);
        sample_utf8(random, ret->as.mark.text, sizeof ret->as.mark.text);
        break;
    case ENTRY_TRIAL_END:
        sample_trial_end(random, &ret->as.trial_end);
        break;
    case ENTRY_SEARCH:
        sample_search(random, &ret->as.search);
        break;
    case ENTRY_CALIBRATION:
        ret->as.calibration.case_index = (uint32_t)sample_number(random);
        ret->as.calibration.made.ceiling_per_s = (double)sample_time(random) / 3;
        ret->as.calibration.made.duration_ns = sample_time(random);
        sample_utf8(random, ret->as.calibration.made.reason,
                    sizeof ret->as.calibration.made.reason);
        break;
    case ENTRY_CLOSE:
        sample_close(random, &ret->as.close);
        break;
    case ENTRY_COUNT:
        break;
    }
}

static bool same_run(struct entry_run a, struct entry_run b)
{
    bool same = strcmp(a.name, b.name) == 0 && strcmp(a.description, b.description) == 0 &&
                strcmp(a.command, b.command) == 0 && strcmp(a.scenario, b.scenario) == 0 &&
                a.versions_count == b.versions_count &&
                same_items(a.versions, b.versions, a.versions_count, sizeof *a.versions);

    a.name = a.description = a.command = a.scenario = NULL;
    b.name = b.description = b.command = b.scenario = NULL;
    a.versions = NULL;
    b.versions = NULL;
    return same && same_items(&a, &b, 1, sizeof a);
}

static bool same_trial(const struct entry_trial *a, const struct entry_trial *b)
{
    return a->number == b->number && a->case_index == b->case_index &&
           a->repetition == b->repetition && a->agents_count == b->agents_count &&
           a->started_unix_ns == b->started_unix_ns &&
           memcmp(a->broker_version, b->broker_version, sizeof a->broker_version) == 0 &&
           a->flows_count == b->flows_count && a->topics_count == b->topics_count &&
           a->phases_count == b->phases_count && a->producers_count == b->producers_count &&
           a->consumers_count == b->consumers_count &&
           same_items(a->flows, b->flows, a->flows_count, sizeof *a->flows) &&
           same_items(a->topics, b->topics, a->topics_count, sizeof *a->topics) &&
           same_items(a->phases, b->phases, a->phases_count, sizeof *a->phases) &&
           same_items(a->producers, b->producers, a->producers_count, sizeof *a->producers) &&
           same_items(a->consumers, b->consumers, a->consumers_count, sizeof *a->consumers) &&
           same_items(a->producer_agents, b->producer_agents, a->producers_count,
                      sizeof *a->producer_agents) &&
           same_items(a->consumer_agents, b->consumer_agents, a->consumers_count,
                      sizeof *a->consumer_agents);
}

bool same_entry(const struct journal_entry *a, const struct journal_entry *b)
{
    if (a->kind != b->kind || a->at_unix_ns != b->at_unix_ns) {
        return false;
    }
    switch (a->kind) {
    case ENTRY_RUN:
        return same_run(a->as.run, b->as.run);
    case ENTRY_AGENTS:
        return a->as.agents.agents_count == b->as.agents.agents_count &&
               same_items(a->as.agents.agents, b->as.agents.agents, a->as.agents.agents_count,
                          sizeof *a->as.agents.agents);
    case ENTRY_CASES:
        return a->as.cases.cases_count == b->as.cases.cases_count &&
               same_items(a->as.cases.cases, b->as.cases.cases, a->as.cases.cases_count,
                          sizeof *a->as.cases.cases);
    case ENTRY_TRIAL:
        return same_trial(&a->as.trial, &b->as.trial);
    case ENTRY_SEGMENT:
        return same_items(&a->as.segment, &b->as.segment, 1, sizeof a->as.segment);
    case ENTRY_SNAPSHOT:
        return a->as.snapshot->agent == b->as.snapshot->agent &&
               record_same(&snapshot_record, a->as.snapshot, b->as.snapshot);
    case ENTRY_MARK:
        return same_items(&a->as.mark, &b->as.mark, 1, sizeof a->as.mark);
    case ENTRY_TRIAL_END:
        return same_items(&a->as.trial_end, &b->as.trial_end, 1, sizeof a->as.trial_end);
    case ENTRY_SEARCH:
        return same_items(&a->as.search, &b->as.search, 1, sizeof a->as.search);
    case ENTRY_CALIBRATION:
        return same_items(&a->as.calibration, &b->as.calibration, 1, sizeof a->as.calibration);
    case ENTRY_CLOSE:
        return a->as.close.verdict == b->as.close.verdict &&
               a->as.close.ended_unix_ns == b->as.close.ended_unix_ns &&
               a->as.close.more == b->as.close.more &&
               a->as.close.reasons_count == b->as.close.reasons_count &&
               a->as.close.objectives_count == b->as.close.objectives_count &&
               same_items(a->as.close.reasons, b->as.close.reasons, a->as.close.reasons_count,
                          sizeof *a->as.close.reasons) &&
               same_items(a->as.close.objectives, b->as.close.objectives,
                          a->as.close.objectives_count, sizeof *a->as.close.objectives) &&
               same_findings(&a->as.close.findings, &b->as.close.findings);
    case ENTRY_COUNT:
        break;
    }
    return false;
}
