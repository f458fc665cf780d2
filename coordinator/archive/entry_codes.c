#include "entry_codes.h"

#include "fields_record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define VERSIONS_MAX 64
#define LINES_MAX 16384 /* Reasons and objectives. */
#define FORMAT 1        /* Of this journal. */

static const char *const kinds[ENTRY_COUNT] = {
    [ENTRY_RUN] = "run",         [ENTRY_AGENTS] = "agents",
    [ENTRY_CASES] = "cases",     [ENTRY_TRIAL] = "trial",
    [ENTRY_SEGMENT] = "segment", [ENTRY_SNAPSHOT] = "snapshot",
    [ENTRY_MARK] = "mark",       [ENTRY_TRIAL_END] = "trial_end",
    [ENTRY_SEARCH] = "search",   [ENTRY_CALIBRATION] = "calibration",
    [ENTRY_CLOSE] = "close",
};

static const char *const verdicts[] = {
    [VERDICT_PASS] = "pass",
    [VERDICT_FAIL] = "fail",
    [VERDICT_INVALID] = "invalid",
    [VERDICT_FAILED] = "failed",
    [VERDICT_REGRESSION] = "regression",
    [VERDICT_INTERRUPTED] = "interrupted",
};

static const char *const marks[] = {
    [MARK_BROKER_DOWN] = "broker_down", [MARK_BROKER_UP] = "broker_up",
    [MARK_AGENT_LOST] = "agent_lost",   [MARK_INTERRUPTED] = "interrupted",
    [MARK_CUT_OFF] = "cut_off",         [MARK_ERROR] = "error",
    [MARK_OBJECTIVE] = "objective",     [MARK_REFUSED] = "refused",
    [MARK_BROKER_SAYS] = "broker_says", [MARK_CLOCK] = "clock",
};

/* As JSON knows them. */
static const char *const mets[] = {
    [MET_NO] = "false",
    [MET_YES] = "true",
    [MET_NOT_AVAILABLE] = "null",
};

static void code_version(struct fields *fields, void *item)
{
    struct result_version *version = item;

    field_text(fields, "name", version->name, sizeof version->name);
    field_text(fields, "value", version->value, sizeof version->value);
}

static void code_run(struct fields *fields, struct entry_run *run)
{
    static const struct field_list versions = {.item_bytes = sizeof(struct result_version),
                                               .items_max = VERSIONS_MAX,
                                               .code = code_version};
    uint32_t format = FORMAT;

    field_u32(fields, "format", &format, ANY_U32);
    if (format != FORMAT) {
        fields_bad(fields, "format", "is one that this version does not know");
    }
    field_text(fields, "run_id", run->run_id, sizeof run->run_id);
    field_string(fields, "name", &run->name, SCENARIO_BYTES_MAX);
    field_string(fields, "description", &run->description, SCENARIO_BYTES_MAX);
    field_string(fields, "command", &run->command, SCENARIO_BYTES_MAX);
    field_string(fields, "scenario", &run->scenario, SCENARIO_BYTES_MAX);
    field_text(fields, "scenario_sha256", run->scenario_sha256, sizeof run->scenario_sha256);
    field_u64_text(fields, "seed", &run->seed);
    field_i64(fields, "started_unix_ns", &run->started_unix_ns);
    if (!fields->reads || !fields_lacks(fields, "selfcheck_warns")) { /* Older journals do. */
        field_bool(fields, "selfcheck_warns", &run->selfcheck_warns);
    }
    run->versions = field_list(fields, "versions", run->versions, &run->versions_count, &versions);
}

static void code_agent(struct fields *fields, void *item)
{
    struct result_agent *agent = item;

    field_text(fields, "name", agent->name, sizeof agent->name);
    field_text(fields, "host", agent->host, sizeof agent->host);
    field_text(fields, "kernel", agent->kernel, sizeof agent->kernel);
    field_text(fields, "version", agent->version, sizeof agent->version);
    field_u32(fields, "cpus", &agent->cpus, ANY_U32);
    field_counter(fields, "memory_bytes", &agent->memory_bytes);
    field_bool(fields, "lost", &agent->lost);
    field_text(fields, "lost_reason", agent->lost_reason, sizeof agent->lost_reason);
    field_i64(fields, "start_skew_ns", &agent->start_skew_ns);
    field_i64(fields, "clock_offset_ns", &agent->clock_offset_ns);
    field_i64(fields, "clock_bound_ns", &agent->clock_bound_ns);
    field_double(fields, "clock_drift_ppb", &agent->clock_drift_ppb);
}

static void code_agents(struct fields *fields, struct entry_agents *entry)
{
    static const struct field_list agents = {
        .item_bytes = sizeof(struct result_agent), .items_max = AGENTS_MAX, .code = code_agent};

    entry->agents = field_list(fields, "agents", entry->agents, &entry->agents_count, &agents);
}

/* A parameter that is no number has none: as 0 is one, it can't stand for it. */
static void code_parameter(struct fields *fields, void *item)
{
    struct result_parameter *parameter = item;
    bool is_number = !isnan(parameter->number);

    field_text(fields, "key", parameter->key, sizeof parameter->key);
    field_text(fields, "value", parameter->value, sizeof parameter->value);
    field_bool(fields, "is_number", &is_number);
    field_double(fields, "number", &parameter->number);
    parameter->number = is_number ? parameter->number : NAN;
}

