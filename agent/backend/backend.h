/*
 * backend: the interface that every driver implements. (backend_table.h: those that were built.)
 *
 * A driver moves messages and stamps event.at_ns where its library first tells it. It does not
 * pace, retry, sleep or log. An endpoint is all clients of one role of one worker; only its worker
 * calls it, except where said.
 *
 * Control calls may block up to their deadline. Data calls never wait and never allocate. Every
 * submitted token gets exactly one of ACKED, REFUSED, UNCONFIRMED: the driver keeps the table of
 * outstanding tokens, on a lost connection each becomes UNCONFIRMED, and confirms that come later
 * are dropped.
 */
#ifndef MILLRACE_BACKEND_H
#define MILLRACE_BACKEND_H

#include "assignment.h"
#include "broker_limits.h"
#include "catalog.h"
#include "control_messages.h"
#include "errinfo.h"
#include "net.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

enum endpoint_role { ROLE_PRODUCER, ROLE_CONSUMER };

/* One topic to make, remove or use. */
struct topic {
    const char *name;
    uint32_t partitions;
    uint32_t subscriptions; /* Brokers with queues make them with the topic, so nothing is lost
                             * before the consumers are there. */
    const struct delivery
        *delivery; /* Durable, ordered, ttl: what a queue or topic is made with. */
};

struct topic_list {
    const struct topic *topics;
    uint32_t topics_count;
};

/* A client of an endpoint: one connection (or a logical client on a shared handle, see option
 * `handles`). */
struct endpoint_client {
    uint32_t client;       /* Number in the trial; for names that a broker shows. */
    uint32_t subscription; /* Consumers. */
    const uint32_t
        *topics; /* Indexes into endpoint_config.topics that this client writes or reads. */
    uint32_t topics_count;
    uint32_t share_index;  /* Consumers: this is share_index of shares_count consumers of the
                              subscription on exactly */
    uint32_t shares_count; /* these topics; where the client chooses partitions it reads those p
                            * with p mod shares_count = share_index, or, with more shares than
                            * partitions, partition share_index mod partitions. */
};

/* How long a client took to connect, until it was subscribed, and what of that each part took, as
 * far as its driver can tell. The parts come to less than the whole, in which consumers subscribe,
 * too. */
struct connect_times {
    int64_t whole_ns; /* 0: not known, as where clients share connections. */
    int64_t tcp_ns; /* Until the TCP connection stood, looking the name up with it. 0: not known. */
    int64_t tls_ns; /* Of the TLS handshake. 0: not known, or there is none. */
    int64_t login_ns; /* From then on until the broker had let it in. 0: not known. */
};

/* Borrowed until close(): the caller keeps it alive. All clients of an endpoint belong to flows of
 * one delivery. */
struct endpoint_config {
    const struct target *target;
    enum endpoint_role role;
    const char *run_id; /* For client ids, group names: "millrace-RUN-...". */
    uint32_t trial;
    const struct topic *topics; /* All of the trial. */
    uint32_t topics_count;
    const struct endpoint_client *clients;
    uint32_t clients_count;
    const struct delivery *delivery;
    uint32_t message_bytes_max;
    int64_t
        drain_ns; /* Outstanding messages must be settled within it (Kafka: message.timeout.ms). */
    int64_t open_deadline_ns;            /* mono_ns() by which open() must have returned. */
    struct connect_times *connect_times; /* Of each client, for open() to set; zeros until then.
                                          * NULL: nobody asks; after open() it is. */
};

/* Of one call of submit(). */
#define SUBMIT_MESSAGES_MAX 64

/* Message to publish: head and then bytes, as one. These and key are borrowed for the call only. */
struct message {
    uint32_t client; /* Index into endpoint_config.clients. */
    uint32_t topic;  /* Index into endpoint_config.topics. */
    uint32_t partition;
    const void *head; /* May be NULL where head_bytes is 0. */
    uint32_t head_bytes;
    const void *bytes;
    uint32_t bytes_count; /* Without the head. */
    const void
        *key; /* NULL: none. For brokers whose messages have keys; the partition is chosen. */
    uint32_t key_bytes;
    uint64_t token; /* The caller's; comes back in the outcome. Unique among the endpoint's
                     * outstanding ones, below clients_count x in_flight. */
};

