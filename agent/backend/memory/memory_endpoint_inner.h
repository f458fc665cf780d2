/*
 * memory_endpoint_inner: what the files of the memory driver share: memory.c opens and closes,
 * memory_producer.c and memory_consumer.c move messages.
 */
#ifndef MILLRACE_MEMORY_ENDPOINT_INNER_H
#define MILLRACE_MEMORY_ENDPOINT_INNER_H

#include "backend.h"
#include "memory_broker_inner.h"
#include "memory_waker_inner.h"

/* An outcome that a producer's poll has not told yet. */
struct pending {
    uint64_t token;
    int64_t due_ns;
    uint32_t client;
    enum event_kind kind;
};

/* A queue that a consumer client reads. */
struct reading {
    struct memory_reader reader;
    uint32_t client;
    uint32_t topic;
    uint32_t partition;
};

/* A message that a consumer client was given. */
struct holding {
    struct reading *reading;
    struct memory_entry *entry;
    bool acked;
};

/* The first so many deliveries since a client held none are kept beside it: of most clients no
 * more is ever touched, and a ring for each of thousands would be. */
#define HOLDINGS_NEAR 4

/*
 * What a consumer client holds, as a ring indexed by delivery number. Numbers in [settled, acked)
 * are acknowledged and end at the next poll, because the caller may look at their bytes until then;
 * beyond acked single ones may be acknowledged too.
 */
struct holder {
    struct holding *ring; /* holdings_mask + 1 of them. */
    struct holding near[HOLDINGS_NEAR];
    uint64_t near_from; /* Number of the first of these. */
    uint64_t settled;
    uint64_t acked;
    uint64_t next;
    bool dirty; /* It is in endpoint.dirty. */
};

struct endpoint {
    const struct endpoint_config *config;
    struct memory_waker waker;
    struct memory_topic **topics; /* By index of config.topics; NULL: not used here. */

    struct memory_outage outage;
    bool outage_over; /* It was felt, or came before this endpoint. */
    bool down;
    enum event_kind announced; /* DOWN or UP ... */
    uint32_t announce_left;    /* ... still to be told of so many clients. */

    /* Producers. */
    struct pending *pending;
    uint32_t pending_mask;
    uint32_t pending_head;
    uint32_t pending_tail;
    uint64_t *submitted; /* Per client. */
    uint64_t refuse_every;
    int64_t confirm_delay_ns;
    int64_t call_ns; /* For which submit blocks, for each message. */

    /* Consumers. */
    struct reading *readings;
    uint32_t readings_count;
    uint32_t readings_cursor;
    struct holder *holders;
    struct holding *rings; /* Of all clients. */
    uint64_t holdings_mask;
    uint64_t holdings_max; /* What a client may hold. */
    uint32_t *dirty;       /* Clients that have something to settle. */
    uint32_t dirty_count;
    bool throttled; /* A client could not be given all because it held too much. */
};

/* The broker answers nothing just now, though it is there. Asked at each poll. */
static inline bool memory_is_frozen(const struct endpoint *endpoint, int64_t now_ns)
{
    return endpoint->outage.kind == MEMORY_OUTAGE_FROZEN && now_ns >= endpoint->outage.from_ns &&
           now_ns < endpoint->outage.until_ns;
}

/* The endpoint may fill [0, max) of events; returns how many, and lowers *due_ns to when there will
 * be more. */
uint32_t memory_producer_poll(struct endpoint *endpoint, struct event *events, uint32_t max,
                              int64_t now_ns, int64_t *due_ns);
uint32_t memory_consumer_poll(struct endpoint *endpoint, struct event *events, uint32_t max,
                              int64_t now_ns, int64_t *due_ns);

int memory_submit(struct endpoint *endpoint, const struct message *messages,
                  uint32_t messages_count);
int memory_ack(struct endpoint *endpoint, uint64_t token, bool multiple);

/* The part of open() and close() of each role. open leaves what it made to close on failure. */
int memory_producer_open(struct endpoint *endpoint, struct errinfo *reterr);
int memory_consumer_open(struct endpoint *endpoint, struct errinfo *reterr);
void memory_producer_close(struct endpoint *endpoint);
void memory_consumer_close(struct endpoint *endpoint);

/* The connection is lost: outcomes become UNCONFIRMED; what consumers hold goes back. */
void memory_producer_drop(struct endpoint *endpoint);
void memory_consumer_drop(struct endpoint *endpoint);

/* Ends what was acknowledged since the last poll, with which its bytes were lent. */
void memory_consumer_settle(struct endpoint *endpoint);

#endif
