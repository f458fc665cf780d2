/*
 * mqtt_endpoint_inner: all clients of one role of one worker; shared by the files of the MQTT
 * driver and by nobody else.
 *
 * Threads: the worker owns the endpoint. paho's two threads call back; what both touch (states of
 * slots and links) is guarded by the inbox's mutex. paho holds its own lock in most callbacks, so
 * no call into paho is made while the inbox is locked.
 */
#ifndef MILLRACE_MQTT_ENDPOINT_INNER_H
#define MILLRACE_MQTT_ENDPOINT_INNER_H

#include "backend.h"
#include "bounds.h"
#include "mqtt_access_inner.h"
#include "mqtt_inbox_inner.h"
#include "mqtt_topics.h"

#include <pthread.h>
#include <stdatomic.h>

enum mqtt_link_state {
    LINK_DOWN,       /* Was up, or could not be brought back. */
    LINK_CONNECTING, /* It has a connection; of consumers until SUBACK. */
    LINK_FAILED,     /* Did not come up; failure says why. */
    LINK_UP
};

enum mqtt_dial_state {
    DIAL_TRIES,
    DIAL_CONNECTED, /* CONNACK came. */
    DIAL_FAILED     /* It did not, or the connection was lost again; failure says why. */
};

/* A connection: made without an endpoint, then a client's. paho's callbacks come with it. */
struct link {
    MQTTAsync handle;
    struct mqtt_access access;
    int64_t begin_ns;      /* When it began to connect. */
    pthread_mutex_t mutex; /* Guards what follows; before the inbox's, where both are needed. */
    pthread_cond_t changed;
    enum mqtt_dial_state state;
    struct mqtt_failure failure;
    _Atomic(struct mqtt_link *) owner; /* NULL: no client has it yet. Set once. */
};

enum mqtt_slot_state {
    SLOT_FREE,
    SLOT_WAITING, /* With paho. */
    SLOT_SETTLED, /* Its outcome is in the inbox; paho has forgotten it. */
    SLOT_LOST,    /* Its outcome is in the inbox, but paho may still name it until the link's handle
                   * is destroyed: a slot used again would take over the old message's confirm. */
    SLOT_LOST_POLLED /* The same, after the worker saw its outcome. */
};

/* A message that was submitted; its address is what paho hands back with the outcome. Slots belong
 * to a link, so that what paho says of a connection never touches another's messages. */
struct mqtt_slot {
    struct mqtt_link *link;
    uint64_t token;
    uint64_t number; /* Of the link's messages, from 0. */
    enum mqtt_slot_state state;
};

struct mqtt_link {
    struct endpoint *endpoint;
    uint32_t client;   /* Index into endpoint_config.clients. */
    struct link *made; /* Its connection, also once that is lost; NULL: none yet. */
    MQTTAsync handle;  /* The connection's. */
    enum mqtt_link_state state;
    bool reviving; /* Was up before: coming up is an event. */
    struct mqtt_failure failure;

    char **filters; /* Consumers: what it subscribes to. */
    int *filters_qos;
    uint32_t filters_count;

    struct mqtt_slot *slots; /* Producers: endpoint.window of them. */
    uint32_t *slots_free;    /* A stack of indexes. */
    uint32_t slots_free_count;
    uint32_t slots_fresh;  /* The first that was never used. */
    uint32_t outstanding;  /* The worker's: messages whose outcome was not polled. */
    uint64_t number_next;  /* Of the next message. */
    uint64_t settled_next; /* QoS 0: all before it are settled. */
    uint64_t fence;        /* QoS 0: number_next when the fence was sent. */
    bool fenced;           /* The fence's answer is awaited. */
};

/* Losses of one poll that have a text of their own. */
#define MQTT_TEXTS_MAX 32

struct endpoint {
    const struct endpoint_config *config;
    struct mqtt_access access;
    struct mqtt_inbox inbox;
    struct mqtt_link *links; /* One per client. */
    int qos;
    char texts[MQTT_TEXTS_MAX][NAME_BYTES * 2];
    uint32_t texts_count;
    uint32_t released; /* Notes of the inbox whose messages were given back to paho. */

    uint32_t outstanding;     /* Producers: over all links. */
    uint32_t outstanding_max; /* Option library_queue. */
    uint32_t window;          /* Per link. */
    uint32_t share;           /* Per link, also where all others have filled the queue. */
    int watch_fd;             /* Readable when the inbox or the timer is. */
    int timer_fd;             /* When paho is to be nudged. */
    bool timer_armed;
    int64_t timer_ns;       /* When it expires. */
    bool outcomes;          /* There were some since the timer was armed. */
    int64_t gap_ns;         /* To the next nudge. */
    int64_t stuck_ns;       /* mono_ns() of the last nudge without an outcome before it. */
    int64_t quiet_since_ns; /* mono_ns() of the first nudge without an outcome since; 0: none. */
    char *whole;            /* A message put together, as paho takes it as one. */
    MQTTAsync_responseOptions publishing; /* What goes with each message: callbacks, expiry. */

