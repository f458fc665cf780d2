/* The tables of what a result holds, see record.h: as it stands in a journal and in result.json.
 * What is computed when a journal is folded stands in result.json alone. */
#include "result.h"

#include "invariant.h"

#include <math.h>

static const char *const mark_names[] = {
    [MARK_BROKER_DOWN] = "broker down",
    [MARK_BROKER_UP] = "broker up",
    [MARK_AGENT_LOST] = "agent lost",
    [MARK_INTERRUPTED] = "interrupted",
    [MARK_CUT_OFF] = "cut off",
    [MARK_ERROR] = "error",
    [MARK_OBJECTIVE] = "objective missed",
    [MARK_REFUSED] = "refused",
    [MARK_BROKER_SAYS] = "the broker says",
    [MARK_CLOCK] = "clock",
    [MARK_STALL] = "stall",
    [MARK_AGENT_SUSPECT] = "agent suspect",
    [MARK_AGENT_BACK] = "agent back",
    [MARK_AGENT_FENCED] = "agent fenced",
};

/* In journals, which had them before people were shown the others. */
static const char *const mark_kept_names[] = {
    [MARK_BROKER_DOWN] = "broker_down",
    [MARK_BROKER_UP] = "broker_up",
    [MARK_AGENT_LOST] = "agent_lost",
    [MARK_INTERRUPTED] = "interrupted",
    [MARK_CUT_OFF] = "cut_off",
    [MARK_ERROR] = "error",
    [MARK_OBJECTIVE] = "objective",
    [MARK_REFUSED] = "refused",
    [MARK_BROKER_SAYS] = "broker_says",
    [MARK_CLOCK] = "clock",
    [MARK_STALL] = "stall",
    [MARK_AGENT_SUSPECT] = "agent_suspect",
    [MARK_AGENT_BACK] = "agent_back",
    [MARK_AGENT_FENCED] = "agent_fenced",
};

static const char *const outage_kinds[OUTAGE_KINDS_COUNT] = {
    [OUTAGE_BROKER] = "broker",
    [OUTAGE_CLIENT] = "client",
};

/* As JSON knows them. */
static const char *const mets[] = {
    [MET_NO] = "false",
    [MET_YES] = "true",
    [MET_NOT_AVAILABLE] = "null",
};

const char *mark_kind_name(enum mark_kind kind)
{
    ASSERT((size_t)kind < sizeof mark_names / sizeof mark_names[0]);
    return mark_names[kind];
}

bool mark_is_of_agent(enum mark_kind kind)
{
    return kind == MARK_AGENT_SUSPECT || kind == MARK_AGENT_BACK || kind == MARK_AGENT_LOST ||
           kind == MARK_AGENT_FENCED;
}

bool mark_has_time(enum mark_kind kind)
{
    return kind != MARK_REFUSED;
}

static const struct field result_reason_fields[] = {
    FIELD(result_reason, code),
    FIELD_NAMED(result_reason, case_name, "case", .shown = SHOWN_OR_NULL),
    FIELD(result_reason, text),
};

const struct record result_reason_record = RECORD(result_reason);

static const struct field result_version_fields[] = {
    FIELD(result_version, name),
    FIELD(result_version, value),
};

const struct record result_version_record = RECORD(result_version);

static bool is_lost(const void *item)
{
    return ((const struct result_agent *)item)->lost;
}

static bool is_fenced(const void *item)
{
    return ((const struct result_agent *)item)->fenced;
}

/* Earlier journals don't tell. */
static bool knows_when(const void *item)
{
    const struct result_agent *agent = item;

    return agent->lost && agent->lost_ns >= 0;
}

static bool knows_share(const void *item)
{
    return ((const struct result_agent *)item)->usable_cpus_milli > 0;
}

static bool has_libraries(const void *item)
{
    return ((const struct result_agent *)item)->libraries[0] != '\0';
}

static const struct field agent_clock_fields[] = {
    FIELD_NAMED(result_agent, clock_offset_ns, "offset_ns"),
    FIELD_NAMED(result_agent, clock_bound_ns, "bound_ns"),
    FIELD_NAMED(result_agent, clock_drift_ppb, "drift_ppb"),
};

static const struct record agent_clock_record =
    RECORD_OF(result_agent, "clock", agent_clock_fields);

