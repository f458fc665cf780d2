#include "metric.h"

#include "nearest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATS "min, mean, p50, p90, p95, p99, p99.9, p99.99, max"

const char *const metric_standard[] = {"e2e.p50",
                                       "e2e.p90",
                                       "e2e.p95",
                                       "e2e.p99",
                                       "e2e.p99.9",
                                       "e2e.p99.99",
                                       "e2e.max",
                                       "e2e.mean",
                                       "publish.p50",
                                       "publish.p90",
                                       "publish.p95",
                                       "publish.p99",
                                       "publish.p99.9",
                                       "publish.p99.99",
                                       "publish.max",
                                       "publish.mean",
                                       "e2e_service.p50",
                                       "e2e_service.p99",
                                       "e2e_service.mean",
                                       "publish_service.p50",
                                       "publish_service.p99",
                                       "publish_service.mean",
                                       "send_lag.p50",
                                       "send_lag.p99",
                                       "call.p50",
                                       "call.p99",
                                       "consume_ack.p50",
                                       "consume_ack.p99",
                                       "connect.p50",
                                       "connect.p99",
                                       "connect.max",
                                       "sent_rate",
                                       "acked_rate",
                                       "received_rate",
                                       "attained",
                                       "lost",
                                       "duplicated",
                                       "reordered",
                                       "corrupted",
                                       "refused",
                                       "unconfirmed",
                                       "expired",
                                       "errors",
                                       "backlog.max",
                                       "backlog.end",
                                       "outage.max",
                                       NULL};

/* What has no stat of its own behind its name. */
static const struct {
    const char *name;
    enum metric_kind kind;
    enum metric_which which;
    enum metric_stat stat;
    const char *unit;
    bool higher_is_better;
    bool needs_confirms;
} plain[] = {
    {"lost", METRIC_COUNT, WHICH_LOST, STAT_NONE, "messages", false, true},
    {"duplicated", METRIC_COUNT, WHICH_DUPLICATED, STAT_NONE, "messages", false, false},
    {"reordered", METRIC_COUNT, WHICH_REORDERED, STAT_NONE, "messages", false, false},
    {"corrupted", METRIC_COUNT, WHICH_CORRUPTED, STAT_NONE, "messages", false, false},
    {"refused", METRIC_COUNT, WHICH_REFUSED, STAT_NONE, "messages", false, false},
    {"unconfirmed", METRIC_COUNT, WHICH_UNCONFIRMED, STAT_NONE, "messages", false, false},
    {"expired", METRIC_COUNT, WHICH_EXPIRED, STAT_NONE, "messages", false, false},
    {"errors", METRIC_COUNT, WHICH_ERRORS, STAT_NONE, "", false, false},
    {"sent_rate", METRIC_RATE, WHICH_SENT, STAT_NONE, "/s", true, false},
    {"acked_rate", METRIC_RATE, WHICH_ACKED, STAT_NONE, "/s", true, false},
    {"received_rate", METRIC_RATE, WHICH_RECEIVED, STAT_NONE, "/s", true, false},
    {"attained", METRIC_ATTAINED, WHICH_NONE, STAT_NONE, "", true, false},
    {"backlog.max", METRIC_BACKLOG, WHICH_NONE, STAT_MAX, "messages", false, false},
    {"backlog.end", METRIC_BACKLOG, WHICH_NONE, STAT_END, "messages", false, false},
    {"outage.max", METRIC_OUTAGE, WHICH_NONE, STAT_MAX, "ns", false, false},
};
#define PLAIN_COUNT (sizeof plain / sizeof plain[0])

/* "p99.9": a percentile below 100 with at most four digits behind the point. */
static bool parse_percentile(const char *stat, double *ret)
{
    char *end = NULL;

    if (stat[0] != 'p' || strspn(stat + 1, "0123456789.") != strlen(stat + 1) || stat[1] == '.' ||
        strlen(stat) > 8) {
        return false;
    }
    *ret = strtod(stat + 1, &end);
    return end != stat + 1 && *end == '\0' && *ret > 0.0 && *ret < 100.0;
}

static bool parse_stat(const char *stat, struct metric *ret)
{
    if (strcmp(stat, "min") == 0) {
        ret->stat = STAT_MIN;
    } else if (strcmp(stat, "mean") == 0) {
        ret->stat = STAT_MEAN;
    } else if (strcmp(stat, "max") == 0) {
        ret->stat = STAT_MAX;
    } else {
        ret->stat = STAT_PERCENTILE;
        return parse_percentile(stat, &ret->percentile);
    }
    return true;
}

static int parse_latency(const char *name, size_t series_bytes, enum series series,
                         struct metric *ret, struct errinfo *reterr)
{
    ret->kind = METRIC_LATENCY;
    ret->series = series;
    ret->unit = "ns";
    ret->needs_schedule =
        series == SERIES_PUBLISH || series == SERIES_E2E || series == SERIES_SEND_LAG;
    if (name[series_bytes] == '\0') {
        return errinfo_set(reterr, -EINVAL, "\"%.40s\" needs a statistic (%.40s.p99; there are %s)",
                           name, name, STATS);
    }
    if (!parse_stat(name + series_bytes + 1, ret)) {
        return errinfo_set(reterr, -EINVAL, "\"%.40s\" has no such statistic (%s)", name, STATS);
    }
    return 0;
}

static int unknown(const char *name, struct errinfo *reterr)
{
    struct nearest nearest;

    nearest_init(&nearest, name);
    for (size_t i = 0; metric_standard[i] != NULL; i++) {
        nearest_offer(&nearest, metric_standard[i]);
    }
    if (nearest.best != NULL) {
        return errinfo_set(reterr, -EINVAL, "there is no metric \"%.40s\" (did you mean %s?)", name,
                           nearest.best);
    }
    return errinfo_set(reterr, -EINVAL,
                       "there is no metric \"%.40s\" (such as e2e.p99, publish.p99, lost, "
                       "received_rate, attained, backlog.max)",
                       name);
}

int metric_parse(const char *name, struct metric *ret, struct errinfo *reterr)
{
    size_t series_bytes = strcspn(name, ".");

    memset(ret, 0, sizeof *ret);
    if (strlen(name) >= sizeof ret->name) {
        return unknown(name, reterr);
    }
    (void)snprintf(ret->name, sizeof ret->name, "%s", name);
    for (size_t i = 0; i < PLAIN_COUNT; i++) {
        if (strcmp(plain[i].name, name) == 0) {
            ret->kind = plain[i].kind;
            ret->which = plain[i].which;
            ret->stat = plain[i].stat;
            ret->unit = plain[i].unit;
            ret->higher_is_better = plain[i].higher_is_better;
            ret->needs_schedule = plain[i].kind == METRIC_ATTAINED;
            ret->needs_confirms = plain[i].needs_confirms;
            return 0;
        }
    }
    for (int series = 0; series < SERIES_COUNT; series++) {
        const char *known = series_name((enum series)series);

        if (strlen(known) == series_bytes && strncmp(known, name, series_bytes) == 0) {
            return parse_latency(name, series_bytes, (enum series)series, ret, reterr);
        }
    }
    return unknown(name, reterr);
}
