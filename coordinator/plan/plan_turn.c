/* Whose turn it is, how much of it, and until when. */
#include "plan_inner.h"

uint32_t layout_agent_at(const struct layout *layout, uint32_t place)
{
    return layout->order == NULL ? place : layout->order[place];
}

uint64_t layout_weight(const struct layout *layout, uint32_t agent, bool equal)
{
    const struct plan_agent *of = &layout->agents[agent];
    uint32_t weight = of->weight_milli > 0 ? of->weight_milli : of->cpus_milli;

    return equal || weight == 0 ? 1 : weight;
}

bool layout_is_full(const struct layout *layout, uint32_t agent, uint64_t clients_count)
{
    return layout->rooms != NULL && layout->rooms[agent].is_full &&
           clients_count > layout->rooms[agent].clients_max;
}
