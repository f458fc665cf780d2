/*
 * memory_queue_inner: one queue of the memory broker, that is one subscription's view of one
 * partition: a bounded ring of bytes whose entries stay where they are until they are settled.
 *
 * An entry is ready, then given (a consumer holds it), then settled; a held one can become ready
 * again. Room comes back from the oldest end only, so bytes that were given out stay valid until
 * settled, however fast a competing consumer is, and nothing is copied out.
 *
 * Not thread-safe: the partition's lock guards it. memory_queue_unread() alone is for everybody.
 */
#ifndef MILLRACE_MEMORY_QUEUE_INNER_H
#define MILLRACE_MEMORY_QUEUE_INNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What is to be done with an entry when it is given out. */
enum memory_flag {
    MEMORY_FLAG_COPY = 1,    /* The same message as the entry before it. */
    MEMORY_FLAG_REORDER = 2, /* Comes after the next one of the same producer. */
};

struct memory_entry {
    uint32_t bytes_count;
    uint8_t state;
    uint8_t flags;
    uint16_t producer; /* Client number. */
    int64_t published_ns;
    uint8_t bytes[];
};

struct memory_reader;

struct memory_queue {
    /* Set when it is made. */
    uint8_t *bytes;
    uint64_t bytes_size;
    uint64_t bytes_max; /* Sum of message bytes that it takes. */
    uint64_t wrap_from; /* No entry begins at or beyond it. */
    int64_t delay_ns;
    int64_t ttl_ns; /* 0: none. */
    /* Places of entries, from the first byte. */
    uint64_t head;
    uint64_t tail;
    uint64_t read_at;
    uint64_t wrap_at; /* Where the writer turned back to 0; UINT64_MAX: it did not. */
    uint64_t entries_count;
    uint64_t read_count; /* Entries from tail to read_at. */
    uint64_t held_bytes;
    _Atomic uint64_t unread;
    /* Who reads it: owned by memory_broker. */
    struct memory_reader *readers;
};

/* 0 or -ENOMEM. A struct of zeros may be given to memory_queue_done(). */
int memory_queue_init(struct memory_queue *queue, uint64_t bytes_max, int64_t delay_ns,
                      int64_t ttl_ns);
void memory_queue_done(struct memory_queue *queue);

/* Can that many copies of a message be put? */
bool memory_queue_has_room(const struct memory_queue *queue, uint32_t bytes_count, uint32_t copies);

/* A message as it goes into queues. */
struct memory_message {
    const void *bytes;
    uint32_t bytes_count; /* With the head. */
    uint16_t producer;
    int64_t published_ns; /* 0 if neither delay nor ttl nor reordering needs it. */
    const void *head;     /* Stands before bytes; */
    uint32_t head_bytes;  /* 0: there is none. */
};

/* Copies the message in; there must be room. */
struct memory_entry *memory_queue_put(struct memory_queue *queue,
                                      const struct memory_message *message, uint8_t flags);

/* Tells other threads that something was put: the sequentially consistent half of going to sleep
 * (memory_waker_inner.h). */
void memory_queue_announce(struct memory_queue *queue);

/* The next entry that is due, now given to the caller; NULL if there is none. Then *due_ns is
 * lowered to the time at which one will be, if that is known. Entries that are too old are dropped
 * on the way. */
struct memory_entry *memory_queue_take(struct memory_queue *queue, int64_t now_ns, int64_t *due_ns);

/* The holder is done with it. */
void memory_queue_settle(struct memory_queue *queue, struct memory_entry *entry);

/* The holder is gone: it will be given again, in its old place. */
void memory_queue_give_back(struct memory_queue *queue, struct memory_entry *entry);

/* Drops ready entries that are too old, from the oldest on. */
void memory_queue_expire(struct memory_queue *queue, int64_t now_ns);

/* Entries not given yet, some of which may not be due: a hint that is never 0 for long while there
 * are any. Any thread. */
static inline uint64_t memory_queue_unread(const struct memory_queue *queue)
{
    return atomic_load_explicit(&queue->unread, memory_order_seq_cst);
}

#endif
