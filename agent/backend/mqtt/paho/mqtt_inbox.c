#include "mqtt_inbox_inner.h"

#include "invariant.h"
#include "sync.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Past either, paho's receiving thread is held for HOLD_NS per message. */
#define WAITING_COUNT_MAX (1u << 20)
#define WAITING_BYTES_MAX (UINT64_C(256) << 20)
#define HOLD_NS (2 * NS_PER_MS)
#define COPIES_BYTES_MIN 65536

void mqtt_inbox_init(struct mqtt_inbox *inbox)
{
    *inbox = (struct mqtt_inbox){.fd = -1, .event_fd = -1, .timer_fd = -1};
    ASSERT(pthread_mutex_init(&inbox->mutex, NULL) == 0);
    sync_condition_init(&inbox->drained);
    sync_condition_init(&inbox->linked);
}

static int watch(const struct mqtt_inbox *inbox, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(inbox->fd, EPOLL_CTL_ADD, fd, &event);
}

static int make_descriptors(struct mqtt_inbox *inbox, struct errinfo *reterr)
{
    inbox->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    inbox->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    inbox->fd = epoll_create1(EPOLL_CLOEXEC);
    if (inbox->event_fd < 0 || inbox->timer_fd < 0 || inbox->fd < 0 ||
        watch(inbox, inbox->event_fd) < 0 || watch(inbox, inbox->timer_fd) < 0) {
        return errinfo_set(reterr, -errno, "can't make a descriptor to wait on: %s",
                           strerror(errno));
    }
    return 0;
}

