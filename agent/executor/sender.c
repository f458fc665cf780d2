#include "sender.h"

#include "invariant.h"
#include "mono.h"
#include "sender_batch_inner.h"

#include <stdlib.h>
#include <string.h>

#define SEND_BATCH SUBMIT_MESSAGES_MAX /* Of a turn, and of a call within it. */
#define FETCHED_AHEAD 4
#define GAP_LOOK_NS (10 * NS_PER_MS) /* Where the rate changes all the time. */

/* Messages per second of the whole flow at this moment. */
static double rate_now(const struct sender *sender, const struct assigned_phase *phase,
                       const struct phase_load *load)
{
    struct load_curve curve = assigned_curve(sender->context.assignment, phase);
    int64_t start_ns =
        sender->t0_ns +
        atomic_load_explicit(&sender->context.timeline->phase_start_ns[sender->phase_now],
                             memory_order_relaxed);

    return curve.points_count == 0 ? rate_per_s(load->rate)
                                   : curve_per_s(&curve, sender->turn_ns - start_ns);
}

/* Mean time between two messages of this worker in the running phase. By the clock, not by where
 * the producers are in their schedules: those move on one by one, when they next send. */
static int64_t gap_ns(struct sender *sender)
{
    const struct assignment *assignment = sender->context.assignment;
    const struct assigned_phase *phase = &assignment->phases[sender->phase_now];
    double per_s = 0.0;

    sender->is_paced = false;
    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        sender->is_paced = sender->is_paced || phase->loads[i].load == LOAD_RATE;
    }
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];
        const struct phase_load *load = &phase->loads[group->flow];

        group->producer_per_s = 0.0;
        if (load->load == LOAD_RATE) {
            /* Aligned producers send as one. */
            uint32_t instants =
                phase->pacing.arrivals == ARRIVALS_ALIGNED ? 1 : group->producers_count;

            group->producer_per_s =
                rate_now(sender, phase, load) / assignment->flows[group->flow].producers_count;
            per_s += group->producer_per_s * instants;
        }
    }
    return per_s > 1e-6 ? (int64_t)(1e9 / per_s) : SENDER_NEVER_NS;
}

void sender_start(struct sender *sender, uint32_t phase_first, uint32_t phase_last)
{
    const struct timeline *timeline = sender->context.timeline;
    int64_t t0_ns = atomic_load(&timeline->t0_ns);
    int64_t start_ns = t0_ns + atomic_load(&timeline->phase_start_ns[phase_first]);

    sender->t0_ns = t0_ns;
    sender->heap_count = 0;
    for (uint32_t i = 0; i < sender->producers_count; i++) {
        struct producer *producer = &sender->producers[i];

        schedule_start(&producer->schedule, phase_first, phase_last, start_ns);
        producer->waiting = PRODUCER_SCHEDULED;
        producer->able_ns = start_ns;
        producer->yield_ns = start_ns;
        producer->key_ns = start_ns;
        sender_heap_push(sender, i);
    }
    sender->blocked_count = 0;
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        sender->groups[i].blocked_count = 0;
    }
    sender->stop_ns = SENDER_NEVER_NS;
    sender->turn_ns = start_ns;
    sender->settled_ns = start_ns;
    sender->gap_ns = gap_ns(sender);
    sender->gap_look_ns = start_ns;
    sender->count_look_ns = start_ns;
}

void sender_stop(struct sender *sender, int64_t at_ns)
{
    sender->stop_ns = at_ns;
    for (uint32_t i = 0; i < sender->producers_count; i++) {
        schedule_stop(&sender->producers[i].schedule, at_ns);
    }
}

/* A latency goes there that ended when the worker looked: its resolution. */
static void note_waited(const struct sender *sender, struct recorder_cell *cell)
{
    if (sender->watch != NULL) {
        recorder_waited(cell, sender->watch->waited_ns);
    }
}

static void record_outcome(struct sender *sender, struct sender_group *group,
                           const struct event *event)
{
    struct producer *producer = &sender->producers[group->producer_first + event->client];
    struct outstanding *slot = &group->slots[event->token];
    struct recorder *recorder = sender->context.recorder;
    struct recorder_cell *cell;
    enum mark_kind_of_run kind = RUN_UNCONFIRMED;
    int64_t latency_ns = -1;

    ASSERT(event->token < group->slots_fresh && slot->used && slot->producer == event->client);
    cell = recorder_cell(recorder, group->flow, slot->phase);
    if (event->kind == EVENT_ACKED) {
        kind = RUN_ACKED;
        cell->counters.acked++;
        sender_counters_now(sender, group, slot->phase, cell)->acked_now++;
        if (group->confirms) {
            sender_note_answer(sender, event->at_ns);
            note_waited(sender, cell);
            gather_note(&group->gather, event->at_ns - slot->start_ns, 0);
            latency_ns = event->at_ns - (slot->paced ? slot->intended_ns : slot->start_ns);
            if (slot->paced) {
                recorder_sample(cell, SERIES_PUBLISH, latency_ns, 0);
            }
            recorder_sample(cell, SERIES_PUBLISH_SERVICE, event->at_ns - slot->start_ns, 0);
        }
    } else if (event->kind == EVENT_REFUSED) {
        kind = RUN_REFUSED;
        cell->counters.refused++;
        if (!event->is_local) {
            sender_note_answer(sender, event->at_ns);
        }
        (void)recorder_error(recorder, event->text != NULL ? event->text : "refused by the broker");
    } else {
        cell->counters.unconfirmed++;
    }
    recorder_outcome(recorder, producer->lane + slot->stream, kind, slot->sequence);
    recorder_client(recorder, producer->record_index, slot->bytes_count, latency_ns);
    if (sender->context.trace != NULL) {
        sender_trace(sender, group, slot, event);
    }
    sender->settled_ns = event->at_ns;
    sender_slot_return(group, producer, slot);
    sender->outstanding--;
    if (producer->waiting == PRODUCER_WINDOW_FULL) {
        sender_unblock(sender, producer);
    }
}

