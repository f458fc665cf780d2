#include "room_inner.h"

#include "host_limits.h"
#include "needs_resident.h"

#include <stdio.h>

struct needs_limits room_limits(void)
{
    return (struct needs_limits){.open_files_max = host_open_files(),
                                 .open_files_used = host_open_files_used(),
                                 .ports_count = host_ports(),
                                 .threads_max = host_threads_left(),
                                 .memory_bytes = host_memory_bytes()};
}

static void take_room(struct status *ret, const char *why, uint32_t clients_max)
{
    if (!ret->is_full) {
        (void)snprintf(ret->text, sizeof ret->text, "%s", why);
        ret->is_full = true;
        ret->clients_max = clients_max;
    }
    ret->clients_max = clients_max < ret->clients_max ? clients_max : ret->clients_max;
}

void room_check(const struct assignment *assignment, const struct needs_limits *limits,
                struct status *ret)
{
    struct needs needs = needs_of(assignment);
    double memory = needs_resident_kept_bytes(assignment);
    uint64_t ports =
        (uint64_t)limits->ports_count *
        (assignment->target.addresses_count == 0 ? 1 : assignment->target.addresses_count);
    char why[NEEDS_TEXT_BYTES];

    needs_count_used(&needs, limits);
    if (needs_lack_files(&needs, limits, why)) {
        take_room(ret, why,
                  needs_clients_fit(needs.clients, (double)needs.open_files,
                                    (double)limits->open_files_max,
                                    (double)needs.open_files_fixed));
    }
    if (needs_lack_ports(needs.connections, assignment->target.addresses_count, limits, why)) {
        take_room(ret, why,
                  needs_clients_fit(needs.clients, (double)needs.connections, (double)ports, 0.0));
    }
    if (needs_lack_threads(&needs, limits, why)) {
        take_room(ret, why,
                  needs_clients_fit(needs.clients, (double)needs.threads,
                                    (double)limits->threads_max, 0.0));
    }
    if (needs_lack_memory(memory, limits, why)) {
        take_room(ret, why,
                  needs_clients_fit(needs.clients, memory, (double)limits->memory_bytes, 0.0));
    }
}