static const struct field result_agent_fields[] = {
    FIELD(result_agent, name),
    FIELD(result_agent, host),
    FIELD(result_agent, kernel),
    FIELD(result_agent, cpus),
    FIELD(result_agent, usable_cpus_milli, .since = 4, .untold = true, .shown_if = knows_share),
    FIELD(result_agent, clients, .since = 4, .untold = true, .shown_if = knows_share),
    FIELD(result_agent, share, .since = 4, .untold = true, .shown_if = knows_share),
    FIELD(result_agent, libraries, .since = 4, .untold = true, .shown_if = has_libraries),
    FIELD(result_agent, memory_bytes),
    FIELD(result_agent, version),
    FIELD(result_agent, lost),
    FIELD(result_agent, lost_reason, .shown_if = is_lost),
    FIELD(result_agent, lost_trial, .since = 4, .kept_if = is_lost, .shown_if = knows_when),
    FIELD(result_agent, lost_ns, .since = 4, .otherwise = -1, .kept_if = is_lost,
          .shown_if = knows_when),
    FIELD(result_agent, fenced, .since = 4, .kept_if = is_lost, .shown_if = is_fenced),
    FIELD(result_agent, start_skew_ns),
    FIELD(result_agent, driver_ns_max, .only = ONLY_SHOWN),
    FIELD(result_agent, clock_offset_ns, .only = ONLY_KEPT),
    FIELD(result_agent, clock_bound_ns, .only = ONLY_KEPT),
    FIELD(result_agent, clock_drift_ppb, .only = ONLY_KEPT),
    FIELD_GROUP("clock", agent_clock_record),
};

const struct record result_agent_record = RECORD(result_agent);

/* By these names a metric that is a count finds its value, too. */
static const struct field result_delivery_fields[] = {
    FIELD(result_delivery, sent),
    FIELD(result_delivery, acked),
    FIELD(result_delivery, refused),
    FIELD(result_delivery, unconfirmed),
    FIELD(result_delivery, expected),
    FIELD(result_delivery, received),
    FIELD(result_delivery, lost),
    FIELD(result_delivery, duplicated),
    FIELD(result_delivery, reordered),
    FIELD(result_delivery, corrupted, SUM_OF(counters, corrupted)),
    FIELD(result_delivery, expired),
    FIELD(result_delivery, unaccounted),
    FIELD(result_delivery, unexpected),
    FIELD(result_delivery, errors, SUM_OF(counters, errors)),
};

const struct record result_delivery_record = RECORD(result_delivery);

static bool has_rates(const void *item)
{
    return result_phase_has_rates(item);
}

/* With `max` nothing was asked. */
static bool asks_rate(const void *item)
{
    const struct result_phase *phase = item;

    return !phase->is_max && result_phase_has_rates(phase);
}

static bool is_paced(const void *item)
{
    return !((const struct result_phase *)item)->is_max;
}

static const struct field phase_rates_fields[] = {
    FIELD(result_phase, asked_per_s, .shown_if = asks_rate),
    FIELD(result_phase, sent_per_s, .shown_if = has_rates),
    FIELD(result_phase, acked_per_s, .shown_if = has_rates),
    FIELD(result_phase, received_per_s, .shown_if = has_rates),
    FIELD(result_phase, sent_bytes_per_s, .shown_if = has_rates),
    FIELD(result_phase, received_bytes_per_s, .shown_if = has_rates),
};

static const struct record phase_rates_record =
    RECORD_OF(result_phase, "rates", phase_rates_fields);

static const struct field phase_clock_fields[] = {
    FIELD_NAMED(result_phase, clock_bound_ns, "bound_ns"),
    FIELD_NAMED(result_phase, clock_violations, "violations"),
};

static const struct record phase_clock_record =
    RECORD_OF(result_phase, "clock", phase_clock_fields);

static bool lacks_agent(const void *item)
{
    return ((const struct result_phase *)item)->lacks_agent;
}

static bool has_resolution(const void *item)
{
    return ((const struct result_phase *)item)->resolution_ns > 0;
}

static bool is_coalesced(const void *item)
{
    return ((const struct result_phase *)item)->coalesce_ns > 0;
}

static const struct field result_phase_fields[] = {
    FIELD(result_phase, name),
    FIELD(result_phase, flow, .shown = SHOWN_OR_NULL),
    FIELD(result_phase, measured),
    FIELD(result_phase, lacks_agent, .shown_if = lacks_agent),
    FIELD(result_phase, start_ns),
    FIELD(result_phase, duration_ns),
    FIELD_GROUP("rates", phase_rates_record),
    FIELD(result_phase, skipped, SUM_OF(counters, skipped), .shown_if = is_paced),
    FIELD_RECORD_OF(result_phase, delivery, result_delivery_record),
    FIELD_GROUP("clock", phase_clock_record),
    FIELD(result_phase, coalesce_ns, .shown_if = is_coalesced),
    FIELD(result_phase, resolution_ns, .largest = true, .shown_if = has_resolution),
};

const struct record result_phase_record = RECORD(result_phase);

