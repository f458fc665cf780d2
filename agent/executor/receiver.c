#include "receiver_inner.h"

#include "invariant.h"
#include "mono.h"
#include "receiver_parts_inner.h"
#include "stamp.h"

#define SERVE_NS (100 * NS_PER_MS)

/* Times are of the writer's clock, whose schedule they come from, and are read on this agent's by
 * the line that is told now. */
static struct latency record_latency(const struct receiver *receiver, struct recorder_cell *cell,
                                     bool paced, const struct stamp *stamp, int64_t at_ns)
{
    const struct timeline *timeline = receiver->context.timeline;
    uint16_t writer = timeline->writers[stamp->stream];
    int64_t bound_ns = 0;
    int64_t sent_ns = timeline_own_ns(timeline, writer, stamp->sent_ns, &bound_ns);
    struct latency latency = {
        .paced = paced, .service_ns = at_ns - sent_ns, .shown_ns = at_ns - sent_ns};
    int64_t intended_ns;

    recorder_sample(cell, SERIES_E2E_SERVICE, latency.service_ns, bound_ns);
    if (!paced) {
        return latency;
    }
    intended_ns = timeline_own_ns(
        timeline, writer,
        timeline_intended_ns(timeline, writer, receiver->phase_hint, stamp->intended_ns),
        &bound_ns);
    latency.shown_ns = at_ns - intended_ns;
    recorder_sample(cell, SERIES_E2E, latency.shown_ns, bound_ns);
    return latency;
}

static void note_answer(struct receiver *receiver, int64_t at_ns)
{
    receiver->answered_first_ns =
        receiver->answered_first_ns == 0 ? at_ns : receiver->answered_first_ns;
    receiver->answered_last_ns = at_ns;
}

static void take_message(struct receiver *receiver, struct receiver_group *group,
                         const struct event *event)
{
    const struct assignment *assignment = receiver->context.assignment;
    struct recorder *recorder = receiver->context.recorder;
    struct consumer *consumer = &group->consumers[event->client];
    const struct assigned_flow *flow = group->assigned;
    struct stamp stamp;
    enum stamp_check check = stamp_read(event->bytes, event->bytes_count, assignment->tag, &stamp);
    struct recorder_cell *cell;
    struct counters *now;
    struct latency latency;
    bool paced;

    if (check != STAMP_OK || stamp.stream - flow->stream_first >= flow->streams_count) {
        cell = recorder_cell(recorder, group->flow, receiver->phase_hint);
        cell->counters.corrupted += check == STAMP_CORRUPTED ? 1 : 0;
        cell->counters.foreign += check == STAMP_CORRUPTED ? 0 : 1;
        return;
    }
    receiver->phase_hint =
        timeline_phase(receiver->context.timeline, stamp.intended_ns, receiver->phase_hint);
    paced = assignment->phases[receiver->phase_hint].loads[group->flow].load == LOAD_RATE;
    cell = recorder_cell(recorder, group->flow, receiver->phase_hint);
    cell->counters.received++;
    cell->counters.received_bytes += event->bytes_count;
    receiver->last_ns = event->at_ns;
    note_answer(receiver, event->at_ns);
    now = receiver->phase_now == receiver->phase_hint
              ? &cell->counters
              : &recorder_cell(recorder, group->flow, receiver->phase_now)->counters;
    now->received_now++;
    now->received_bytes_now += event->bytes_count;
    if (receiver->t0_ns != 0 && event->at_ns > receiver->t0_ns) {
        now->received_until_ns = (uint64_t)(event->at_ns - receiver->t0_ns);
    }
    latency = record_latency(receiver, cell, paced, &stamp, event->at_ns);
    gather_note(&group->gather, latency.service_ns, event->bytes_count);
    if (receiver->watch != NULL) {
        recorder_waited(cell, receiver->watch->waited_ns);
    }
    recorder_seen(recorder, consumer->ordinal, stamp.stream, stamp.sequence);
    recorder_client(recorder, consumer->record_index, event->bytes_count,
                    latency.shown_ns < 0 ? 0 : latency.shown_ns);
    if (receiver->context.trace != NULL) {
        receiver_trace(receiver, group, event, &stamp, &latency);
    }
}

static int64_t offset_of(const struct receiver *receiver, int64_t at_ns)
{
    if (at_ns == 0 || receiver->t0_ns == 0) {
        return 0;
    }
    return at_ns > receiver->t0_ns ? at_ns - receiver->t0_ns : 1; /* 0 would be: never. */
}

static void take_link_event(struct receiver *receiver, struct receiver_group *group,
                            const struct event *event)
{
    struct recorder *recorder = receiver->context.recorder;
    uint32_t client = group->consumers[event->client].record_index;

    if (!reconnect_event(&group->reconnect, event, recorder,
                         &recorder_cell(recorder, group->flow, receiver->phase_now)->counters)) {
        return;
    }
    if (event->kind == EVENT_UP) {
        recorder_found(recorder, client, offset_of(receiver, event->at_ns));
    } else {
        recorder_lost(recorder, client, group->reconnect.error, offset_of(receiver, event->at_ns));
    }
}

