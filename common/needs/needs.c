#include "needs.h"

#include "catalog.h"

/* Logs, the coordinator's connection, wake-ups; counted on an idle agent and rounded up. */
#define AGENT_FILES 64
#define WORKER_FILES 4

struct needs needs_of(const struct assignment *assignment)
{
    const struct catalog_entry *entry = catalog_find(assignment->target.backend);
    struct needs needs = {.open_files = AGENT_FILES};

    needs.connections = (uint64_t)assignment->producers_count * entry->producer_connections +
                        (uint64_t)assignment->consumers_count * entry->consumer_connections;
    needs.open_files += needs.connections * entry->connection_files +
                        (uint64_t)assignment->workers_count * WORKER_FILES;
    return needs;
}
