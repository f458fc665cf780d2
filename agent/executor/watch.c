#include "watch_inner.h"

#include "mono.h"
#include "sync.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define READY_MAX 64 /* The kernel gives the others next time. */
#define PLACE_SHIFT 32
/* What is no endpoint's. */
#define TAG_WAKE ((uint64_t)WATCH_PLACES_MAX << PLACE_SHIFT)
#define TAG_OTHER ((uint64_t)(WATCH_PLACES_MAX + 1) << PLACE_SHIFT)
#define BLIND_NS NS_PER_MS /* Where an endpoint has no descriptor to wait on. */

static int add(const struct watch *watch, int fd, uint64_t data)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = data}};

    return epoll_ctl(watch->set_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static bool is_blind(const struct watch_place *place)
{
    return !place->by_client && place->fd < 0;
}

int watch_init(struct watch *watch, int wake_fd, struct errinfo *reterr)
{
    int r;

    memset(watch, 0, sizeof *watch);
    watch->wake_fd = wake_fd;
    watch->set_fd = epoll_create1(EPOLL_CLOEXEC);
    r = watch->set_fd < 0 ? -errno : add(watch, wake_fd, TAG_WAKE);
    if (r < 0) {
        (void)errinfo_set(reterr, r, "a worker has nothing to wait on: %s", strerror(-r));
    }
    return r;
}

void watch_done(struct watch *watch)
{
    if (watch->set_fd >= 0) {
        (void)close(watch->set_fd);
    }
    watch->set_fd = -1;
}

/* Its descriptors, or the one; -ENOTSUP: there are none. */
static int put_in(const struct watch *watch, const struct watch_place *place)
{
    uint64_t tag = (uint64_t)(place - watch->places) << PLACE_SHIFT;

    if (place->by_client) {
        return place->ops->watch(place->endpoint, watch->set_fd, tag);
    }
    return place->fd >= 0 ? add(watch, place->fd, tag) : -ENOTSUP;
}

static void take_out(const struct watch *watch, const struct watch_place *place)
{
    if (place->by_client) {
        (void)place->ops->watch(place->endpoint, -1, 0);
    } else if (place->fd >= 0) {
        watch_remove_fd(watch, place->fd);
    }
}

struct watch_place *watch_add(struct watch *watch, const struct backend_ops *ops,
                              struct endpoint *endpoint)
{
    struct watch_place *place = watch->places;

    while (place->endpoint != NULL) { /* There are as many as a worker has endpoints. */
        place++;
    }
    *place = (struct watch_place){.ops = ops, .endpoint = endpoint, .fd = -1, .is_ready = true};
    place->by_client = ops->watch != NULL;
    if (place->by_client && put_in(watch, place) == 0) {
        watch->by_client_count++;
        return place;
    }
    place->by_client = false;
    place->fd = ops->wait_fd(endpoint);
    if (put_in(watch, place) < 0) {
        place->fd = -1;
        watch->blind_count++;
    }
    return place;
}

void watch_remove(struct watch *watch, struct watch_place *place)
{
    if (place == NULL) {
        return;
    }
    take_out(watch, place);
    watch->by_client_count -= place->by_client ? 1 : 0;
    watch->blind_count -= is_blind(place) ? 1 : 0;
    place->endpoint = NULL;
}

void watch_add_fd(const struct watch *watch, int fd)
{
    if (fd >= 0) {
        (void)add(watch, fd, TAG_OTHER);
    }
}

void watch_remove_fd(const struct watch *watch, int fd)
{
    if (fd >= 0) {
        (void)epoll_ctl(watch->set_fd, EPOLL_CTL_DEL, fd, NULL);
    }
}

void watch_hold(const struct watch *watch, struct watch_place *place, bool held)
{
    if (place == NULL) {
        return;
    }
    place->is_ready = true; /* What it has passed by meanwhile is not told a second time. */
    if (place->ops->held_fd) {
        return;
    }
    if (held) {
        take_out(watch, place);
    } else {
        (void)put_in(watch, place);
    }
}

/* A descriptor that is ready. */
static void note(struct watch *watch, const struct epoll_event *event)
{
    struct watch_place *place;

    if (event->data.u64 == TAG_WAKE) {
        sync_event_clear(watch->wake_fd);
        return;
    }
    if (event->data.u64 == TAG_OTHER) {
        return;
    }
    place = &watch->places[event->data.u64 >> PLACE_SHIFT];
    if (place->endpoint == NULL) {
        return;
    }
    place->is_ready = true;
    if (place->by_client) {
        place->ops->ready(place->endpoint, (uint32_t)event->data.u64, event->events);
    }
}

/* That a sleep ends late is not meant: the host would have been as late to wake for what came. */
static void note_slept(struct watch *watch, int64_t begin_ns, int64_t until_ns)
{
    watch->has_slept = true;
    watch->slept_ns += until_ns > begin_ns ? until_ns - begin_ns : 0;
}

int64_t watch_sleep(struct watch *watch, int64_t until_ns)
{
    int64_t late_ns;

    note_slept(watch, mono_ns(), until_ns);
    mono_sleep_until(until_ns);
    late_ns = mono_ns() - until_ns;
    return late_ns > 0 ? late_ns : 0; /* A signal may end it early. */
}

int64_t watch_spin(struct watch *watch, int64_t until_ns, const _Atomic bool *called)
{
    int64_t begin_ns = mono_ns();
    int64_t now_ns = begin_ns;

    while (now_ns < until_ns && !atomic_load_explicit(called, memory_order_relaxed)) {
        now_ns = mono_ns();
    }
    note_slept(watch, begin_ns, until_ns);
    return now_ns - begin_ns;
}

void watch_passed_by(struct watch *watch, int64_t begin_ns, int64_t until_ns)
{
    watch->slept_ns += until_ns > begin_ns ? until_ns - begin_ns : 0;
}

static void note_waited(struct watch *watch)
{
    watch->waited_ns = watch->slept_ns;
    watch->slept_ns = 0;
    watch->has_slept = false;
}

bool watch_wait(struct watch *watch, int64_t wait_ns)
{
    struct timespec timeout;
    struct epoll_event events[READY_MAX];
    int count;

    note_waited(watch);

    if (watch->blind_count > 0 && wait_ns > BLIND_NS) {
        wait_ns = BLIND_NS;
    }
    timeout = (struct timespec){.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
    count = epoll_pwait2(watch->set_fd, events, READY_MAX, &timeout, NULL);
    for (int i = 0; i < count; i++) {
        note(watch, &events[i]);
    }
    return count > 0;
}

void watch_ready_all(struct watch *watch)
{
    for (uint32_t i = 0; i < WATCH_PLACES_MAX; i++) {
        watch->places[i].is_ready = true;
    }
}

void watch_look(struct watch *watch)
{
    if (watch->by_client_count > 0 || watch->has_slept) {
        (void)watch_wait(watch, 0);
    } else {
        note_waited(watch);
    }
    watch_ready_all(watch);
}

bool watch_take(struct watch_place *place)
{
    bool ready;

    if (place == NULL || is_blind(place)) {
        return true;
    }
    ready = place->is_ready;
    place->is_ready = false;
    return ready;
}
