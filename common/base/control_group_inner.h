/*
 * control_group_inner: what control groups let this process have. They limit CPUs as a time per
 * period, which no set of CPUs tells. Private to base.
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
