/*
 * control_group_inner: what control groups (cgroups, of either version) let this process have.
 * Containers and systemd units limit CPUs as a time per period, which no set of CPUs tells.
 *
 * A limit of a group holds for all groups below, so each is looked for along the whole path up to
 * the root that this process sees. Private to base; reads small files; blocks no longer than that.
 */
#ifndef MILLRACE_CONTROL_GROUP_INNER_H
#define MILLRACE_CONTROL_GROUP_INNER_H

#include <stdint.h>

struct control_group_limits {
    uint32_t cpus_milli;   /* Thousandths of a CPU, at least 1; 0: no limit. */
    uint64_t memory_bytes; /* 0: no limit. Version 1 tells none as a number beyond any memory. */
    uint64_t threads_left; /* That can still be started, at least 1; 0: no limit. */
};

/* root: "" for the host's own /proc and /sys; another folder stands in for them in tests. What
 * can't be read limits nothing. */
struct control_group_limits control_group_limits(const char *root);

#endif
