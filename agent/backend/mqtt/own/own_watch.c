/*
 * Whose descriptors are ready. They are in an epoll set of the endpoint's own all the time, and in
 * the worker's as well while it watches: going back to the own one then can't fail.
 */
#include "own_endpoint_inner.h"

#include <errno.h>
#include <sys/epoll.h>

static int change(int set_fd, uint64_t tag, int operation, int fd, uint32_t number, uint32_t events)
{
    struct epoll_event wanted = {.events = events, .data.u64 = tag | number};

    return epoll_ctl(set_fd, operation, fd, &wanted) < 0 ? -errno : 0;
}

int own_descriptor_add(struct endpoint *endpoint, int fd, uint32_t number, uint32_t events)
{
    int r = change(endpoint->epoll_fd, 0, EPOLL_CTL_ADD, fd, number, events);

    if (r == 0 && endpoint->set_fd >= 0) {
        r = change(endpoint->set_fd, endpoint->set_tag, EPOLL_CTL_ADD, fd, number, events);
        if (r < 0) {
            (void)change(endpoint->epoll_fd, 0, EPOLL_CTL_DEL, fd, number, events);
        }
    }
    return r;
}

static void change_descriptor(const struct endpoint *endpoint, int fd, uint32_t number,
                              uint32_t events)
{
    (void)change(endpoint->epoll_fd, 0, EPOLL_CTL_MOD, fd, number, events);
    if (endpoint->set_fd >= 0) {
        (void)change(endpoint->set_fd, endpoint->set_tag, EPOLL_CTL_MOD, fd, number, events);
    }
}

void own_client_watch(struct endpoint *endpoint, struct own_client *client, bool for_room)
{
    uint32_t wanted = OWN_WATCHED;

    client->waits_for_room = for_room;
    if (client->is_stalled || own_is_paused(endpoint, client)) {
        wanted &= ~(uint32_t)EPOLLIN;
    }
    if (for_room) {
        wanted |= (uint32_t)EPOLLOUT;
    }
    if (client->watched != wanted) {
        client->watched = wanted;
        change_descriptor(endpoint, client->link.stream.fd, client->index, wanted);
    }
}

static int put_all_in(const struct endpoint *endpoint, int set_fd, uint64_t tag)
{
    int r = change(set_fd, tag, EPOLL_CTL_ADD, endpoint->event_fd, OWN_ID_EVENT, EPOLLIN);

    if (r == 0) {
        r = change(set_fd, tag, EPOLL_CTL_ADD, endpoint->timer_fd, OWN_ID_TIMER, EPOLLIN);
    }
    for (uint32_t i = 0; i < endpoint->config->clients_count && r == 0; i++) {
        const struct own_client *client = &endpoint->clients[i];

        if (client->is_up) {
            r = change(set_fd, tag, EPOLL_CTL_ADD, client->link.stream.fd, i, client->watched);
        }
    }
    return r;
}

static void take_all_out(const struct endpoint *endpoint, int set_fd)
{
    (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, endpoint->event_fd, NULL);
    (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, endpoint->timer_fd, NULL);
    for (uint32_t i = 0; i < endpoint->config->clients_count; i++) {
        if (endpoint->clients[i].is_up) {
            (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, endpoint->clients[i].link.stream.fd, NULL);
        }
    }
}

int own_watch(struct endpoint *endpoint, int set_fd, uint64_t tag)
{
    int r = 0;

    if (endpoint->set_fd >= 0) {
        take_all_out(endpoint, endpoint->set_fd);
    }
    endpoint->set_fd = -1;
    if (set_fd >= 0) {
        r = put_all_in(endpoint, set_fd, tag);
        if (r < 0) {
            take_all_out(endpoint, set_fd);
            return r;
        }
        endpoint->set_fd = set_fd;
        endpoint->set_tag = tag;
    }
    return 0;
}

void own_ready(struct endpoint *endpoint, uint32_t number, uint32_t events)
{
    struct own_client *client;

    if (number == OWN_ID_EVENT) {
        return; /* Those that it is for stand in the queue. */
    }
    if (number == OWN_ID_TIMER) {
        endpoint->ticked = true;
        return;
    }
    client = &endpoint->clients[number];
    if (client->ready_events == 0) {
        endpoint->ready[endpoint->ready_count++] = number;
    }
    client->ready_events |= events;
}
