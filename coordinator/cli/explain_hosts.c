#include "explain_hosts_inner.h"

#include <inttypes.h>
#include <stdio.h>

static void write_host(const struct host_entry *host)
{
    (void)printf("  %s: ", host->name);
    if (host->weight > 0) {
        (void)printf("weight %" PRIu32, host->weight);
    } else {
        (void)printf("by its CPUs");
    }
    for (uint32_t i = 0; i < host->labels_count; i++) {
        (void)printf(", %s", host->labels[i].text);
    }
    if (host->fleet_count > 0) {
        (void)printf(", a fleet of up to %" PRIu32, host->fleet_count);
    }
    if (host->processes_count > 0) {
        (void)printf(", %" PRIu32 " processes", host->processes_count);
    }
    (void)printf("\n");
}

void explain_hosts(const struct host_list *hosts)
{
    bool unknown = false;

    if (hosts->count == 0) {
        return;
    }
    (void)printf("hosts:\n");
    for (uint32_t i = 0; i < hosts->count; i++) {
        write_host(&hosts->entries[i]);
        unknown = unknown || hosts->entries[i].weight == 0;
    }
    if (unknown) {
        (void)printf(
            "  How many CPUs a host can use is told when it joins. Until then each without "
            "a weight counts as one CPU.\n");
    }
}
