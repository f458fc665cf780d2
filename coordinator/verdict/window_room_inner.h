/*
 * window_room_inner: how many messages that never came a window could have, and hold all the same.
 * They are known when the trial is over and all is compared, not by window; by then nothing is left
 * of a window but whether it held, and this. Pure.
 */
#ifndef MILLRACE_WINDOW_ROOM_INNER_H
#define MILLRACE_WINDOW_ROOM_INNER_H

#include "hist.h"
#include "objective.h"

/* So many that they never matter. */
#define WINDOW_ROOM_ENDLESS UINT64_MAX

/* Of a window that holds: more samples that were waited for as long as it likes, before an
 * objective about a latency no longer holds. One fewer at most than there could be. */
uint64_t window_room(const struct objective *objective, const struct hist *hist);

#endif
