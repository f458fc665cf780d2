/* Which figures a check that failed makes untrustworthy. */
#include "selfcheck.h"

#include <string.h>

/* What a check is about. */
enum scope {
    SCOPE_SCHEDULE, /* When messages were sent: response latencies, rates, backlog. */
    SCOPE_THREADS,  /* How fast events were taken: all of these, and service latencies. */
    SCOPE_CLOCK,    /* Latencies from one host to another. */
    SCOPE_RECORDS,  /* Latencies of all kinds. */
    SCOPE_ALL       /* Whatever was reported. */
};

static const struct known {
    const char *check;
    enum scope scope;
    bool flatters; /* Less was asked or seen than it seems. */
} knowns[] = {
    {"attained", SCOPE_SCHEDULE, true},          {"send_lag", SCOPE_SCHEDULE, false},
    {"load_thread_cpu", SCOPE_THREADS, false},   {"run_queue_wait", SCOPE_THREADS, false},
    {"ticker_jitter", SCOPE_THREADS, false},     {"steal", SCOPE_THREADS, false},
    {"cgroup_throttling", SCOPE_THREADS, false}, {"clock_bound", SCOPE_CLOCK, true},
    {"clock_violations", SCOPE_CLOCK, true},     {"ceiling", SCOPE_THREADS, false},
    {"histogram_overflow", SCOPE_RECORDS, true}, {"recorder_full", SCOPE_THREADS, false},
    {"snapshot_gaps", SCOPE_THREADS, true},      {"planned_due", SCOPE_ALL, true},
};
#define KNOWNS_COUNT (sizeof knowns / sizeof knowns[0])

static const struct known *find(const struct result_check *check)
{
    for (size_t i = 0; i < KNOWNS_COUNT; i++) {
        if (strcmp(knowns[i].check, check->check) == 0) {
            return &knowns[i];
        }
    }
    return NULL;
}

static bool is_e2e(const struct metric *metric)
{
    return metric->series == SERIES_E2E || metric->series == SERIES_E2E_SERVICE;
}

static bool concerns(enum scope scope, const struct metric *metric)
{
    bool latency = metric->kind == METRIC_LATENCY;

    if (scope == SCOPE_ALL) {
        return true;
    }
    /* Lag is what the check itself looks at, and connecting is done before any load. */
    if (latency && (metric->series == SERIES_SEND_LAG || metric->series >= SERIES_CONNECT)) {
        return false;
    }
    switch (scope) {
    case SCOPE_SCHEDULE:
        return latency ? metric->needs_schedule
                       : metric->kind != METRIC_COUNT && metric->kind != METRIC_OUTAGE;
    case SCOPE_THREADS:
        return metric->kind != METRIC_COUNT && metric->kind != METRIC_OUTAGE;
    case SCOPE_CLOCK:
        return latency && is_e2e(metric);
    case SCOPE_RECORDS:
        return latency;
    case SCOPE_ALL:
        break;
    }
    return false;
}

bool selfcheck_concerns(const struct result_check *check, const struct metric *metric)
{
    const struct known *known = find(check);

    return check->status == CHECK_INVALID && known != NULL && concerns(known->scope, metric);
}

bool selfcheck_flatters(const struct result_check *check)
{
    const struct known *known = find(check);

    return known != NULL && known->flatters;
}

const struct result_check *selfcheck_void(const struct result *result, const struct result_case *of,
                                          const struct metric *metric)
{
    for (uint32_t i = 0; i < of->checks_count; i++) {
        const struct result_check *check = &result->findings.checks[of->checks_first + i];

        if (selfcheck_concerns(check, metric)) {
            return check;
        }
    }
    return NULL;
}
