#include "memory_queue_inner.h"

#include "bounds.h"
#include "invariant.h"
#include "mono.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 8
#define NOT_WRAPPED UINT64_MAX

/* A message that waits for a follower keeps its place if none comes for so long. Otherwise the last
 * one of a stream would be lost, not reordered. */
#define REORDER_PATIENCE_NS NS_PER_S

enum { STATE_READY, STATE_GIVEN, STATE_SETTLED };

static uint64_t entry_size(uint32_t bytes_count)
{
    return (sizeof(struct memory_entry) + bytes_count + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* What a message counts against the queue's limit: its own bytes, so that the limit is a number
 * that a test can rely on, but never so few that headers would take all the memory. */
static uint64_t charge(uint32_t bytes_count)
{
    return bytes_count > MESSAGE_BYTES_MIN ? bytes_count : MESSAGE_BYTES_MIN;
}

static struct memory_entry *entry_at(const struct memory_queue *queue, uint64_t place)
{
    return (struct memory_entry *)(void *)(queue->bytes + place);
}

static uint64_t place_after(const struct memory_queue *queue, uint64_t place)
{
    uint64_t next = place + entry_size(entry_at(queue, place)->bytes_count);

    return next == queue->wrap_at ? 0 : next;
}

int memory_queue_init(struct memory_queue *queue, uint64_t bytes_max, int64_t delay_ns,
                      int64_t ttl_ns)
{
    uint64_t entries_max = bytes_max / MESSAGE_BYTES_MIN + 1;
    void *bytes;

    /*
     * An entry may begin anywhere below wrap_from, which is the most that all headers, padding and
     * messages within the limit can take; the last one runs over it into the rest. So whatever is
     * within the limit fits, without a gap at the turn and without moving anything. Pages are the
     * kernel's until they are touched.
     */
    queue->wrap_from = bytes_max + entries_max * (sizeof(struct memory_entry) + ALIGNMENT);
    queue->bytes_size = queue->wrap_from + sizeof(struct memory_entry) + bytes_max + ALIGNMENT;
    bytes = mmap(NULL, queue->bytes_size, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) {
        return -ENOMEM;
    }
    queue->bytes = bytes;
    queue->bytes_max = bytes_max;
    queue->delay_ns = delay_ns;
    queue->ttl_ns = ttl_ns;
    queue->wrap_at = NOT_WRAPPED;
    return 0;
}

void memory_queue_done(struct memory_queue *queue)
{
    if (queue->bytes != NULL) {
        (void)munmap(queue->bytes, queue->bytes_size);
        queue->bytes = NULL;
    }
}

bool memory_queue_has_room(const struct memory_queue *queue, uint32_t bytes_count, uint32_t copies)
{
    return queue->held_bytes + copies * charge(bytes_count) <= queue->bytes_max;
}

struct memory_entry *memory_queue_put(struct memory_queue *queue,
                                      const struct memory_message *message, uint8_t flags)
{
    struct memory_entry *entry;

    if (queue->head >= queue->wrap_from) {
        ASSERT(queue->wrap_at == NOT_WRAPPED);
        queue->wrap_at = queue->head;
        if (queue->read_at == queue->head) {
            queue->read_at = 0;
        }
        queue->head = 0;
    }
    entry = entry_at(queue, queue->head);
    entry->bytes_count = message->bytes_count;
    entry->state = STATE_READY;
    entry->flags = flags;
    entry->producer = message->producer;
    entry->published_ns = message->published_ns;
    if (message->head_bytes > 0) {
        memcpy(entry->bytes, message->head, message->head_bytes);
    }
    if (message->bytes_count > message->head_bytes) {
        memcpy(entry->bytes + message->head_bytes, message->bytes,
               message->bytes_count - message->head_bytes);
    }
    queue->head += entry_size(message->bytes_count);
    queue->held_bytes += charge(message->bytes_count);
    queue->entries_count++;
    return entry;
}

void memory_queue_announce(struct memory_queue *queue)
{
    atomic_store_explicit(&queue->unread, queue->entries_count - queue->read_count,
                          memory_order_seq_cst);
}

/* Gives the room of settled entries back, as far as they are the oldest. */
static void trim(struct memory_queue *queue)
{
    while (queue->entries_count > 0) {
        struct memory_entry *oldest = entry_at(queue, queue->tail);
        uint64_t next;

        if (oldest->state != STATE_SETTLED) {
            return;
        }
        next = place_after(queue, queue->tail);
        queue->held_bytes -= charge(oldest->bytes_count);
        queue->entries_count--;
        if (queue->read_count > 0) {
            queue->read_count--;
        } else {
            queue->read_at = next; /* After something was given back, settled ones may be unread. */
        }
        if (next < queue->tail) {
            queue->wrap_at = NOT_WRAPPED;
        }
        queue->tail = next;
    }
    queue->head = 0; /* Empty: start over, which keeps a quiet queue's memory small and warm. */
    queue->tail = 0;
    queue->read_at = 0;
    queue->wrap_at = NOT_WRAPPED;
}

static void read_on(struct memory_queue *queue)
{
    queue->read_at = place_after(queue, queue->read_at);
    queue->read_count++;
}

static void lower(int64_t *due_ns, int64_t at_ns)
{
    if (at_ns < *due_ns) {
        *due_ns = at_ns;
    }
}

static bool is_due(const struct memory_queue *queue, const struct memory_entry *entry,
                   int64_t now_ns, int64_t *due_ns)
{
    if (now_ns >= entry->published_ns + queue->delay_ns) {
        return true;
    }
    lower(due_ns, entry->published_ns + queue->delay_ns);
    return false;
}

static bool is_expired(const struct memory_queue *queue, const struct memory_entry *entry,
                       int64_t now_ns)
{
    return queue->ttl_ns > 0 && now_ns - entry->published_ns > queue->ttl_ns;
}

/* Drops what is too old and steps over what was given before; the first entry after that, or NULL.
 */
static struct memory_entry *find_front(struct memory_queue *queue, int64_t now_ns)
{
    while (queue->read_count < queue->entries_count) {
        struct memory_entry *entry = entry_at(queue, queue->read_at);
        bool ready = entry->state == STATE_READY;

        if (ready && !is_expired(queue, entry, now_ns)) {
            return entry;
        }
        read_on(queue);
        if (ready) {
            memory_queue_settle(queue, entry);
        }
    }
    return NULL;
}

/* The next ready message beyond the front one: of the same producer, or else of another one but
 * not beyond one that is to be reordered too. */
static struct memory_entry *find_behind(const struct memory_queue *queue,
                                        const struct memory_entry *front, bool same_producer)
{
    uint64_t place = queue->read_at;

    for (uint64_t i = queue->read_count + 1; i < queue->entries_count; i++) {
        struct memory_entry *entry;

        place = place_after(queue, place);
        entry = entry_at(queue, place);
        if (entry->state != STATE_READY) {
            continue;
        }
        if (same_producer && entry->producer == front->producer &&
            (entry->flags & MEMORY_FLAG_COPY) == 0) {
            return entry;
        }
        if (!same_producer && (entry->flags & MEMORY_FLAG_REORDER) != 0) {
            return NULL;
        }
        if (!same_producer && entry->producer != front->producer) {
            return entry;
        }
    }
    return NULL;
}

/* The front entry comes after the next one of its producer: only that is a disorder in its stream,
 * and the only one. Until then the messages of others pass it by. */
static struct memory_entry *pass_front(struct memory_queue *queue, struct memory_entry *front,
                                       int64_t now_ns, int64_t *due_ns)
{
    struct memory_entry *follower = find_behind(queue, front, true);
    int64_t patience_ends_ns = front->published_ns + queue->delay_ns + REORDER_PATIENCE_NS;
    struct memory_entry *other;

    if (follower == NULL && now_ns >= patience_ends_ns) {
        front->flags &= (uint8_t)~MEMORY_FLAG_REORDER;
        return front;
    }
    if (follower != NULL && is_due(queue, follower, now_ns, due_ns)) {
        front->flags &= (uint8_t)~MEMORY_FLAG_REORDER;
        return follower;
    }
    if (follower == NULL) {
        lower(due_ns, patience_ends_ns);
    }
    other = find_behind(queue, front, false);
    return other != NULL && is_due(queue, other, now_ns, due_ns) ? other : NULL;
}

static struct memory_entry *next_due(struct memory_queue *queue, int64_t now_ns, int64_t *due_ns)
{
    struct memory_entry *front = find_front(queue, now_ns);

    if (front == NULL || !is_due(queue, front, now_ns, due_ns)) {
        return NULL;
    }
    return (front->flags & MEMORY_FLAG_REORDER) != 0 ? pass_front(queue, front, now_ns, due_ns)
                                                     : front;
}

struct memory_entry *memory_queue_take(struct memory_queue *queue, int64_t now_ns, int64_t *due_ns)
{
    struct memory_entry *entry = next_due(queue, now_ns, due_ns);

    if (entry != NULL) {
        entry->state = STATE_GIVEN;
        if (entry == entry_at(queue, queue->read_at)) {
            read_on(queue);
        }
    }
    atomic_store_explicit(&queue->unread, queue->entries_count - queue->read_count,
                          memory_order_relaxed);
    return entry;
}

void memory_queue_settle(struct memory_queue *queue, struct memory_entry *entry)
{
    entry->state = STATE_SETTLED;
    if (entry == entry_at(queue, queue->tail)) {
        trim(queue);
    }
}

void memory_queue_give_back(struct memory_queue *queue, struct memory_entry *entry)
{
    entry->state = STATE_READY;
    queue->read_at = queue->tail; /* Reading skips what is not ready. */
    queue->read_count = 0;
}

void memory_queue_expire(struct memory_queue *queue, int64_t now_ns)
{
    (void)find_front(queue, now_ns);
}
