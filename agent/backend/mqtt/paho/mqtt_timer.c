/* When paho is to be nudged, and the descriptor that tells of it. */
#include "mqtt_endpoint_inner.h"

#include "mono.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int watch(int watch_fd, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(watch_fd, EPOLL_CTL_ADD, fd, &event);
}

int mqtt_timer_init(struct endpoint *endpoint, struct errinfo *reterr)
{
    endpoint->gap_ns = MQTT_GAP_NS_MIN;
    endpoint->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    endpoint->watch_fd = epoll_create1(EPOLL_CLOEXEC);
    if (endpoint->timer_fd < 0 || endpoint->watch_fd < 0 ||
        watch(endpoint->watch_fd, endpoint->timer_fd) < 0 ||
        watch(endpoint->watch_fd, endpoint->inbox.fd) < 0) {
        return errinfo_set(reterr, -errno, "can't make a descriptor to wait on: %s",
                           strerror(errno));
    }
    return 0;
}

void mqtt_timer_done(struct endpoint *endpoint)
{
    if (endpoint->timer_fd > 0) {
        (void)close(endpoint->timer_fd);
    }
    if (endpoint->watch_fd > 0) {
        (void)close(endpoint->watch_fd);
    }
}

void mqtt_timer_arm(struct endpoint *endpoint)
{
    struct itimerspec when = {.it_value.tv_nsec = endpoint->gap_ns};

    if (!endpoint->timer_armed) {
        endpoint->timer_ns = mono_ns() + endpoint->gap_ns;
        endpoint->timer_armed = timerfd_settime(endpoint->timer_fd, 0, &when, NULL) == 0;
    }
}
