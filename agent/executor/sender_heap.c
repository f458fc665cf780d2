#include "sender_parts_inner.h"

static int compare_keys(const struct sender *sender, uint32_t a, uint32_t b)
{
    int64_t left = sender->producers[a].key_ns;
    int64_t right = sender->producers[b].key_ns;

    return left < right ? -1 : left > right;
}

/* A binary heap of producers by the time at which they want to be looked at. */
void sender_heap_down(struct sender *sender, uint32_t at)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        uint32_t moved = sender->heap[at];

        if (child >= sender->heap_count) {
            return;
        }
        if (child + 1 < sender->heap_count &&
            compare_keys(sender, sender->heap[child + 1], sender->heap[child]) < 0) {
            child++;
        }
        if (compare_keys(sender, moved, sender->heap[child]) <= 0) {
            return;
        }
        sender->heap[at] = sender->heap[child];
        sender->heap[child] = moved;
        at = child;
    }
}

void sender_heap_push(struct sender *sender, uint32_t producer)
{
    uint32_t at = sender->heap_count++;

    sender->heap[at] = producer;
    while (at > 0 && compare_keys(sender, sender->heap[at], sender->heap[(at - 1) / 2]) < 0) {
        uint32_t parent = (at - 1) / 2;
        uint32_t moved = sender->heap[at];

        sender->heap[at] = sender->heap[parent];
        sender->heap[parent] = moved;
        at = parent;
    }
}

void sender_heap_pop(struct sender *sender)
{
    sender->heap[0] = sender->heap[--sender->heap_count];
    if (sender->heap_count > 0) {
        sender_heap_down(sender, 0);
    }
}
