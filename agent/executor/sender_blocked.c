/* Producers that are due and can't send: why, until when, and how much of the load that is. */
#include "mono.h"
#include "sender_parts_inner.h"

/* After a submit that was refused for the moment: look again then even if no event comes. Twice as
 * long each time, up to 1 ms: a full socket stays full for tens of milliseconds, and each look
 * costs as much CPU as a message. */
#define STALL_NS_MIN (200 * NS_PER_US)
#define STALL_NS_MAX (5 * STALL_NS_MIN)

/* A producer that could not send is taken out of the heap until something changes for it. */
void sender_block(struct sender *sender, struct producer *producer, enum producer_waiting why)
{
    producer->waiting = why;
    producer->blocked_load = schedule_load(&producer->schedule) == LOAD_RATE;
    sender->blocked_count += producer->blocked_load ? 1 : 0;
    sender->groups[producer->group].blocked_count += producer->blocked_load ? 1 : 0;
}

void sender_unblock(struct sender *sender, struct producer *producer)
{
    if (producer->waiting == PRODUCER_SCHEDULED) {
        return;
    }
    sender->blocked_count -= producer->blocked_load ? 1 : 0;
    sender->groups[producer->group].blocked_count -= producer->blocked_load ? 1 : 0;
    producer->able_ns = sender->turn_ns;
    producer->waiting = PRODUCER_SCHEDULED;
    sender_heap_push(sender, (uint32_t)(producer - sender->producers));
}

/* Those that were stalled may try again, behind the ones that can send: sorted in by the age of
 * what they owe, the clients of a lost connection would be tried first for ever. */
void sender_unstall(struct sender *sender, struct sender_group *group, int64_t now_ns)
{
    if (!group->stalled) {
        return;
    }
    group->stalled = false;
    for (uint32_t i = 0; i < group->producers_count; i++) {
        struct producer *producer = &sender->producers[group->producer_first + i];

        if (producer->waiting == PRODUCER_STALLED) {
            producer->key_ns = now_ns;
            sender_unblock(sender, producer);
        }
    }
}

/* A client that is back may send again, behind those that can. */
void sender_look_at_link(struct sender *sender, struct sender_group *group, uint32_t client)
{
    struct producer *producer = &sender->producers[group->producer_first + client];

    if (producer->waiting == PRODUCER_DOWN && !reconnect_is_down(&group->reconnect, client)) {
        producer->key_ns = sender->turn_ns;
        producer->yield_ns = sender->turn_ns;
        sender_unblock(sender, producer);
    }
}

/* One of forty producers that can't send is a fortieth of the worker's load: the others are as free
 * to send as ever, and answer for it. */
double sender_blocked_share(const struct sender *sender)
{
    double blocked_per_s = 0.0;
    double per_s = 0.0;

    for (uint32_t i = 0; i < sender->groups_count; i++) {
        const struct sender_group *group = &sender->groups[i];

        blocked_per_s += group->producer_per_s * group->blocked_count;
        per_s += group->producer_per_s * group->producers_count;
    }
    return per_s > 0.0 ? blocked_per_s / per_s
                       : (double)sender->blocked_count / sender->producers_count;
}

void sender_stall(struct sender_group *group, int64_t now_ns)
{
    int64_t longer_ns = 2 * group->stall_ns;

    group->stall_ns = group->stall_ns == 0       ? STALL_NS_MIN
                      : longer_ns > STALL_NS_MAX ? STALL_NS_MAX
                                                 : longer_ns;
    group->stalled = true;
    group->stalled_until_ns = now_ns + group->stall_ns;
}
