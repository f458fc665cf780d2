#include "scenario_drain_inner.h"

#include <stdio.h>
#include <string.h>

static bool phase_exists(const struct scenario_setup *setup, const char *name)
{
    for (uint32_t i = 0; i < setup->phases_count; i++) {
        if (strcmp(setup->phases[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

void build_drain(struct scenario_setup *setup)
{
    struct scenario_phase *phase = &setup->phases[setup->phases_count];

    (void)snprintf(phase->name, sizeof phase->name, "drain");
    for (uint32_t i = 2; phase_exists(setup, phase->name); i++) {
        (void)snprintf(phase->name, sizeof phase->name, "drain-%u", i);
    }
    phase->kind = PHASE_NONE;
    phase->duration_ns = DRAIN_NS;
    phase->until_drained = true;
    phase->implied = true;
    setup->phases_count++;
}
