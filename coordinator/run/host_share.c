#include "host_share.h"

void host_share_fill(const struct host_entry *entry, uint32_t agents_count, struct plan_agent *ret)
{
    uint32_t weight_milli = entry->weight * 1000 / (agents_count == 0 ? 1 : agents_count);

    ret->weight_milli = entry->weight > 0 && weight_milli == 0 ? 1 : weight_milli;
    ret->labels = entry->labels;
    ret->labels_count = entry->labels_count;
}
