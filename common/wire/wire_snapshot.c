#include "snapshot.h"
#include "wire_fields.h"
#include "wire_record.h"

#include <stddef.h>
#include <string.h>

static void code_row(struct coder *coder, void *item)
{
    struct snapshot_row *row = item;

    code_begin(coder, "row", 3 + SERIES_COUNT);
    code_u32(coder, "flow", &row->flow, FLOWS_MAX - 1);
    code_u32(coder, "phase", &row->phase, PHASES_MAX - 1);
    code_record(coder, &counters_record, &row->counters);
    for (uint32_t i = 0; i < SERIES_COUNT; i++) {
        code_hist(coder, series_name((enum series)i), &row->series[i]);
    }
    code_end(coder);
}

static void code_stream(struct coder *coder, void *item)
{
    struct stream_delta *stream = item;

    code_begin(coder, "stream", 4);
    code_u32(coder, "stream", &stream->stream, STREAMS_MAX - 1);
    code_runs(coder, "acked", &stream->acked);
    code_runs(coder, "refused", &stream->refused);
    code_runs(coder, "unconfirmed", &stream->unconfirmed);
    code_end(coder);
}

static void code_range(struct coder *coder, void *item)
{
    struct stream_range *range = item;

    code_begin(coder, "range", 5);
    code_u32(coder, "stream", &range->stream, STREAMS_MAX - 1);
    code_u32(coder, "phase", &range->phase, PHASES_MAX - 1);
    code_u64(coder, "first", &range->first);
    code_u64(coder, "end", &range->end);
    code_i64(coder, "intended_ns", &range->intended_ns);
    if (range->first > range->end || range->end > SEQ_MAX) {
        coder_bad(coder, "end", "is out of range");
    }
    code_end(coder);
}

static void code_reading(struct coder *coder, void *item)
{
    struct reading_delta *reading = item;

    code_begin(coder, "reading", 5);
    code_u32(coder, "stream", &reading->stream, STREAMS_MAX - 1);
    code_u32(coder, "subscription", &reading->subscription, SUBSCRIPTIONS_MAX - 1);
    code_runs(coder, "seen", &reading->seen);
    code_runs(coder, "again", &reading->again);
    code_runs(coder, "out_of_order", &reading->out_of_order);
    code_end(coder);
}

static void code_client(struct coder *coder, void *item)
{
    struct client_delta *client = item;

    code_begin(coder, "client", 6);
    code_u32(coder, "client", &client->client, CLIENTS_MAX - 1);
    code_u64(coder, "messages", &client->messages);
    code_u64(coder, "bytes", &client->bytes);
    code_sum(coder, "latency_ns_sum", &client->latency_ns_sum);
    code_i64(coder, "latency_ns_max", &client->latency_ns_max);
    code_u64(coder, "latency_samples", &client->latency_samples);
    code_end(coder);
}

static const struct list_kind rows_kind = {.item_bytes = sizeof(struct snapshot_row),
                                           .items_max = CELLS_MAX,
                                           .item_bytes_min = 30,
                                           .code = code_row};
static const struct list_kind streams_kind = {.item_bytes = sizeof(struct stream_delta),
                                              .items_max = STREAMS_MAX,
                                              .item_bytes_min = 5,
                                              .code = code_stream};
static const struct list_kind ranges_kind = {.item_bytes = sizeof(struct stream_range),
                                             .items_max = READINGS_MAX,
                                             .item_bytes_min = 6,
                                             .code = code_range};
static const struct list_kind readings_kind = {.item_bytes = sizeof(struct reading_delta),
                                               .items_max = READINGS_MAX,
                                               .item_bytes_min = 6,
                                               .code = code_reading};
static const struct list_kind clients_kind = {.item_bytes = sizeof(struct client_delta),
                                              .items_max = CLIENTS_MAX,
                                              .item_bytes_min = 15,
                                              .code = code_client};
/* The list's kind, no longer than its trial allows. */
static struct list_kind within(const struct coder *coder, const struct list_kind *kind,
                               size_t limit_offset)
{
    struct list_kind limited = *kind;

    if (coder->limits != NULL) {
        memcpy(&limited.items_max, (const char *)coder->limits + limit_offset,
               sizeof limited.items_max);
    }
    return limited;
}

#define WITHIN(kind, list) within(coder, &(kind), offsetof(struct snapshot_limits, list))

void code_snapshot(struct coder *coder, void *item)
{
    struct snapshot *s = item;
    const struct list_kind rows = WITHIN(rows_kind, rows);
    const struct list_kind streams = WITHIN(streams_kind, streams);
    const struct list_kind ranges = WITHIN(ranges_kind, ranges);
    const struct list_kind readings = WITHIN(readings_kind, readings);

    code_begin(coder, "snapshot", 16);
    code_u32(coder, "trial", &s->trial, ANY_U32);
    code_u64(coder, "sequence", &s->sequence);
    code_u32(coder, "interval", &s->interval, ANY_U32);
    code_bool(coder, "last_part", &s->last_part);
    code_bool(coder, "final", &s->final);
    code_i64(coder, "from_ns", &s->from_ns);
    code_i64(coder, "until_ns", &s->until_ns);
    code_record(coder, &health_record, &s->health);
    s->rows = code_list(coder, "rows", s->rows, &s->rows_count, &rows);
    s->streams = code_list(coder, "streams", s->streams, &s->streams_count, &streams);
    s->ranges = code_list(coder, "ranges", s->ranges, &s->ranges_count, &ranges);
    s->readings = code_list(coder, "readings", s->readings, &s->readings_count, &readings);
    s->clients = code_list(coder, "clients", s->clients, &s->clients_count, &clients_kind);
    s->errors = code_records(coder, "errors", s->errors, &s->errors_count, &error_delta_record,
                             ERROR_DELTAS_MAX);
    s->notices = code_records(coder, "notices", s->notices, &s->notices_count, &notice_delta_record,
                              NOTICE_DELTAS_MAX);
    s->losses = code_records(coder, "losses", s->losses, &s->losses_count, &loss_delta_record,
                             LOSS_DELTAS_MAX);
    code_end(coder);
}