static void take_event(struct sender *sender, struct sender_group *group, const struct event *event)
{
    struct recorder *recorder = sender->context.recorder;

    switch (event->kind) {
    case EVENT_ACKED:
    case EVENT_REFUSED:
    case EVENT_UNCONFIRMED:
        record_outcome(sender, group, event);
        break;
    case EVENT_DOWN:
    case EVENT_UP:
        sender_link_event(sender, group, event);
        break;
    case EVENT_SAYS:
        recorder_notice(recorder, event->text, sender_offset_ns(sender, event->at_ns));
        break;
    case EVENT_ERROR:
        recorder_cell(recorder, group->flow, sender->phase_now)->counters.errors++;
        (void)recorder_error(recorder, event->text != NULL ? event->text : "unnamed error");
        break;
    case EVENT_MESSAGE:
    case EVENT_CONSUME_ACKED:
        ASSERT(false); /* Not for a producing endpoint. */
        break;
    }
}

static void look_at_phase(struct sender *sender, int64_t now_ns)
{
    uint32_t phase;

    if (sender->t0_ns == 0) {
        return;
    }
    phase = timeline_phase(sender->context.timeline, now_ns - sender->t0_ns, sender->phase_now);
    if (phase != sender->phase_now || now_ns >= sender->gap_look_ns) {
        sender->phase_now = phase;
        sender->gap_ns = gap_ns(sender);
        sender->gap_look_ns = sender->context.assignment->phases[phase].curve_count == 0
                                  ? SENDER_NEVER_NS
                                  : now_ns + GAP_LOOK_NS;
    }
}

static void begin_turn(struct sender *sender, int64_t now_ns)
{
    int64_t until_ns = now_ns < sender->stop_ns ? now_ns : sender->stop_ns;

    if (sender->blocked_count > 0 && sender->turn_ns < until_ns) {
        sender->blocked_ns += sender_blocked_share(sender) * (double)(until_ns - sender->turn_ns);
    }
    sender->turn_ns = now_ns;
    look_at_phase(sender, now_ns);
}

static int poll_group(struct sender *sender, const struct sender_group *group, uint32_t max)
{
    int64_t begin_ns = mono_ns();
    int count = sender->context.ops->poll(group->endpoint, sender->events, max);
    int64_t took_ns = mono_ns() - begin_ns;

    sender->driver_ns_max = took_ns > sender->driver_ns_max ? took_ns : sender->driver_ns_max;
    return count;
}

/* The place of an outcome has mostly left the cache since its message was sent, so it is fetched
 * while those before it are taken. */
static void take_events(struct sender *sender, struct sender_group *group, int count)
{
    for (int e = 0; e < count; e++) {
        if (e + FETCHED_AHEAD < count) {
            __builtin_prefetch(&group->slots[sender->events[e + FETCHED_AHEAD].token], 1);
        }
        take_event(sender, group, &sender->events[e]);
    }
}

bool sender_poll(struct sender *sender, int64_t now_ns)
{
    bool any = false;

    begin_turn(sender, now_ns);
    sender_note_waiting(sender, now_ns);
    sender_count_ahead(sender, now_ns);
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];
        uint32_t room = recorder_room(sender->context.recorder);
        uint32_t max = room < SENDER_EVENTS ? room : SENDER_EVENTS;
        int count;

        if (group->endpoint == NULL || room == 0) {
            continue;
        }
        count = watch_take(group->place) ? poll_group(sender, group, max) : 0;
        take_events(sender, group, count);
        gather_polled(&group->gather, now_ns, (uint32_t)count == max);
        if (count > 0 || now_ns >= group->stalled_until_ns) {
            sender_unstall(sender, group, now_ns);
        }
        any = any || count > 0;
    }
    return any;
}

/* When the producer has something to do next; what was too late by then is counted. */
static int64_t next_ns_of(struct sender *sender, struct producer *producer, int64_t now_ns,
                          bool *ret_due)
{
    int64_t next_ns = schedule_next_ns(&producer->schedule, now_ns, ret_due);
    uint64_t skipped = schedule_take_skipped(&producer->schedule);

    if (skipped > 0) {
        recorder_cell(sender->context.recorder, sender->groups[producer->group].flow,
                      producer->schedule.phase)
            ->counters.skipped += skipped;
    }
    return next_ns;
}

