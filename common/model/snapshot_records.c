/* The tables of what a snapshot holds; see record.h. */
#include "snapshot.h"

static const char *const series_keys[SERIES_COUNT] = {
    [SERIES_PUBLISH] = "publish",
    [SERIES_PUBLISH_SERVICE] = "publish_service",
    [SERIES_E2E] = "e2e",
    [SERIES_E2E_SERVICE] = "e2e_service",
    [SERIES_SEND_LAG] = "send_lag",
    [SERIES_CALL] = "call",
    [SERIES_CONSUME_ACK] = "consume_ack",
    [SERIES_CONNECT] = "connect",
    [SERIES_CONNECT_TCP] = "connect_tcp",
    [SERIES_CONNECT_TLS] = "connect_tls",
    [SERIES_CONNECT_LOGIN] = "connect_login",
};

const char *series_name(enum series series)
{
    return series_keys[series];
}

static const struct field counters_fields[] = {
    FIELD(counters, due),
    FIELD(counters, sent),
    FIELD(counters, sent_in_time),
    FIELD(counters, skipped),
    FIELD(counters, sent_bytes),
    FIELD(counters, acked),
    FIELD(counters, refused),
    FIELD(counters, unconfirmed),
    FIELD(counters, received),
    FIELD(counters, received_bytes),
    FIELD(counters, corrupted),
    FIELD(counters, foreign),
    FIELD(counters, errors),
    FIELD(counters, sent_now),
    FIELD(counters, sent_bytes_now),
    FIELD(counters, acked_now),
    FIELD(counters, received_now),
    FIELD(counters, received_bytes_now),
    FIELD(counters, received_until_ns, .largest = true),
    FIELD(counters, clock_violations),
    FIELD(counters, clock_bound_ns, .since = 2, .largest = true),
    FIELD(counters, resolution_ns, .since = 4, .largest = true),
    FIELD_OF_TYPE(counters, below_resolution, FIELD_COUNTERS, .names = series_keys,
                  .names_count = SERIES_COUNT),
};

const struct record counters_record = RECORD(counters);

static const struct field health_fields[] = {
    FIELD(health, cpu_ns),
    FIELD(health, rss_bytes),
    FIELD(health, clients),
    FIELD(health, load_threads),
    FIELD(health, rss_before_bytes),
    FIELD(health, rss_opened_bytes),
    FIELD(health, clients_down),
    FIELD(health, down_since_ns),
    FIELD(health, reconnects),
    FIELD(health, outstanding),
    FIELD(health, blocked_ns),
    FIELD_NAMED(health, strain.load_cpu_ns, "load_cpu_ns"),
    FIELD_NAMED(health, strain.load_wait_ns, "load_wait_ns"),
    FIELD_NAMED(health, strain.ticker_late_ns, "ticker_late_ns"),
    FIELD_NAMED(health, strain.steal_ns, "steal_ns"),
    FIELD_NAMED(health, strain.throttled_ns, "throttled_ns"),
    FIELD_NAMED(health, strain.recorder_full_ns, "recorder_full_ns"),
    FIELD(health, trace_records, .since = 2),
    FIELD(health, trace_dropped, .since = 2),
    FIELD_NAMED(health, signs.answered_first_ns, "answered_first_ns", .since = 2),
    FIELD_NAMED(health, signs.answered_last_ns, "answered_last_ns", .since = 2),
    FIELD_NAMED(health, signs.waiting_since_ns, "waiting_since_ns", .since = 2),
    FIELD_NAMED(health, signs.handed_ns, "handed_ns", .since = 2),
    FIELD(health, losses_untold, .since = 2),
    FIELD_NAMED(health, strain.own_lag_p99_ns, "own_lag_p99_ns", .since = 2,
                .otherwise = STRAIN_UNKNOWN),
    FIELD_NAMED(health, strain.driver_ns_max, "driver_ns_max", .since = 2),
    FIELD_NAMED(health, strain.library_cpu_ns, "library_cpu_ns", .since = 4),
};

const struct record health_record = RECORD(health);

static const struct field error_delta_fields[] = {
    FIELD(error_delta, text),
    FIELD(error_delta, count),
};

const struct record error_delta_record = RECORD(error_delta);

static const struct field notice_delta_fields[] = {
    FIELD(notice_delta, text),
    FIELD(notice_delta, first_ns),
    FIELD(notice_delta, last_ns),
    FIELD(notice_delta, count),
};

const struct record notice_delta_record = RECORD(notice_delta);

static const struct field loss_delta_fields[] = {
    FIELD(loss_delta, client, .max = CLIENTS_MAX - 1),
    FIELD(loss_delta, is_back),
    FIELD(loss_delta, at_ns),
    FIELD(loss_delta, text),
};

const struct record loss_delta_record = RECORD(loss_delta);

static const struct field thread_count_fields[] = {
    FIELD(thread_count, name),
    FIELD(thread_count, count),
};

