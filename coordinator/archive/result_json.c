/* result_json: the result for scripts, schema millrace.result/1. A figure that does not exist is
 * absent. */
#include "archive.h"
#include "latency_figure.h"
#include "memory_use.h"
#include "result_json_parts.h"
#include "trace_use.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *key;
    double percentile;
} percentiles[] = {{"p50", 50.0},   {"p90", 90.0},     {"p95", 95.0}, {"p99", 99.0},
                   {"p99_9", 99.9}, {"p99_99", 99.99}, {"max", 100.0}};
#define PERCENTILES_COUNT (sizeof percentiles / sizeof percentiles[0])

/* Which of the figures are lower bounds, as messages never came; left out where none is. */
static void put_at_least(struct json *json, const struct result_phase *phase, enum series series)
{
    bool any = latency_figure_mean(phase, series).at_least;

    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        any = any || latency_figure(phase, series, percentiles[i].percentile).at_least;
    }
    if (!any) {
        return;
    }
    json_open(json, "at_least");
    if (latency_figure_mean(phase, series).at_least) {
        json_bool(json, "mean", true);
    }
    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        if (latency_figure(phase, series, percentiles[i].percentile).at_least) {
            json_bool(json, percentiles[i].key, true);
        }
    }
    json_close(json);
}

static void put_latency(struct json *json, const struct result_phase *phase, enum series series)
{
    const struct hist *hist = phase->latency[series];

    json_open(json, series_name(series));
    json_count(json, "samples", hist_count(hist));
    json_count(json, "censored", hist_censored(hist));
    json_i64(json, "min", hist_min(hist));
    json_double(json, "mean", hist_mean(hist));
    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        json_i64(json, percentiles[i].key, hist_percentile(hist, percentiles[i].percentile));
    }
    json_count(json, "over_range", hist_over_range(hist));
    json_count(json, "below_resolution", phase->below_resolution[series]);
    put_at_least(json, phase, series);
    json_close(json);
}

/* Where there are no rates there are no keys; with `max` nothing was asked. */
static void put_rates(struct json *json, const struct result_phase *phase)
{
    json_open(json, "rates");
    if (result_phase_has_rates(phase)) {
        if (!phase->is_max) {
            json_double(json, "asked_per_s", phase->asked_per_s);
        }
        json_double(json, "sent_per_s", phase->sent_per_s);
        json_double(json, "acked_per_s", phase->acked_per_s);
        json_double(json, "received_per_s", phase->received_per_s);
        json_double(json, "sent_bytes_per_s", phase->sent_bytes_per_s);
        json_double(json, "received_bytes_per_s", phase->received_bytes_per_s);
    }
    json_close(json);
}

static void put_delivery(struct json *json, const struct result_delivery *delivery)
{
    const struct {
        const char *key;
        uint64_t count;
    } counts[] = {
        {"sent", delivery->sent},
        {"acked", delivery->acked},
        {"refused", delivery->refused},
        {"unconfirmed", delivery->unconfirmed},
        {"expected", delivery->expected},
        {"received", delivery->received},
        {"lost", delivery->lost},
        {"duplicated", delivery->duplicated},
        {"reordered", delivery->reordered},
        {"corrupted", delivery->corrupted},
        {"expired", delivery->expired},
        {"unaccounted", delivery->unaccounted},
        {"unexpected", delivery->unexpected},
        {"errors", delivery->errors},
    };

    static_assert(sizeof counts / sizeof counts[0] == sizeof *delivery / sizeof(uint64_t),
                  "every count is shown");
    json_open(json, "delivery");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        json_count(json, counts[i].key, counts[i].count);
    }
    json_close(json);
}

