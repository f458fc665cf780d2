#include "host_limits.h"

#include "control_group_inner.h"
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define CPUS_MAX ((size_t)1 << 16)

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

/* The kernel refuses a set that is smaller than its own, which has a bit for every CPU that the
 * host could ever have. */
uint32_t host_cpus(void)
{
    for (size_t bits = 1024; bits <= CPUS_MAX; bits *= 2) {
        cpu_set_t *cpus = CPU_ALLOC(bits);
        size_t bytes = CPU_ALLOC_SIZE(bits);
        uint32_t count = 0;

        if (cpus != NULL && sched_getaffinity(0, bytes, cpus) == 0) {
            count = (uint32_t)CPU_COUNT_S(bytes, cpus);
        }
        CPU_FREE(cpus);
        if (count > 0) {
            return count;
        }
    }
    return 1;
}

uint32_t host_cpus_milli(void)
{
    uint32_t cpus_milli = host_cpus() * 1000;
    uint32_t limit = control_group_limits("").cpus_milli;

    return limit > 0 && limit < cpus_milli ? limit : cpus_milli;
}

uint64_t host_memory_bytes(void)
{
    uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t limit = control_group_limits("").memory_bytes;

    return limit > 0 && limit < bytes ? limit : bytes;
}

static uint64_t entries_of(const char *folder)
{
    DIR *entries = opendir(folder);
    uint64_t count = 0;

    if (entries == NULL) {
        return 0;
    }
    while (readdir(entries) != NULL) {
        count++;
    }
    (void)closedir(entries);
    return count - 2; /* "." and ".." */
}

uint64_t host_open_files_used(void)
{
    uint64_t count = entries_of("/proc/self/fd");

    return count == 0 ? 0 : count - 1; /* The folder itself. */
}

uint64_t host_threads_left(void)
{
    uint64_t left = control_group_limits("").threads_left;
    struct rlimit threads;

    /* The limit does not hold for root. */
    if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &threads) == 0 &&
        threads.rlim_cur != RLIM_INFINITY) {
        uint64_t used = entries_of("/proc/self/task");
        uint64_t of_user = threads.rlim_cur > used ? threads.rlim_cur - used : 1;

        left = left == 0 || of_user < left ? of_user : left;
    }
    return left;
}

double host_load_average(void)
{
    double minute = -1.0;

    return getloadavg(&minute, 1) == 1 ? minute : -1.0;
}
