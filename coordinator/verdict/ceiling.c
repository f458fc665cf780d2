#include "ceiling.h"

#include <math.h>
#include <string.h>

static double rate_of(const struct result_phase *phase, const struct scenario_topology *topology)
{
    return topology->consumers == 0
               ? phase->sent_per_s
               : fmin(phase->sent_per_s, phase->received_per_s / topology->subscriptions);
}

double ceiling_of(const struct result_trial *trial, const struct scenario_setup *setup,
                  const char *phase)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < trial->phases_count; i++) {
        const struct result_phase *row = &trial->phases[i];

        if (strcmp(row->name, phase) != 0) {
            continue;
        }
        for (uint32_t f = 0; f < setup->flows_count; f++) {
            /* A single flow has no row of its own. */
            if (setup->flows_count == 1 || strcmp(row->flow, setup->flows[f].name) == 0) {
                sum += rate_of(row, &setup->flows[f].topology);
            }
        }
    }
    return sum;
}