static void code_case(struct fields *fields, void *item)
{
    static const struct field_list parameters = {.item_bytes = sizeof(struct result_parameter),
                                                 .items_max = SWEEP_KEYS_MAX,
                                                 .code = code_parameter};
    struct entry_case *entry = item;

    field_text(fields, "name", entry->name, sizeof entry->name);
    field_text(fields, "backend", entry->backend, sizeof entry->backend);
    field_text(fields, "target", entry->target, sizeof entry->target);
    field_text(fields, "address", entry->address, sizeof entry->address);
    field_text(fields, "variant", entry->variant, sizeof entry->variant);
    field_items(fields, "parameters", entry->parameters, &entry->parameters_count, &parameters);
    entry->status =
        field_enum(fields, "status", entry->status, case_status_names, CASE_STATUSES_COUNT);
    field_text(fields, "reason", entry->reason, sizeof entry->reason);
}

static void code_cases(struct fields *fields, struct entry_cases *entry)
{
    static const struct field_list cases = {
        .item_bytes = sizeof(struct entry_case), .items_max = CASES_MAX, .code = code_case};

    entry->cases = field_list(fields, "cases", entry->cases, &entry->cases_count, &cases);
}

static void code_mark(struct fields *fields, struct result_mark *mark)
{
    mark->kind = field_enum(fields, "mark", mark->kind, marks, MARK_COUNT);
    field_u32(fields, "trial", &mark->trial, ANY_U32);
    field_i64(fields, "at_ns", &mark->at_ns);
    field_text(fields, "text", mark->text, sizeof mark->text);
    if (!fields->reads || !fields_lacks(fields, "from_ns")) {
        field_i64(fields, "from_ns", &mark->from_ns);
        field_counter(fields, "clock_bound_ns", &mark->clock_bound_ns);
    }
}

static void code_reason(struct fields *fields, void *item)
{
    struct result_reason *reason = item;

    field_text(fields, "code", reason->code, sizeof reason->code);
    field_text(fields, "case", reason->case_name, sizeof reason->case_name);
    field_text(fields, "text", reason->text, sizeof reason->text);
}

static void code_objective(struct fields *fields, void *item)
{
    struct result_objective *objective = item;

    field_text(fields, "text", objective->text, sizeof objective->text);
    field_text(fields, "case", objective->case_name, sizeof objective->case_name);
    field_text(fields, "phase", objective->phase, sizeof objective->phase);
    field_text(fields, "flow", objective->flow, sizeof objective->flow);
    objective->met = field_enum(fields, "met", objective->met, mets, MET_NOT_AVAILABLE + 1);
    if (!fields->reads || !fields_lacks(fields, "has_observed")) { /* Older journals do. */
        field_bool(fields, "has_observed", &objective->has_observed);
    }
    field_double(fields, "observed", &objective->observed);
    if (!fields->reads || !fields_lacks(fields, "at_least")) { /* Older journals do. */
        field_bool(fields, "at_least", &objective->at_least);
    }
    field_double(fields, "limit", &objective->limit);
    field_text(fields, "unit", objective->unit, sizeof objective->unit);
    field_i64(fields, "window_ns", &objective->window_ns);
    field_counter(fields, "samples", &objective->samples);
    field_text(fields, "reason", objective->reason, sizeof objective->reason);
}

static void code_close(struct fields *fields, struct entry_close *entry)
{
    static const struct field_list reasons = {
        .item_bytes = sizeof(struct result_reason), .items_max = LINES_MAX, .code = code_reason};
    static const struct field_list objectives = {.item_bytes = sizeof(struct result_objective),
                                                 .items_max = LINES_MAX,
                                                 .code = code_objective};

    entry->verdict =
        field_enum(fields, "verdict", entry->verdict, verdicts, VERDICT_INTERRUPTED + 1);
    field_i64(fields, "ended_unix_ns", &entry->ended_unix_ns);
    field_bool(fields, "more", &entry->more);
    entry->reasons = field_list(fields, "reasons", entry->reasons, &entry->reasons_count, &reasons);
    entry->objectives =
        field_list(fields, "objectives", entry->objectives, &entry->objectives_count, &objectives);
    code_findings(fields, &entry->findings);
}

static void code_calibration(struct fields *fields, struct entry_calibration *entry)
{
    struct result_calibration *made = &entry->made;

    field_u32(fields, "case_index", &entry->case_index, ANY_U32);
    field_double(fields, "ceiling_per_s", &made->ceiling_per_s);
    field_i64(fields, "duration_ns", &made->duration_ns);
    field_text(fields, "reason", made->reason, sizeof made->reason);
}

void code_entry(struct fields *fields, struct journal_entry *entry)
{
    entry->kind = field_enum(fields, "kind", entry->kind, kinds, ENTRY_COUNT);
    field_i64(fields, "at_unix_ns", &entry->at_unix_ns);
    switch (entry->kind) {
    case ENTRY_RUN:
        code_run(fields, &entry->as.run);
        break;
    case ENTRY_AGENTS:
        code_agents(fields, &entry->as.agents);
        break;
    case ENTRY_CASES:
        code_cases(fields, &entry->as.cases);
        break;
    case ENTRY_TRIAL:
        code_trial_entry(fields, &entry->as.trial);
        break;
    case ENTRY_SEGMENT:
        code_segment_entry(fields, &entry->as.segment);
        break;
    case ENTRY_SNAPSHOT:
        code_snapshot_entry(fields, &entry->as.snapshot);
        break;
    case ENTRY_MARK:
        code_mark(fields, &entry->as.mark);
        break;
    case ENTRY_TRIAL_END:
        code_trial_end_entry(fields, &entry->as.trial_end);
        break;
    case ENTRY_SEARCH:
        code_search_entry(fields, &entry->as.search);
        break;
    case ENTRY_CALIBRATION:
        code_calibration(fields, &entry->as.calibration);
        break;
    case ENTRY_CLOSE:
        code_close(fields, &entry->as.close);
        break;
    case ENTRY_COUNT:
        break;
    }
}