enum event_kind {
    EVENT_ACKED,
    EVENT_REFUSED,     /* The broker said no, or the client library is sure that it was not sent. */
    EVENT_UNCONFIRMED, /* Nobody knows. */
    EVENT_MESSAGE,
    EVENT_CONSUME_ACKED, /* The broker's answer to ack(), where there is one (token as in ack). */
    EVENT_ERROR,         /* Something went wrong that is no message's outcome; text says what. */
    EVENT_DOWN, /* The client lost its connection, or did not arrive after adopt(). Outcomes of its
                   outstanding tokens follow or came before. */
    EVENT_UP,   /* It is back (by itself, or after adopt()). */
    EVENT_SAYS /* The broker says something of itself that is no error and no outcome: that it takes
                * nothing for now, that it slows the client down, that it goes on. text has its
                * words; those that change from one time to the next, such as amounts, are left out
                * or rounded, so that what is said often is one text. */
};

struct event {
    enum event_kind kind;
    uint32_t client; /* Index into endpoint_config.clients. */
    int64_t at_ns;   /* mono_ns(), where the library first told. Many events of one library call may
                        share it. */
    uint64_t token;  /* Outcomes: the message's. MESSAGE: to be given to ack(). */
    uint32_t topic;  /* MESSAGE: index into endpoint_config.topics. */
    uint32_t partition; /* MESSAGE: if known, else 0. */
    const void *bytes;  /* MESSAGE: borrowed until the next poll() or close(). */
    uint32_t bytes_count;
    bool is_local;    /* REFUSED: the client library said it, not the broker. */
    const char *text; /* ERROR, DOWN, REFUSED (may be NULL), SAYS: borrowed likewise. */
};

/* What probe() found. */
struct probe {
    enum probe_failure failure;
    char broker_version[NAME_BYTES]; /* "RabbitMQ 3.10.8"; "" if the protocol doesn't tell. */
    struct broker_limits limits;     /* What it takes at most, as far as the protocol tells. */
};

static inline uint32_t message_whole_bytes(const struct message *message)
{
    return message->head_bytes + message->bytes_count;
}

/* Puts it together, for libraries that take it as one; `to` has room for message_whole_bytes(). */
void message_write(const struct message *message, void *to);

struct endpoint; /* Each driver has its own. */
struct link;     /* Likewise: a connection that no endpoint has, ready to be used. */

struct backend_ops {
    const struct catalog_entry *entry;
    const char *(*library_version)(void); /* "librdkafka 2.0.2" */
    const char *library_threads; /* What the names of threads of that library begin with, in which
                                  * it does the work of messages; NULL: it has none. */

    /* Control plane: may block until deadline_ns (mono_ns()). Negative errno with a sentence that
     * names the address. */

    /* Connects, logs in, asks for what the broker tells of itself. ret->failure is set on failure
     * too. */
    int (*probe)(const struct target *target, int64_t deadline_ns, struct probe *ret,
                 struct errinfo *reterr);
    /* All or nothing as far as the broker allows. -EEXIST if one is there already. -ECONNRESET,
     * -ETIMEDOUT: the broker went away or silent, and some may be there. */
    int (*topics_create)(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr);
    /* Also what belongs to them (queues, consumer groups). What is not there is no error. */
    int (*topics_delete)(const struct target *target, const struct topic_list *topics,
                         int64_t deadline_ns, struct errinfo *reterr);
    /* Removes everything that Millrace left (names that begin with "millrace-"); says how many
     * topics. */
    int (*clean)(const struct target *target, int64_t deadline_ns, uint32_t *ret_removed,
                 struct errinfo *reterr);
    /* Returns when all clients are connected, and consumers subscribed or assigned: a message sent
     * after it is seen. */
    int (*open)(const struct endpoint_config *config, struct endpoint **ret,
                struct errinfo *reterr);
    /*
     * Bringing a client back that is down, without keeping its neighbours waiting. All three are
     * NULL where the library reconnects by itself.
     *
     * connect: on a thread of its own, several clients at a time; touches no endpoint. Makes a link
     * that is ready: logged in, and what the client needs on the broker is there again. May block
     * until deadline_ns; later than that only by what the library can't be kept from.
     */
    int (*connect)(const struct endpoint_config *config, uint32_t client, int64_t deadline_ns,
                   struct link **ret, struct errinfo *reterr);
    /* On the load thread; does not wait. The link is the endpoint's from then on, and EVENT_UP
     * follows, or EVENT_DOWN if it breaks before. A negative errno: it is still the caller's. */
    int (*adopt)(struct endpoint *endpoint, uint32_t client, struct link *link);
    /* Ends a link that no endpoint has; on any thread. Bounded: at most 1 s. */
    void (*hang_up)(struct link *link);
    /* Outstanding tokens are forgotten. NULL is allowed. On any thread, once its worker has let go
     * of it. Bounded: at most 5 s, however many of its clients are stuck. */
    void (*close)(struct endpoint *endpoint);

