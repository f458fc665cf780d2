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

double result_asked_peak(const struct result_case *of)
{
    double peak = 0.0;

    for (uint32_t i = 0; i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];

        if (phase->measured && phase->flow[0] == '\0' && phase->asked_peak_per_s > peak) {
            peak = phase->asked_peak_per_s;
        }
    }
    return peak;
}

double result_ceiling_share(const struct result_case *of)
{
    return of->calibration.ceiling_per_s > 0.0
               ? result_asked_peak(of) / of->calibration.ceiling_per_s
               : 0.0;
}

struct used {
    double cpu_ns;
    double span_ns;
};

/* The largest share of an agent over the seconds that lie in the phase; used: room for each agent.
 */
static double share_of_phase(const struct result_trial *trial, const struct result_phase *phase,
                             struct used *used, uint32_t agents_count)
{
    double most = 0.0;

    memset(used, 0, agents_count * sizeof *used);
    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];

        if (row->end_ns - row->span_ns >= phase->start_ns &&
            row->end_ns <= phase->start_ns + phase->duration_ns) {
            used[row->agent].cpu_ns += (double)row->strain.load_cpu_ns;
            used[row->agent].span_ns += (double)row->span_ns;
        }
    }
    for (uint32_t i = 0; i < agents_count; i++) {
        most = used[i].span_ns > 0.0 ? fmax(most, used[i].cpu_ns / used[i].span_ns) : most;
    }
    return most;
}

static double share_of_trial(const struct result_trial *trial)
{
    uint32_t agents_count = 0;
    struct used *used;
    double most = 0.0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        agents_count = trial->agent_intervals[i].agent >= agents_count
                           ? trial->agent_intervals[i].agent + 1
                           : agents_count;
    }
    used = calloc((size_t)agents_count + 1, sizeof *used);
    for (uint32_t p = 0; used != NULL && p < trial->phases_count; p++) {
        const struct result_phase *phase = &trial->phases[p];

        if (phase->measured && phase->flow[0] == '\0' && !phase->is_max) {
            most = fmax(most, share_of_phase(trial, phase, used, agents_count));
        }
    }
    free(used);
    return most;
}

double result_load_share(const struct result_case *of)
{
    double most = 0.0;

    for (uint32_t t = 0; t < of->trials_count; t++) {
        most = fmax(most, share_of_trial(&of->trials[t]));
    }
    return most;
}

double result_headroom(const struct result_case *of)
{
    double ceiling = result_ceiling_share(of);

    return ceiling > 0.0 ? 1.0 / fmax(ceiling, result_load_share(of)) : 0.0;
}

const char *result_format_headroom(double headroom, char *text)
{
    (void)snprintf(text, HEADROOM_TEXT_BYTES, headroom < 9.95 ? "%.1fx" : "%.0fx",
                   headroom < 99999.0 ? headroom : 99999.0);
    return text;
}

int64_t result_in_calls_ns(const struct result_agent_interval *row)
{
    double wait_ns =
        row->strain.load_wait_ns == STRAIN_UNKNOWN ? 0.0 : (double)row->strain.load_wait_ns;
    double used_ns = ((double)row->strain.load_cpu_ns + wait_ns) * (double)row->load_threads;
    double held_ns = (double)row->call_ns - used_ns;

    return row->load_threads > 0 && held_ns > 0.0 ? (int64_t)held_ns : 0;
}
