/* The tables of a journal's entries, see record.h: what a document of each kind holds. Each is
 * called as its kind is in a journal. */
#include "journal_entry.h"

#include "invariant.h"

#define VERSIONS_MAX 64
/* Each row that is missed has one, and so has whatever else went wrong. */
#define REASONS_MAX (2 * OBJECTIVE_ROWS_MAX)
/* At most one for each row of an objective. */
#define WINDOW_COUNTS_MAX OBJECTIVE_ROWS_MAX

static const char *const verdicts[] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
    [VERDICT_INVALID] = "invalid",
    [VERDICT_FAILED] = "failed",
    [VERDICT_REGRESSION] = "regression",
    [VERDICT_INTERRUPTED] = "interrupted",
};

static const struct field entry_run_fields[] = {
    FIELD_NAMED(entry_run, schema, "format"),
    FIELD(entry_run, run_id),
    FIELD(entry_run, name, .max = SCENARIO_BYTES_MAX, .optional = true),
    FIELD(entry_run, description, .max = SCENARIO_BYTES_MAX, .optional = true),
    FIELD(entry_run, command, .max = SCENARIO_BYTES_MAX, .optional = true),
    FIELD(entry_run, scenario, .max = SCENARIO_BYTES_MAX, .optional = true),
    FIELD(entry_run, scenario_sha256),
    FIELD_OF_TYPE(entry_run, seed, FIELD_ID),
    FIELD(entry_run, started_unix_ns),
    FIELD(entry_run, selfcheck_warns, .since = 2),
    FIELD_LIST_OF(entry_run, versions, versions_count, result_version_record, VERSIONS_MAX),
};

static const struct record entry_run_record = RECORD(entry_run);

static const struct field entry_agents_fields[] = {
    FIELD_LIST_OF(entry_agents, agents, agents_count, result_agent_record, AGENTS_MAX),
};

static const struct record entry_agents_record = RECORD(entry_agents);

static const struct field entry_case_fields[] = {
    FIELD(entry_case, name),
    FIELD(entry_case, backend),
    FIELD(entry_case, client, .since = 4, .untold = true),
    FIELD(entry_case, target),
    FIELD(entry_case, address),
    FIELD(entry_case, variant),
    FIELD_ITEMS_OF(entry_case, parameters, parameters_count, result_parameter_record,
                   SWEEP_KEYS_MAX),
    FIELD_NAMES_OF(entry_case, status, FIELD_ENUM, case_status_names),
    FIELD(entry_case, reason),
};

static const struct record entry_case_record = RECORD(entry_case);

static const struct field entry_cases_fields[] = {
    FIELD_LIST_OF(entry_cases, cases, cases_count, entry_case_record, CASES_MAX),
};

static const struct record entry_cases_record = RECORD(entry_cases);

static const struct field entry_plan_fields[] = {
    FIELD(entry_plan, trials_count, .max = TRIALS_MAX),
};

static const struct record entry_plan_record = RECORD(entry_plan);

/* Agents stand beside the clients, as many as there are of these. */
static const struct field client_agent_fields[] = {
    {.name = "agent", .type = FIELD_U32, .bytes = sizeof(uint32_t), .max = AGENTS_MAX - 1},
};

static const struct record client_agent_record = {.name = "client_agent",
                                                  .bytes = sizeof(uint32_t),
                                                  .fields = client_agent_fields,
                                                  .fields_count = 1};

static const struct field entry_trial_fields[] = {
    FIELD_NAMED(entry_trial, number, "trial"),
    FIELD(entry_trial, case_index),
    FIELD(entry_trial, repetition),
    FIELD(entry_trial, agents_count, .max = AGENTS_MAX),
    FIELD(entry_trial, started_unix_ns),
    FIELD(entry_trial, broker_version),
    FIELD_LIST_OF(entry_trial, flows, flows_count, assigned_flow_record, FLOWS_MAX),
    FIELD_LIST_OF(entry_trial, topics, topics_count, assigned_topic_record, TOPICS_MAX),
    FIELD_LIST_OF(entry_trial, phases, phases_count, assigned_phase_record, PHASES_MAX),
    FIELD_LIST_OF(entry_trial, producers, producers_count, assigned_producer_record, CLIENTS_MAX),
    FIELD_LIST_OF(entry_trial, consumers, consumers_count, assigned_consumer_record, CLIENTS_MAX),
    FIELD_LIST_OF(entry_trial, producer_agents, producers_count, client_agent_record, CLIENTS_MAX,
                  .packed = true, .counted = true),
    FIELD_LIST_OF(entry_trial, consumer_agents, consumers_count, client_agent_record, CLIENTS_MAX,
                  .packed = true, .counted = true),
};

static const struct record entry_trial_record = RECORD(entry_trial);

static const struct field entry_segment_fields[] = {
    FIELD(entry_segment, trial),
    FIELD(entry_segment, phase_first, .max = PHASES_MAX - 1),
    FIELD(entry_segment, phase_last, .max = PHASES_MAX - 1),
    FIELD(entry_segment, start_ns),
    FIELD(entry_segment, end_ns),
};

static const struct record entry_segment_record = RECORD(entry_segment);

