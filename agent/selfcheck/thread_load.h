/*
 * thread_load: what a load thread costs and how long it is kept waiting, measured by itself.
 *
 * Opened, taken and closed by the thread that is measured. Taking is two short system calls, no
 * allocation. A kernel without schedstat does not tell how long a thread waited.
 */
#ifndef MILLRACE_THREAD_LOAD_H
#define MILLRACE_THREAD_LOAD_H

#include "snapshot.h"

#include <stdint.h>

struct thread_load {
    int fd; /* -1: none. */
    int64_t cpu_ns;
    int64_t wait_ns; /* STRAIN_UNKNOWN: the kernel does not tell. */
};

/* Differences since the last call. */
struct thread_load_spent {
    int64_t cpu_ns;
    int64_t wait_ns; /* Ready to run, and another one ran; or STRAIN_UNKNOWN. */
};

void thread_load_open(struct thread_load *load);
void thread_load_close(struct thread_load *load);
void thread_load_take(struct thread_load *load, struct thread_load_spent *ret);

#endif
