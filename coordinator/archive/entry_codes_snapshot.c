#include "entry_codes.h"
#include "fields_record.h"

#include <errno.h>
#include <stdlib.h>

static void code_row(struct fields *fields, void *item)
{
    struct snapshot_row *row = item;

    field_u32(fields, "flow", &row->flow, FLOWS_MAX - 1);
    field_u32(fields, "phase", &row->phase, PHASES_MAX - 1);
    field_record_doc(fields, "counters", &counters_record, &row->counters);
    if (field_doc_begin(fields, "latency_ns")) {
        for (int i = 0; i < SERIES_COUNT; i++) {
            field_hist(fields, series_name((enum series)i), &row->series[i]);
        }
        field_doc_end(fields);
    }
}

static void code_stream(struct table *table, void *item)
{
    struct stream_delta *stream = item;

    column_u32(table, &stream->stream, STREAMS_MAX - 1);
    column_runs(table, &stream->acked);
    column_runs(table, &stream->refused);
    column_runs(table, &stream->unconfirmed);
}

/* Before times were told: journals of then are read all the same. */
static void code_untimed_range(struct table *table, void *item)
{
    struct stream_range *range = item;

    column_u32(table, &range->stream, STREAMS_MAX - 1);
    column_u32(table, &range->phase, PHASES_MAX - 1);
    column_u64(table, &range->first);
    column_u64(table, &range->end);
    if (table->fields->reads && (range->first > range->end || range->end > SEQ_MAX)) {
        fields_bad(table->fields, table->key, "has a range that can't be");
    }
    range->intended_ns = table->fields->reads ? RANGE_TIME_UNKNOWN : range->intended_ns;
}

static void code_range(struct table *table, void *item)
{
    struct stream_range *range = item;
    int64_t intended_ns = range->intended_ns;

    code_untimed_range(table, range);
    column_i64(table, &intended_ns);
    range->intended_ns = intended_ns;
}

static void code_reading(struct table *table, void *item)
{
    struct reading_delta *reading = item;

    column_u32(table, &reading->stream, STREAMS_MAX - 1);
    column_u32(table, &reading->subscription, SUBSCRIPTIONS_MAX - 1);
    column_runs(table, &reading->seen);
    column_runs(table, &reading->again);
    column_runs(table, &reading->out_of_order);
}

static void code_client(struct table *table, void *item)
{
    struct client_delta *client = item;

    column_u32(table, &client->client, CLIENTS_MAX - 1);
    column_u64(table, &client->messages);
    column_u64(table, &client->bytes);
    column_double(table, &client->latency_ns_sum);
    column_i64(table, &client->latency_ns_max);
    column_u64(table, &client->latency_samples);
}

static void code_tables(struct fields *fields, struct snapshot *s)
{
    static const struct table_list streams = {.item_bytes = sizeof(struct stream_delta),
                                              .items_max = STREAMS_MAX,
                                              .row_bytes_min = 4,
                                              .code = code_stream};
    static const struct table_list ranges = {.item_bytes = sizeof(struct stream_range),
                                             .items_max = READINGS_MAX,
                                             .row_bytes_min = 5,
                                             .code = code_range};
    static const struct table_list untimed_ranges = {.item_bytes = sizeof(struct stream_range),
                                                     .items_max = READINGS_MAX,
                                                     .row_bytes_min = 4,
                                                     .code = code_untimed_range};
    static const struct table_list readings = {.item_bytes = sizeof(struct reading_delta),
                                               .items_max = READINGS_MAX,
                                               .row_bytes_min = 5,
                                               .code = code_reading};
    static const struct table_list clients = {.item_bytes = sizeof(struct client_delta),
                                              .items_max = CLIENTS_MAX,
                                              .row_bytes_min = 13,
                                              .code = code_client};

    s->streams = field_table(fields, "streams", s->streams, &s->streams_count, &streams);
    if (fields->reads && !fields_lacks(fields, "ranges")) {
        s->ranges = field_table(fields, "ranges", s->ranges, &s->ranges_count, &untimed_ranges);
    } else {
        s->ranges = field_table(fields, "timed_ranges", s->ranges, &s->ranges_count, &ranges);
    }
    s->readings = field_table(fields, "readings", s->readings, &s->readings_count, &readings);
    s->clients = field_table(fields, "clients", s->clients, &s->clients_count, &clients);
}

void code_snapshot_entry(struct fields *fields, struct snapshot **snapshot)
{
    static const struct field_list rows = {
        .item_bytes = sizeof(struct snapshot_row), .items_max = CELLS_MAX, .code = code_row};
    struct snapshot *s;

    if (fields->reads) {
        *snapshot = calloc(1, sizeof **snapshot);
        if (*snapshot == NULL) {
            fields_fail(fields, -ENOMEM, "the snapshot", "does not fit into memory");
            return;
        }
    }
    s = *snapshot;
    field_u32(fields, "trial", &s->trial, ANY_U32);
    field_u32(fields, "agent", &s->agent, AGENTS_MAX - 1);
    field_counter(fields, "sequence", &s->sequence);
    field_u32(fields, "interval", &s->interval, ANY_U32);
    field_bool(fields, "last_part", &s->last_part);
    field_bool(fields, "final", &s->final);
    field_i64(fields, "from_ns", &s->from_ns);
    field_i64(fields, "until_ns", &s->until_ns);
    field_record_doc(fields, "health", &health_record, &s->health);
    s->rows = field_list(fields, "rows", s->rows, &s->rows_count, &rows);
    code_tables(fields, s);
    s->errors = field_records(fields, "errors", s->errors, &s->errors_count, &error_delta_record,
                              ERROR_DELTAS_MAX);
    s->notices = field_records(fields, "notices", s->notices, &s->notices_count,
                               &notice_delta_record, NOTICE_DELTAS_MAX);
    s->losses = field_records(fields, "losses", s->losses, &s->losses_count, &loss_delta_record,
                              LOSS_DELTAS_MAX);
}
