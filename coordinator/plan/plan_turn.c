/* Whose turn it is. */
#include "plan_inner.h"

uint32_t layout_agent_at(const struct layout *layout, uint32_t place)
{
    return layout->order == NULL ? place : layout->order[place];
}
