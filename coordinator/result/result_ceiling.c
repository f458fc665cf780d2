/* The generator's own ceiling beside what was asked of it, in figures and in words. */
#include "result.h"

#include "coalesce.h"
#include "units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

double result_ceiling_reached(const struct result_case *of)
{
    double most = 0.0;

    for (uint32_t i = 0; of->calibration.ceiling_per_s > 0.0 && i < of->phases_count; i++) {
        const struct result_phase *phase = &of->phases[i];

        if (phase->measured && phase->flow[0] == '\0') {
            double sent = phase->due > phase->delivery.sent
                              ? (double)phase->delivery.sent / (double)phase->due
                              : 1.0;

            most = fmax(most, phase->asked_peak_per_s * sent / of->calibration.ceiling_per_s);
        }
    }
    return most;
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
            used[row->agent].cpu_ns += (double)strain_busiest_ns(&row->strain);
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

bool result_headroom_by_thread(const struct result_case *of)
{
    double share = result_load_share(of);

    return share > result_ceiling_share(of) &&
           (of->calibration.cpu_ns_per_message == 0.0 || share > STRAIN_LOAD_CPU_SUSPECT);
}

double result_headroom(const struct result_case *of)
{
    double ceiling = result_ceiling_share(of);

    return ceiling <= 0.0                  ? 0.0
           : result_headroom_by_thread(of) ? 1.0 / result_load_share(of)
                                           : 1.0 / ceiling;
}

const char *result_format_headroom(double headroom, char *text)
{
    (void)snprintf(text, HEADROOM_TEXT_BYTES, headroom < 9.95 ? "%.1fx" : "%.0fx",
                   headroom < 99999.0 ? headroom : 99999.0);
    return text;
}

static void describe_ceiling(const struct result_calibration *made, char *text, size_t text_bytes)
{
    char rate[UNITS_TEXT_BYTES];
    char cpu[UNITS_TEXT_BYTES];

    units_format_rate(made->ceiling_per_s, rate);
    if (made->cpu_ns_per_message == 0.0) {
        (void)snprintf(text, text_bytes, "the generator alone reached %s, into memory", rate);
    } else {
        (void)snprintf(text, text_bytes,
                       "the generator alone would reach %s %s (CPU of its busiest thread: %s a "
                       "message)",
                       rate, made->burst_messages > 0 ? "on this broker" : "into memory",
                       units_format_ns(made->cpu_ns_per_message, cpu));
    }
}

const char *result_describe_headroom(const struct result_case *of, char *text)
{
    char factor[HEADROOM_TEXT_BYTES];
    char thread[64] = "";
    char ceiling[160];

    text[0] = '\0';
    if (result_headroom(of) <= 0.0) {
        return text;
    }
    if (result_headroom_by_thread(of)) {
        (void)snprintf(thread, sizeof thread, "its busiest thread used %.0f %% of its CPU; ",
                       result_load_share(of) * 100.0);
    }
    describe_ceiling(&of->calibration, ceiling, sizeof ceiling);
    (void)snprintf(text, REASON_BYTES, "headroom %s: %s%s",
                   result_format_headroom(result_headroom(of), factor), thread, ceiling);
    return text;
}