/* The endpoint did not take all that the producer at the top of the heap has. */
static void stop_top(struct sender *sender, struct producer *producer, int64_t now_ns)
{
    struct sender_group *group = &sender->groups[producer->group];

    sender_heap_pop(sender);
    if (reconnect_is_down(&group->reconnect, producer->client_index)) {
        sender_block(sender, producer, PRODUCER_DOWN);
        return;
    }
    sender_block(sender, producer, PRODUCER_STALLED);
    if (!group->stalled) {
        sender_stall(group, now_ns);
    }
}

/* The producer at the top of the heap: sends what it has due, at most max messages. Returns the
 * time after it. */
static int64_t send_top(struct sender *sender, int64_t now_ns, uint32_t max, uint32_t *ret_sent)
{
    struct producer *producer = &sender->producers[sender->heap[0]];
    struct sender_batch batch;
    bool due = false;
    int64_t next_ns = next_ns_of(sender, producer, now_ns, &due);

    *ret_sent = 0;
    if (next_ns > now_ns || !due) {
        producer->key_ns = next_ns;
        sender_heap_down(sender, 0);
        return now_ns;
    }
    if (producer->window_left == 0) {
        sender_heap_pop(sender);
        sender_block(sender, producer, PRODUCER_WINDOW_FULL);
        return now_ns;
    }
    batch = sender_submit(sender, producer, next_ns, now_ns, max);
    *ret_sent = batch.taken;
    if (batch.taken > 0) {
        sender->groups[producer->group].stall_ns = 0;
        now_ns = batch.end_ns;
    }
    if (batch.taken < batch.count) {
        stop_top(sender, producer, now_ns);
        return now_ns;
    }
    /* With `max` the key is the time of the last message: producers take turns. So does one that
     * was down, with what it owes: its neighbours' messages are not to wait for all of it. */
    next_ns = schedule_load(&producer->schedule) == LOAD_RATE
                  ? next_ns_of(sender, producer, now_ns, &due)
                  : now_ns;
    producer->key_ns = next_ns < producer->yield_ns ? now_ns : next_ns;
    sender_heap_down(sender, 0);
    return now_ns;
}

bool sender_send(struct sender *sender, int64_t now_ns)
{
    uint32_t left = SEND_BATCH;
    bool any = false;

    begin_turn(sender, now_ns); /* A phase may have begun since the poll. */
    while (left > 0 && sender->heap_count > 0 &&
           sender->producers[sender->heap[0]].key_ns <= now_ns) {
        uint32_t sent = 0;

        now_ns = send_top(sender, now_ns, left, &sent);
        left -= sent > 0 ? sent : 1;
        any = any || sent > 0;
    }
    return any;
}

bool sender_is_idle_until(const struct sender *sender, int64_t at_ns)
{
    /* Those that can't send are not in the heap. */
    return sender->outstanding == 0 && sender->heap_count == sender->producers_count &&
           (sender->heap_count == 0 || sender->producers[sender->heap[0]].key_ns >= at_ns);
}

bool sender_finished(const struct sender *sender, int64_t *ret_ns)
{
    /* Those that are over never want to be called. */
    if (!sender_is_idle_until(sender, SCHEDULE_NEVER_NS)) {
        return false;
    }
    *ret_ns = sender->settled_ns;
    return true;
}

int64_t sender_settled_ns(const struct sender *sender)
{
    return sender->settled_ns;
}

int64_t sender_next_ns(const struct sender *sender)
{
    int64_t next_ns =
        sender->heap_count == 0 ? SENDER_NEVER_NS : sender->producers[sender->heap[0]].key_ns;

    for (uint32_t i = 0; i < sender->groups_count; i++) {
        const struct sender_group *group = &sender->groups[i];

        if (group->stalled && group->stalled_until_ns < next_ns) {
            next_ns = group->stalled_until_ns;
        }
        if (reconnect_next_ns(&group->reconnect) < next_ns) {
            next_ns = reconnect_next_ns(&group->reconnect);
        }
    }
    return next_ns;
}

bool sender_next_is_message(const struct sender *sender)
{
    return sender->heap_count > 0 &&
           sender->producers[sender->heap[0]].key_ns <= sender_next_ns(sender);
}

int64_t sender_gap_ns(const struct sender *sender)
{
    return sender->gap_ns;
}

bool sender_is_paced(const struct sender *sender)
{
    return sender->is_paced;
}

bool sender_is_blocked(const struct sender *sender)
{
    return sender->blocked_count > 0;
}

void sender_gather(const struct sender *sender, struct gather_sum *sum)
{
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        const struct sender_group *group = &sender->groups[i];

        if (group->endpoint != NULL && group->confirms) {
            gather_sum_add(sum, &group->gather);
        }
    }
}

void sender_reconnect(struct sender *sender, int64_t now_ns)
{
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];

        reconnect_turn(&group->reconnect, group->endpoint, now_ns, sender->context.recorder);
    }
}