const struct record thread_count_record = RECORD(thread_count);

static const struct field snapshot_row_fields[] = {
    FIELD(snapshot_row, flow, .max = FLOWS_MAX - 1),
    FIELD(snapshot_row, phase, .max = PHASES_MAX - 1),
    FIELD_RECORD_OF(snapshot_row, counters, counters_record),
    FIELD_NAMES_OF(snapshot_row, series, FIELD_HISTS, series_keys, .kept = "latency_ns"),
};

const struct record snapshot_row_record = RECORD(snapshot_row);

static const struct field stream_delta_fields[] = {
    FIELD(stream_delta, stream, .max = STREAMS_MAX - 1),
    FIELD_OF_TYPE(stream_delta, acked, FIELD_RUNS),
    FIELD_OF_TYPE(stream_delta, refused, FIELD_RUNS),
    FIELD_OF_TYPE(stream_delta, unconfirmed, FIELD_RUNS),
};

const struct record stream_delta_record = RECORD(stream_delta);

static const struct field stream_range_fields[] = {
    FIELD(stream_range, stream, .max = STREAMS_MAX - 1),
    FIELD(stream_range, phase, .max = PHASES_MAX - 1),
    FIELD(stream_range, first, .max = SEQ_MAX),
    FIELD(stream_range, end, .max = SEQ_MAX),
    FIELD(stream_range, intended_ns, .since = 2, .otherwise = RANGE_TIME_UNKNOWN),
};

static const char *stream_range_wrong(const void *item)
{
    const struct stream_range *range = item;

    return range->first > range->end ? "end is before first" : NULL;
}

const struct record stream_range_record = RECORD(stream_range, .wrong = stream_range_wrong);

static const struct field reading_delta_fields[] = {
    FIELD(reading_delta, stream, .max = STREAMS_MAX - 1),
    FIELD(reading_delta, subscription, .max = SUBSCRIPTIONS_MAX - 1),
    FIELD_OF_TYPE(reading_delta, seen, FIELD_RUNS),
    FIELD_OF_TYPE(reading_delta, again, FIELD_RUNS),
    FIELD_OF_TYPE(reading_delta, out_of_order, FIELD_RUNS),
};

const struct record reading_delta_record = RECORD(reading_delta);

static const struct field client_delta_fields[] = {
    FIELD(client_delta, client, .max = CLIENTS_MAX - 1),
    FIELD(client_delta, messages),
    FIELD(client_delta, bytes),
    FIELD_OF_TYPE(client_delta, latency_ns_sum, FIELD_SUM),
    FIELD(client_delta, latency_ns_max),
    FIELD(client_delta, latency_samples),
};

const struct record client_delta_record = RECORD(client_delta);

/* As it travels, the agent stands in the request's head. */
static const struct field snapshot_fields[] = {
    FIELD(snapshot, trial),
    FIELD(snapshot, agent, .max = AGENTS_MAX - 1, .only = ONLY_KEPT),
    FIELD(snapshot, sequence),
    FIELD(snapshot, interval),
    FIELD(snapshot, seconds_more, .max = COALESCED_SECONDS - 1, .only = ONLY_KEPT, .since = 3),
    FIELD(snapshot, parts_more, .max = UINT32_MAX, .only = ONLY_KEPT, .since = 3),
    FIELD(snapshot, last_part),
    FIELD(snapshot, settled, .only = ONLY_SENT),
    FIELD(snapshot, final),
    FIELD(snapshot, from_ns),
    FIELD(snapshot, until_ns),
    FIELD_RECORD_OF(snapshot, health, health_record),
    FIELD_LIST_OF(snapshot, rows, rows_count, snapshot_row_record, CELLS_MAX),
    FIELD_LIST_OF(snapshot, streams, streams_count, stream_delta_record, STREAMS_MAX,
                  .packed = true),
    FIELD_LIST_OF(snapshot, ranges, ranges_count, stream_range_record, READINGS_MAX, .packed = true,
                  .kept = "timed_ranges"),
    FIELD_LIST_OF(snapshot, readings, readings_count, reading_delta_record, READINGS_MAX,
                  .packed = true),
    FIELD_LIST_OF(snapshot, clients, clients_count, client_delta_record, CLIENTS_MAX,
                  .packed = true),
    FIELD_LIST_OF(snapshot, errors, errors_count, error_delta_record, ERROR_DELTAS_MAX),
    FIELD_LIST_OF(snapshot, notices, notices_count, notice_delta_record, NOTICE_DELTAS_MAX),
    FIELD_LIST_OF(snapshot, losses, losses_count, loss_delta_record, LOSS_DELTAS_MAX),
    FIELD_LIST_OF(snapshot, threads, threads_count, thread_count_record, THREAD_NAMES_MAX,
                  .since = 4, .untold = true),
};

const struct record snapshot_record = RECORD(snapshot);
