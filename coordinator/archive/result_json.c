/* result_json: the result for scripts, schema millrace.result/1. A figure that does not exist is
 * absent. */
#include "archive.h"
#include "latency_figure.h"
#include "memory_use.h"
#include "result_json_parts.h"
#include "trace_use.h"

#include <string.h>

static const struct {
    const char *key;
    double percentile;
} percentiles[] = {{"p50", 50.0},   {"p90", 90.0},     {"p95", 95.0}, {"p99", 99.0},
                   {"p99_9", 99.9}, {"p99_99", 99.99}, {"max", 100.0}};
#define PERCENTILES_COUNT (sizeof percentiles / sizeof percentiles[0])

/* Which of the figures are lower bounds, as messages never came; left out where none is. */
static void put_at_least(struct json_values *values, const struct result_phase *phase,
                         enum series series)
{
    bool any = latency_figure_mean(phase, series).at_least;

    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        any = any || latency_figure(phase, series, percentiles[i].percentile).at_least;
    }
    if (!any) {
        return;
    }
    json_open(values, "at_least");
    if (latency_figure_mean(phase, series).at_least) {
        json_bool(values, "mean", true);
    }
    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        if (latency_figure(phase, series, percentiles[i].percentile).at_least) {
            json_bool(values, percentiles[i].key, true);
        }
    }
    json_close(values);
}

static void put_latency(struct json_values *values, const struct result_phase *phase,
                        enum series series)
{
    const struct hist *hist = phase->latency[series];

    json_open(values, series_name(series));
    json_count(values, "samples", hist_count(hist));
    json_count(values, "censored", hist_censored(hist));
    json_i64(values, "min", hist_min(hist));
    json_double(values, "mean", hist_mean(hist));
    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        json_i64(values, percentiles[i].key, hist_percentile(hist, percentiles[i].percentile));
    }
    json_count(values, "over_range", hist_over_range(hist));
    json_count(values, "below_resolution", phase->below_resolution[series]);
    put_at_least(values, phase, series);
    json_close(values);
}

/* Where there are no rates there are no keys; with `max` nothing was asked. */
static void put_rates(struct json_values *values, const struct result_phase *phase)
{
    json_open(values, "rates");
    if (result_phase_has_rates(phase)) {
        if (!phase->is_max) {
            json_double(values, "asked_per_s", phase->asked_per_s);
        }
        json_double(values, "sent_per_s", phase->sent_per_s);
        json_double(values, "acked_per_s", phase->acked_per_s);
        json_double(values, "received_per_s", phase->received_per_s);
        json_double(values, "sent_bytes_per_s", phase->sent_bytes_per_s);
        json_double(values, "received_bytes_per_s", phase->received_bytes_per_s);
    }
    json_close(values);
}

static void put_delivery(struct json_values *values, const struct result_delivery *delivery)
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
    json_open(values, "delivery");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        json_count(values, counts[i].key, counts[i].count);
    }
    json_close(values);
}

static void put_phases(struct json_values *values, const struct result_phase *phases,
                       uint32_t phases_count)
{
    json_open_array(values, "phases");
    for (uint32_t i = 0; i < phases_count; i++) {
        const struct result_phase *phase = &phases[i];

        json_open(values, NULL);
        json_text(values, "name", phase->name);
        json_text_or_null(values, "flow", phase->flow);
        json_bool(values, "measured", phase->measured);
        json_i64(values, "start_ns", phase->start_ns);
        json_i64(values, "duration_ns", phase->duration_ns);
        put_rates(values, phase);
        if (!phase->is_max) {
            json_count(values, "skipped", phase->skipped);
        }
        put_delivery(values, &phase->delivery);
        json_open(values, "clock");
        json_count(values, "bound_ns", phase->clock_bound_ns);
        json_count(values, "violations", phase->clock_violations);
        json_close(values);
        json_open(values, "latency_ns");
        for (int series = 0; series < SERIES_COUNT; series++) {
            if (phase->latency[series] != NULL && hist_count(phase->latency[series]) > 0) {
                put_latency(values, phase, (enum series)series);
            }
        }
        json_close(values);
        json_close(values);
    }
    json_close(values);
}

static void put_outages(struct json_values *values, const struct result_trial *trial)
{
    json_open_array(values, "outages");
    for (uint32_t i = 0; i < trial->outages_count; i++) {
        const struct result_outage *outage = &trial->outages[i];

        json_open(values, NULL);
        json_text(values, "kind", outage_kind_name(outage->kind));
        json_text_or_null(values, "client", outage->client);
        json_i64(values, "down_ns", outage->down_ns);
        if (outage->up_ns >= outage->down_ns) { /* Else it never came back. */
            json_i64(values, "up_ns", outage->up_ns);
        }
        if (outage->kind == OUTAGE_BROKER) {
            json_count(values, "backlog_peak", outage->backlog_peak);
            json_count(values, "unconfirmed", outage->unconfirmed);
            json_count(values, "clients", outage->clients);
        }
        json_text(values, "text", outage->text);
        json_close(values);
    }
    json_close(values);
    json_count(values, "outages_untold", trial->outages_untold);
}

