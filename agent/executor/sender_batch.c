/*
 * sender_batch: what a producer has due is handed to the driver by one call.
 *
 * A message is drawn, numbered and stepped over in the schedule as it is prepared, since the next
 * one depends on it. What the driver then does not take is undone: the producer goes back to where
 * it was and steps again over what was taken. So a full broker changes nothing about what comes.
 */
#include "sender_batch_inner.h"

#include "invariant.h"
#include "mono.h"

#include <time.h>

/* Where others wait for their turn, a call takes about so long at most, by what the last one took
 * for a message. */
#define NEIGHBOUR_NS (20 * NS_PER_US)

/* What preparing a message changes in its producer, without its numbers and window. */
struct producer_place {
    struct schedule schedule;
    struct random random;
    struct key_place key_place;
    struct producer_draw next;
    uint32_t turn;
};

struct counters *sender_counters_now(struct sender *sender, const struct sender_group *group,
                                     uint32_t phase, struct recorder_cell *cell)
{
    return phase == sender->phase_now
               ? &cell->counters
               : &recorder_cell(sender->context.recorder, group->flow, sender->phase_now)->counters;
}

static struct producer_place place_of(const struct producer *producer)
{
    return (struct producer_place){.schedule = producer->schedule,
                                   .random = producer->random,
                                   .key_place = producer->key_place,
                                   .next = producer->next,
                                   .turn = producer->turn};
}

/* When the message after the prepared one is due. */
static int64_t step(const struct sender_group *group, struct producer *producer, int64_t now_ns,
                    bool *ret_due)
{
    sender_draw(group, producer);
    schedule_sent(&producer->schedule);
    return schedule_next_ns(&producer->schedule, now_ns, ret_due);
}

/* Takes back all but the first so many of a batch. */
static void take_back(struct sender *sender, struct producer *producer,
                      const struct sender_batch *batch, const struct producer_place *begin)
{
    struct sender_group *group = &sender->groups[producer->group];
    bool due;

    for (uint32_t i = batch->count; i > batch->taken; i--) {
        struct outstanding *slot = &group->slots[sender->messages[i - 1].token];

        producer->next_sequence[slot->stream]--;
        sender_slot_return(group, producer, slot);
    }
    producer->schedule = begin->schedule;
    producer->random = begin->random;
    producer->key_place = begin->key_place;
    producer->next = begin->next;
    producer->turn = begin->turn;
    for (uint32_t i = 0; i < batch->taken; i++) {
        (void)step(group, producer, batch->start_ns, &due);
    }
}

/* Stamps the producer's next message, which is its own from now on, and adds it to the batch. */
static void prepare(struct sender *sender, struct sender_group *group, struct producer *producer,
                    struct sender_batch *batch, int64_t due_ns)
{
    struct payload_body payload = payload_take(group->payloads, producer->next.size);
    unsigned char *head = sender->stamps[batch->count];
    const struct key_row *key = producer->next.key;
    uint32_t stream = producer->next.stream;
    struct outstanding *slot = sender_slot_take(group, producer);
    struct stamp stamp = {.tag = sender->context.assignment->tag,
                          .stream = producer->stream_first + stream,
                          .sequence = producer->next_sequence[stream]++,
                          .intended_ns = (batch->paced ? due_ns : batch->start_ns) - sender->t0_ns,
                          .sent_ns = batch->start_ns};

    stamp_write(head, &stamp, payload.hash);
    *slot = (struct outstanding){.used = true,
                                 .paced = batch->paced,
                                 .producer = producer->client_index,
                                 .phase = batch->phase,
                                 .stream = stream,
                                 .bytes_count = STAMP_BYTES + payload.bytes_count,
                                 .sequence = stamp.sequence,
                                 .intended_ns = due_ns,
                                 .start_ns = batch->start_ns};
    sender->messages[batch->count++] =
        (struct message){.client = producer->client_index,
                         .topic = producer->topics[stream / group->partitions],
                         .partition = stream % group->partitions,
                         .head = head,
                         .head_bytes = STAMP_BYTES,
                         .bytes = payload.bytes,
                         .bytes_count = payload.bytes_count,
                         .key = key != NULL ? key->text : NULL,
                         .key_bytes = key != NULL ? sizeof key->text : 0,
                         .token = (uint64_t)(slot - group->slots)};
}

/* Prepares what is due, from the one on that is due at due_ns: of one phase, as many as the window
 * and max allow. */
static void fill(struct sender *sender, struct producer *producer, struct sender_batch *batch,
                 int64_t due_ns, uint32_t max)
{
    struct sender_group *group = &sender->groups[producer->group];
    bool due = true;

    max = max < producer->window_left ? max : producer->window_left;
    do {
        prepare(sender, group, producer, batch, due_ns);
        due_ns = step(group, producer, batch->start_ns, &due);
    } while (batch->count < max && due && due_ns <= batch->start_ns &&
             producer->schedule.phase == batch->phase);
}

static int64_t cpu_now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* As CPU time, which a busy host does not make less. */
static void burn(int64_t cost_ns)
{
    int64_t end_ns = cpu_now_ns() + cost_ns;

    while (cpu_now_ns() < end_ns) {
        /* A message that is dearer to make. */
    }
}