static void take_event(struct receiver *receiver, struct receiver_group *group,
                       const struct event *event)
{
    const struct delivery *delivery = &group->assigned->delivery;
    struct recorder *recorder = receiver->context.recorder;

    switch (event->kind) {
    case EVENT_MESSAGE: {
        struct consumer *consumer = &group->consumers[event->client];

        take_message(receiver, group, event);
        if (delivery->consume_ack == CONSUME_ACK_NONE) {
            break;
        }
        consumer->last_token = event->token;
        consumer->last_ns = event->at_ns;
        if (++consumer->unacked >= delivery->consume_ack_batch) {
            consumer->unacked = 0;
            receiver_acknowledge(receiver, group, event,
                                 delivery->consume_ack == CONSUME_ACK_BATCH);
        }
        break;
    }
    case EVENT_CONSUME_ACKED:
        note_answer(receiver, event->at_ns);
        receiver_ack_answered(receiver, group, event);
        break;
    case EVENT_DOWN:
    case EVENT_UP:
        group->consumers[event->client].unacked = 0; /* The broker delivers them again. */
        take_link_event(receiver, group, event);
        break;
    case EVENT_SAYS:
        recorder_notice(recorder, event->text, offset_of(receiver, event->at_ns));
        break;
    case EVENT_ERROR:
        recorder_cell(recorder, group->flow, receiver->phase_now)->counters.errors++;
        (void)recorder_error(recorder, event->text != NULL ? event->text : "unnamed error");
        break;
    default:
        ASSERT(false); /* Outcomes of messages are not for a consuming endpoint. */
        break;
    }
}

static void look_at_phase(struct receiver *receiver, int64_t now_ns)
{
    static const struct phase_consume all = {.pace = CONSUME_FREE};
    const struct assignment *assignment = receiver->context.assignment;
    int64_t t0_ns = atomic_load_explicit(&receiver->context.timeline->t0_ns, memory_order_relaxed);
    uint32_t before = receiver->phase_now;

    receiver->t0_ns = 0;
    if (t0_ns != TIMELINE_UNKNOWN_NS) {
        receiver->t0_ns = t0_ns;
        receiver->phase_now =
            timeline_phase(receiver->context.timeline, now_ns - t0_ns, receiver->phase_now);
    }
    if (receiver->paced && receiver->phase_now == before) {
        return;
    }
    receiver->paced = true;
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        intake_begin(&group->intake,
                     receiver->released ? &all : &assignment->phases[receiver->phase_now].consume,
                     group->consumers_count, group->assigned->consumers_count, now_ns);
    }
}

void receiver_release(struct receiver *receiver, bool released)
{
    receiver->released = released;
    receiver->paced = false;
}

static void hold(const struct receiver *receiver, struct receiver_group *group, bool held)
{
    if (group->held != held && receiver->watch != NULL) {
        watch_hold(receiver->watch, group->place, held);
    }
    group->held = held;
}

static int call_poll(struct receiver *receiver, const struct receiver_group *group,
                     int (*poll)(struct endpoint *, struct event *, uint32_t), uint32_t max)
{
    int64_t begin_ns = mono_ns();
    int count = poll(group->endpoint, receiver->events, max);
    int64_t took_ns = mono_ns() - begin_ns;

    receiver->driver_ns_max = took_ns > receiver->driver_ns_max ? took_ns : receiver->driver_ns_max;
    return count;
}

/* Consumers that take nothing still send heartbeats, hear of acks and of lost connections, and
 * finish their batches. */
static uint32_t serve_held(struct receiver *receiver, struct receiver_group *group, uint32_t max,
                           int64_t now_ns)
{
    int count;

    hold(receiver, group, true);
    if (receiver->context.ops->held_fd ? !watch_take(group->place) : now_ns < group->serve_ns) {
        return 0;
    }
    group->serve_ns = now_ns + SERVE_NS;
    count = call_poll(receiver, group, receiver->context.ops->poll_held, max);
    for (int e = 0; e < count; e++) {
        ASSERT(receiver->events[e].kind != EVENT_MESSAGE);
        take_event(receiver, group, &receiver->events[e]);
    }
    receiver_look_for_idle_batches(receiver, group, now_ns);
    return (uint32_t)count;
}

