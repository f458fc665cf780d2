/* intervals_jsonl: the rows of a run, one JSON object per line and interval. */
#include "archive.h"
#include "json_values.h"

/* As the three latencies of an interval are structs without a name, by their members. */
static void put_latency(struct json_values *values, const char *key, uint64_t samples,
                        const int64_t ns[3])
{
    if (samples == 0) {
        return;
    }
    json_open(values, key);
    json_count(values, "samples", samples);
    json_i64(values, "p50_ns", ns[0]);
    json_i64(values, "p99_ns", ns[1]);
    json_i64(values, "max_ns", ns[2]);
    json_close(values);
}

static int put_interval(const struct result_case *of, const struct result_trial *trial,
                        const struct result_interval *interval, struct text *out,
                        struct errinfo *reterr)
{
    const int64_t e2e[] = {interval->e2e.p50, interval->e2e.p99, interval->e2e.max};
    const int64_t publish[] = {interval->publish.p50, interval->publish.p99, interval->publish.max};
    const int64_t send_lag[] = {interval->send_lag.p50, interval->send_lag.p99,
                                interval->send_lag.max};
    struct json_values values;

    json_begin(&values);
    json_text(&values, "case", of->name);
    json_count(&values, "trial", trial->number);
    json_count(&values, "index", interval->index);
    json_double(&values, "start_s", (double)interval->start_ns / 1e9);
    json_double(&values, "length_s", interval->length_s);
    json_bool(&values, "complete", interval->complete);
    json_count(&values, "due", interval->due);
    json_count(&values, "skipped", interval->skipped);
    json_count(&values, "sent", interval->sent);
    json_count(&values, "acked", interval->acked);
    json_count(&values, "received", interval->received);
    json_count(&values, "refused", interval->refused);
    json_count(&values, "unconfirmed", interval->unconfirmed);
    json_count(&values, "errors", interval->errors);
    json_count(&values, "backlog", interval->backlog);
    json_count(&values, "clients_down", interval->clients_down);
    put_latency(&values, "e2e", interval->e2e.samples, e2e);
    put_latency(&values, "publish", interval->publish.samples, publish);
    put_latency(&values, "send_lag", interval->send_lag.samples, send_lag);
    return json_end(&values, false, out, reterr);
}

static int put_trial(const struct result_case *of, const struct result_trial *trial,
                     struct text *out, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < trial->intervals_count; i++) {
        r = put_interval(of, trial, &trial->intervals[i], out, reterr);
    }
    return r;
}

int archive_intervals_jsonl(const struct result *result, struct text *out, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t c = 0; c < result->cases_count; c++) {
        const struct result_case *of = &result->cases[c];

        for (uint32_t t = 0; r == 0 && t < of->trials_count; t++) {
            r = put_trial(of, &of->trials[t], out, reterr);
        }
    }
    return r;
}
