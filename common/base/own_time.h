/*
 * own_time: time in which this process stood still: it was stopped and continued, or its host was
 * (a virtual machine that is paused, moved or restored).
 *
 * Who waits for somebody's word must not count it: nobody was silent in a time in which nobody
 * listened. Coordinator and agents wait in turns that can't take longer than they were given; what
 * a turn took beyond that is their own. Pure; one per thread that waits.
 */
#ifndef MILLRACE_OWN_TIME_H
#define MILLRACE_OWN_TIME_H

#include <stdint.h>

struct own_time {
    int64_t looked_ns; /* mono_ns() of the last turn; 0: none yet. */
    int64_t stood_ns;  /* In all. */
};

/* A turn ends at now_ns. Returns for how long this process stood still since the one before: the
 * whole time between them if that is turn_ns_max or longer, else 0. */
int64_t own_time_turn(struct own_time *own, int64_t now_ns, int64_t turn_ns_max);

#endif
