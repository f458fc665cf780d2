#include "memory_waker_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int add(int epoll_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int init_timer(struct memory_waker *waker)
{
    int r;

    waker->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    waker->fd = epoll_create1(EPOLL_CLOEXEC);
    if (waker->timer_fd < 0 || waker->fd < 0) {
        return -errno;
    }
    r = add(waker->fd, waker->event_fd);
    return r < 0 ? r : add(waker->fd, waker->timer_fd);
}

int memory_waker_init(struct memory_waker *waker, bool with_timer)
{
    int r = 0;

    atomic_init(&waker->armed, false);
    waker->timer_fd = -1;
    waker->timer_at_ns = MEMORY_NEVER_NS;
    waker->event_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    waker->fd = waker->event_fd;
    if (waker->event_fd < 0) {
        return -errno;
    }
    ASSERT(pthread_mutex_init(&waker->lock, NULL) == 0);
    if (with_timer) {
        r = init_timer(waker);
    }
    if (r < 0) {
        memory_waker_done(waker);
    }
    return r;
}

void memory_waker_done(struct memory_waker *waker)
{
    if (waker->fd >= 0 && waker->fd != waker->event_fd) {
        (void)close(waker->fd);
    }
    if (waker->timer_fd >= 0) {
        (void)close(waker->timer_fd);
    }
    (void)close(waker->event_fd);
    (void)pthread_mutex_destroy(&waker->lock);
}

void memory_waker_wake_armed(struct memory_waker *waker)
{
    (void)pthread_mutex_lock(&waker->lock);
    if (atomic_load(&waker->armed)) {
        ASSERT(eventfd_write(waker->event_fd, 1) == 0);
        atomic_store(&waker->armed, false);
    }
    (void)pthread_mutex_unlock(&waker->lock);
}

bool memory_waker_arm(struct memory_waker *waker)
{
    eventfd_t value;

    if (atomic_load_explicit(&waker->armed, memory_order_relaxed)) {
        return false;
    }
    (void)pthread_mutex_lock(&waker->lock);
    (void)eventfd_read(waker->event_fd, &value);
    atomic_store_explicit(&waker->armed, true, memory_order_seq_cst);
    (void)pthread_mutex_unlock(&waker->lock);
    return true;
}

void memory_waker_set_timer(struct memory_waker *waker, int64_t at_ns, int64_t now_ns)
{
    struct itimerspec spec = {{0, 0}, {0, 0}};

    /* Setting it is also what makes an expired timer unreadable. */
    if (waker->timer_fd < 0 || (at_ns == waker->timer_at_ns && at_ns > now_ns)) {
        return;
    }
    if (at_ns != MEMORY_NEVER_NS) {
        int64_t system_ns = mono_system_ns(at_ns);

        if (system_ns < 1) {
            system_ns = 1; /* 0 would disarm it. */
        }
        spec.it_value.tv_sec = system_ns / NS_PER_S;
        spec.it_value.tv_nsec = system_ns % NS_PER_S;
    }
    ASSERT(timerfd_settime(waker->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0);
    waker->timer_at_ns = at_ns;
}
