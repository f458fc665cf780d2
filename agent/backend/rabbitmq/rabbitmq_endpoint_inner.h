/*
 * rabbitmq_endpoint_inner: the clients of one role of one worker, each a connection of its own.
 *
 * Private to the RabbitMQ driver. endpoint opens, adopts, closes, waits and goes round its
 * clients; producer turns messages into publishes and confirms into outcomes, publish writes those
 * that a socket may not take whole; consumer turns deliveries into messages. Frames are taken from
 * the library one by one, without waiting: a message that has arrived in part stays where it is
 * until the rest comes.
 */
#ifndef MILLRACE_RABBITMQ_ENDPOINT_INNER_H
#define MILLRACE_RABBITMQ_ENDPOINT_INNER_H

#include "rabbitmq_link_inner.h"

/* Fits "123456789abc": a message's number in hexadecimal. */
#define RABBITMQ_MESSAGE_ID_BYTES 12

/* What epoll tells of descriptors that are no client's. */
#define RABBITMQ_ID_EVENT UINT32_MAX
#define RABBITMQ_ID_TIMER (UINT32_MAX - 1)

#define RABBITMQ_TICKS_PER_HEARTBEAT 3

/* A socket that says it is writable has a third of its buffer free; 16 KiB at the least, as the
 * kernel counts. Half of that can be written without asking before each message. */
#define RABBITMQ_ROOM_BYTES (8 * 1024)

/* Method, header and property bytes around a body; generous. */
#define RABBITMQ_PUBLISH_OVERHEAD_BYTES 512

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
    char message_id[RABBITMQ_MESSAGE_ID_BYTES];
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
    bool is_queued;  /* In the endpoint's queue of those that have something to tell. */
    bool tells_down; /* Events to come. */
    bool tells_up;
    bool waits_for_room; /* EPOLLOUT is asked for. */
    bool has_sent;       /* Since the last tick of the heartbeat. */
    uint32_t silent_ticks;
    uint32_t room_bytes; /* Can be written without asking the socket again. */
    char *unsent; /* [begin, end) is the rest of a publish, over TLS of its body; nothing else is
                     written before it. */
    size_t unsent_begin;
    size_t unsent_end; /* 0: there is none. */
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
    uint32_t *queue; /* Ring of the indexes of clients that have something to tell. */
    uint32_t queue_first;
    uint32_t queue_count;
    int epoll_fd;
    int event_fd;      /* Readable while the queue isn't empty. */
    int timer_fd;      /* Ticks for heartbeats; -1: none. */
    bool is_signalled; /* event_fd is readable. */
    char *arena;       /* Bodies of the messages of one poll. */
    size_t arena_bytes;
    size_t arena_used;
    size_t arena_message_bytes; /* The most that one frame adds. */
    uint64_t round;             /* Counts polls. */
    char *encoded;              /* The publish that is written now. */
    size_t encoded_bytes;
    char (*keys)[12]; /* Routing keys by partition. */
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

/* Closes the connection and remembers why; the events come with the next poll. */
void rabbitmq_client_lost(struct endpoint *endpoint, struct rabbitmq_client *client,
                          const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Makes the next poll look at the client though its socket may be silent. */
void rabbitmq_client_enqueue(struct endpoint *endpoint, struct rabbitmq_client *client);

/* Does the socket take that much now, or of more than RABBITMQ_ROOM_BYTES a part, as publish keeps
 * the rest? If not, the descriptor of wait_fd tells when. */
bool rabbitmq_client_has_room(struct endpoint *endpoint, struct rabbitmq_client *client,
                              uint32_t bytes);
/* Tells when the socket has room again. */
void rabbitmq_client_await_room(struct endpoint *endpoint, struct rabbitmq_client *client);

/*
 * Publishes of any size; what the socket does not take now is kept as unsent, so there must be
 * none, and the socket has room. 0, or a negative errno: the connection is broken. The rest is
 * written by rest(), each time that the socket has room.
 */
int rabbitmq_publish_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                          struct errinfo *reterr);
void rabbitmq_publish_done(struct rabbitmq_client *client);
int rabbitmq_publish(struct endpoint *endpoint, struct rabbitmq_client *client,
                     const amqp_basic_publish_t *publish, const amqp_basic_properties_t *properties,
                     amqp_bytes_t body);
int rabbitmq_publish_rest(struct rabbitmq_client *client);

/* Once per client, at open; after it, done() may be called. */
int rabbitmq_producer_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                           struct errinfo *reterr);
void rabbitmq_producer_done(struct rabbitmq_client *client);
int rabbitmq_consumer_init(struct endpoint *endpoint, struct rabbitmq_client *client,
                           struct errinfo *reterr);
void rabbitmq_consumer_done(struct rabbitmq_client *client);

/* Once per connection, which no endpoint has yet: confirms on, subscribed. */
int rabbitmq_producer_begin(const struct endpoint_config *config, struct rabbitmq_link *link,
                            struct errinfo *reterr);
int rabbitmq_consumer_begin(const struct endpoint_config *config, uint32_t index,
                            struct rabbitmq_link *link, struct errinfo *reterr);

/* The client has a new connection. */
void rabbitmq_producer_linked(struct rabbitmq_client *client);
void rabbitmq_consumer_linked(struct rabbitmq_client *client);

/* All of the messages so far is written: without confirms that is their outcome. */
void rabbitmq_producer_written(struct endpoint *endpoint, struct rabbitmq_client *client);

/* Whatever is outstanding on the lost connection is unconfirmed. */
void rabbitmq_producer_lost(struct rabbitmq_client *client, int64_t now_ns);

/* Tells outcomes that are known; false if there was no room for all. */
bool rabbitmq_producer_settle(struct rabbitmq_client *client, struct rabbitmq_events *events);

/* One frame that isn't about the connection. There is room for one event at least. */
void rabbitmq_producer_frame(struct rabbitmq_client *client, const amqp_frame_t *frame,
                             struct rabbitmq_events *events);
void rabbitmq_consumer_frame(struct endpoint *endpoint, struct rabbitmq_client *client,
                             const amqp_frame_t *frame, struct rabbitmq_events *events);

/* The functions of struct backend_ops. */
int rabbitmq_open(const struct endpoint_config *config, struct endpoint **ret,
                  struct errinfo *reterr);
int rabbitmq_connect(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                     struct link **ret, struct errinfo *reterr);
int rabbitmq_adopt(struct endpoint *endpoint, uint32_t client, struct link *link);
void rabbitmq_hang_up(struct link *link);
void rabbitmq_close(struct endpoint *endpoint);
int rabbitmq_poll(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int rabbitmq_poll_held(struct endpoint *endpoint, struct event *events, uint32_t events_max);
int rabbitmq_wait_fd(const struct endpoint *endpoint);
int rabbitmq_submit(struct endpoint *endpoint, const struct message *message);
int rabbitmq_ack(struct endpoint *endpoint, uint64_t token, bool multiple);

#endif
