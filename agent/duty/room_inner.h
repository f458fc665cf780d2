/*
 * room_inner: has this process room for its part of a trial? Open files, local ports, threads and
 * memory, as they are now, so that what else it holds counts. Private to duty.
 */
#ifndef MILLRACE_ROOM_INNER_H
#define MILLRACE_ROOM_INNER_H

#include "control_messages.h"
#include "needs_limits.h"

/* What this process may have; of open files and threads, what is left of it now. Reads /proc. */
struct needs_limits room_limits(void);

/* If something lacks: says so in the status, which is then full, with how many clients there would
 * be room for. Pure. */
void room_check(const struct assignment *assignment, const struct needs_limits *limits,
                struct status *ret);

#endif
