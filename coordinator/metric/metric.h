/*
 * metric: the names by which objectives, comparisons and figures speak of what was measured:
 * "e2e.p99", "lost", "received_rate", "backlog.max", "attained". What a name means is data here;
 * the value comes from a result (metric_value.h). Pure.
 */
#ifndef MILLRACE_METRIC_H
#define MILLRACE_METRIC_H

#include "errinfo.h"
#include "snapshot.h"

#include <stdbool.h>

enum metric_kind {
    METRIC_LATENCY,
    METRIC_COUNT,
    METRIC_RATE,
    METRIC_ATTAINED, /* Sent in time, of what was asked: 1 is all. */
    METRIC_BACKLOG,
    METRIC_OUTAGE
};

enum metric_stat { STAT_NONE, STAT_MIN, STAT_MEAN, STAT_PERCENTILE, STAT_MAX, STAT_END };

/* Of METRIC_COUNT and METRIC_RATE. */
enum metric_which {
    WHICH_NONE,
    WHICH_LOST,
    WHICH_DUPLICATED,
    WHICH_REORDERED,
    WHICH_CORRUPTED,
    WHICH_REFUSED,
    WHICH_UNCONFIRMED,
    WHICH_EXPIRED,
    WHICH_ERRORS,
    WHICH_SENT,
    WHICH_ACKED,
    WHICH_RECEIVED
};

struct metric {
    char name[METRIC_BYTES];
    enum metric_kind kind;
    enum metric_which which;
    enum series series; /* METRIC_LATENCY. */
    enum metric_stat stat;
    double percentile; /* STAT_PERCENTILE: 99.9. */
    const char *unit;  /* "ns", "messages", "/s" or "" for a share. */
    bool higher_is_better;
    bool needs_schedule; /* There is none with `max`: a response, or what was asked. */
    bool needs_confirms; /* Of a promise that only a confirm makes. */
};

/* 0, or -EINVAL with what is wrong and what would be right. */
int metric_parse(const char *name, struct metric *ret, struct errinfo *reterr);

/* The metrics that are told of every case, in the order of reports; NULL at the end. */
extern const char *const metric_standard[];

#endif
