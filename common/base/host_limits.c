#include "host_limits.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t host_open_files_max(void)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : 0;
}

void host_open_files_raise(uint64_t kept)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max - (kept < files.rlim_max / 4 ? kept : files.rlim_max / 4);
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

bool host_open_files_taken(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return errno == EMFILE || errno == ENFILE;
    }
    (void)close(fd);
    return false;
}

uint64_t host_open_files(void)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 0;
}

uint32_t host_ports(void)
{
    char line[64];
    char *end = NULL;
    unsigned long first;
    unsigned long last;

    file_first_line("/proc/sys/net/ipv4/ip_local_port_range", line, sizeof line);
    first = strtoul(line, &end, 10);
    last = strtoul(end, NULL, 10);
    return last >= first && last <= UINT16_MAX && first > 0 ? (uint32_t)(last - first + 1) : 0;
}

uint64_t host_memory_bytes(void)
{
    static const char *const limits[] = {"/sys/fs/cgroup/memory.max",
                                         "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char line[64];
        uint64_t limit;

        file_first_line(limits[i], line, sizeof line);
        limit = strtoull(line, NULL, 10); /* 0 where there is none: "max", or no such file. */
        bytes = limit > 0 && limit < bytes ? limit : bytes;
    }
    return bytes;
}

double host_load_average(void)
{
    double minute = -1.0;

    return getloadavg(&minute, 1) == 1 ? minute : -1.0;
}
