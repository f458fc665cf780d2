/* Which figures a check that failed makes untrustworthy. */
#include "selfcheck.h"

#include <string.h>

/* What a check is about. */
enum scope {
    SCOPE_SCHEDULE, /* When messages were sent: response latencies, rates, backlog. */
    SCOPE_THREADS,  /* How fast events were taken: all of these, and service latencies. */
    SCOPE_CLOCK,    /* Latencies from one host to another. */
    SCOPE_RECORDS   /* Latencies of all kinds. */
};

static const struct {
    const char *check;
    enum scope scope;
} scopes[] = {
    {"attained", SCOPE_SCHEDULE},          {"send_lag", SCOPE_SCHEDULE},
    {"load_thread_cpu", SCOPE_THREADS},    {"run_queue_wait", SCOPE_THREADS},
    {"ticker_jitter", SCOPE_THREADS},      {"steal", SCOPE_THREADS},
    {"cgroup_throttling", SCOPE_THREADS},  {"clock_bound", SCOPE_CLOCK},
    {"histogram_overflow", SCOPE_RECORDS}, {"snapshot_gaps", SCOPE_THREADS},
};
#define SCOPES_COUNT (sizeof scopes / sizeof scopes[0])

static bool is_e2e(const struct metric *metric)
{
    return metric->series == SERIES_E2E || metric->series == SERIES_E2E_SERVICE;
}

static bool concerns(enum scope scope, const struct metric *metric)
{
    bool latency = metric->kind == METRIC_LATENCY;

    /* Lag is what the check itself looks at, and connecting is done before any load. */
    if (latency && (metric->series == SERIES_SEND_LAG || metric->series == SERIES_CONNECT)) {
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
    }
    return false;
}

const struct result_check *selfcheck_void(const struct result *result, const struct result_case *of,
                                          const struct metric *metric)
{
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        const struct result_check *check = &result->findings.checks[i];

        if (check->status != CHECK_INVALID || strcmp(check->case_name, of->name) != 0) {
            continue;
        }
        for (size_t s = 0; s < SCOPES_COUNT; s++) {
            if (strcmp(scopes[s].check, check->check) == 0 && concerns(scopes[s].scope, metric)) {
                return check;
            }
        }
    }
    return NULL;
}