static void put_notices(struct json_values *values, const struct result_trial *trial)
{
    json_open_array(values, "notices");
    for (uint32_t i = 0; i < trial->notices_count; i++) {
        json_open(values, NULL);
        json_text(values, "text", trial->notices[i].text);
        json_i64(values, "first_ns", trial->notices[i].first_ns);
        json_i64(values, "last_ns", trial->notices[i].last_ns);
        json_count(values, "count", trial->notices[i].count);
        json_close(values);
    }
    json_close(values);
}

/* Of the agents that told of it. */
static void put_memory(struct json_values *values, const struct result *result,
                       const struct result_trial *trial)
{
    json_open_array(values, "memory");
    for (uint32_t i = 0; i < result->agents_count; i++) {
        struct memory_use use;

        if (!memory_use_of(trial, i, &use)) {
            continue;
        }
        json_open(values, NULL);
        json_text(values, "agent", result->agents[i].name);
        json_count(values, "clients", use.clients);
        json_count(values, "before_bytes", use.before_bytes);
        json_count(values, "opened_bytes", use.opened_bytes);
        json_count(values, "max_bytes", use.bytes_max);
        json_count(values, "in_flight_max", use.in_flight_max);
        json_double(values, "per_client_bytes", use.per_client_bytes);
        json_double(values, "per_in_flight_bytes", use.per_in_flight_bytes);
        json_close(values);
    }
    json_close(values);
}

static void put_trial(struct json_values *values, const struct result *result,
                      const struct result_trial *trial)
{
    json_open(values, NULL);
    json_count(values, "number", trial->number);
    json_bool(values, "ended", trial->ended);
    put_phases(values, trial->phases, trial->phases_count);
    put_outages(values, trial);
    put_notices(values, trial);
    put_memory(values, result, trial);
    json_open_array(values, "errors");
    for (uint32_t i = 0; i < trial->errors_count; i++) {
        json_open(values, NULL);
        json_text(values, "text", trial->errors[i].text);
        json_count(values, "count", trial->errors[i].count);
        json_close(values);
    }
    json_close(values);
    json_close(values);
}

/* Absent where none was wanted. */
static void put_calibration(struct json_values *values, const struct result_case *of)
{
    const struct result_calibration *made = &of->calibration;

    if (made->ceiling_per_s == 0.0 && made->reason[0] == '\0') {
        return;
    }
    json_open(values, "calibration");
    if (made->ceiling_per_s > 0.0) {
        json_double(values, "ceiling_per_s", made->ceiling_per_s);
        json_double(values, "asked_per_s", result_asked_peak(of));
        json_i64(values, "duration_ns", made->duration_ns);
    }
    if (result_headroom(of) > 0.0) {
        json_double(values, "headroom", result_headroom(of));
        json_double(values, "load_thread_share", result_load_share(of));
    }
    json_text_or_null(values, "reason", made->reason);
    json_close(values);
}

