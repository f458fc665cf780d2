/* The trials of a search for the highest sustainable rate. */
#include "scenario.h"

#include "mono.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MILLIS_OF_ONE 100000.0 /* Thousandths of a percent. */

static double sum_of_rates(const struct scenario_setup *setup)
{
    double sum = 0.0;

    for (uint32_t i = 0; i < setup->flows_count; i++) {
        sum += setup->flows[i].has_rate ? rate_per_s(setup->flows[i].rate) : 0.0;
    }
    return sum;
}

void scenario_search_rate(const struct scenario_setup *setup, double rate,
                          struct scenario_phase *phase)
{
    double sum = sum_of_rates(setup);

    if (sum > 0.0) {
        phase->kind = PHASE_LOAD;
        phase->load_percent_millis = (uint64_t)llround(fmax(rate / sum * MILLIS_OF_ONE, 1.0));
    } else {
        const struct rate thousandths = {(uint64_t)llround(rate * 1000.0), 1000 * NS_PER_S};

        phase->kind = PHASE_RATE;
        phase->rate = rate_scale(thousandths, (uint64_t)MILLIS_OF_ONE);
    }
}

int scenario_search_setup(const struct scenario *scenario, const struct scenario_setup *of,
                          double rate, bool confirms, struct scenario_setup *ret,
                          struct errinfo *reterr)
{
    struct scenario_phase *phases = calloc((size_t)of->phases_count + 1, sizeof *phases);

    if (phases == NULL) {
        return errinfo_nomem(reterr);
    }
    memcpy(phases, of->phases, of->phases_count * sizeof *phases);
    for (uint32_t i = 0; i < of->phases_count; i++) {
        if (phases[i].kind == PHASE_NONE) {
            continue;
        }
        scenario_search_rate(of, rate, &phases[i]);
        if (phases[i].measured && confirms) {
            phases[i].duration_ns = scenario->search.confirm_ns;
        }
    }
    *ret = *of;
    ret->phases = phases;
    return 0;
}
