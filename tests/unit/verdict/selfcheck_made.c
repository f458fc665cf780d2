#include "selfcheck_made.h"

#include <stdlib.h>
#include <string.h>

struct result *made_result(void)
{
    struct result *result = calloc(1, sizeof *result);
    struct result_case *of;
    struct result_trial *trial;

    assert_non_null(result);
    result->agents = calloc(2, sizeof *result->agents);
    result->cases = calloc(1, sizeof *result->cases);
    assert_non_null(result->agents);
    assert_non_null(result->cases);
    (void)strcpy(result->agents[0].name, "one");
    result->agents[0].cpus = 2;
    result->agents_count = 1;
    result->cases_count = 1;
    of = &result->cases[0];
    (void)strcpy(of->name, "c");
    of->status = CASE_MEASURED;
    of->phases = calloc(1, sizeof *of->phases);
    of->trials = calloc(1, sizeof *of->trials);
    assert_non_null(of->phases);
    assert_non_null(of->trials);
    of->phases_count = of->trials_count = 1;
    of->phases[0].measured = true;
    of->phases[0].duration_ns = SECONDS * INTERVAL_NS;
    trial = &of->trials[0];
    trial->phases = calloc(1, sizeof *trial->phases);
    trial->intervals = calloc(SECONDS, sizeof *trial->intervals);
    trial->agent_intervals = calloc(SECONDS, sizeof *trial->agent_intervals);
    assert_non_null(trial->phases);
    assert_non_null(trial->intervals);
    assert_non_null(trial->agent_intervals);
    trial->phases[0] = of->phases[0];
    trial->phases_count = 1;
    trial->intervals_count = trial->agent_intervals_count = SECONDS;
    for (uint32_t i = 0; i < SECONDS; i++) {
        trial->intervals[i].complete = true;
        trial->agent_intervals[i].span_ns = INTERVAL_NS;
        trial->agent_intervals[i].end_ns = (int64_t)(i + 1) * INTERVAL_NS;
        trial->agent_intervals[i].load_threads = 2;
        trial->agent_intervals[i].asked = trial->agent_intervals[i].asked_sent = 10000;
        trial->agent_intervals[i].strain.load_cpu_ns = INTERVAL_NS / 10;
        trial->agent_intervals[i].send_lag_p99_ns = 50000;
        trial->agent_intervals[i].strain.own_lag_p99_ns = 50000;
        trial->agent_intervals[i].call_p99_ns = 2000;
    }
    return result;
}

const struct result_check *check_of(struct result *result, const char *name)
{
    assert_int_equal(selfcheck_find(result, NULL), 0);
    for (uint32_t i = 0; i < result->findings.checks_count; i++) {
        if (strcmp(result->findings.checks[i].check, name) == 0) {
            assert_true(result->findings.checks[i].text[0] != '\0');
            return &result->findings.checks[i];
        }
    }
    fail_msg("there is no check %s", name);
    return NULL;
}

struct result_agent_interval *second_of(struct result *result, uint32_t second)
{
    return &result->cases[0].trials[0].agent_intervals[second];
}

const struct result_check *void_of(const struct result *result, const char *name)
{
    struct metric metric;

    assert_int_equal(metric_parse(name, &metric, NULL), 0);
    return selfcheck_void(result, &result->cases[0], &metric);
}
