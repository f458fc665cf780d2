/* intervals_jsonl: the rows of a run, one JSON object per line and interval. */
#include "archive.h"
#include "json.h"

/* As the three latencies of an interval are structs without a name, by their members. */
static void put_latency(struct json *json, const char *key, uint64_t samples, const int64_t ns[3])
{
    if (samples == 0) {
        return;
    }
    json_open(json, key);
    json_count(json, "samples", samples);
    json_i64(json, "p50_ns", ns[0]);
    json_i64(json, "p99_ns", ns[1]);
    json_i64(json, "max_ns", ns[2]);
    json_close(json);
}

static void put_interval(const struct result_case *of, const struct result_trial *trial,
                         const struct result_interval *interval, struct text *out)
{
    const int64_t e2e[] = {interval->e2e.p50, interval->e2e.p99, interval->e2e.max};
    const int64_t publish[] = {interval->publish.p50, interval->publish.p99, interval->publish.max};
    const int64_t send_lag[] = {interval->send_lag.p50, interval->send_lag.p99,
                                interval->send_lag.max};
    struct json json;

    json_begin(&json, false, out);
    json_text(&json, "case", of->name);
    json_count(&json, "trial", trial->number);
    json_count(&json, "index", interval->index);
    json_double(&json, "start_s", (double)interval->start_ns / 1e9);
    json_double(&json, "length_s", interval->length_s);
    json_bool(&json, "complete", interval->complete);
    json_count(&json, "due", interval->due);
    json_count(&json, "skipped", interval->skipped);
    json_count(&json, "sent", interval->sent);
    json_count(&json, "acked", interval->acked);
    json_count(&json, "received", interval->received);
    json_count(&json, "refused", interval->refused);
    json_count(&json, "unconfirmed", interval->unconfirmed);
    json_count(&json, "errors", interval->errors);
    json_count(&json, "backlog", interval->backlog);
    json_count(&json, "clients_down", interval->clients_down);
    put_latency(&json, "e2e", interval->e2e.samples, e2e);
    put_latency(&json, "publish", interval->publish.samples, publish);
    put_latency(&json, "send_lag", interval->send_lag.samples, send_lag);
    json_end(&json);
}

int archive_intervals_jsonl(const struct result *result, struct text *out, struct errinfo *reterr)
{
    for (uint32_t c = 0; c < result->cases_count; c++) {
        const struct result_case *of = &result->cases[c];

        for (uint32_t t = 0; t < of->trials_count; t++) {
            const struct result_trial *trial = &of->trials[t];

            for (uint32_t i = 0; i < trial->intervals_count; i++) {
                put_interval(of, trial, &trial->intervals[i], out);
            }
        }
    }
    return text_failed(out) ? errinfo_nomem(reterr) : 0;
}
