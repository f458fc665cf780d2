/* Acknowledging: one by one, in batches, again where there was no room, and how long it took. */
#include "receiver_parts_inner.h"

#include "invariant.h"
#include "mono.h"

#include <errno.h>

/* An unfinished batch is acknowledged when its consumer got nothing more for that long: the broker
 * may be waiting for it, with a prefetch or a queue that is smaller than the batch. */
#define IDLE_NS (100 * NS_PER_MS)
#define IDLE_LOOK_NS (IDLE_NS / 2)

/* The oldest makes room: its answer may have been lost with a connection. */
static void remember_ack(struct receiver_group *group, uint64_t token, int64_t at_ns)
{
    uint32_t at = (group->ack_times_head + group->ack_times_count) % ACK_TIMES;

    group->ack_times[at] = (struct ack_time){.token = token, .at_ns = at_ns};
    if (group->ack_times_count < ACK_TIMES) {
        group->ack_times_count++;
    } else {
        group->ack_times_head = (group->ack_times_head + 1) % ACK_TIMES;
    }
}

static void note_call(struct receiver *receiver, int64_t took_ns)
{
    receiver->driver_ns_max = took_ns > receiver->driver_ns_max ? took_ns : receiver->driver_ns_max;
}

static void sample(const struct receiver *receiver, const struct receiver_group *group,
                   int64_t took_ns)
{
    recorder_sample(recorder_cell(receiver->context.recorder, group->flow, receiver->phase_hint),
                    SERIES_CONSUME_ACK, took_ns, 0);
}

/* Tries one ack; false: to be tried again. */
static bool try_ack(struct receiver *receiver, struct receiver_group *group,
                    const struct pending_ack *ack)
{
    const struct backend_ops *ops = receiver->context.ops;
    int64_t begin_ns = mono_ns();
    int r = ops->ack(group->endpoint, ack->token, ack->multiple);
    int64_t took_ns = mono_ns() - begin_ns;

    note_call(receiver, took_ns);
    if (r == -EAGAIN) {
        return false;
    }
    if (r == 0 && !ops->ack_answers) {
        sample(receiver, group, took_ns);
    } else if (r >= 0) {
        remember_ack(group, ack->token, begin_ns);
    }
    /* -ENOTCONN: the broker will deliver it again; the audit sees that as a copy. */
    return true;
}

/* Tries, unless an earlier one of the consumer's waits. */
static bool try_in_turn(struct receiver *receiver, struct receiver_group *group,
                        const struct pending_ack *ack)
{
    struct consumer *consumer = &group->consumers[ack->client];

    if (!consumer->is_full) {
        consumer->is_full = !try_ack(receiver, group, ack);
    }
    return !consumer->is_full;
}

void receiver_acknowledge(struct receiver *receiver, struct receiver_group *group,
                          const struct event *message, bool multiple)
{
    struct pending_ack ack = {
        .client = message->client, .token = message->token, .multiple = multiple};

    if (!try_in_turn(receiver, group, &ack)) {
        ASSERT(group->retries_count < RECEIVER_EVENTS);
        group->retries[group->retries_count++] = ack;
    }
}

void receiver_retry_acks(struct receiver *receiver, struct receiver_group *group)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < group->retries_count; i++) {
        group->consumers[group->retries[i].client].is_full = false;
    }
    for (uint32_t i = 0; i < group->retries_count; i++) {
        if (!try_in_turn(receiver, group, &group->retries[i])) {
            group->retries[kept++] = group->retries[i];
        }
    }
    group->retries_count = kept;
}

/* One that was taken is written now, so that long it took. One whose connection broke was not. */
void receiver_flush_acks(struct receiver *receiver, struct receiver_group *group)
{
    const struct backend_ops *ops = receiver->context.ops;
    int64_t begin_ns;
    int64_t end_ns;
    int r;

    if (ops->flush == NULL || group->ack_times_count == 0) {
        return;
    }
    begin_ns = mono_ns();
    r = ops->flush(group->endpoint);
    end_ns = mono_ns();
    note_call(receiver, end_ns - begin_ns);
    for (uint32_t i = 0; i < group->ack_times_count && r == 0; i++) {
        sample(receiver, group,
               end_ns - group->ack_times[(group->ack_times_head + i) % ACK_TIMES].at_ns);
    }
    group->ack_times_head = 0;
    group->ack_times_count = 0;
}

/* The answer to an ack: usually the oldest one's. Those before it that got none have no latency. */
void receiver_ack_answered(struct receiver *receiver, struct receiver_group *group,
                           const struct event *event)
{
    for (uint32_t i = 0; i < group->ack_times_count; i++) {
        const struct ack_time *time = &group->ack_times[(group->ack_times_head + i) % ACK_TIMES];

        if (time->token == event->token) {
            sample(receiver, group, event->at_ns - time->at_ns);
            group->ack_times_head = (group->ack_times_head + i + 1) % ACK_TIMES;
            group->ack_times_count -= i + 1;
            return;
        }
    }
}

/* Not through receiver_acknowledge(): its list has room for the messages of one poll only. */
void receiver_finish_batches(struct receiver *receiver, struct receiver_group *group,
                             int64_t idle_ns, int64_t now_ns)
{
    for (uint32_t i = 0; i < group->consumers_count; i++) {
        struct consumer *consumer = &group->consumers[i];
        struct pending_ack rest = {.token = consumer->last_token, .multiple = true};

        if (consumer->unacked > 0 && !consumer->is_full && now_ns - consumer->last_ns >= idle_ns &&
            !reconnect_is_down(&group->reconnect, i) && try_ack(receiver, group, &rest)) {
            consumer->unacked = 0;
        }
    }
}

void receiver_look_for_idle_batches(struct receiver *receiver, struct receiver_group *group,
                                    int64_t now_ns)
{
    if (group->assigned->delivery.consume_ack != CONSUME_ACK_BATCH ||
        now_ns < group->idle_look_ns) {
        return;
    }
    group->idle_look_ns = now_ns + IDLE_LOOK_NS;
    receiver_finish_batches(receiver, group, IDLE_NS, now_ns);
}
