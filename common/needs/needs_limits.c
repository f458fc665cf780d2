#include "needs_limits.h"

#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

void needs_count_used(struct needs *needs, const struct needs_limits *limits)
{
    if (limits->open_files_used > NEEDS_IDLE_FILES) {
        needs->open_files += limits->open_files_used - NEEDS_IDLE_FILES;
        needs->open_files_fixed += limits->open_files_used - NEEDS_IDLE_FILES;
    }
}

bool needs_lack_files(const struct needs *needs, const struct needs_limits *limits, char *ret)
{
    char clients[UNITS_TEXT_BYTES];
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
    (void)snprintf(ret, NEEDS_TEXT_BYTES,
                   "%s open files, %s clients would be there, which need %s: raise it with ulimit "
                   "-n %" PRIu64,
                   units_format_whole(limits->open_files_max, limit),
                   units_format_whole(needs->clients, clients),
                   units_format_whole(needs->open_files, files), enough);
    return true;
}

bool needs_lack_ports(uint64_t connections, uint32_t addresses_count,
                      const struct needs_limits *limits, char *ret)
{
    uint64_t addresses = addresses_count == 0 ? 1 : addresses_count;
    uint64_t ports = addresses * limits->ports_count;
    char needed[UNITS_TEXT_BYTES];
    char there[UNITS_TEXT_BYTES];

    if (limits->ports_count == 0 || connections <= ports) {
        return false;
    }
    (void)snprintf(ret, NEEDS_TEXT_BYTES,
                   "%s connections need as many local ports, the host has %s for %s: widen "
                   "net.ipv4.ip_local_port_range, or use more hosts",
                   units_format_whole(connections, needed), units_format_whole(ports, there),
                   addresses == 1 ? "one address" : "these addresses");
    return true;
}

bool needs_lack_threads(const struct needs *needs, const struct needs_limits *limits, char *ret)
{
    char needed[UNITS_TEXT_BYTES];
    char clients[UNITS_TEXT_BYTES];
    char there[UNITS_TEXT_BYTES];

    if (limits->threads_max == 0 || needs->threads <= limits->threads_max) {
        return false;
    }
    (void)snprintf(ret, NEEDS_TEXT_BYTES,
                   "%s more threads, %s clients would be there, which need %s: raise ulimit -u, or "
                   "the limit of processes of its control group",
                   units_format_whole(limits->threads_max, there),
                   units_format_whole(needs->clients, clients),
                   units_format_whole(needs->threads, needed));
    return true;
}

bool needs_lack_memory(double resident_bytes, const struct needs_limits *limits, char *ret)
{
    char needed[UNITS_TEXT_BYTES];
    char there[UNITS_TEXT_BYTES];

    if (limits->memory_bytes == 0 || resident_bytes <= (double)limits->memory_bytes) {
        return false;
    }
    (void)snprintf(ret, NEEDS_TEXT_BYTES,
                   "its agents take about %s of memory together, the host has %s: fewer clients, "
                   "topics or partitions, or more hosts",
                   units_format_bytes(resident_bytes, needed),
                   units_format_bytes((double)limits->memory_bytes, there));
    return true;
}

uint32_t needs_clients_fit(uint64_t clients, double needed, double limit, double fixed)
{
    double each = (needed - fixed) / fmax((double)clients, 1.0);
    double fit = each <= 0.0 ? 0.0 : floor((limit - fixed) / each);

    return fit <= 0.0 ? 0 : fit >= (double)clients ? (uint32_t)clients : (uint32_t)fit;
}