    struct mqtt_topics topics; /* Consumers. */
};

/* mqtt_open.c */
int mqtt_open(const struct endpoint_config *config, struct endpoint **ret, struct errinfo *reterr);
int mqtt_adopt(struct endpoint *endpoint, uint32_t client, struct link *link);
void mqtt_close(struct endpoint *endpoint);

/* mqtt_link.c: what becomes of a client's link; the inbox is not locked. Its connection is lost;
 * from a thread of paho's. */
void mqtt_link_lost(struct mqtt_link *link, const struct link *made, int code, const char *text);
/* One that is connecting is up, or has failed: from a thread of paho's, or the worker's. */
void mqtt_link_came(struct mqtt_link *link);
void mqtt_link_failed(struct mqtt_link *link, struct mqtt_failure failure);

/* mqtt_dial.c: connections. Whom to connect, and whether its names are known already. */
struct mqtt_dial {
    const struct endpoint_config *config;
    uint32_t client;
    uint32_t address;                /* From which of its addresses on, counted from its first. */
    const struct mqtt_access *known; /* NULL: names are to be looked up. */
};

int mqtt_dial_begin(const struct mqtt_dial *dial, int64_t deadline_ns, struct link **ret,
                    struct errinfo *reterr);
/* Blocks until it is connected, has failed, or the deadline. On failure it is to be hung up. */
int mqtt_dial_await(struct link *link, int64_t deadline_ns, struct errinfo *reterr);
/* The link gets its owner, to whom all that paho tells goes; false: it was lost before. */
bool mqtt_dial_give(struct link *link, struct mqtt_link *owner);
int mqtt_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                 struct link **ret, struct errinfo *reterr);
void mqtt_hang_up(struct link *link);

/* mqtt_publish.c: callbacks and the table of outstanding messages. */
int mqtt_publish_init(struct endpoint *endpoint, struct errinfo *reterr);
void mqtt_publish_done(struct endpoint *endpoint);
/* Of the library's queue: for one more message of this link. */
bool mqtt_publish_has_room(const struct mqtt_link *link);
int mqtt_submit(struct endpoint *endpoint, const struct message *messages, uint32_t messages_count);
/* Every message that waits on the link becomes unconfirmed. The caller holds the lock. */
void mqtt_publish_lose(struct mqtt_link *link);
/* The link's handle is gone: its slots may be used again. */
void mqtt_publish_forget(struct mqtt_link *link);
/* All of the link's messages before this number were written. The caller holds the lock. */
void mqtt_publish_settle_before(struct mqtt_link *link, uint64_t number, int64_t now_ns);
/* Worker: fills an event from an outcome's note and frees the slot. */
void mqtt_publish_outcome(struct endpoint *endpoint, const struct mqtt_note *note,
                          struct event *ret);

/* mqtt_timer.c: the time of the next nudge, as the worker may be asleep on the descriptor. Armed
 * while messages are outstanding. */
#define MQTT_GAP_NS_MIN (1 * NS_PER_MS)
int mqtt_timer_init(struct endpoint *endpoint, struct errinfo *reterr);
void mqtt_timer_done(struct endpoint *endpoint);
void mqtt_timer_arm(struct endpoint *endpoint);

/* mqtt_nudge.c: as long as messages are outstanding and nothing is told of them, paho is made to
 * look at its sockets, and at QoS 0 asked in another way. */
/* How many outcomes the worker is to be woken for. */
uint32_t mqtt_nudge_signal_at(const struct endpoint *endpoint);
/* After each poll of a producer. */
void mqtt_nudge_polled(struct endpoint *endpoint, uint32_t outcomes);

/* mqtt_receive.c: subscriptions, and messages that came. */
int mqtt_receive_init(struct endpoint *endpoint, struct errinfo *reterr);
void mqtt_receive_done(struct endpoint *endpoint);
int mqtt_receive_arrived(void *link, char *topic, int topic_bytes, MQTTAsync_message *message);
/* Worker: fills an event from a message's note. */
void mqtt_receive_event(struct endpoint *endpoint, const struct mqtt_note *note, struct event *ret);
/* Gives the message that a note holds, if it does, back to paho. */
void mqtt_receive_release(struct mqtt_note *note);

/* mqtt_probe.c */
int mqtt_probe(const struct target *target, int64_t deadline_ns, struct probe *ret,
               struct errinfo *reterr);

#endif
