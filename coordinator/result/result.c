#include "result.h"

#include "mono.h"

#include "invariant.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By enum verdict; `millrace run --help` lists the exit codes. */
static const struct {
    const char *name;
    int exit_code;
} verdicts[] = {
    [VERDICT_PASS] = {"pass", 0},
    [VERDICT_FAIL] = {"fail", 1},
    [VERDICT_INVALID] = {"invalid", 3},
    [VERDICT_FAILED] = {"failed", 4},
    [VERDICT_REGRESSION] = {"regression", 5},
    [VERDICT_INTERRUPTED] = {"interrupted", 130},
};
#define VERDICTS_COUNT (sizeof verdicts / sizeof verdicts[0])

const char *verdict_name(enum verdict verdict)
{
    ASSERT((size_t)verdict < VERDICTS_COUNT);
    return verdicts[verdict].name;
}

int verdict_exit_code(enum verdict verdict)
{
    ASSERT((size_t)verdict < VERDICTS_COUNT);
    return verdicts[verdict].exit_code;
}

void result_phases_free(struct result_phase *phases, uint32_t phases_count)
{
    for (uint32_t i = 0; i < phases_count; i++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            hist_free(phases[i].latency[series]);
        }
    }
    free(phases);
}

void result_trial_done(struct result_trial *trial)
{
    result_phases_free(trial->phases, trial->phases_count);
    free(trial->intervals);
    heat_done(&trial->heat);
    free(trial->agent_intervals);
    free(trial->audit);
    free(trial->parties);
    free(trial->outages);
    free(trial->notices);
    free(trial->errors);
    free(trial->threads);
}

static void case_done(struct result_case *result_case)
{
    result_phases_free(result_case->phases, result_case->phases_count);
    for (uint32_t i = 0; i < result_case->trials_count; i++) {
        result_trial_done(&result_case->trials[i]);
    }
    free(result_case->trials);
    free(result_case->parameters);
    free(result_case->figures);
}

void result_free(struct result *result)
{
    if (result == NULL) {
        return;
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        case_done(&result->cases[i]);
    }
    free(result->cases);
    free(result->name);
    free(result->description);
    free(result->reasons);
    free(result->command);
    free(result->scenario);
    free(result->versions);
    free(result->journal_lacks);
    free(result->agents);
    free(result->resumes);
    free(result->objectives);
    findings_done(&result->findings);
    free(result->marks);
    free(result);
}

bool result_has_observed(const struct result_objective *objective)
{
    return objective->has_observed || objective->met != MET_NOT_AVAILABLE;
}

bool result_phase_has_rates(const struct result_phase *phase)
{
    bool sends = phase->is_max || phase->due > 0;

    return phase->duration_ns >= (sends ? 1 : NS_PER_S);
}

int64_t result_in_calls_ns(const struct result_agent_interval *row)
{
    double wait_ns =
        row->strain.load_wait_ns == STRAIN_UNKNOWN ? 0.0 : (double)row->strain.load_wait_ns;
    double used_ns = ((double)row->strain.load_cpu_ns + wait_ns) * (double)row->load_threads;
    double held_ns = (double)row->call_ns - used_ns;

    return row->load_threads > 0 && held_ns > 0.0 ? (int64_t)held_ns : 0;
}