/* The call, with what it took beside what it carried. Only its own time: what it took to prepare
 * many messages is not the driver's. */
static void submit(struct sender *sender, struct sender_group *group, struct sender_batch *batch)
{
    int64_t call_ns = batch->count > 1 ? mono_ns() : batch->start_ns;
    int taken = sender->context.ops->submit(group->endpoint, sender->messages, batch->count);

    ASSERT(taken >= 0 && (uint32_t)taken <= batch->count);
    batch->taken = (uint32_t)taken;
    if (taken > 0) {
        batch->end_ns = mono_ns();
        batch->call_ns = batch->end_ns - call_ns;
        group->message_ns = (batch->end_ns - batch->start_ns) / taken;
    }
}

static void record_lag(struct sender *sender, struct producer *producer, struct recorder_cell *cell,
                       const struct sender_batch *batch, int64_t due_ns)
{
    int64_t lag_ns = batch->start_ns - due_ns;
    int64_t own_ns = lag_ns - batch->tick_ns;

    recorder_sample(cell, SERIES_SEND_LAG, lag_ns, 0);
    if (due_ns >= producer->able_ns) {
        lag_count_add(&sender->lag, own_ns > 0 ? own_ns : 0);
    } else {
        producer->able_ns = batch->end_ns; /* What came due while it caught up waits for that, too.
                                            */
    }
}

/* A message of the batch is on its way. */
static void record(struct sender *sender, struct producer *producer, struct recorder_cell *cell,
                   const struct sender_batch *batch, const struct outstanding *slot)
{
    cell->counters.sent_bytes += slot->bytes_count;
    recorder_sent(sender->context.recorder, producer->lane + slot->stream, batch->phase,
                  slot->sequence,
                  (batch->paced ? slot->intended_ns : batch->start_ns) - sender->t0_ns);
    if (batch->paced) {
        record_lag(sender, producer, cell, batch, slot->intended_ns);
    }
}

static void record_all(struct sender *sender, struct producer *producer,
                       const struct sender_batch *batch)
{
    struct sender_group *group = &sender->groups[producer->group];
    struct recorder_cell *cell = recorder_cell(sender->context.recorder, group->flow, batch->phase);
    struct counters *now = sender_counters_now(sender, group, batch->phase, cell);
    uint64_t bytes_before = cell->counters.sent_bytes;

    for (uint32_t i = 0; i < batch->taken; i++) {
        record(sender, producer, cell, batch, &group->slots[sender->messages[i].token]);
    }
    cell->counters.sent += batch->taken;
    cell->counters.sent_in_time +=
        batch->start_ns < batch->phase_end_ns + batch->tick_ns ? batch->taken : 0;
    cell->counters.due += batch->paced ? 0 : batch->taken;
    now->sent_now += batch->taken;
    now->sent_bytes_now += cell->counters.sent_bytes - bytes_before;
    recorder_sample(cell, SERIES_CALL, batch->call_ns, 0);
    sender->outstanding += batch->taken;
    if (!group->confirms && group->is_read) {
        sender->handed_ns = batch->end_ns;
    }
}

/* How many a producer may hand over at once. Where others wait, those who are always due, or owe
 * what came due while they were down, share a turn's messages with them, and no call takes long. */
static uint32_t messages_max(const struct sender *sender, const struct producer *producer,
                             int64_t due_ns, uint32_t max)
{
    const struct sender_group *group = &sender->groups[producer->group];
    int64_t by_time = group->message_ns == 0 ? max : 1 + NEIGHBOUR_NS / group->message_ns;

    if (sender->heap_count == 1) {
        return max;
    }
    if (schedule_load(&producer->schedule) != LOAD_RATE || due_ns < producer->yield_ns) {
        uint32_t share = SUBMIT_MESSAGES_MAX / sender->heap_count;

        max = max < share ? max : share;
    }
    max = by_time < max ? (uint32_t)by_time : max;
    return max > 0 ? max : 1;
}

struct sender_batch sender_submit(struct sender *sender, struct producer *producer, int64_t due_ns,
                                  int64_t now_ns, uint32_t max)
{
    struct producer_place begin = place_of(producer);
    const struct assigned_phase *phase =
        &sender->context.assignment->phases[producer->schedule.phase];
    struct sender_batch batch = {.start_ns = now_ns,
                                 .tick_ns = phase->pacing.coalesce_ns,
                                 .phase = producer->schedule.phase,
                                 .phase_end_ns = producer->schedule.phase_end_ns,
                                 .paced = schedule_load(&producer->schedule) == LOAD_RATE};

    fill(sender, producer, &batch, due_ns, messages_max(sender, producer, due_ns, max));
    submit(sender, &sender->groups[producer->group], &batch);
    if (batch.taken < batch.count) {
        take_back(sender, producer, &batch, &begin);
    }
    if (sender->message_cost_ns > 0) {
        burn(batch.taken * sender->message_cost_ns);
    }
    if (batch.taken > 0) {
        record_all(sender, producer, &batch);
    }
    return batch;
}
