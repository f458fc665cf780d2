#include "sync.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

void sync_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    ASSERT(pthread_condattr_init(&attributes) == 0);
    ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(condition, &attributes) == 0);
    ASSERT(pthread_condattr_destroy(&attributes) == 0);
}

bool sync_condition_wait(pthread_cond_t *condition, pthread_mutex_t *lock, int64_t deadline_ns)
{
    int64_t until_ns = mono_system_ns(deadline_ns);
    struct timespec until = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};

    if (mono_ns() >= deadline_ns) {
        return false;
    }
    (void)pthread_cond_timedwait(condition, lock, &until);
    return true;
}

void sync_lock(pthread_mutex_t *lock)
{
    ASSERT(pthread_mutex_lock(lock) == 0);
}

void sync_unlock(pthread_mutex_t *lock)
{
    ASSERT(pthread_mutex_unlock(lock) == 0);
}

int sync_event_new(struct errinfo *reterr)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    return fd >= 0 ? fd
                   : errinfo_set(reterr, -errno, "an eventfd can't be made: %s", strerror(errno));
}

void sync_event_set(int event_fd)
{
    (void)eventfd_write(event_fd, 1); /* Fails only where it is readable already. */
}

void sync_event_clear(int event_fd)
{
    eventfd_t value;

    (void)eventfd_read(event_fd, &value); /* Fails only where it is not readable. */
}

bool sync_event_wait(int event_fd, int timeout_ms)
{
    struct pollfd event = {.fd = event_fd, .events = POLLIN};

    return poll(&event, 1, timeout_ms) > 0; /* Negative ones are left out by poll(). */
}
