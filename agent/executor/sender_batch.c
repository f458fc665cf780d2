/* sender_batch: handing messages over. */
#include "sender_parts_inner.h"

#include "mono.h"

#include <errno.h>

struct counters *sender_counters_now(struct sender *sender, const struct sender_group *group,
                                     uint32_t phase, struct recorder_cell *cell)
{
    return phase == sender->phase_now
               ? &cell->counters
               : &recorder_cell(sender->context.recorder, group->flow, sender->phase_now)->counters;
}

/* So long a message may wait for its tick, as the scenario asks for it: then it is not late. */
static int64_t tick_ns(const struct sender *sender, const struct producer *producer)
{
    return sender->context.assignment->phases[producer->schedule.phase].pacing.coalesce_ns;
}

static void record_lag(struct sender *sender, struct producer *producer, struct recorder_cell *cell,
                       int64_t due_ns, int64_t start_ns, int64_t end_ns)
{
    int64_t lag_ns = start_ns - due_ns;
    int64_t own_ns = lag_ns - tick_ns(sender, producer);

    recorder_sample(cell, SERIES_SEND_LAG, lag_ns, 0);
    if (due_ns >= producer->able_ns) {
        lag_count_add(&sender->lag, own_ns > 0 ? own_ns : 0);
    } else {
        producer->able_ns = end_ns; /* What came due while it caught up waits for that, too. */
    }
}

static void count_sent_now(struct counters *counters, uint32_t bytes)
{
    counters->sent_now++;
    counters->sent_bytes_now += bytes;
}

int64_t sender_submit(struct sender *sender, struct producer *producer, int64_t due_ns,
                      int64_t start_ns)
{
    struct sender_group *group = &sender->groups[producer->group];
    struct recorder *recorder = sender->context.recorder;
    bool paced = schedule_load(&producer->schedule) == LOAD_RATE;
    struct payload_message payload = payload_pool_take(group->pool, producer->next.size);
    const struct key_row *key = producer->next.key;
    uint32_t stream = producer->next.stream;
    uint32_t phase = producer->schedule.phase;
    struct outstanding *slot = sender_slot_take(group, producer);
    struct stamp stamp = {.tag = sender->context.assignment->tag,
                          .stream = producer->stream_first + stream,
                          .sequence = producer->next_sequence[stream],
                          .intended_ns = (paced ? due_ns : start_ns) - sender->t0_ns,
                          .sent_ns = start_ns};
    struct message message = {.client = producer->client_index,
                              .topic = producer->topics[stream / group->partitions],
                              .partition = stream % group->partitions,
                              .bytes = payload.bytes,
                              .bytes_count = payload.bytes_count,
                              .key = key != NULL ? key->text : NULL,
                              .key_bytes = key != NULL ? sizeof key->text : 0,
                              .token = (uint64_t)(slot - group->slots)};
    struct recorder_cell *cell;
    int64_t end_ns;

    stamp_write(payload.bytes, &stamp, payload.payload_hash);
    if (sender->context.ops->submit(group->endpoint, &message, 1) == 0) {
        sender_slot_return(group, producer, slot);
        return -EAGAIN;
    }
    end_ns = mono_ns();
    *slot = (struct outstanding){.used = true,
                                 .paced = paced,
                                 .producer = producer->client_index,
                                 .phase = phase,
                                 .stream = stream,
                                 .bytes_count = payload.bytes_count,
                                 .sequence = stamp.sequence,
                                 .intended_ns = due_ns,
                                 .start_ns = start_ns};
    producer->next_sequence[stream]++;
    sender_draw(group, producer);
    sender->outstanding++;
    schedule_sent(&producer->schedule);
    recorder_sent(recorder, producer->lane + stream, phase, stamp.sequence, stamp.intended_ns);
    cell = recorder_cell(recorder, group->flow, phase);
    cell->counters.sent++;
    cell->counters.sent_bytes += payload.bytes_count;
    cell->counters.sent_in_time +=
        start_ns < producer->schedule.phase_end_ns + tick_ns(sender, producer) ? 1 : 0;
    count_sent_now(sender_counters_now(sender, group, phase, cell), payload.bytes_count);
    recorder_sample(cell, SERIES_CALL, end_ns - start_ns, 0);
    if (paced) {
        record_lag(sender, producer, cell, due_ns, start_ns, end_ns);
    } else {
        cell->counters.due++;
    }
    if (!group->confirms && group->is_read) {
        sender->handed_ns = end_ns;
    }
    return end_ns;
}
