/* kafka_watch: whose descriptors are ready. They are in an epoll set of the endpoint's own all the
 * time, and in that of its worker from watch() on, which then tells it. */
#include "kafka_endpoint_inner.h"

#include <errno.h>
#include <sys/epoll.h>

#define READY_MAX 64 /* The kernel gives the others next time. */

static int add(int set_fd, uint64_t tag, const struct endpoint *endpoint, uint32_t index)
{
    struct epoll_event wanted = {.events = EPOLLIN, .data = {.u64 = tag | index}};

    return epoll_ctl(set_fd, EPOLL_CTL_ADD, endpoint->handles[index].event_fd, &wanted) < 0 ? -errno
                                                                                            : 0;
}

int kafka_descriptor_add(struct endpoint *endpoint, uint32_t index)
{
    int r = add(endpoint->epoll_fd, 0, endpoint, index);

    if (r == 0 && endpoint->set_fd >= 0) {
        r = add(endpoint->set_fd, endpoint->set_tag, endpoint, index);
    }
    return r;
}

static void take_out(const struct endpoint *endpoint, int set_fd)
{
    for (uint32_t i = 0; i < endpoint->handles_count; i++) {
        (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, endpoint->handles[i].event_fd, NULL);
    }
}

int kafka_watch(struct endpoint *endpoint, int set_fd, uint64_t tag)
{
    int r = 0;

    if (endpoint->set_fd >= 0) {
        take_out(endpoint, endpoint->set_fd);
    }
    endpoint->set_fd = -1;
    for (uint32_t i = 0; set_fd >= 0 && r == 0 && i < endpoint->handles_count; i++) {
        /* One that could not be renewed has none. */
        r = endpoint->handles[i].event_fd < 0 ? 0 : add(set_fd, tag, endpoint, i);
    }
    if (r < 0) {
        take_out(endpoint, set_fd);
    } else {
        endpoint->set_fd = set_fd;
        endpoint->set_tag = tag;
    }
    return r;
}

void kafka_ready(struct endpoint *endpoint, uint32_t number, uint32_t events)
{
    struct kafka_handle *handle = &endpoint->handles[number];

    (void)events; /* An eventfd knows only one. */
    if (!handle->is_ready) {
        handle->is_ready = true;
        endpoint->ready[endpoint->ready_count++] = number;
    }
}

void kafka_ask_who_is_ready(struct endpoint *endpoint)
{
    struct epoll_event ready[READY_MAX];
    int count = epoll_wait(endpoint->epoll_fd, ready, READY_MAX, 0);

    for (int i = 0; i < count; i++) {
        kafka_ready(endpoint, (uint32_t)ready[i].data.u64, ready[i].events);
    }
}
