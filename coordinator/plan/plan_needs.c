#include "plan_needs.h"

#include "units.h"

#include <inttypes.h>
#include <stdio.h>

bool plan_needs_files(const struct needs *needs, const struct plan_limits *limits, char *ret)
{
    char connections[UNITS_TEXT_BYTES];
    char files[UNITS_TEXT_BYTES];
    char limit[UNITS_TEXT_BYTES];
    uint64_t enough = 1024;

    if (limits->open_files_max == 0 || needs->connections == 0 ||
        needs->open_files <= limits->open_files_max) {
        return false;
    }
    while (enough < needs->open_files) {
        enough *= 2;
    }
    (void)snprintf(ret, PLAN_NEEDS_BYTES,
                   "%s connections need %s open files, the limit is %s: raise it with ulimit -n "
                   "%" PRIu64,
                   units_format_whole(needs->connections, connections),
                   units_format_whole(needs->open_files, files),
                   units_format_whole(limits->open_files_max, limit), enough);
    return true;
}

bool plan_needs_ports(uint64_t connections, uint32_t addresses_count,
                      const struct plan_limits *limits, char *ret)
{
    uint64_t addresses = addresses_count == 0 ? 1 : addresses_count;
    uint64_t ports = addresses * limits->ports_count;
    char needed[UNITS_TEXT_BYTES];
    char there[UNITS_TEXT_BYTES];

    if (limits->ports_count == 0 || connections <= ports) {
        return false;
    }
    (void)snprintf(ret, PLAN_NEEDS_BYTES,
                   "%s connections need as many local ports, the host has %s for %s: widen "
                   "net.ipv4.ip_local_port_range, or use more hosts",
                   units_format_whole(connections, needed), units_format_whole(ports, there),
                   addresses == 1 ? "one address" : "these addresses");
    return true;
}

bool plan_needs_memory(double resident_bytes, const struct plan_limits *limits, char *ret)
{
    char needed[UNITS_TEXT_BYTES];
    char there[UNITS_TEXT_BYTES];

    if (limits->memory_bytes == 0 || resident_bytes <= (double)limits->memory_bytes) {
        return false;
    }
    (void)snprintf(ret, PLAN_NEEDS_BYTES,
                   "its agents take about %s of memory together, the host has %s: fewer clients, "
                   "topics or partitions, or more hosts",
                   units_format_bytes(resident_bytes, needed),
                   units_format_bytes((double)limits->memory_bytes, there));
    return true;
}
