#include "host_inner.h"

#include "backend_table.h"
#include "file.h"
#include "host_limits.h"
#include "mono.h"
#include "random.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static void copy_name(char *to, const char *from)
{
    (void)snprintf(to, NAME_BYTES, "%.*s", NAME_BYTES - 1, from);
}

void host_hello(struct hello *hello)
{
    struct utsname names;
    struct rlimit files = {0};
    char link[NAME_BYTES] = "";
    const struct backend_ops *const *drivers = backend_all();

    hello->protocol = PROTOCOL_VERSION;
    /* For tests of the refusal: whatever is said here, the agent stays what it is. */
    copy_name(hello->version, getenv("MILLRACE_TEST_VERSION") != NULL
                                  ? getenv("MILLRACE_TEST_VERSION")
                                  : MILLRACE_VERSION);
    hello->instance = random_entropy();
    if (uname(&names) == 0) {
        copy_name(hello->host, names.nodename);
        copy_name(hello->kernel, names.release);
    }
    file_first_line("/proc/sys/kernel/random/boot_id", hello->boot_id, sizeof hello->boot_id);
    if (readlink("/proc/self/ns/time", link, sizeof link - 1) > 0) {
        copy_name(hello->time_namespace, link);
    }
    /* An injected clock is not the host's, nor another agent's; a clone does not know. */
    if (getenv("MILLRACE_TEST_CLOCK") != NULL && getenv("MILLRACE_TEST_CLONE") == NULL) {
        (void)snprintf(hello->time_namespace, sizeof hello->time_namespace, "injected %u",
                       (unsigned)getpid());
    }
    hello->pid = (uint32_t)getpid();
    hello->cpus = host_cpus();
    hello->cpus_milli = host_cpus_milli();
    hello->memory_bytes = host_memory_bytes();
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        hello->open_files_max = files.rlim_cur;
    }
    hello->ports_count = host_ports();
    file_first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                    hello->clock_source, sizeof hello->clock_source);
    for (uint32_t i = 0; drivers[i] != NULL && i < BACKENDS_MAX; i++) {
        copy_name(hello->backends[i].name, drivers[i]->entry->driver);
        copy_name(hello->backends[i].library, drivers[i]->library_version());
        hello->backends_count = i + 1;
    }
}

static uint64_t rss_bytes(void)
{
    char line[256];
    char *end = NULL;

    /* Second field: resident pages. */
    file_first_line("/proc/self/statm", line, sizeof line);
    (void)strtoull(line, &end, 10);
    return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void host_health(struct health *health)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        health->cpu_ns = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
                         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
    }
    health->rss_bytes = rss_bytes();
}

uint64_t host_settled_rss_bytes(void)
{
    (void)malloc_trim(0);
    return rss_bytes();
}
