/* The outstanding messages of a producer: from their packet identifiers to their outcomes; and what
 * becomes of a consumer's with their connection. */
#include "own_outstanding_inner.h"

#include "invariant.h"
#include "pages.h"

/* ---- Lists of slots -------------------------------------------------------------------------- */

static void list_add(struct own_producer *producer, struct own_list *list, uint16_t id)
{
    producer->slots[id].next = 0;
    if (list->first == 0) {
        list->first = id;
    } else {
        producer->slots[list->last].next = id;
    }
    list->last = id;
}

static uint16_t list_take(struct own_producer *producer, struct own_list *list)
{
    uint16_t id = list->first;

    list->first = id != 0 ? producer->slots[id].next : 0;
    return id;
}

/* ---- Slots ----------------------------------------------------------------------------------- */

bool own_slot_is_left(const struct own_producer *producer)
{
    return producer->free != 0 || producer->fresh <= producer->window;
}

uint16_t own_slot_take(struct own_producer *producer, uint64_t token)
{
    uint16_t id = producer->free;

    ASSERT(own_slot_is_left(producer));
    if (id != 0) {
        producer->free = producer->slots[id].next;
    } else {
        id = (uint16_t)producer->fresh++;
    }
    producer->slots[id] = (struct own_slot){.token = token, .state = SLOT_WAITING};
    return id;
}

void own_slot_free(struct own_producer *producer, uint16_t id)
{
    producer->slots[id].state = SLOT_FREE;
    producer->slots[id].next = producer->free;
    producer->free = id;
}

void own_slot_tell(struct own_producer *producer, uint16_t id, enum own_slot_state state,
                   int64_t at_ns)
{
    producer->slots[id].state = (uint8_t)state;
    producer->slots[id].at_ns = at_ns;
    list_add(producer, &producer->told, id);
}

void own_slot_unsent(struct own_producer *producer, uint16_t id)
{
    list_add(producer, &producer->unsent, id);
}

void own_slots_written(struct own_producer *producer, int64_t at_ns)
{
    uint16_t id;

    while ((id = list_take(producer, &producer->unsent)) != 0) {
        own_slot_tell(producer, id, SLOT_ACKED, at_ns);
    }
}

void own_slots_lost(struct own_producer *producer, int64_t at_ns)
{
    producer->unsent = (struct own_list){0};
    for (uint32_t id = 1; id < producer->fresh; id++) {
        if (producer->slots[id].state == SLOT_WAITING ||
            producer->slots[id].state == SLOT_RELEASED) {
            own_slot_tell(producer, (uint16_t)id, SLOT_UNCONFIRMED, at_ns);
        }
    }
    producer->waiting = 0;
}

void own_slot_free_told(struct own_producer *producer)
{
    own_slot_free(producer, list_take(producer, &producer->told));
}

/* ---- Of a consumer --------------------------------------------------------------------------- */

void own_received_lost(struct own_consumer *consumer)
{
    consumer->epoch++;
    consumer->oldest = consumer->next;
    if (consumer->ids != NULL) {
        pages_clear(consumer->ids, 0, sizeof *consumer->ids);
    }
}
