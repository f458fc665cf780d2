/*
 * load_texts_inner: what the kernel says of load, read from its texts. Pure.
 *
 * Each returns false for a text that is not of the form, with *ret untouched.
 */
#ifndef MILLRACE_LOAD_TEXTS_INNER_H
#define MILLRACE_LOAD_TEXTS_INNER_H

#include <stdbool.h>
#include <stdint.h>

/* /proc/.../schedstat: "RUNNING WAITING SLICES" in ns; the second. (Kernel, sched-stats.rst) */
bool load_text_wait(const char *text, int64_t *ret_ns);

/* /proc/stat, its first line: the eighth number, in ticks. (proc_stat(5)) */
bool load_text_steal(const char *text, uint64_t *ret_ticks);

/* cpu.stat of a cgroup: "throttled_usec N" of version 2, "throttled_time N" (ns) of version 1. */
bool load_text_throttled(const char *text, int64_t *ret_ns);

#endif
