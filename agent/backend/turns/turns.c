#include "turns.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define READY_MAX 64

/* ---- Sets ------------------------------------------------------------------------------------ */

static int change(int set_fd, uint64_t tag, int operation, int fd, uint32_t number, uint32_t events)
{
    struct epoll_event wanted = {.events = events, .data.u64 = tag | number};

    return epoll_ctl(set_fd, operation, fd, &wanted) < 0 ? -errno : 0;
}

int turns_add(struct turns *turns, uint32_t client, int fd, uint32_t events)
{
    int r = change(turns->epoll_fd, 0, EPOLL_CTL_ADD, fd, client, events);

    if (r == 0 && turns->set_fd >= 0) {
        r = change(turns->set_fd, turns->set_tag, EPOLL_CTL_ADD, fd, client, events);
        if (r < 0) {
            (void)change(turns->epoll_fd, 0, EPOLL_CTL_DEL, fd, client, events);
        }
    }
    if (r == 0) {
        turns->clients[client].fd = fd;
        turns->clients[client].asked = events;
    }
    return r;
}

void turns_ask(struct turns *turns, uint32_t client, uint32_t events)
{
    struct turn *turn = &turns->clients[client];

    if (turn->asked == events) {
        return;
    }
    turn->asked = events;
    (void)change(turns->epoll_fd, 0, EPOLL_CTL_MOD, turn->fd, client, events);
    if (turns->set_fd >= 0) {
        (void)change(turns->set_fd, turns->set_tag, EPOLL_CTL_MOD, turn->fd, client, events);
    }
}

void turns_lost(struct turns *turns, uint32_t client)
{
    struct turn *turn = &turns->clients[client];

    turn->fd = -1;
    if (turn->ready_events != 0) {
        turn->ready_events = EPOLLIN;
    }
}

static int put_all_in(const struct turns *turns, int set_fd, uint64_t tag)
{
    int r = change(set_fd, tag, EPOLL_CTL_ADD, turns->event_fd, TURNS_ID_EVENT, EPOLLIN);

    if (r == 0) {
        r = change(set_fd, tag, EPOLL_CTL_ADD, turns->timer_fd, TURNS_ID_TIMER, EPOLLIN);
    }
    for (uint32_t i = 0; i < turns->clients_count && r == 0; i++) {
        if (turns->clients[i].fd >= 0) {
            r = change(set_fd, tag, EPOLL_CTL_ADD, turns->clients[i].fd, i,
                       turns->clients[i].asked);
        }
    }
    return r;
}

static void take_all_out(const struct turns *turns, int set_fd)
{
    (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, turns->event_fd, NULL);
    (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, turns->timer_fd, NULL);
    for (uint32_t i = 0; i < turns->clients_count; i++) {
        if (turns->clients[i].fd >= 0) {
            (void)epoll_ctl(set_fd, EPOLL_CTL_DEL, turns->clients[i].fd, NULL);
        }
    }
}

int turns_watch(struct turns *turns, int set_fd, uint64_t tag)
{
    int r = 0;

    if (turns->set_fd >= 0) {
        take_all_out(turns, turns->set_fd);
    }
    turns->set_fd = -1;
    if (set_fd >= 0) {
        r = put_all_in(turns, set_fd, tag);
        if (r < 0) {
            take_all_out(turns, set_fd);
            return r;
        }
        turns->set_fd = set_fd;
        turns->set_tag = tag;
    }
    return 0;
}

void turns_ready(struct turns *turns, uint32_t number, uint32_t events)
{
    struct turn *turn;

    if (number == TURNS_ID_EVENT) {
        return; /* Those that it is for stand in the queue. */
    }
    if (number == TURNS_ID_TIMER) {
        turns->ticked = true;
        return;
    }
    turn = &turns->clients[number];
    if (turn->ready_events == 0) {
        turns->ready[turns->ready_count++] = number;
    }
    turn->ready_events |= events;
}

