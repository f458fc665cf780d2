#include "sender_parts_inner.h"

/*
 * A producer's streams take turns. With keys its topics do, and the key says which partition. The
 * draw is made when the message before it is sent, and stays until its own is: a broker that is
 * full for the moment changes nothing about what comes.
 */
void sender_draw(const struct sender_group *group, struct producer *producer)
{
    struct producer_draw *next = &producer->next;
    uint32_t turn = producer->turn;

    producer->turn = turn + 1 == producer->turns_count ? 0 : turn + 1;
    next->size = payload_pool_draw(group->pool, &producer->random);
    if (group->keys == NULL) {
        next->stream = turn;
        return;
    }
    next->key = key_table_draw(group->keys, &producer->key_place);
    next->stream = turn * group->partitions + next->key->partition;
}
