/*
 * mqtt_inbox_inner: what paho's threads have told an endpoint and its worker has not asked for yet.
 *
 * paho sends on one thread and receives on another, and calls back from both, so one writer per
 * ring can't be had. Two arrays change places under a mutex: callbacks append to one, the worker
 * reads the other without the lock.
 *
 * The arrays are made with room for every outcome and for a burst of messages. Beyond it they grow,
 * on paho's thread, which allocates for each message anyhow. A worker that stays away is answered
 * with back pressure: past a limit each arriving message holds paho's thread for a moment, so TCP
 * slows the broker down. Only for a moment, since that thread holds the library's lock, and the
 * worker may be waiting for it in a send. Nothing is ever dropped.
 *
 * Small payloads are copied, one after the other, and paho's thread frees the message at once. paho
 * counts each of its allocations in a tree under a lock of its own; the worker, freeing three for
 * each message, held up both of paho's threads.
 *
 * Waking the worker costs paho's thread more than the message does, so messages wake it at most
 * every MQTT_MESSAGE_WAIT_NS: they carry the time at which they came, and paho has acknowledged
 * them already. Outcomes wake it in numbers, see mqtt_inbox_settle(); all else does at once.
 */
#ifndef MILLRACE_MQTT_INBOX_INNER_H
#define MILLRACE_MQTT_INBOX_INNER_H

#include "backend.h"
#include "errinfo.h"
#include "mono.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define MQTT_MESSAGE_WAIT_NS (1 * NS_PER_MS)

struct mqtt_note {
    enum event_kind kind;
    uint32_t client;
    int64_t at_ns;
    uint32_t slot;  /* Outcomes: index of the outstanding message. */
    uint32_t topic; /* MESSAGE: index into endpoint_config.topics. */
    uint32_t partition;
    uint32_t bytes;   /* MESSAGE: of its payload. */
    size_t copy;      /* MESSAGE: where its batch's copies have the payload, if message is NULL. */
    void *message;    /* MESSAGE: paho's, with the payload; the reader frees it. */
    const char *text; /* Static, or NULL. */
    bool told;        /* It has overtaken the messages before it. */
};

struct mqtt_batch {
    struct mqtt_note *notes;
    uint32_t count;
    uint32_t capacity;
    uint8_t *copies; /* Payloads, one after the other. */
    size_t copies_bytes;
    size_t copies_capacity;
    uint64_t bytes;   /* Of the payloads. */
    uint32_t others;  /* Notes that are no messages and were not taken. */
    uint32_t urgency; /* Outcomes are 1 each, messages nothing, all else more than any signal_at. */
};

struct mqtt_inbox {
    pthread_mutex_t mutex;  /* Also guards the endpoint's slots and links. */
    pthread_cond_t drained; /* The worker took what was there. */
    pthread_cond_t linked;  /* A link changed its state. */
    int fd; /* Readable when the worker is to take what is there: one of the two is. */
    int event_fd;
    int timer_fd;
    bool signalled;            /* event_fd is readable. */
    bool timed;                /* timer_fd will be, or is. */
    uint32_t signal_at;        /* event_fd becomes readable with that many outcomes. */
    struct mqtt_batch filling; /* Callbacks append. */
    struct mqtt_batch reading; /* The worker's. */
    uint32_t taken;            /* Of reading. */
};

void mqtt_inbox_init(struct mqtt_inbox *inbox);

/* Makes the descriptor and room for that many notes: what push needs. 0 or a negative errno. */
int mqtt_inbox_reserve(struct mqtt_inbox *inbox, uint32_t capacity, struct errinfo *reterr);
void mqtt_inbox_done(struct mqtt_inbox *inbox);

void mqtt_inbox_lock(struct mqtt_inbox *inbox);
void mqtt_inbox_unlock(struct mqtt_inbox *inbox);

/* Appends; the caller holds the lock. False if memory ran out. */
bool mqtt_inbox_push(struct mqtt_inbox *inbox, const struct mqtt_note *note);

/* The same for a message, without the lock: this is where back pressure is made. payload:
 * note.bytes of it that are copied; NULL: note.message has them. */
bool mqtt_inbox_push_message(struct mqtt_inbox *inbox, const struct mqtt_note *note,
                             const void *payload);

/* Worker: the copied payload of a note that was taken; stays valid until mqtt_inbox_turn(). */
const void *mqtt_inbox_copy(const struct mqtt_inbox *inbox, const struct mqtt_note *note);

/* Worker: makes what came since the last call readable, if all before it was taken. */
void mqtt_inbox_turn(struct mqtt_inbox *inbox);

/* Worker: the next note or NULL; it stays valid until mqtt_inbox_turn(). */
struct mqtt_note *mqtt_inbox_take(struct mqtt_inbox *inbox);

/* Worker: copies the next note that is no message, from among those that wait; false: there is
 * none. mqtt_inbox_take() leaves it out. */
bool mqtt_inbox_overtake(struct mqtt_inbox *inbox, struct mqtt_note *ret);

/* Worker: makes the descriptor readable if something is left, else unreadable until signal_at
 * outcomes (1 or more) have gathered, a message has waited MQTT_MESSAGE_WAIT_NS, or something else
 * has come. */
void mqtt_inbox_settle(struct mqtt_inbox *inbox, uint32_t signal_at);

#endif
