/*
 * memory_waker_inner: the file descriptor of an endpoint of the memory broker, and who may sleep on
 * it.
 *
 * An endpoint whose poll finds nothing arms its waker and looks once more; who gives it something
 * wakes it if it is armed. So nobody pays for a system call while both sides are busy. The giver
 * publishes and then looks at armed, the sleeper sets armed and then looks at what is published,
 * each sequentially consistent: one of them sees the other.
 *
 * memory_waker_wake() from any thread; the rest by the endpoint's own.
 */
#ifndef MILLRACE_MEMORY_WAKER_INNER_H
#define MILLRACE_MEMORY_WAKER_INNER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MEMORY_NEVER_NS INT64_MAX

struct memory_waker {
    atomic_bool armed;
    pthread_mutex_t
        lock; /* Of the changes of armed, so that it is never set with event_fd readable.
               */
    int event_fd;
    int timer_fd; /* -1 without a timer; then fd is event_fd. */
    int fd;       /* What the worker waits on. */
    int64_t timer_at_ns;
};

/* with_timer: memory_waker_set_timer() will be used. 0 or a negative errno; the descriptor is
 * readable at first. */
int memory_waker_init(struct memory_waker *waker, bool with_timer);
void memory_waker_done(struct memory_waker *waker);

void memory_waker_wake_armed(struct memory_waker *waker);

static inline void memory_waker_wake(struct memory_waker *waker)
{
    if (atomic_load_explicit(&waker->armed, memory_order_seq_cst)) {
        memory_waker_wake_armed(waker);
    }
}

/* True if it was not armed before: then look once more whether there is something. */
bool memory_waker_arm(struct memory_waker *waker);

/* The descriptor becomes readable at at_ns too (mono_ns() time); MEMORY_NEVER_NS: no time. */
void memory_waker_set_timer(struct memory_waker *waker, int64_t at_ns, int64_t now_ns);

#endif