int mqtt_inbox_reserve(struct mqtt_inbox *inbox, uint32_t capacity, struct errinfo *reterr)
{
    inbox->filling.notes = calloc(capacity, sizeof *inbox->filling.notes);
    inbox->reading.notes = calloc(capacity, sizeof *inbox->reading.notes);
    if (inbox->filling.notes == NULL || inbox->reading.notes == NULL) {
        return errinfo_nomem(reterr);
    }
    inbox->signal_at = 1;
    inbox->filling.capacity = capacity;
    inbox->reading.capacity = capacity;
    return make_descriptors(inbox, reterr);
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

void mqtt_inbox_done(struct mqtt_inbox *inbox)
{
    close_if_open(inbox->fd);
    close_if_open(inbox->timer_fd);
    close_if_open(inbox->event_fd);
    free(inbox->filling.notes);
    free(inbox->reading.notes);
    free(inbox->filling.copies);
    free(inbox->reading.copies);
    (void)pthread_cond_destroy(&inbox->linked);
    (void)pthread_cond_destroy(&inbox->drained);
    (void)pthread_mutex_destroy(&inbox->mutex);
}

void mqtt_inbox_lock(struct mqtt_inbox *inbox)
{
    ASSERT(pthread_mutex_lock(&inbox->mutex) == 0);
}

void mqtt_inbox_unlock(struct mqtt_inbox *inbox)
{
    ASSERT(pthread_mutex_unlock(&inbox->mutex) == 0);
}

static bool grow(struct mqtt_batch *batch)
{
    uint32_t capacity = batch->capacity * 2;
    struct mqtt_note *notes = NULL;

    if (capacity > batch->capacity) {
        notes = realloc(batch->notes, (size_t)capacity * sizeof *notes);
    }
    if (notes == NULL) {
        return false;
    }
    batch->notes = notes;
    batch->capacity = capacity;
    return true;
}

static void signal_worker(struct mqtt_inbox *inbox)
{
    if (!inbox->signalled) {
        /* A counter of 0 can always be added to: this can't fail. */
        inbox->signalled = eventfd_write(inbox->event_fd, 1) == 0;
    }
}

static void signal_worker_later(struct mqtt_inbox *inbox)
{
    const struct itimerspec when = {.it_value.tv_nsec = MQTT_MESSAGE_WAIT_NS};

    if (!inbox->signalled && !inbox->timed) {
        inbox->timed = timerfd_settime(inbox->timer_fd, 0, &when, NULL) == 0;
    }
}

static bool is_outcome(const struct mqtt_note *note)
{
    return note->kind == EVENT_ACKED || note->kind == EVENT_REFUSED ||
           note->kind == EVENT_UNCONFIRMED;
}

bool mqtt_inbox_push(struct mqtt_inbox *inbox, const struct mqtt_note *note)
{
    struct mqtt_batch *filling = &inbox->filling;

    if (filling->count == filling->capacity && !grow(filling)) {
        return false;
    }
    filling->notes[filling->count++] = *note;
    filling->bytes += note->bytes;
    if (note->kind == EVENT_MESSAGE) {
        signal_worker_later(inbox);
        return true;
    }
    filling->others++;
    filling->urgency = is_outcome(note) ? filling->urgency + 1 : UINT32_MAX / 2;
    if (filling->urgency >= inbox->signal_at) {
        signal_worker(inbox);
    }
    return true;
}

static bool grow_copies(struct mqtt_batch *batch, size_t bytes)
{
    size_t capacity = batch->copies_capacity > 0 ? batch->copies_capacity : COPIES_BYTES_MIN;
    uint8_t *copies;

    while (capacity - batch->copies_bytes < bytes) {
        capacity *= 2;
    }
    if (capacity == batch->copies_capacity) {
        return true;
    }
    copies = realloc(batch->copies, capacity);
    if (copies == NULL) {
        return false;
    }
    batch->copies = copies;
    batch->copies_capacity = capacity;
    return true;
}

/* The caller holds the lock. False if memory ran out. */
static bool push_copy(struct mqtt_inbox *inbox, const struct mqtt_note *note, const void *payload)
{
    struct mqtt_batch *filling = &inbox->filling;
    struct mqtt_note copied = *note;

    if (!grow_copies(filling, note->bytes)) {
        return false;
    }
    copied.copy = filling->copies_bytes;
    if (!mqtt_inbox_push(inbox, &copied)) {
        return false;
    }
    memcpy(filling->copies + copied.copy, payload, note->bytes);
    filling->copies_bytes += note->bytes;
    return true;
}

bool mqtt_inbox_push_message(struct mqtt_inbox *inbox, const struct mqtt_note *note,
                             const void *payload)
{
    bool pushed;

    mqtt_inbox_lock(inbox);
    if (inbox->filling.bytes >= WAITING_BYTES_MAX || inbox->filling.count >= WAITING_COUNT_MAX) {
        (void)sync_condition_wait(&inbox->drained, &inbox->mutex, mono_ns() + HOLD_NS);
    }
    pushed = payload != NULL ? push_copy(inbox, note, payload) : mqtt_inbox_push(inbox, note);
    mqtt_inbox_unlock(inbox);
    return pushed;
}

void mqtt_inbox_turn(struct mqtt_inbox *inbox)
{
    struct mqtt_batch emptied;

    if (inbox->taken < inbox->reading.count) {
        return;
    }
    mqtt_inbox_lock(inbox);
    emptied = inbox->reading;
    emptied.count = 0;
    emptied.copies_bytes = 0;
    emptied.bytes = 0;
    emptied.urgency = 0;
    emptied.others = 0;
    inbox->reading = inbox->filling;
    inbox->filling = emptied;
    inbox->taken = 0;
    (void)pthread_cond_broadcast(&inbox->drained);
    mqtt_inbox_unlock(inbox);
}

struct mqtt_note *mqtt_inbox_take(struct mqtt_inbox *inbox)
{
    while (inbox->taken < inbox->reading.count) {
        struct mqtt_note *note = &inbox->reading.notes[inbox->taken++];

        if (!note->told) {
            inbox->reading.others -= note->kind != EVENT_MESSAGE ? 1 : 0;
            return note;
        }
    }
    return NULL;
}

const void *mqtt_inbox_copy(const struct mqtt_inbox *inbox, const struct mqtt_note *note)
{
    return inbox->reading.copies + note->copy;
}

static bool overtake(struct mqtt_batch *batch, uint32_t from, struct mqtt_note *ret)
{
    for (uint32_t i = from; batch->others > 0 && i < batch->count; i++) {
        struct mqtt_note *note = &batch->notes[i];

        if (note->kind != EVENT_MESSAGE && !note->told) {
            *ret = *note;
            note->told = true;
            batch->others--;
            return true;
        }
    }
    return false;
}

bool mqtt_inbox_overtake(struct mqtt_inbox *inbox, struct mqtt_note *ret)
{
    bool found = overtake(&inbox->reading, inbox->taken, ret);

    if (!found) {
        mqtt_inbox_lock(inbox);
        found = overtake(&inbox->filling, 0, ret);
        mqtt_inbox_unlock(inbox);
    }
    return found;
}

void mqtt_inbox_settle(struct mqtt_inbox *inbox, uint32_t signal_at)
{
    uint64_t ignored;

    mqtt_inbox_lock(inbox);
    inbox->signal_at = signal_at;
    if (inbox->timed && read(inbox->timer_fd, &ignored, sizeof ignored) > 0) {
        inbox->timed = false;
    }
    if (inbox->taken < inbox->reading.count || inbox->filling.urgency >= signal_at) {
        signal_worker(inbox);
        goto out;
    }
    if (inbox->signalled) {
        (void)eventfd_read(inbox->event_fd, &ignored);
        inbox->signalled = false;
    }
    if (inbox->filling.count > inbox->filling.urgency) {
        signal_worker_later(inbox); /* For messages that came since mqtt_inbox_turn(). */
    }
out:
    mqtt_inbox_unlock(inbox);
}
