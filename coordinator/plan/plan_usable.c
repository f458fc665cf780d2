#include "plan_usable.h"

#include <string.h>

bool plan_usable_same_host(const struct hello *a, const struct hello *b)
{
    return strcmp(a->boot_id, b->boot_id) == 0 && strcmp(a->host, b->host) == 0;
}

static uint32_t usable_milli(const struct hello *const *hellos, uint32_t count, uint32_t of)
{
    const struct hello *own = hellos[of];
    uint64_t all_milli = (uint64_t)own->cpus * 1000;
    uint64_t limit_milli = own->cpus_milli == 0 ? all_milli : own->cpus_milli;
    uint32_t on_kernel = 0;
    uint32_t on_host = 0;

    for (uint32_t i = 0; i < count; i++) {
        on_kernel += strcmp(hellos[i]->boot_id, own->boot_id) == 0 ? 1 : 0;
        on_host += plan_usable_same_host(hellos[i], own) ? 1 : 0;
    }
    all_milli /= on_kernel;
    limit_milli /= on_host;
    limit_milli = limit_milli < all_milli ? limit_milli : all_milli;
    return limit_milli == 0 ? 1 : limit_milli > UINT32_MAX ? UINT32_MAX : (uint32_t)limit_milli;
}

void plan_usable_cpus(const struct hello *const *hellos, uint32_t count, struct plan_agent *ret)
{
    for (uint32_t i = 0; i < count; i++) {
        ret[i].cpus_milli = usable_milli(hellos, count, i);
        ret[i].cpus = ret[i].cpus_milli < 1000 ? 1 : ret[i].cpus_milli / 1000;
    }
}
