/* host_inner: facts about this machine and process, for the hello and for the health of snapshots.
 * Reads /proc; no state. */
#ifndef MILLRACE_HOST_INNER_H
#define MILLRACE_HOST_INNER_H

#include "control_messages.h"

/* Fills everything of the hello but its name. */
void host_hello(struct hello *hello);

/* CPU time and memory of this process now. */
void host_health(struct health *health);

/* Resident memory of this process once the allocator has given back what it holds free: what
 * earlier trials left behind would hide what the next one takes. */
uint64_t host_settled_rss_bytes(void);

/* The threads of this process by name, sorted: ours and those of libraries. Of the agent itself the
 * first has the program's name. Fewer where memory is short, none where the kernel does not tell;
 * the caller frees *ret. */
void host_threads(struct thread_count **ret, uint32_t *ret_count);

#endif