void turns_find_ready(struct turns *turns)
{
    struct epoll_event ready[READY_MAX];
    uint32_t rounds = turns->clients_count / READY_MAX + 1;
    int count = READY_MAX;

    /* Those that were told of are told of again only after all others. */
    while (turns->set_fd < 0 && count == READY_MAX && rounds-- > 0) {
        count = epoll_wait(turns->epoll_fd, ready, READY_MAX, 0);
        for (int i = 0; i < count; i++) {
            turns_ready(turns, (uint32_t)ready[i].data.u64, ready[i].events);
        }
    }
}

/* ---- The queue ------------------------------------------------------------------------------- */

void turns_signal(struct turns *turns, bool on)
{
    uint64_t value = 1;
    ssize_t r;

    if (turns->is_signalled == on) {
        return;
    }
    r = on ? write(turns->event_fd, &value, sizeof value)
           : read(turns->event_fd, &value, sizeof value);
    ASSERT(r == (ssize_t)sizeof value);
    turns->is_signalled = on;
}

void turns_enqueue(struct turns *turns, uint32_t client)
{
    if (!turns->clients[client].is_queued) {
        turns->queue[(turns->queue_first + turns->queue_count) % turns->clients_count] = client;
        turns->queue_count++;
        turns->clients[client].is_queued = true;
        turns_signal(turns, true);
    }
}

uint32_t turns_dequeue(struct turns *turns)
{
    uint32_t client = turns->queue[turns->queue_first];

    ASSERT(turns->queue_count > 0);
    turns->queue_first = (turns->queue_first + 1) % turns->clients_count;
    turns->queue_count--;
    turns->clients[client].is_queued = false;
    return client;
}

/* ---- Ticks ----------------------------------------------------------------------------------- */

void turns_tick(struct turns *turns, int64_t tick_ns)
{
    struct itimerspec ticks = {
        .it_interval = {.tv_sec = tick_ns / NS_PER_S, .tv_nsec = tick_ns % NS_PER_S}};
    int r;

    ticks.it_value = ticks.it_interval;
    r = timerfd_settime(turns->timer_fd, 0, &ticks, NULL);
    ASSERT(r == 0);
}

uint64_t turns_take_ticks(struct turns *turns)
{
    uint64_t ticks = 0;

    if (turns->ticked && read(turns->timer_fd, &ticks, sizeof ticks) != (ssize_t)sizeof ticks) {
        ticks = 0;
    }
    turns->ticked = false;
    return ticks;
}

/* ---- Making and ending ----------------------------------------------------------------------- */

static int open_descriptors(struct turns *turns)
{
    int r;

    turns->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    turns->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    turns->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (turns->epoll_fd < 0 || turns->event_fd < 0 || turns->timer_fd < 0) {
        return -errno;
    }
    r = change(turns->epoll_fd, 0, EPOLL_CTL_ADD, turns->event_fd, TURNS_ID_EVENT, EPOLLIN);
    return r == 0
               ? change(turns->epoll_fd, 0, EPOLL_CTL_ADD, turns->timer_fd, TURNS_ID_TIMER, EPOLLIN)
               : r;
}

int turns_init(struct turns *turns, uint32_t clients_count, struct errinfo *reterr)
{
    int r;

    *turns = (struct turns){.clients_count = clients_count,
                            .clients = calloc(clients_count, sizeof *turns->clients),
                            .queue = calloc(clients_count, sizeof *turns->queue),
                            .ready = calloc(clients_count, sizeof *turns->ready),
                            .epoll_fd = -1,
                            .set_fd = -1,
                            .event_fd = -1,
                            .timer_fd = -1};
    if (turns->clients == NULL || turns->queue == NULL || turns->ready == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < clients_count; i++) {
        turns->clients[i].fd = -1;
    }
    r = open_descriptors(turns);
    return r < 0 ? errinfo_set(reterr, r, "no descriptor to wait on: %s", strerror(-r)) : 0;
}

static void close_descriptor(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

void turns_done(struct turns *turns)
{
    close_descriptor(turns->timer_fd);
    close_descriptor(turns->event_fd);
    close_descriptor(turns->epoll_fd);
    free(turns->clients);
    free(turns->queue);
    free(turns->ready);
}
