/*
 * host_load: what the host and its limits took from this process: steal by the hypervisor,
 * throttling by the CPU limits of its cgroup and of those above it. Files are opened once; taking
 * allocates nothing. What a host does not tell is STRAIN_UNKNOWN; a cgroup without a limit takes
 * nothing. One thread.
 */
#ifndef MILLRACE_HOST_LOAD_H
#define MILLRACE_HOST_LOAD_H

#include "snapshot.h"

#include <stdint.h>

#define HOST_LOAD_CGROUPS_MAX 16 /* The innermost ones of a deeper tree. */

struct host_load {
    int stat_fd; /* -1: none. */
    int cgroup_fds[HOST_LOAD_CGROUPS_MAX];
    uint32_t cgroups_count;
    int64_t steal_ns; /* Or STRAIN_UNKNOWN; as is the other. */
    int64_t throttled_ns;
};

/* Differences since the last call. */
struct host_load_taken {
    int64_t steal_ns;     /* Over all CPUs of the host; or STRAIN_UNKNOWN. */
    int64_t throttled_ns; /* By all limits together, over all CPUs; or STRAIN_UNKNOWN. */
};

void host_load_open(struct host_load *load);
void host_load_close(struct host_load *load);
void host_load_take(struct host_load *load, struct host_load_taken *ret);

#endif
