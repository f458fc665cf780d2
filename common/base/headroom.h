/*
 * headroom: whether this process may have the threads and the memory that it is about to need.
 * Libraries that start threads of their own wait for ever, or crash, where one can't be started;
 * who tries before can say what is missing instead.
 *
 * It is a look, not a reservation: what others take in between is not there any more.
 */
#ifndef MILLRACE_HEADROOM_H
#define MILLRACE_HEADROOM_H

#include "errinfo.h"

#include <stddef.h>
#include <stdint.h>

/* Starts that many threads with stacks of the default size, maps that many bytes beside them, and
 * gives both back: some milliseconds. -EAGAIN or -ENOMEM with headroom_refused()'s sentences. */
int headroom_try(uint32_t threads_count, size_t bytes, struct errinfo *reterr);

/* Says that only `started` of the threads could be started, what they and the bytes need, and which
 * limits of this process are in the way. Returns code, a negative errno. */
int headroom_refused(uint32_t started, uint32_t threads_count, size_t bytes, int code,
                     struct errinfo *reterr);

#endif
