/*
 * sender_batch_inner: messages on their way to the driver: the places that wait for their outcomes,
 * and what is handed over by one call.
 */
#ifndef MILLRACE_SENDER_BATCH_INNER_H
#define MILLRACE_SENDER_BATCH_INNER_H

#include "sender_parts_inner.h"

/* Messages of one producer and phase that are handed over together. */
struct sender_batch {
    uint32_t count;
    uint32_t taken;   /* Of these, from the first on; fewer: the endpoint is full, or down. */
    int64_t start_ns; /* When they were sent: it was decided that they are. */
    int64_t end_ns;   /* When the call came back that took some. */
    int64_t call_ns;  /* How long it took. */
    int64_t phase_end_ns;
    int64_t tick_ns; /* So long a message may wait, as the scenario asks for it. */
    uint32_t phase;
    bool paced;
};

/* Hands over what the producer has due at now_ns, at most max messages, by one call; the first was
 * due at due_ns, and the window has room for it. What is not taken leaves no trace. */
struct sender_batch sender_submit(struct sender *sender, struct producer *producer, int64_t due_ns,
                                  int64_t now_ns, uint32_t max);

/* A place for a message of a producer whose window is not full; and back. */
static inline struct outstanding *sender_slot_take(struct sender_group *group,
                                                   struct producer *producer)
{
    bool again = group->slots_free > 0;
    struct outstanding *slot = &group->slots[again ? group->slots_free - 1 : group->slots_fresh];

    group->slots_fresh += again ? 0 : 1;
    group->slots_free = again ? slot->next_free : 0;
    producer->window_left--;
    return slot;
}

static inline void sender_slot_return(struct sender_group *group, struct producer *producer,
                                      struct outstanding *slot)
{
    slot->used = false;
    slot->next_free = group->slots_free;
    group->slots_free = (uint32_t)(slot - group->slots) + 1;
    producer->window_left++;
}

#endif