/* Up to so many events. */
static uint32_t poll_group(struct receiver *receiver, struct receiver_group *group, uint32_t room,
                           int64_t now_ns)
{
    uint32_t allowed = intake_room(&group->intake, now_ns);
    uint32_t acks_room = RECEIVER_EVENTS - group->retries_count;
    uint32_t max = room < acks_room ? room : acks_room;
    uint32_t messages = 0;
    int count = 0;

    if (allowed == 0) {
        return serve_held(receiver, group, max, now_ns);
    }
    hold(receiver, group, false);
    max = allowed < max ? allowed : max;
    if (watch_take(group->place)) {
        count = call_poll(receiver, group, receiver->context.ops->poll, max);
    }
    for (int e = 0; e < count; e++) {
        messages += receiver->events[e].kind == EVENT_MESSAGE ? 1 : 0;
        take_event(receiver, group, &receiver->events[e]);
    }
    gather_polled(&group->gather, now_ns, (uint32_t)count == max);
    if (messages > 0 && allowed != UINT32_MAX) {
        intake_take(&group->intake, messages, now_ns);
    }
    receiver_look_for_idle_batches(receiver, group, now_ns);
    return (uint32_t)count;
}

bool receiver_poll(struct receiver *receiver, int64_t now_ns)
{
    bool any = false;

    look_at_phase(receiver, now_ns);
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];
        uint32_t room = recorder_room(receiver->context.recorder);

        if (group->endpoint == NULL || room == 0) {
            continue;
        }
        receiver_retry_acks(receiver, group);
        if (group->retries_count < RECEIVER_EVENTS) {
            any = poll_group(receiver, group, room, now_ns) > 0 || any;
        }
        receiver_flush_acks(receiver, group);
    }
    return any;
}

void receiver_gather(const struct receiver *receiver, struct gather_sum *sum)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        if (receiver->groups[i].endpoint != NULL) {
            gather_sum_add(sum, &receiver->groups[i].gather);
        }
    }
}

int64_t receiver_last_ns(const struct receiver *receiver)
{
    return receiver->last_ns;
}

int64_t receiver_next_ns(const struct receiver *receiver, int64_t now_ns)
{
    const struct timeline *timeline = receiver->context.timeline;
    int64_t next_ns = SENDER_NEVER_NS;

    if (receiver->groups_count == 0 || receiver->groups[0].endpoint == NULL) { /* Not open. */
        return next_ns;
    }
    if (receiver->t0_ns != 0 &&
        receiver->phase_now + 1 < receiver->context.assignment->phases_count) {
        int64_t start_ns = atomic_load_explicit(&timeline->phase_start_ns[receiver->phase_now + 1],
                                                memory_order_relaxed);

        next_ns = start_ns == TIMELINE_UNKNOWN_NS ? next_ns : receiver->t0_ns + start_ns;
    }
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        const struct receiver_group *group = &receiver->groups[i];
        int64_t room_ns = intake_next_ns(&group->intake);

        if (group->held && room_ns < next_ns) {
            next_ns = room_ns;
        }
        if (reconnect_next_ns(&group->reconnect) < next_ns) {
            next_ns = reconnect_next_ns(&group->reconnect);
        }
    }
    return next_ns > now_ns ? next_ns : now_ns;
}

void receiver_close_begin(struct receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        if (group->endpoint == NULL) {
            continue;
        }
        receiver_retry_acks(receiver, group);
        receiver_finish_batches(receiver, group, INT64_MIN, 0);
        receiver_flush_acks(receiver, group);
        if (receiver->watch != NULL) {
            watch_remove(receiver->watch, group->place);
            watch_remove_fd(receiver->watch, reconnect_fd(&group->reconnect));
            group->place = NULL;
        }
        reconnect_close_begin(&group->reconnect, group->endpoint);
        group->endpoint = NULL;
    }
}

void receiver_close_end(struct receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        reconnect_close_end(&receiver->groups[i].reconnect);
    }
}

void receiver_reconnect(struct receiver *receiver, int64_t now_ns)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        reconnect_turn(&group->reconnect, group->endpoint, now_ns, receiver->context.recorder);
    }
}

/* After the sender's. */
static void account_signs(struct receiver *receiver, struct broker_signs *signs)
{
    int64_t first_ns = offset_of(receiver, receiver->answered_first_ns);
    int64_t last_ns = offset_of(receiver, receiver->answered_last_ns);

    if (first_ns != 0 && (signs->answered_first_ns == 0 || first_ns < signs->answered_first_ns)) {
        signs->answered_first_ns = first_ns;
    }
    signs->answered_last_ns = last_ns > signs->answered_last_ns ? last_ns : signs->answered_last_ns;
    receiver->answered_first_ns = 0;
    receiver->answered_last_ns = 0;
}

void receiver_account(struct receiver *receiver, struct recorder_state *state)
{
    account_signs(receiver, &state->signs);
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        reconnect_account(&receiver->groups[i].reconnect, receiver->t0_ns, state);
    }
    if (receiver->driver_ns_max > state->driver_ns_max) {
        state->driver_ns_max = receiver->driver_ns_max;
    }
    receiver->driver_ns_max = 0;
}
