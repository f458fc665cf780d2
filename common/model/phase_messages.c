#include "phase_messages.h"

uint64_t phase_messages(const struct assignment *assignment, uint32_t phase, uint32_t flow)
{
    const struct assigned_phase *assigned = &assignment->phases[phase];
    const struct phase_load *load = &assigned->loads[flow];
    struct load_curve curve = assigned_curve(assignment, assigned);
    uint32_t producers = assignment->flows[flow].producers_count;
    uint64_t due;

    if (load->load == LOAD_MAX) {
        return assigned->messages > 0 ? assigned->messages : UINT64_MAX;
    }
    if (load->load == LOAD_NONE) {
        return 0;
    }
    if (curve.points_count > 0) {
        due = curve_count_before(&curve, assigned->duration_ns);
    } else {
        /* Message j is due at floor(j x per_ns / messages): those below the phase's end. */
        due = (uint64_t)(((unsigned __int128)assigned->duration_ns * load->rate.messages +
                          load->rate.per_ns - 1) /
                         load->rate.per_ns);
    }
    if (assigned->pacing.arrivals == ARRIVALS_ALIGNED && producers > 0) {
        due = (due + producers - 1) / producers * producers; /* All of them, each time. */
    }
    return assigned->messages > 0 && assigned->messages < due ? assigned->messages : due;
}