static const struct field result_latency_fields[] = {
    FIELD(result_latency, samples),
    FIELD_NAMED(result_latency, p50, "p50_ns"),
    FIELD_NAMED(result_latency, p99, "p99_ns"),
    FIELD_NAMED(result_latency, max, "max_ns"),
};

static const struct record result_latency_record = RECORD(result_latency);

static const struct field result_interval_fields[] = {
    FIELD(result_interval, index),
    FIELD_NAMED(result_interval, start_ns, "start_s", .shown = SHOWN_IN_SECONDS),
    FIELD(result_interval, length_s),
    FIELD(result_interval, complete),
    FIELD(result_interval, due, SUM_OF(counters, due)),
    FIELD(result_interval, skipped, SUM_OF(counters, skipped)),
    FIELD(result_interval, sent, SUM_OF(counters, sent_now)),
    FIELD(result_interval, acked, SUM_OF(counters, acked_now)),
    FIELD(result_interval, received, SUM_OF(counters, received_now)),
    FIELD(result_interval, refused, SUM_OF(counters, refused)),
    FIELD(result_interval, unconfirmed, SUM_OF(counters, unconfirmed)),
    FIELD(result_interval, errors, SUM_OF(counters, errors)),
    FIELD(result_interval, backlog),
    FIELD(result_interval, clients_down),
    FIELD_RECORD_OF(result_interval, e2e, result_latency_record, .shown = SHOWN_IF_SET),
    FIELD_RECORD_OF(result_interval, publish, result_latency_record, .shown = SHOWN_IF_SET),
    FIELD_RECORD_OF(result_interval, send_lag, result_latency_record, .shown = SHOWN_IF_SET),
};

const struct record result_interval_record = RECORD(result_interval);

static bool is_of_agent(const void *item)
{
    return mark_is_of_agent(((const struct result_mark *)item)->kind);
}

static bool has_time(const void *item)
{
    return mark_has_time(((const struct result_mark *)item)->kind);
}

static const struct field result_mark_fields[] = {
    FIELD_NAMES_AS(result_mark, kind, "mark", mark_kept_names, .only = ONLY_KEPT),
    FIELD_NAMES_AS(result_mark, kind, "mark", mark_names, .only = ONLY_SHOWN),
    FIELD(result_mark, trial, .shown_if = has_time),
    FIELD(result_mark, at_ns, .shown_if = has_time),
    FIELD(result_mark, text),
    FIELD(result_mark, from_ns, .since = 2, .only = ONLY_KEPT),
    FIELD(result_mark, clock_bound_ns, .since = 2, .only = ONLY_KEPT),
    FIELD(result_mark, agent, .since = 4, .otherwise = UINT32_MAX, .only = ONLY_KEPT,
          .kept_if = is_of_agent),
};

const struct record result_mark_record = RECORD(result_mark);

static const char *const resume_causes[RESUME_CAUSES_COUNT] = {
    [RESUME_KILLED] = "killed",
    [RESUME_INTERRUPTED] = "interrupted",
    [RESUME_FAILED] = "failed",
};

const char *resume_cause_name(enum resume_cause cause)
{
    return resume_causes[cause];
}

static const struct field result_resume_fields[] = {
    FIELD_NAMES_OF(result_resume, cause, FIELD_ENUM, resume_causes),
    FIELD(result_resume, trial),
    FIELD(result_resume, trials_done),
    FIELD(result_resume, began_trial),
    FIELD(result_resume, left_unix_ns),
    FIELD(result_resume, resumed_unix_ns),
    FIELD(result_resume, part_id),
    FIELD(result_resume, agents_count, .only = ONLY_SHOWN),
    FIELD(result_resume, agents_new, .only = ONLY_SHOWN),
    FIELD(result_resume, agents_gone, .only = ONLY_SHOWN),
};

const struct record result_resume_record = RECORD(result_resume);

/* Else it never came back. */
static bool came_back(const void *item)
{
    const struct result_outage *outage = item;

    return outage->up_ns >= outage->down_ns;
}

static bool is_of_broker(const void *item)
{
    return ((const struct result_outage *)item)->kind == OUTAGE_BROKER;
}

static const struct field result_outage_fields[] = {
    FIELD_NAMES_OF(result_outage, kind, FIELD_ENUM, outage_kinds),
    FIELD(result_outage, client, .shown = SHOWN_OR_NULL),
    FIELD(result_outage, down_ns),
    FIELD(result_outage, up_ns, .shown_if = came_back),
    FIELD(result_outage, backlog_peak, .shown_if = is_of_broker),
    FIELD(result_outage, unconfirmed, .shown_if = is_of_broker),
    FIELD(result_outage, clients, .shown_if = is_of_broker),
    FIELD(result_outage, text),
};

