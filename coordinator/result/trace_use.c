#include "trace_use.h"

static const struct field trace_use_fields[] = {
    FIELD(trace_use, records),
    FIELD(trace_use, dropped),
};

const struct record trace_use_record = RECORD(trace_use);

/* Agents tell what stands in the file of a trial so far: their last word counts. */
static void add_trial(const struct result_trial *trial, uint32_t agents_count,
                      struct trace_use *use)
{
    for (uint32_t agent = 0; agent < agents_count; agent++) {
        uint64_t records = 0;
        uint64_t dropped = 0;

        for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
            const struct result_agent_interval *row = &trial->agent_intervals[i];

            if (row->agent == agent) {
                records = row->trace_records;
                dropped = row->trace_dropped;
            }
        }
        use->records += records;
        use->dropped += dropped;
    }
}

struct trace_use trace_use_of(const struct result *result)
{
    struct trace_use use = {0};

    for (uint32_t c = 0; c < result->cases_count; c++) {
        for (uint32_t t = 0; t < result->cases[c].trials_count; t++) {
            add_trial(&result->cases[c].trials[t], result->agents_count, &use);
        }
    }
    return use;
}