static void put_phases(struct json *json, const struct result_phase *phases, uint32_t phases_count)
{
    json_open_array(json, "phases");
    for (uint32_t i = 0; i < phases_count; i++) {
        const struct result_phase *phase = &phases[i];

        json_open(json, NULL);
        json_text(json, "name", phase->name);
        json_text_or_null(json, "flow", phase->flow);
        json_bool(json, "measured", phase->measured);
        json_i64(json, "start_ns", phase->start_ns);
        json_i64(json, "duration_ns", phase->duration_ns);
        put_rates(json, phase);
        if (!phase->is_max) {
            json_count(json, "skipped", phase->skipped);
        }
        put_delivery(json, &phase->delivery);
        json_open(json, "clock");
        json_count(json, "bound_ns", phase->clock_bound_ns);
        json_count(json, "violations", phase->clock_violations);
        json_close(json);
        json_open(json, "latency_ns");
        for (int series = 0; series < SERIES_COUNT; series++) {
            if (phase->latency[series] != NULL && hist_count(phase->latency[series]) > 0) {
                put_latency(json, phase, (enum series)series);
            }
        }
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void put_outages(struct json *json, const struct result_trial *trial)
{
    json_open_array(json, "outages");
    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        json_open(json, NULL);
        json_text(json, "kind", outage_kind_name(outage->kind));
        json_text_or_null(json, "client", outage->client);
        json_i64(json, "down_ns", outage->down_ns);
        if (outage->up_ns >= outage->down_ns) { /* Else it never came back. */
            json_i64(json, "up_ns", outage->up_ns);
        }
        if (outage->kind == OUTAGE_BROKER) {
            json_count(json, "backlog_peak", outage->backlog_peak);
            json_count(json, "unconfirmed", outage->unconfirmed);
            json_count(json, "clients", outage->clients);
        }
        json_text(json, "text", outage->text);
        json_close(json);
    }
    json_close(json);
    json_count(json, "outages_untold", trial->outages_untold);
}

static void put_notices(struct json *json, const struct result_trial *trial)
{
    json_open_array(json, "notices");
    for (uint32_t i = 0; i < trial->notices_count; i++) {
        json_open(json, NULL);
        json_text(json, "text", trial->notices[i].text);
        json_i64(json, "first_ns", trial->notices[i].first_ns);
        json_i64(json, "last_ns", trial->notices[i].last_ns);
        json_count(json, "count", trial->notices[i].count);
        json_close(json);
    }
    json_close(json);
}

/* Of the agents that told of it. */
static void put_memory(struct json *json, const struct result *result,
                       const struct result_trial *trial)
{
    json_open_array(json, "memory");
    for (uint32_t i = 0; i < result->agents_count; i++) {
        struct memory_use use;

        if (!memory_use_of(trial, i, &use)) {
            continue;
        }
        json_open(json, NULL);
        json_text(json, "agent", result->agents[i].name);
        json_count(json, "clients", use.clients);
        json_count(json, "before_bytes", use.before_bytes);
        json_count(json, "opened_bytes", use.opened_bytes);
        json_count(json, "max_bytes", use.bytes_max);
        json_count(json, "in_flight_max", use.in_flight_max);
        json_double(json, "per_client_bytes", use.per_client_bytes);
        json_double(json, "per_in_flight_bytes", use.per_in_flight_bytes);
        json_close(json);
    }
    json_close(json);
}

static void put_trial(struct json *json, const struct result *result,
                      const struct result_trial *trial)
{
    json_open(json, NULL);
    json_count(json, "number", trial->number);
    json_bool(json, "ended", trial->ended);
    put_phases(json, trial->phases, trial->phases_count);
    put_outages(json, trial);
    put_notices(json, trial);
    put_memory(json, result, trial);
    json_open_array(json, "errors");
    for (uint32_t i = 0; i < trial->errors_count; i++) {
        json_open(json, NULL);
        json_text(json, "text", trial->errors[i].text);
        json_count(json, "count", trial->errors[i].count);
        json_close(json);
    }
    json_close(json);
    json_close(json);
}

/* Absent where none was wanted. */
static void put_calibration(struct json *json, const struct result_case *of)
{
    const struct result_calibration *made = &of->calibration;

    if (made->ceiling_per_s == 0.0 && made->reason[0] == '\0') {
        return;
    }
    json_open(json, "calibration");
    if (made->ceiling_per_s > 0.0) {
        json_double(json, "ceiling_per_s", made->ceiling_per_s);
        json_double(json, "asked_per_s", result_asked_peak(of));
        json_i64(json, "duration_ns", made->duration_ns);
    }
    if (result_headroom(of) > 0.0) {
        json_double(json, "headroom", result_headroom(of));
        json_double(json, "load_thread_share", result_load_share(of));
    }
    json_text_or_null(json, "reason", made->reason);
    json_close(json);
}

static void put_case(struct json *json, const struct result *result, const struct result_case *of)
{
    json_open(json, NULL);
    json_text(json, "name", of->name);
    json_text(json, "backend", of->backend);
    json_text(json, "target", of->target);
    json_text_or_null(json, "variant", of->variant);
    json_text(json, "address", of->address);
    json_open(json, "parameters");
    for (uint32_t i = 0; i < of->parameters_count; i++) {
        json_text(json, of->parameters[i].key, of->parameters[i].value);
    }
    json_close(json);
    json_text(json, "status", case_status_name(of->status));
    json_text_or_null(json, "reason", of->reason);
    json_text_or_null(json, "broker_version", of->broker_version);
    json_open_array(json, "equivalence");
    for (uint32_t i = 0; of->equivalence != NULL && of->equivalence[i] != NULL; i++) {
        json_text(json, NULL, of->equivalence[i]);
    }
    json_close(json);
    put_calibration(json, of);
    put_phases(json, of->phases, of->phases_count);
    json_open_array(json, "trials");
    for (uint32_t i = 0; i < of->trials_count; i++) {
        put_trial(json, result, &of->trials[i]);
    }
    json_close(json);
    put_case_figures(json, of);
    json_close(json);
}

/* Longest call in which a load thread of the agent took events from a driver, in a trial. */
static int64_t trial_driver_ns_max(const struct result_trial *trial, uint32_t agent)
{
    int64_t max_ns = 0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (row->agent == agent && row->strain.driver_ns_max > max_ns) {
            max_ns = row->strain.driver_ns_max;
        }
    }
    return max_ns;
}

