/* The tables of what is told about clocks; see record.h. */
#include "control_messages.h"

static const struct field clock_line_fields[] = {
    FIELD(clock_line, agent, .max = AGENTS_MAX - 1),
    FIELD(clock_line, own_ns),
    FIELD(clock_line, peer_ns),
    FIELD(clock_line, skew_ppb),
    FIELD(clock_line, bound_ns),
    FIELD(clock_line, growth_ppb),
    FIELD(clock_line, valid_from_ns),
    FIELD(clock_line, before_ns),
};

const struct record clock_line_record = RECORD(clock_line);

static const struct field peer_start_fields[] = {
    FIELD(peer_start, agent, .max = AGENTS_MAX - 1),
    FIELD(peer_start, t0_ns),
};

const struct record peer_start_record = RECORD(peer_start);

static const struct field clock_answer_fields[] = {
    FIELD(clock_answer, t2_ns),
    FIELD(clock_answer, t3_ns),
    FIELD(clock_answer, pause_ns),
};

const struct record clock_answer_record = RECORD(clock_answer);

static const struct field clock_exchange_fields[] = {
    FIELD(clock_exchange, t1_ns),
    FIELD(clock_exchange, t2_ns),
    FIELD(clock_exchange, t3_ns),
    FIELD(clock_exchange, t4_ns),
};

const struct record clock_exchange_record = RECORD(clock_exchange);

static const struct field clock_report_fields[] = {
    FIELD_ITEMS_OF(clock_report, exchanges, exchanges_count, clock_exchange_record,
                   CLOCK_BURST_MAX),
};

const struct record clock_report_record = RECORD(clock_report);
