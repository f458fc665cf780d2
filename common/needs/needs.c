#include "needs.h"

#include "catalog.h"

#define WORKER_FILES 4

/* The one that ticks, and those that open clients and end them. */
#define TRIAL_THREADS 2

struct needs needs_of(const struct assignment *assignment)
{
    const struct catalog_entry *entry;
    struct needs needs = {.clients = (uint64_t)assignment->producers_count +
                                     (uint64_t)assignment->consumers_count,
                          .threads = (uint64_t)assignment->workers_count + TRIAL_THREADS};

    needs.open_files_fixed = NEEDS_IDLE_FILES + (uint64_t)assignment->workers_count * WORKER_FILES;
    needs.open_files = needs.open_files_fixed;
    if (needs.clients == 0) { /* Of an agent that was lost there is no more than that. */
        return needs;
    }
    entry = catalog_entry_of(&assignment->target);
    needs.connections = (uint64_t)assignment->producers_count * entry->producer_connections +
                        (uint64_t)assignment->consumers_count * entry->consumer_connections;
    needs.open_files += needs.connections * entry->connection_files;
    return needs;
}
