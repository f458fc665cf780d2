/*
 * memory_broker_inner: the topics of the in-process broker, by target label and name, and what it
 * does to the messages that are published: every fault is known and exact.
 *
 * One per process. The registry has a lock for control calls; each partition has one of its own, so
 * that a message goes into the queues of all subscriptions or of none. A topic that is deleted
 * while clients have it lives on, without a name, until the last of them lets go.
 */
#ifndef MILLRACE_MEMORY_BROKER_INNER_H
#define MILLRACE_MEMORY_BROKER_INNER_H

#include "errinfo.h"
#include "memory_queue_inner.h"
#include "memory_waker_inner.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum memory_outage_kind { MEMORY_OUTAGE_AWAY, MEMORY_OUTAGE_FROZEN };

/* While now is in [from_ns, until_ns) the broker is away or frozen. from_ns 0: never. */
struct memory_outage {
    enum memory_outage_kind kind;
    int64_t from_ns;
    int64_t until_ns;
};

/* What a topic is made with; faults count the messages of a queue from 1, 0 is never. */
struct memory_rules {
    uint64_t queue_bytes;
    int64_t delay_ns;
    int64_t ttl_ns;
    bool ordered;      /* One consumer of a queue at a time. */
    uint64_t capacity; /* Messages a second of a partition; 0: no limit. */
    uint64_t lose_every;
    uint64_t duplicate_every;
    uint64_t reorder_every;
    uint64_t corrupt_every;
    struct memory_outage outage;
};

struct memory_partition {
    pthread_mutex_t lock;
    const struct memory_rules *rules;
    uint64_t published_count;    /* The same for each queue. */
    int64_t served_ns;           /* With a capacity: when the last one was served, and ... */
    uint64_t served_rest;        /* ... the rest of a nanosecond, in 1/capacity. */
    struct memory_queue *queues; /* One per subscription. */
    uint32_t queues_count;
};

struct memory_topic {
    struct memory_topic *next;
    char *label;
    char *name;
    uint32_t references; /* Of the registry and of each endpoint; guarded by the registry's lock. */
    struct memory_rules rules;
    uint32_t partitions_count;
    uint32_t subscriptions_count;
    struct memory_partition *partitions;
};

/* A consumer of a queue, as long as it is attached. Embedded in the consumer's own struct. */
struct memory_reader {
    struct memory_partition *partition;
    struct memory_queue *queue;
    struct memory_waker *waker;
    struct memory_reader *next;
};

/* 0, -EEXIST, -ENOMEM. */
int memory_topic_create(const char *label, const char *name, uint32_t partitions,
                        uint32_t subscriptions, const struct memory_rules *rules,
                        struct errinfo *reterr);
/* What isn't there is no error. */
void memory_topic_delete(const char *label, const char *name);
/* Deletes all topics of the label whose name begins with prefix; returns how many. */
uint32_t memory_topic_delete_all(const char *label, const char *prefix);
/* NULL if there is none; give back with memory_topic_put(). */
struct memory_topic *memory_topic_get(const char *label, const char *name);
void memory_topic_put(struct memory_topic *topic);

/* Copies the messages into every queue, up to the first for which one has no room; how many that
 * were. Fills in published_ns: with a capacity when each will have been served. */
uint32_t memory_publish(struct memory_partition *partition, struct memory_message *messages,
                        uint32_t messages_count);

/* partition and queue are set by the caller before. */
void memory_reader_attach(struct memory_reader *reader);
void memory_reader_detach(struct memory_reader *reader);

/* With the partition's lock held: is it this reader's turn, or is another one the active consumer
 * of an ordered queue? */
bool memory_reader_is_active(const struct memory_reader *reader);

/* With the partition's lock held: tells the readers that there is something. */
void memory_readers_wake(struct memory_queue *queue);

#endif
