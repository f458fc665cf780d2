/* intervals_jsonl: the rows of a run, one JSON object per line and interval. */
#include "archive.h"
#include "json_record.h"

static void put_interval(const struct result_case *of, const struct result_trial *trial,
                         const struct result_interval *interval, struct text *out)
{
    struct json json;

    json_begin(&json, false, out);
    json_text(&json, "case", of->name);
    json_count(&json, "trial", trial->number);
    json_record(&json, &result_interval_record, interval);
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