const struct record result_outage_record = RECORD(result_outage);

static const struct field result_parameter_fields[] = {
    FIELD(result_parameter, key),
    FIELD(result_parameter, value),
    FIELD(result_parameter, number, .or_nan = true, .only = ONLY_KEPT),
};

const struct record result_parameter_record = RECORD(result_parameter);

/* As a journal keeps it. */
static const struct field result_calibration_fields[] = {
    FIELD(result_calibration, ceiling_per_s),
    FIELD(result_calibration, duration_ns),
    FIELD(result_calibration, burst_messages, .since = 4),
    FIELD(result_calibration, cpu_ns_per_message, .since = 4),
    FIELD(result_calibration, reason),
};

const struct record result_calibration_record = RECORD(result_calibration);

static bool is_at_least(const void *item)
{
    return ((const struct result_figure *)item)->at_least;
}

static const struct field result_figure_fields[] = {
    FIELD(result_figure, phase),
    FIELD(result_figure, flow, .shown = SHOWN_OR_NULL),
    FIELD(result_figure, metric),
    FIELD(result_figure, unit),
    FIELD(result_figure, trials),
    FIELD(result_figure, median),
    FIELD(result_figure, mean),
    FIELD(result_figure, low),
    FIELD(result_figure, high),
    FIELD(result_figure, min),
    FIELD(result_figure, max),
    FIELD(result_figure, at_least, .shown = SHOWN_IF_SET),
    FIELD(result_figure, median_at_least, .shown_if = is_at_least),
};

const struct record result_figure_record = RECORD(result_figure);

static bool has_observed(const void *item)
{
    return result_has_observed(item);
}

static bool observed_at_least(const void *item)
{
    const struct result_objective *objective = item;

    return objective->at_least && result_has_observed(objective);
}

static const struct field result_objective_fields[] = {
    FIELD(result_objective, text),
    FIELD_NAMED(result_objective, case_name, "case"),
    FIELD(result_objective, phase, .shown = SHOWN_OR_NULL),
    FIELD(result_objective, flow, .shown = SHOWN_OR_NULL),
    FIELD_NAMES_OF(result_objective, met, FIELD_ENUM, mets, .shown = SHOWN_AS_LITERAL),
    FIELD(result_objective, has_observed, .since = 2, .only = ONLY_KEPT),
    FIELD(result_objective, observed, .shown_if = has_observed),
    FIELD(result_objective, at_least, .since = 2, .shown_if = observed_at_least),
    FIELD(result_objective, limit),
    FIELD(result_objective, unit),
    FIELD(result_objective, window_ns, .shown = SHOWN_IF_SET),
    FIELD(result_objective, samples),
    FIELD(result_objective, reason, .shown = SHOWN_OR_NULL),
};

const struct record result_objective_record = RECORD(result_objective);

static const struct field result_head_fields[] = {
    FIELD(result, run_id),
    FIELD(result, name, .optional = true),
    FIELD(result, description, .optional = true),
};

const struct record result_head_record = RECORD_OF(result, "result", result_head_fields);

static bool is_cut_off(const void *item)
{
    return ((const struct result *)item)->cut_off;
}

static const struct field result_verdict_fields[] = {
    FIELD_LIST_OF(result, reasons, reasons_count, result_reason_record, UINT32_MAX),
    FIELD(result, cut_off),
    FIELD_NAMED(result, cut_off_ns, "cut_off_unix_ns", .shown_if = is_cut_off),
    FIELD(result, trials_planned, .shown = SHOWN_IF_SET),
    FIELD(result, started_unix_ns),
    FIELD(result, ended_unix_ns),
    FIELD_OF_TYPE(result, seed, FIELD_ID),
};

const struct record result_verdict_record = RECORD_OF(result, "result", result_verdict_fields);

static const struct field result_scenario_fields[] = {
    FIELD_NAMED(result, scenario, "yaml", .optional = true),
};

static const struct record result_scenario_record =
    RECORD_OF(result, "scenario", result_scenario_fields);

static bool is_of_before(const void *item)
{
    return ((const struct result *)item)->journal_lacks != NULL;
}

static const struct field result_texts_fields[] = {
    FIELD(result, command, .optional = true),
    FIELD_GROUP("scenario", result_scenario_record),
    FIELD(result, scenario_sha256),
    FIELD_LIST_OF(result, versions, versions_count, result_version_record, UINT32_MAX,
                  .shown = SHOWN_BY_NAME),
    FIELD(result, journal_lacks, .shown_if = is_of_before),
};

const struct record result_texts_record = RECORD_OF(result, "result", result_texts_fields);
