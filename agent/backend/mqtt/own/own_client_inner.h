/*
 * own_client_inner: the structs of a client and of the endpoint that it belongs to, and what its
 * producing and consuming have in common: events, texts, loss, writing.
 *
 * Private to the MQTT driver over its own codec. All of an endpoint is on its worker's thread.
 */
#ifndef MILLRACE_OWN_CLIENT_INNER_H
#define MILLRACE_OWN_CLIENT_INNER_H

#include "mqtt_encode_inner.h"
#include "mqtt_topics.h"
#include "own_link_inner.h"
#include "own_outstanding_inner.h"
#include "turns.h"

/* Of a client's socket. RDHUP: a broker that left is seen while unread messages stand before it. */
#define OWN_WATCHED ((uint32_t)EPOLLIN | (uint32_t)EPOLLRDHUP)

/* What is read in one poll, of all clients one after the other: messages are lent from it. */
#define OWN_ARENA_BYTES ((size_t)512 * 1024)

/* Answers that are written by one call. */
#define OWN_ACKS_BYTES ((size_t)192 * MQTT_ANSWER_BYTES)

/* Sentences of one poll that are made for it. */
#define OWN_TEXTS_MAX 64

/* When a client has last said and heard something, as the endpoint's ticks see it. */
struct own_alive {
    int64_t sent_ns;
    int64_t heard_ns;
    int64_t asked_ns; /* When the question that waits was put; 0: none waits. */
    bool has_sent;    /* Since the last look. */
    bool has_heard;
    bool wants_ping; /* The socket was full when it was to be sent. */
};

struct own_client {
    struct own_link link;
    uint32_t index;
    bool is_up;
    bool tells_down; /* Events to come. */
    bool tells_up;
    bool tells_granted;
    bool waits_for_room;        /* EPOLLOUT is asked for. */
    bool is_lent;               /* What it has kept begins with a message that was handed out. */
    bool stands_before_message; /* It was held there. */
    bool is_stalled;            /* It is not read until its acks are written, or made. */
    uint64_t lent_round;
    size_t lent_bytes;  /* Of its packet, which stands first in what is kept. */
    struct kept unsent; /* Written before anything else. */
    struct own_alive alive;
    int64_t down_ns;
    int64_t up_ns;
    char reason[REASON_BYTES]; /* Of the last loss. */
    union {
        struct own_producer producer;
        struct own_consumer consumer;
    };
};

/* What is left of the arena when a poll had no room for more events. */
struct own_carry {
    struct own_client *client; /* NULL: nothing. */
    size_t begin;
    size_t end;
};

/* The topic that the last message was of. */
struct own_topic_memory {
    char name[MQTT_TOPIC_TEXT_BYTES];
    uint32_t name_bytes;
    uint32_t topic;
    uint32_t partition;
};

struct endpoint {
    const struct endpoint_config *config;
    struct own_route route;
    uint8_t qos;
    struct own_client *clients;
    struct turns turns;
    uint16_t ticks_for_s; /* Its ticks are for this keep alive; 0: none yet. */
    bool is_held;         /* The poll at work takes no messages. */
    uint32_t look_next;   /* The client that the next tick begins with. */
    uint32_t look_count;
    uint64_t round; /* Counts polls. */
    char *arena;
    size_t arena_used;
    struct own_carry carry;
    struct own_client *acks_of; /* The client whose answers are gathered. */
    char acks[OWN_ACKS_BYTES];
    size_t acks_bytes;     /* 0: none are. */
    bool acks_lost;        /* Some went with their connection since the last flush. */
    const char *unmatched; /* What brokers said of messages that they took; NULL: nothing. */
    uint32_t unmatched_client;
    char texts[OWN_TEXTS_MAX][REASON_BYTES];
    uint32_t texts_count;

    /* Producers. */
    struct own_slot *slots; /* Of all clients. */
    size_t slots_bytes;
    char *encoded; /* What is written now, of all clients in turn. */
    size_t encoded_bytes_max;
    uint32_t expiry_s;

    /* Consumers. */
    struct own_received *received; /* Of all clients. */
    struct own_ids *ids;           /* Likewise; NULL: below QoS 2. */
    struct mqtt_topics topics;
    struct own_topic_memory last;
};

/* Where a poll writes to. */
struct own_events {
    struct event *events;
    uint32_t count;
    uint32_t count_max;
};

/* NULL if there is no room. */
struct event *own_event_add(struct own_events *events, enum event_kind kind,
                            const struct own_client *client, int64_t at_ns);

/* A sentence that lasts until the next poll; NULL: this poll can make no more. */
char *own_text(struct endpoint *endpoint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The reason of a loss of which the broker said nothing, whoever notices it first. */
#define OWN_BROKE "the connection broke, without a DISCONNECT"

/* Closes the connection and remembers why; the events come with the next poll. Whatever is
 * outstanding on it is unconfirmed. */
void own_client_lost(struct endpoint *endpoint, struct own_client *client, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The link is the client's from now on. 0 or a negative errno: it is still the caller's. */
int own_client_take(struct endpoint *endpoint, struct own_client *client,
                    const struct own_link *link);

/* Makes the next poll look at the client though its socket may be silent. */
static inline void own_client_enqueue(struct endpoint *endpoint, const struct own_client *client)
{
    turns_enqueue(&endpoint->turns, client->index);
}

static inline bool own_acknowledges(const struct endpoint *endpoint)
{
    return endpoint->config->role == ROLE_CONSUMER && endpoint->qos > 0;
}

/* A consumer whose acks the socket does not take gets no more to acknowledge. */
static inline bool own_is_paused(const struct endpoint *endpoint, const struct own_client *client)
{
    return own_acknowledges(endpoint) && client->waits_for_room;
}

/*
 * All that a client writes goes through these: what the socket does not take now is kept as unsent
 * and written first, so that nothing ever stands within a packet. With bytes unsent, more are put
 * behind them. A connection that breaks is lost, the reason begins with `what` ("publishing").
 */
void own_write(struct endpoint *endpoint, struct own_client *client, const char *bytes,
               size_t count, const char *what);
/* Writes unsent bytes on. */
void own_write_rest(struct endpoint *endpoint, struct own_client *client);

/* An answer to a packet of the client's, to be written with those that follow it: by
 * own_acks_write(), when another client's comes, or when there are many. */
void own_answer(struct endpoint *endpoint, struct own_client *client, enum mqtt_kind kind,
                uint16_t id);
void own_acks_write(struct endpoint *endpoint);

/* Whether epoll is to tell when the socket has room again. What else it is to tell follows from
 * how the client stands: one that is stalled is not told of what it does not read. */
void own_client_watch(struct endpoint *endpoint, struct own_client *client, bool for_room);

#endif
