/*
 * rabbitmq_client_inner: the structs of a client and of the endpoint that it belongs to, and what
 * its producing and consuming have in common: events, room, loss. Private to the RabbitMQ driver.
 */
#ifndef MILLRACE_RABBITMQ_CLIENT_INNER_H
#define MILLRACE_RABBITMQ_CLIENT_INNER_H

#include "kept.h"
#include "rabbitmq_encode_inner.h"
#include "rabbitmq_link_inner.h"
#include "turns.h"

#define RABBITMQ_TICKS_PER_HEARTBEAT 3

/* A socket that says it is writable has a third of its buffer free; 16 KiB at the least, as the
 * kernel counts. Half of that can be written without asking before each message. */
#define RABBITMQ_ROOM_BYTES (8 * 1024)

/* Method, header and property bytes around a body; generous. */
#define RABBITMQ_PUBLISH_OVERHEAD_BYTES 512

/* Acks that are written by one call. */
#define RABBITMQ_ACKS_BYTES (192 * RABBITMQ_ACK_BYTES)

/* Of a client's socket. RDHUP: a broker that left is seen while unread messages stand before it. */
#define RABBITMQ_WATCHED ((uint32_t)EPOLLIN | (uint32_t)EPOLLRDHUP)

enum rabbitmq_content { CONTENT_NONE, CONTENT_RETURNED, CONTENT_DELIVERED };

enum rabbitmq_slot_state { SLOT_WAITING, SLOT_RETURNED, SLOT_TOLD };

/* An outstanding message of a producer. */
struct rabbitmq_slot {
    uint64_t token;
    int64_t at_ns;  /* Without confirms: when it was written. */
    uint8_t state;  /* enum rabbitmq_slot_state. */
    uint16_t reply; /* RETURNED: the broker's code. */
};

/* The outstanding messages are [oldest, next) of a numbering that goes on over reconnections, so
 * that outcomes of an old connection can still be told after a new one began. The broker's tag is
 * number - base. */
struct rabbitmq_producer {
    struct rabbitmq_slot *slots;
    uint64_t slots_mask;
    uint64_t first; /* Number that has the first place; moves on when nothing is outstanding. */
    uint64_t oldest;
    uint64_t next;
    uint64_t base;
    uint64_t settled_end; /* Below it, what waits is acked, or refused if settled_refused. */
    uint64_t lost_end;    /* From settled_end up to it, what waits is unconfirmed. */
    int64_t settled_ns;
    int64_t lost_ns;
    bool settled_refused;
    uint16_t returning; /* Code of the return whose content is arriving. */
};

/* A queue that a consumer reads; its index is the consumer tag. */
struct rabbitmq_source {
    uint32_t topic;
    uint32_t partition;
};

struct rabbitmq_consumer {
    struct rabbitmq_source *sources;
    uint32_t sources_count;
    uint32_t source; /* Of the delivery whose content is arriving. */
    uint64_t delivery_tag;
    uint8_t epoch;       /* Counts connections: acks of an old one must not reach the new one. */
    char *assembled;     /* For messages that come in several frames. */
    uint64_t lent_round; /* The poll that handed `assembled` out. */
};

struct rabbitmq_client {
    struct rabbitmq_link link;
    uint32_t index;
    bool is_up;
    bool is_blocked; /* connection.blocked: the broker takes no messages now. */
    bool tells_down; /* Events to come. */
    bool tells_up;
    bool waits_for_room; /* EPOLLOUT is asked for. */
    bool has_sent;       /* Since the last tick of the heartbeat. */
    uint32_t silent_ticks;
    uint32_t room_bytes; /* Over TLS: can be written without asking the socket again. */
    struct kept unsent;  /* The rest of what was written, over TLS of a publish's body;
                                     nothing else is written before it. */
    bool is_read_by_us; /* By rabbitmq_read.c, not by the library, as over TLS and until what it had
                           read ahead is taken. */
    struct kept unread; /* Read, and waits for room. */
    int64_t down_ns;
    int64_t up_ns;
    char reason[REASON_BYTES]; /* Of the last loss. */
    char says[REASON_BYTES];   /* Why the broker blocks. */
    enum rabbitmq_content content;
    uint64_t content_bytes;  /* Of the content's body, in all. */
    uint64_t content_offset; /* How much of it has come. */
    struct rabbitmq_producer producer;
    struct rabbitmq_consumer consumer;
};

struct endpoint {
    const struct endpoint_config *config;
    struct rabbitmq_client *clients;
    struct turns turns;
    char *arena; /* Bodies of the messages of one poll. */
    size_t arena_bytes;
    size_t arena_used;
    size_t arena_message_bytes; /* The most that one frame adds. */
    uint64_t round;             /* Counts polls. */
    char *inbound;              /* What is read now, of all clients in turn. */
    char *encoded;              /* What is written now, of all clients in turn. */
    size_t encoded_bytes_max;
    struct rabbitmq_client *acks_of; /* The client whose acks are gathered, whole frames. */
    char acks[RABBITMQ_ACKS_BYTES];
    size_t acks_bytes;           /* 0: none are. */
    bool acks_lost;              /* Some went with their connection since the last flush. */
    struct rabbitmq_form *forms; /* Of the topics' publishes. */
    char (*keys)[12];            /* Routing keys by partition. */
    bool is_confirmed;
    bool is_held; /* The poll at work takes no messages. */
    amqp_basic_properties_t properties;
    char expiration[24];
};

/* Where a poll writes to. */
struct rabbitmq_events {
    struct event *events;
    uint32_t count;
    uint32_t count_max;
};

/* NULL if there is no room. */
struct event *rabbitmq_event_add(struct rabbitmq_events *events, enum event_kind kind,
                                 const struct rabbitmq_client *client, int64_t at_ns);

/* Closes the connection and remembers why; the events come with the next poll. Whatever is
 * outstanding on it is unconfirmed. */
void rabbitmq_client_lost(struct endpoint *endpoint, struct rabbitmq_client *client,
                          const char *format, ...) __attribute__((format(printf, 3, 4)));

static inline bool rabbitmq_acknowledges(const struct endpoint *endpoint)
{
    return endpoint->config->role == ROLE_CONSUMER &&
           endpoint->config->delivery->consume_ack != CONSUME_ACK_NONE;
}

/* Makes the next poll look at the client though its socket may be silent. */
static inline void rabbitmq_client_enqueue(struct endpoint *endpoint,
                                           const struct rabbitmq_client *client)
{
    turns_enqueue(&endpoint->turns, client->index);
}

/*
 * All that a client writes on a plain socket once it is up goes through rabbitmq_write(): what the
 * socket does not take now is kept as unsent and written first, so that nothing ever stands within
 * a frame. There must be none unsent before. A connection that breaks is lost, the reason begins
 * with `what` ("publishing").
 */
void rabbitmq_write(struct endpoint *endpoint, struct rabbitmq_client *client, const char *bytes,
                    size_t count, const char *what);
/* Writes unsent bytes on. 0, or a negative errno: the connection is broken. */
int rabbitmq_write_rest(struct rabbitmq_client *client);

/* Over TLS: does the socket take that much now, or of more than RABBITMQ_ROOM_BYTES a part, as
 * publish keeps the rest? If not, the descriptor of wait_fd tells when. */
bool rabbitmq_client_has_room(struct endpoint *endpoint, struct rabbitmq_client *client,
                              uint32_t bytes);
/* Whether epoll is to tell when the socket has room again. */
void rabbitmq_client_watch(struct endpoint *endpoint, struct rabbitmq_client *client,
                           bool for_room);

#endif