static void put_case(struct json_values *values, const struct result *result,
                     const struct result_case *of)
{
    json_open(values, NULL);
    json_text(values, "name", of->name);
    json_text(values, "backend", of->backend);
    json_text(values, "target", of->target);
    json_text_or_null(values, "variant", of->variant);
    json_text(values, "address", of->address);
    json_open(values, "parameters");
    for (uint32_t i = 0; i < of->parameters_count; i++) {
        json_text(values, of->parameters[i].key, of->parameters[i].value);
    }
    json_close(values);
    json_text(values, "status", case_status_name(of->status));
    json_text_or_null(values, "reason", of->reason);
    json_text_or_null(values, "broker_version", of->broker_version);
    json_open_array(values, "equivalence");
    for (uint32_t i = 0; of->equivalence != NULL && of->equivalence[i] != NULL; i++) {
        json_text(values, NULL, of->equivalence[i]);
    }
    json_close(values);
    put_calibration(values, of);
    put_phases(values, of->phases, of->phases_count);
    json_open_array(values, "trials");
    for (uint32_t i = 0; i < of->trials_count; i++) {
        put_trial(values, result, &of->trials[i]);
    }
    json_close(values);
    put_case_figures(values, of);
    json_close(values);
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

static void put_agents(struct json_values *values, const struct result *result)
{
    json_open_array(values, "agents");
    for (uint32_t i = 0; i < result->agents_count; i++) {
        const struct result_agent *agent = &result->agents[i];

        json_open(values, NULL);
        json_text(values, "name", agent->name);
        json_text(values, "host", agent->host);
        json_text(values, "kernel", agent->kernel);
        json_count(values, "cpus", agent->cpus);
        json_count(values, "memory_bytes", agent->memory_bytes);
        json_text(values, "version", agent->version);
        json_bool(values, "lost", agent->lost);
        if (agent->lost) {
            json_text(values, "lost_reason", agent->lost_reason);
        }
        json_i64(values, "start_skew_ns", agent->start_skew_ns);
        json_i64(values, "driver_ns_max", driver_ns_max(result, i));
        json_open(values, "clock");
        json_i64(values, "offset_ns", agent->clock_offset_ns);
        json_i64(values, "bound_ns", agent->clock_bound_ns);
        json_double(values, "drift_ppb", agent->clock_drift_ppb);
        json_close(values);
        json_close(values);
    }
    json_close(values);
}

static void put_objectives(struct json_values *values, const struct result *result)
{
    json_open_array(values, "objectives");
    for (uint32_t i = 0; i < result->objectives_count; i++) {
        const struct result_objective *objective = &result->objectives[i];

        json_open(values, NULL);
        json_text(values, "text", objective->text);
        json_text(values, "case", objective->case_name);
        json_text_or_null(values, "phase", objective->phase);
        json_text_or_null(values, "flow", objective->flow);
        if (objective->met == MET_NOT_AVAILABLE) {
            json_null(values, "met");
        } else {
            json_bool(values, "met", objective->met == MET_YES);
        }
        if (result_has_observed(objective)) {
            json_double(values, "observed", objective->observed);
            if (objective->at_least) {
                json_bool(values, "at_least", true);
            }
        }
        json_double(values, "limit", objective->limit);
        json_text(values, "unit", objective->unit);
        if (objective->window_ns > 0) {
            json_i64(values, "window_ns", objective->window_ns);
        }
        json_count(values, "samples", objective->samples);
        json_text_or_null(values, "reason", objective->reason);
        json_close(values);
    }
    json_close(values);
}

static void put_marks(struct json_values *values, const struct result *result)
{
    json_open_array(values, "marks");
    for (uint32_t i = 0; i < result->marks_count; i++) {
        const struct result_mark *mark = &result->marks[i];

        json_open(values, NULL);
        json_text(values, "mark", mark_kind_name(mark->kind));
        json_count(values, "trial", mark->trial);
        json_i64(values, "at_ns", mark->at_ns);
        json_text(values, "text", mark->text);
        json_close(values);
    }
    json_close(values);
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static void put_verdict(struct json_values *values, const struct result *result)
{
    json_text(values, "verdict", verdict_name(result->verdict));
    json_i64(values, "exit_code", verdict_exit_code(result->verdict));
    json_open_array(values, "reasons");
    for (uint32_t i = 0; i < result->reasons_count; i++) {
        json_open(values, NULL);
        json_text(values, "code", result->reasons[i].code);
        json_text_or_null(values, "case", result->reasons[i].case_name);
        json_text(values, "text", result->reasons[i].text);
        json_close(values);
    }
    json_close(values);
    json_bool(values, "cut_off", result->cut_off);
    if (result->cut_off) {
        json_i64(values, "cut_off_unix_ns", result->cut_off_ns);
    }
}

static void put_run(struct json_values *values, const struct result *result)
{
    char seed[24];

    (void)snprintf(seed, sizeof seed, "%llu", (unsigned long long)result->seed);
    json_text(values, "schema", RESULT_SCHEMA);
    json_text(values, "run_id", result->run_id);
    json_text(values, "name", or_empty(result->name));
    json_text(values, "description", or_empty(result->description));
    put_verdict(values, result);
    json_i64(values, "started_unix_ns", result->started_unix_ns);
    json_i64(values, "ended_unix_ns", result->ended_unix_ns);
    json_text(values, "seed", seed);
    json_text(values, "selfcheck_mode", result->selfcheck_warns ? "warn" : "strict");
    json_text(values, "command", or_empty(result->command));
    json_open(values, "scenario");
    json_text(values, "yaml", or_empty(result->scenario));
    json_close(values);
    json_text(values, "scenario_sha256", result->scenario_sha256);
    json_open(values, "versions");
    for (uint32_t i = 0; i < result->versions_count; i++) {
        json_text(values, result->versions[i].name, result->versions[i].value);
    }
    json_close(values);
}

/* Absent where none was wanted. */
static void put_trace(struct json_values *values, const struct result *result)
{
    struct trace_use use = trace_use_of(result);

    if (use.records + use.dropped > 0) {
        json_open(values, "trace");
        json_count(values, "records", use.records);
        json_count(values, "dropped", use.dropped);
        json_close(values);
    }
}

int archive_result_json(const struct result *result, char **ret, struct errinfo *reterr)
{
    struct json_values values;
    struct text out = {0};
    int r;

    json_begin(&values);
    put_run(&values, result);
    put_agents(&values, result);
    put_trace(&values, result);
    json_open_array(&values, "cases");
    for (uint32_t i = 0; i < result->cases_count; i++) {
        put_case(&values, result, &result->cases[i]);
    }
    json_close(&values);
    put_objectives(&values, result);
    put_marks(&values, result);
    put_findings(&values, &result->findings);
    r = json_end(&values, true, &out, reterr);
    if (r == 0) {
        *ret = text_take(&out);
    }
    text_done(&out);
    return r;
}
