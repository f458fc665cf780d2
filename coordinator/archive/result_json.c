/* result_json: the result for scripts, schema millrace.result/1. A figure that does not exist is
 * absent. */
#include "archive.h"
#include "json_record.h"
#include "latency_figure.h"
#include "memory_use.h"
#include "trace_use.h"
#include "verdict_text.h"

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

static void put_phases(struct json *json, const struct result_phase *phases, uint32_t phases_count)
{
    json_open_array(json, "phases");
    for (uint32_t i = 0; i < phases_count; i++) {
        const struct result_phase *phase = &phases[i];

        json_open(json, NULL);
        json_record(json, &result_phase_record, phase);
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

/* Of the agents that told of it. */
static void put_memory(struct json *json, const struct result *result,
                       const struct result_trial *trial)
{
    json_open_array(json, "memory");
    for (uint32_t i = 0; i < result->agents_count; i++) {
        struct memory_use use;

        if (memory_use_of(trial, i, &use)) {
            json_open(json, NULL);
            json_text(json, "agent", result->agents[i].name);
            json_record(json, &memory_use_record, &use);
            json_close(json);
        }
    }
    json_close(json);
}

/* Of the agents that told of them; earlier versions' did not. */
static void put_threads(struct json *json, const struct result *result,
                        const struct result_trial *trial)
{
    if (trial->threads_count == 0) {
        return;
    }
    json_open_array(json, "threads");
    for (uint32_t i = 0; i < trial->threads_count; i++) {
        json_open(json, NULL);
        json_text(json, "agent", result->agents[trial->threads[i].agent].name);
        json_record(json, &thread_count_record, &trial->threads[i].of);
        json_close(json);
    }
    json_close(json);
}

static void put_trial(struct json *json, const struct result *result,
                      const struct result_trial *trial)
{
    json_open(json, NULL);
    json_record(json, &result_trial_head_record, trial);
    put_phases(json, trial->phases, trial->phases_count);
    json_record(json, &result_trial_events_record, trial);
    put_memory(json, result, trial);
    put_threads(json, result, trial);
    json_records(json, "errors", &error_delta_record, trial->errors, trial->errors_count);
    json_close(json);
}

/* What is told of a ceiling, beside what is kept of it. */
struct headroom {
    double ceiling_per_s;
    double asked_per_s;
    int64_t duration_ns;
    uint64_t burst_messages;
    double cpu_ns_per_message;
    double headroom;
    double load_thread_share;
    char reason[REASON_BYTES];
};

static bool has_ceiling(const void *item)
{
    return ((const struct headroom *)item)->ceiling_per_s > 0.0;
}

static bool was_burst(const void *item)
{
    return ((const struct headroom *)item)->burst_messages > 0;
}

static bool knows_cpu(const void *item)
{
    return ((const struct headroom *)item)->cpu_ns_per_message > 0.0;
}

static bool has_headroom(const void *item)
{
    return ((const struct headroom *)item)->headroom > 0.0;
}

static const struct field headroom_fields[] = {
    FIELD(headroom, ceiling_per_s, .shown_if = has_ceiling),
    FIELD(headroom, asked_per_s, .shown_if = has_ceiling),
    FIELD(headroom, duration_ns, .shown_if = has_ceiling),
    FIELD(headroom, burst_messages, .shown_if = was_burst),
    FIELD(headroom, cpu_ns_per_message, .shown_if = knows_cpu),
    FIELD(headroom, headroom, .shown_if = has_headroom),
    FIELD(headroom, load_thread_share, .shown_if = has_headroom),
    FIELD(headroom, reason, .shown = SHOWN_OR_NULL),
};

static const struct record headroom_record = RECORD(headroom);

/* Absent where none was wanted. */
static void put_calibration(struct json *json, const struct result_case *of)
{
    const struct result_calibration *made = &of->calibration;
    struct headroom headroom = {.ceiling_per_s = made->ceiling_per_s,
                                .asked_per_s = result_asked_peak(of),
                                .duration_ns = made->duration_ns,
                                .burst_messages = made->burst_messages,
                                .cpu_ns_per_message = made->cpu_ns_per_message,
                                .headroom = result_headroom(of),
                                .load_thread_share = result_load_share(of)};

    if (made->ceiling_per_s == 0.0 && made->reason[0] == '\0') {
        return;
    }
    memcpy(headroom.reason, made->reason, sizeof headroom.reason);
    json_open(json, "calibration");
    json_record(json, &headroom_record, &headroom);
    json_close(json);
}

static void put_case(struct json *json, const struct result *result, const struct result_case *of)
{
    json_open(json, NULL);
    json_record(json, &result_case_record, of);
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
    json_records(json, "figures", &result_figure_record, of->figures, of->figures_count);
    json_close(json);
}

static void put_verdict_text(struct json *json, const struct result *result)
{
    struct text text = {0};

    if (verdict_text(result, &text) == 0) {
        json_text(json, "verdict_text", text.bytes);
    } else {
        json->out->failed = true;
    }
    text_done(&text);
}

static void put_run(struct json *json, const struct result *result)
{
    json_text(json, "schema", RESULT_SCHEMA);
    json_record(json, &result_head_record, result);
    json_text(json, "verdict", verdict_name(result->verdict));
    put_verdict_text(json, result);
    json_i64(json, "exit_code", verdict_exit_code(result->verdict));
    json_record(json, &result_verdict_record, result);
    json_text(json, "selfcheck_mode", result->selfcheck_warns ? "warn" : "strict");
    json_record(json, &result_texts_record, result);
    json_records(json, "agents", &result_agent_record, result->agents, result->agents_count);
    if (result->resumes_count > 0) {
        json_records(json, "resumes", &result_resume_record, result->resumes,
                     result->resumes_count);
    }
}

/* Absent where none was wanted. */
static void put_trace(struct json *json, const struct result *result)
{
    struct trace_use use = trace_use_of(result);

    if (use.records + use.dropped > 0) {
        json_open(json, "trace");
        json_record(json, &trace_use_record, &use);
        json_close(json);
    }
}

/* Each with the steps that were made for it. */
static void put_searches(struct json *json, const struct findings *findings)
{
    json_open_array(json, "searches");
    for (uint32_t i = 0; i < findings->searches_count; i++) {
        const struct result_search *search = &findings->searches[i];

        json_open(json, NULL);
        json_record(json, &result_search_record, search);
        json_open_array(json, "steps");
        for (uint32_t s = 0; s < findings->search_steps_count; s++) {
            if (strcmp(findings->search_steps[s].case_name, search->case_name) == 0) {
                json_open(json, NULL);
                json_record(json, &result_search_step_record, &findings->search_steps[s]);
                json_close(json);
            }
        }
        json_close(json);
        json_close(json);
    }
    json_close(json);
}

static void put_findings(struct json *json, const struct findings *findings)
{
    json_records(json, "selfcheck", &result_check_record, findings->checks, findings->checks_count);
    json_records(json, "comparisons", &result_comparison_record, findings->comparisons,
                 findings->comparisons_count);
    put_searches(json, findings);
    json_records(json, "noise", &result_noise_record, findings->noise, findings->noise_count);
    json_records(json, "insights", &result_insight_record, findings->insights,
                 findings->insights_count);
}

int archive_result_json(const struct result *result, char **ret, struct errinfo *reterr)
{
    struct json json;
    struct text out = {0};

    json_begin(&json, true, &out);
    put_run(&json, result);
    put_trace(&json, result);
    json_open_array(&json, "cases");
    for (uint32_t i = 0; i < result->cases_count; i++) {
        put_case(&json, result, &result->cases[i]);
    }
    json_close(&json);
    json_records(&json, "objectives", &result_objective_record, result->objectives,
                 result->objectives_count);
    json_records(&json, "marks", &result_mark_record, result->marks, result->marks_count);
    put_findings(&json, &result->findings);
    json_end(&json);
    if (text_failed(&out)) {
        text_done(&out);
        return errinfo_nomem(reterr);
    }
    *ret = text_take(&out);
    return 0;
}
