/*
 * host_load: what the host and its limits took from this process: steal by the hypervisor,
 * throttling by a cgroup's CPU limit. Files are opened once; taking allocates nothing. What a host
 * does not have reads as 0. One thread.
 */
#ifndef MILLRACE_HOST_LOAD_H
#define MILLRACE_HOST_LOAD_H

#include <stdint.h>

struct host_load {
    int stat_fd;   /* -1: none. */
    int cgroup_fd; /* -1: none. */
    uint64_t steal_ticks;
    int64_t throttled_ns;
};

/* Differences since the last call. */
struct host_load_taken {
    int64_t steal_ns; /* Over all CPUs of the host. */
    int64_t throttled_ns;
};

void host_load_open(struct host_load *load);
void host_load_close(struct host_load *load);
void host_load_take(struct host_load *load, struct host_load_taken *ret);

#endif