    /* Data plane: never waits, never allocates, called by one worker only. */

    /* Messages of one client, 1 to SUBMIT_MESSAGES_MAX. How many were taken, in order from the
     * first; fewer than asked: full or down, and the rest is as if it was never asked for. What was
     * taken is written when the call returns, as far as the connection takes it. Other failures are
     * events. */
    int (*submit)(struct endpoint *endpoint, const struct message *messages,
                  uint32_t messages_count);
    /* How many events were written; surplus is kept for the next call. */
    int (*poll)(struct endpoint *endpoint, struct event *events, uint32_t events_max);
    /* poll() of consumers that may take no message now: messages stay where they are, all else is
     * told and so may overtake them. A consumer that is paused stays alive by one such call in a
     * second. Where a lost connection can't be told before the messages that came over it, it is
     * told after them. */
    int (*poll_held)(struct endpoint *endpoint, struct event *events, uint32_t events_max);
    /* Acknowledges a consumed message; multiple: all of that client up to and including it. 0 when
     * it was written (or EVENT_CONSUME_ACKED will follow, see ack_answers), 1 when it was taken and
     * is written by flush() at the latest, -EAGAIN to try again, -ENOTCONN when the client is down.
     */
    int (*ack)(struct endpoint *endpoint, uint64_t token, bool multiple);
    /* Writes what acks were taken, several by one call into the kernel. For after the acks of what
     * one poll() gave, before the worker rests; the next poll() and close() do it, too. 0, or
     * -ENOTCONN: the connection of some of them broke since the last flush(), and the broker will
     * deliver those again. NULL where ack() never returns 1. */
    int (*flush)(struct endpoint *endpoint);
    /* Readable when poll has something; -1: none, then the worker polls at least every millisecond.
     */
    int (*wait_fd)(const struct endpoint *endpoint);
    /*
     * One wait for all clients of a worker, which also tells whose turn it is. Both are NULL where
     * wait_fd does.
     *
     * watch: puts the endpoint's descriptors into an epoll set, with data.u64 = tag | number: the
     * number, of 32 bits, is the driver's own, the tag has the other half. From then on those that
     * change (adopt(), room to write) are changed there, and poll() makes no system call to find
     * out who is ready. 0, or a negative errno: none is in the set, and all is as without watch().
     *
     * set_fd -1: takes them out again, and poll() finds out by itself who is ready. Done before
     * close() and, without held_fd, while consumers are held; after that they are put in again.
     */
    int (*watch)(struct endpoint *endpoint, int set_fd, uint64_t tag);
    /* A descriptor of that number is ready, in the way that epoll says. Only remembers it: what
     * comes of it is told by the poll() or poll_held() that follows before the next wait. What that
     * leaves over, for want of room or as the library has it buffered, has to keep some descriptor
     * in the set ready: an endpoint that isn't is not polled, but for a look each 10 ms. */
    void (*ready)(struct endpoint *endpoint, uint32_t number, uint32_t events);
    /* True: each successful ack() call is answered by one EVENT_CONSUME_ACKED. */
    bool ack_answers;
    /* True: while consumers are held, wait_fd (or what watch() put into the set) is ready for what
     * poll_held() gives only. False: for messages too, so it is not to be waited on. */
    bool held_fd;
};

/* What a connection that was not made means to a probe. */
enum probe_failure backend_net_failure(enum net_failure failure);

#endif
