#include "host_load.h"

#include "control_group.h"
#include "load_texts_inner.h"
#include "mono.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool read_text(int fd, char *text, size_t text_bytes)
{
    ssize_t bytes = fd < 0 ? -1 : pread(fd, text, text_bytes - 1, 0);

    if (bytes <= 0) {
        return false;
    }
    text[bytes] = '\0';
    return true;
}

static int64_t read_steal_ns(const struct host_load *load)
{
    char text[1024];
    uint64_t ticks;

    if (!read_text(load->stat_fd, text, sizeof text) || !load_text_steal(text, &ticks)) {
        return STRAIN_UNKNOWN;
    }
    return (int64_t)ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

static int64_t read_throttled_ns(const struct host_load *load)
{
    char text[1024];
    int64_t sum_ns = load->cgroups_count == 0 ? STRAIN_UNKNOWN : 0;

    for (uint32_t i = 0; i < load->cgroups_count; i++) {
        int64_t throttled_ns = 0; /* No such line: this one has no limit. */

        if (read_text(load->cgroup_fds[i], text, sizeof text)) {
            (void)load_text_throttled(text, &throttled_ns);
        }
        sum_ns += throttled_ns;
    }
    return sum_ns;
}

/* Each cgroup limits those within it, and counts only what its own limit held back. In a container,
 * those above its own can't be seen. */
static void open_cgroup(void *context, const char *folder, bool is_v2)
{
    struct host_load *load = context;
    char path[PATH_MAX];
    int fd;

    (void)is_v2; /* Both have the same name for it. */
    if (load->cgroups_count == HOST_LOAD_CGROUPS_MAX ||
        snprintf(path, sizeof path, "%s/cpu.stat", folder) >= (int)sizeof path) {
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        load->cgroup_fds[load->cgroups_count++] = fd;
    }
}

void host_load_open(struct host_load *load)
{
    load->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    load->cgroups_count = 0;
    control_group_each("", "cpu", open_cgroup, load);
    load->steal_ns = read_steal_ns(load);
    load->throttled_ns = read_throttled_ns(load);
}

void host_load_close(struct host_load *load)
{
    if (load->stat_fd >= 0) {
        (void)close(load->stat_fd);
    }
    load->stat_fd = -1;
    while (load->cgroups_count > 0) {
        (void)close(load->cgroup_fds[--load->cgroups_count]);
    }
}

static int64_t taken_ns(int64_t now_ns, int64_t before_ns)
{
    if (now_ns == STRAIN_UNKNOWN || before_ns == STRAIN_UNKNOWN) {
        return STRAIN_UNKNOWN;
    }
    return now_ns > before_ns ? now_ns - before_ns : 0; /* A cgroup may be gone. */
}

void host_load_take(struct host_load *load, struct host_load_taken *ret)
{
    int64_t steal_ns = read_steal_ns(load);
    int64_t throttled_ns = read_throttled_ns(load);

    ret->steal_ns = taken_ns(steal_ns, load->steal_ns);
    ret->throttled_ns = taken_ns(throttled_ns, load->throttled_ns);
    load->steal_ns = steal_ns;
    load->throttled_ns = throttled_ns;
}
