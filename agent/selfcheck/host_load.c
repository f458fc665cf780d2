#include "host_load.h"

#include "load_texts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup/"

static bool read_text(int fd, char *text, size_t text_bytes)
{
    ssize_t bytes = fd < 0 ? -1 : pread(fd, text, text_bytes - 1, 0);

    if (bytes <= 0) {
        return false;
    }
    text[bytes] = '\0';
    return true;
}

static int open_cgroup(void)
{
    int self = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    char text[4096];
    char below[3800];
    char path[4000];
    bool found = read_text(self, text, sizeof text) && load_text_cgroup(text, below, sizeof below);

    if (self >= 0) {
        (void)close(self);
    }
    if (!found) {
        return -1;
    }
    (void)snprintf(path, sizeof path, CGROUPS "%s", below);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void read_now(const struct host_load *load, uint64_t *steal_ticks, int64_t *throttled_ns)
{
    char text[1024];

    if (read_text(load->stat_fd, text, sizeof text)) {
        (void)load_text_steal(text, steal_ticks);
    }
    if (read_text(load->cgroup_fd, text, sizeof text)) {
        (void)load_text_throttled(text, throttled_ns);
    }
}

void host_load_open(struct host_load *load)
{
    load->stat_fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
    load->cgroup_fd = open_cgroup();
    load->steal_ticks = 0;
    load->throttled_ns = 0;
    read_now(load, &load->steal_ticks, &load->throttled_ns);
}

void host_load_close(struct host_load *load)
{
    if (load->stat_fd >= 0) {
        (void)close(load->stat_fd);
    }
    if (load->cgroup_fd >= 0) {
        (void)close(load->cgroup_fd);
    }
    load->stat_fd = -1;
    load->cgroup_fd = -1;
}

void host_load_take(struct host_load *load, struct host_load_taken *ret)
{
    uint64_t steal_ticks = load->steal_ticks;
    int64_t throttled_ns = load->throttled_ns;
    int64_t tick_ns = 1000000000 / sysconf(_SC_CLK_TCK);

    read_now(load, &steal_ticks, &throttled_ns);
    ret->steal_ns = (int64_t)(steal_ticks - load->steal_ticks) * tick_ns;
    ret->throttled_ns = throttled_ns - load->throttled_ns;
    load->steal_ticks = steal_ticks;
    load->throttled_ns = throttled_ns;
}
