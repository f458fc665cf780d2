/* csv: one row per case, phase and flow with all figures; RFC 4180. A figure that does not exist is
 * an empty field, never a zero. */
#include "escape.h"
#include "formats_inner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LINE_END "\r\n"

static const struct {
    const char *name;
    double percentile;
} percentiles[] = {{"p50", 50.0}, {"p90", 90.0},   {"p95", 95.0},
                   {"p99", 99.0}, {"p99_9", 99.9}, {"p99_99", 99.99}};
#define PERCENTILES_COUNT (sizeof percentiles / sizeof percentiles[0])

static void add_header(struct text *out)
{
    text_add(out,
             "case,backend,client,target,variant,status,reason,broker_version,phase,flow,measured,"
             "start_ns,duration_ns,asked_per_s,sent_per_s,acked_per_s,received_per_s,"
             "sent_bytes_per_s,received_bytes_per_s,due,sent_in_time");
    for (uint32_t i = 0; i < result_delivery_record.fields_count; i++) {
        text_addf(out, ",%s", result_delivery_record.fields[i].name);
    }
    for (int i = 0; i < SERIES_COUNT; i++) {
        const char *name = series_name((enum series)i);

        text_addf(out, ",%s_samples,%s_min_ns,%s_mean_ns", name, name, name);
        for (size_t j = 0; j < PERCENTILES_COUNT; j++) {
            text_addf(out, ",%s_%s_ns", name, percentiles[j].name);
        }
        text_addf(out, ",%s_max_ns,%s_over_range,%s_below_resolution,%s_censored", name, name, name,
                  name);
    }
    text_add(out, LINE_END);
}

static void add_case(const struct result_case *result_case, struct text *out)
{
    const char *const fields[] = {
        result_case->name,   result_case->backend,        result_case->client,
        result_case->target, result_case->variant,        case_status_name(result_case->status),
        result_case->reason, result_case->broker_version,
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        escape_csv(fields[i], out);
        text_add(out, ",");
    }
}

static void add_rate(double value, struct text *out)
{
    if (isfinite(value)) {
        text_addf(out, "%.10g", value);
    }
    text_add(out, ",");
}

static void add_rates(const struct result_phase *phase, struct text *out)
{
    bool there = result_phase_has_rates(phase);

    add_rate(there && !phase->is_max ? phase->asked_per_s : (double)NAN, out);
    add_rate(there ? phase->sent_per_s : (double)NAN, out);
    add_rate(there ? phase->acked_per_s : (double)NAN, out);
    add_rate(there ? phase->received_per_s : (double)NAN, out);
    add_rate(there ? phase->sent_bytes_per_s : (double)NAN, out);
    add_rate(there ? phase->received_bytes_per_s : (double)NAN, out);
    if (!phase->is_max) {
        text_addf(out, "%" PRIu64 ",%" PRIu64, phase->due, phase->sent_in_time);
    } else {
        text_add(out, ",");
    }
}

static void add_delivery(const struct result_delivery *delivery, struct text *out)
{
    for (uint32_t i = 0; i < result_delivery_record.fields_count; i++) {
        text_addf(out, ",%" PRIu64,
                  record_counter(&result_delivery_record, delivery,
                                 result_delivery_record.fields[i].name));
    }
}

static void add_latency(const struct result_phase *phase, int series, struct text *out)
{
    const struct hist *hist = phase->latency[series];

    if (hist == NULL || hist_count(hist) == 0) {
        /* samples min mean, the percentiles, max over_range below_resolution censored */
        for (size_t i = 0; i < PERCENTILES_COUNT + 7; i++) {
            text_add(out, ",");
        }
        return;
    }
    text_addf(out, ",%" PRIu64 ",%" PRId64 ",%.10g", hist_count(hist), hist_min(hist),
              hist_mean(hist));
    for (size_t i = 0; i < PERCENTILES_COUNT; i++) {
        text_addf(out, ",%" PRId64, hist_percentile(hist, percentiles[i].percentile));
    }
    text_addf(out, ",%" PRId64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, hist_max(hist),
              hist_over_range(hist), phase->below_resolution[series], hist_censored(hist));
}

/* A case that was skipped has a row too: its reason. */
static void add_empty(struct text *out)
{
    size_t latencies = SERIES_COUNT * (PERCENTILES_COUNT + 7);

    for (size_t i = 0; i < 12 + result_delivery_record.fields_count + latencies; i++) {
        text_add(out, ",");
    }
}

int csv_write(const struct result *result, struct text *out, struct errinfo *reterr)
{
    add_header(out);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        const struct result_case *result_case = &result->cases[i];

        for (uint32_t j = 0; j < result_case->phases_count; j++) {
            const struct result_phase *phase = &result_case->phases[j];

            add_case(result_case, out);
            escape_csv(phase->name, out);
            text_add(out, ",");
            escape_csv(phase->flow, out);
            text_addf(out, ",%s,%" PRId64 ",%" PRId64 ",", phase->measured ? "true" : "false",
                      phase->start_ns, phase->duration_ns);
            add_rates(phase, out);
            add_delivery(&phase->delivery, out);
            for (int series = 0; series < SERIES_COUNT; series++) {
                add_latency(phase, series, out);
            }
            text_add(out, LINE_END);
        }
        if (result_case->phases_count == 0) {
            add_case(result_case, out);
            add_empty(out);
            text_add(out, LINE_END);
        }
    }
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
