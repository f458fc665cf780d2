#include "slice_inner.h"

#include "mono.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The shortest there is. */
#define SLICE_NS (100 * NS_PER_US)
#define RESET_ON_FORK 1

/* See sched_setattr(2): the C library has no name for it. */
struct attr {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns; /* Of SCHED_OTHER: the slice. */
    uint64_t deadline_ns;
    uint64_t period_ns;
};

void slice_shorten(void)
{
    struct attr attr = {.size = sizeof attr};

    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0 || attr.policy != SCHED_OTHER) {
        return;
    }
    attr.runtime_ns = SLICE_NS;
    attr.flags |= RESET_ON_FORK;
    (void)syscall(SYS_sched_setattr, 0, &attr, 0);
}
