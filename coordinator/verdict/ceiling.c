#include "ceiling.h"

#include <math.h>
#include <string.h>

static double rate_of(const struct result_phase *phase, const struct scenario_topology *topology)
{
    return topology->consumers == 0
               ? phase->sent_per_s
               : fmin(phase->sent_per_s, phase->received_per_s / topology->subscriptions);
}

static double messages_of(const struct result_phase *phase,
                          const struct scenario_topology *topology)
{
    return topology->consumers == 0
               ? (double)phase->delivery.sent
               : fmin((double)phase->delivery.sent,
                      (double)phase->delivery.received / topology->subscriptions);
}

/* All flows together, by one of these; phase: NULL for all. */
static double sum_of(const struct result_trial *trial, const struct scenario_setup *setup,
                     const char *phase,
                     double (*of)(const struct result_phase *, const struct scenario_topology *))
{
    double sum = 0.0;

    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *row = &trial->phases[i];

        if (phase != NULL && strcmp(row->name, phase) != 0) {
            continue;
        }
        for (uint32_t f = 0; f < setup->flows_count; f++) {
            /* A single flow has no row of its own. */
            if (setup->flows_count == 1 || strcmp(row->flow, setup->flows[f].name) == 0) {
                sum += of(row, &setup->flows[f].topology);
            }
        }
    }
    return sum;
}

/* Of the busiest thread of the agent where that is most. */
static double busiest_ns(const struct result_trial *trial)
{
    struct strain sums[AGENTS_MAX] = {{0}};
    double most = 0.0;

    for (uint32_t i = 0; i < trial->agent_intervals_count; i++) {
        const struct result_agent_interval *row = &trial->agent_intervals[i];
        struct strain *sum = &sums[row->agent];

        sum->load_cpu_ns += row->strain.load_cpu_ns;
        sum->library_cpu_ns += row->strain.library_cpu_ns;
        most = fmax(most, (double)strain_busiest_ns(sum));
    }
    return most;
}

void ceiling_find(const struct result_trial *trial, const struct scenario_setup *setup,
                  const char *phase, struct result_calibration *ret)
{
    double messages = sum_of(trial, setup, NULL, messages_of);
    double cpu_ns = busiest_ns(trial);

    ret->ceiling_per_s = sum_of(trial, setup, phase, rate_of);
    for (uint32_t i = 0; i < trial->phases_count; i++) {
        if (strcmp(trial->phases[i].name, phase) == 0 && trial->phases[i].flow[0] == '\0') {
            ret->duration_ns = trial->phases[i].duration_ns;
            ret->burst_messages = trial->phases[i].messages * setup->flows_count;
        }
    }
    if (messages > 0.0 && cpu_ns > 0.0 && ret->ceiling_per_s > 0.0) {
        ret->cpu_ns_per_message = cpu_ns / messages;
        ret->ceiling_per_s = fmax(ret->ceiling_per_s, 1e9 / ret->cpu_ns_per_message);
    }
}