static const struct field agent_end_fields[] = {
    FIELD(agent_end, agent, .max = AGENTS_MAX - 1),
    FIELD(agent_end, lost),
    FIELD(agent_end, start_skew_ns),
};

static const struct record agent_end_record = RECORD(agent_end);

static const struct field entry_trial_end_fields[] = {
    FIELD(entry_trial_end, trial),
    FIELD(entry_trial_end, ended),
    FIELD(entry_trial_end, ended_ns),
    FIELD_NAMES_OF(entry_trial_end, status, FIELD_ENUM, case_status_names),
    FIELD(entry_trial_end, reason),
    FIELD_ITEMS_OF(entry_trial_end, agents, agents_count, agent_end_record, AGENTS_MAX),
};

static const struct record entry_trial_end_record = RECORD(entry_trial_end);

static bool has_step(const void *item)
{
    return ((const struct entry_search *)item)->has_step;
}

static const struct field entry_search_fields[] = {
    FIELD_RECORD_OF(entry_search, answer, result_search_record),
    FIELD(entry_search, has_step),
    FIELD_RECORD_OF(entry_search, step, result_search_step_record, .kept_if = has_step),
};

static const struct record entry_search_record = RECORD(entry_search);

static const struct field entry_calibration_fields[] = {
    FIELD(entry_calibration, case_index),
    FIELD_RECORD_OF(entry_calibration, made, result_calibration_record, .flat = true),
};

static const struct record entry_calibration_record = RECORD(entry_calibration);

static const struct field window_count_fields[] = {
    FIELD(window_count, objective, .max = OBJECTIVES_MAX - 1),
    FIELD(window_count, trial),
    FIELD(window_count, phase),
    FIELD(window_count, windows),
    FIELD(window_count, held),
    FIELD(window_count, samples),
    FIELD(window_count, has_worst),
    FIELD(window_count, worst),
    FIELD_OF_TYPE(window_count, room, FIELD_ID),
    FIELD(window_count, censored),
};

static const struct record window_count_record = RECORD(window_count);

static const struct field entry_outcome_fields[] = {
    FIELD(entry_outcome, trial),
    FIELD_LIST_OF(entry_outcome, windows, windows_count, window_count_record, WINDOW_COUNTS_MAX),
    FIELD(entry_outcome, aborted),
    FIELD(entry_outcome, broker_lost),
};

static const struct record entry_outcome_record = RECORD(entry_outcome);

static const struct field entry_close_fields[] = {
    FIELD_NAMES_OF(entry_close, verdict, FIELD_ENUM, verdicts),
    FIELD(entry_close, ended_unix_ns),
    FIELD(entry_close, more),
    FIELD_LIST_OF(entry_close, reasons, reasons_count, result_reason_record, REASONS_MAX),
    FIELD_LIST_OF(entry_close, objectives, objectives_count, result_objective_record,
                  OBJECTIVE_ROWS_MAX),
    FIELD_RECORD_OF(entry_close, findings, findings_record, .flat = true),
};

static const struct record entry_close_record = RECORD(entry_close);

static const char *const kinds[ENTRY_COUNT] = {
    [ENTRY_RUN] = "run",         [ENTRY_AGENTS] = "agents",
    [ENTRY_CASES] = "cases",     [ENTRY_TRIAL] = "trial",
    [ENTRY_SEGMENT] = "segment", [ENTRY_SNAPSHOT] = "snapshot",
    [ENTRY_MARK] = "mark",       [ENTRY_TRIAL_END] = "trial_end",
    [ENTRY_SEARCH] = "search",   [ENTRY_CALIBRATION] = "calibration",
    [ENTRY_CLOSE] = "close",     [ENTRY_PLAN] = "plan",
    [ENTRY_OUTCOME] = "outcome", [ENTRY_RESUMED] = "resumed",
};

static const struct field entry_head_fields[] = {
    FIELD_NAMES_OF(journal_entry, kind, FIELD_ENUM, kinds),
    FIELD(journal_entry, at_unix_ns),
};

const struct record entry_head_record = RECORD_OF(journal_entry, "entry", entry_head_fields);

static const struct record *const records[ENTRY_COUNT] = {
    [ENTRY_RUN] = &entry_run_record,         [ENTRY_AGENTS] = &entry_agents_record,
    [ENTRY_CASES] = &entry_cases_record,     [ENTRY_TRIAL] = &entry_trial_record,
    [ENTRY_SEGMENT] = &entry_segment_record, [ENTRY_SNAPSHOT] = &snapshot_record,
    [ENTRY_MARK] = &result_mark_record,      [ENTRY_TRIAL_END] = &entry_trial_end_record,
    [ENTRY_SEARCH] = &entry_search_record,   [ENTRY_CALIBRATION] = &entry_calibration_record,
    [ENTRY_CLOSE] = &entry_close_record,     [ENTRY_PLAN] = &entry_plan_record,
    [ENTRY_OUTCOME] = &entry_outcome_record, [ENTRY_RESUMED] = &result_resume_record,
};

const struct record *entry_record(enum entry_kind kind)
{
    ASSERT((size_t)kind < ENTRY_COUNT);
    return records[kind];
}

void *entry_held(struct journal_entry *entry)
{
    return entry->kind == ENTRY_SNAPSHOT ? (void *)entry->as.snapshot : (void *)&entry->as;
}