static int64_t driver_ns_max(const struct result *result, uint32_t agent)
{
    int64_t max_ns = 0;

    for (uint32_t c = 0; c < result->cases_count; c++) {
        for (uint32_t t = 0; t < result->cases[c].trials_count; t++) {
            int64_t ns = trial_driver_ns_max(&result->cases[c].trials[t], agent);

            max_ns = ns > max_ns ? ns : max_ns;
        }
    }
    return max_ns;
}

static void put_agents(struct json *json, const struct result *result)
{
    json_open_array(json, "agents");
    for (uint32_t i = 0; i < result->agents_count; i++) {
        const struct result_agent *agent = &result->agents[i];

        json_open(json, NULL);
        json_text(json, "name", agent->name);
        json_text(json, "host", agent->host);
        json_text(json, "kernel", agent->kernel);
        json_count(json, "cpus", agent->cpus);
        json_count(json, "memory_bytes", agent->memory_bytes);
        json_text(json, "version", agent->version);
        json_bool(json, "lost", agent->lost);
        if (agent->lost) {
            json_text(json, "lost_reason", agent->lost_reason);
        }
        json_i64(json, "start_skew_ns", agent->start_skew_ns);
        json_i64(json, "driver_ns_max", driver_ns_max(result, i));
        json_open(json, "clock");
        json_i64(json, "offset_ns", agent->clock_offset_ns);
        json_i64(json, "bound_ns", agent->clock_bound_ns);
        json_double(json, "drift_ppb", agent->clock_drift_ppb);
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void put_objectives(struct json *json, const struct result *result)
{
    json_open_array(json, "objectives");
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        json_open(json, NULL);
        json_text(json, "text", objective->text);
        json_text(json, "case", objective->case_name);
        json_text_or_null(json, "phase", objective->phase);
        json_text_or_null(json, "flow", objective->flow);
        if (objective->met == MET_NOT_AVAILABLE) {
            json_null(json, "met");
        } else {
            json_bool(json, "met", objective->met == MET_YES);
        }
        if (result_has_observed(objective)) {
            json_double(json, "observed", objective->observed);
            if (objective->at_least) {
                json_bool(json, "at_least", true);
            }
        }
        json_double(json, "limit", objective->limit);
        json_text(json, "unit", objective->unit);
        if (objective->window_ns > 0) {
            json_i64(json, "window_ns", objective->window_ns);
        }
        json_count(json, "samples", objective->samples);
        json_text_or_null(json, "reason", objective->reason);
        json_close(json);
    }
    json_close(json);
}

static void put_marks(struct json *json, const struct result *result)
{
    json_open_array(json, "marks");
    for (uint32_t i = 0; i < result->marks_count; i++) {
        const struct result_mark *mark = &result->marks[i];

        json_open(json, NULL);
        json_text(json, "mark", mark_kind_name(mark->kind));
        json_count(json, "trial", mark->trial);
        json_i64(json, "at_ns", mark->at_ns);
        json_text(json, "text", mark->text);
        json_close(json);
    }
    json_close(json);
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void put_verdict(struct json *json, const struct result *result)
{
    json_text(json, "verdict", verdict_name(result->verdict));
    json_i64(json, "exit_code", verdict_exit_code(result->verdict));
    json_open_array(json, "reasons");
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        json_open(json, NULL);
        json_text(json, "code", result->reasons[i].code);
        json_text_or_null(json, "case", result->reasons[i].case_name);
        json_text(json, "text", result->reasons[i].text);
        json_close(json);
    }
    json_close(json);
    json_bool(json, "cut_off", result->cut_off);
    if (result->cut_off) {
        json_i64(json, "cut_off_unix_ns", result->cut_off_ns);
    }
}

static void put_run(struct json *json, const struct result *result)
{
    char seed[24];

    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)result->seed);
    json_text(json, "schema", RESULT_SCHEMA);
    json_text(json, "run_id", result->run_id);
    json_text(json, "name", or_empty(result->name));
    json_text(json, "description", or_empty(result->description));
    put_verdict(json, result);
    json_i64(json, "started_unix_ns", result->started_unix_ns);
    json_i64(json, "ended_unix_ns", result->ended_unix_ns);
    json_text(json, "seed", seed);
    json_text(json, "selfcheck_mode", result->selfcheck_warns ? "warn" : "strict");
    json_text(json, "command", or_empty(result->command));
    json_open(json, "scenario");
    json_text(json, "yaml", or_empty(result->scenario));
    json_close(json);
    json_text(json, "scenario_sha256", result->scenario_sha256);
    json_open(json, "versions");
    for (uint32_t i = 0; i < result->versions_count; i++) {
        json_text(json, result->versions[i].name, result->versions[i].value);
    }
    json_close(json);
}

/* Absent where none was wanted. */
static void put_trace(struct json *json, const struct result *result)
{
    struct trace_use use = trace_use_of(result);

    if (use.records + use.dropped > 0) {
        json_open(json, "trace");
        json_count(json, "records", use.records);
        json_count(json, "dropped", use.dropped);
        json_close(json);
    }
}

int archive_result_json(const struct result *result, char **ret, struct errinfo *reterr)
{
    struct json json;
    struct text out = {0};

    json_begin(&json, true, &out);
    put_run(&json, result);
    put_agents(&json, result);
    put_trace(&json, result);
    json_open_array(&json, "cases");
    for (uint32_t i = 0; i < result->cases_count; i++) {
        put_case(&json, result, &result->cases[i]);
    }
    json_close(&json);
    put_objectives(&json, result);
    put_marks(&json, result);
    put_findings(&json, &result->findings);
    json_end(&json);
    if (text_failed(&out)) {
        text_done(&out);
        return errinfo_nomem(reterr);
    }
    *ret = text_take(&out);
    return 0;
}
