/* sender_slots: places for messages that wait for their outcome. */
#include "sender_parts.h"

struct outstanding *sender_slot_take(struct sender_group *group, struct producer *producer)
{
    struct outstanding *slot;

    if (group->slots_free == 0) {
        slot = &group->slots[group->slots_fresh++];
    } else {
        slot = &group->slots[group->slots_free - 1];
        group->slots_free = slot->next_free;
    }
    producer->window_left--;
    return slot;
}

void sender_slot_return(struct sender_group *group, struct producer *producer,
                        struct outstanding *slot)
{
    slot->used = false;
    slot->next_free = group->slots_free;
    group->slots_free = (uint32_t)(slot - group->slots) + 1;
    producer->window_left++;
}
