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
