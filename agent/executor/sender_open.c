#include "invariant.h"
#include "mono.h"
#include "pages.h"
#include "random.h"
#include "sender_batch_inner.h"

#include <stdlib.h>

/* Tells the sequence that says what a producer's messages are from others of the same seed. */
#define MESSAGES_SEED UINT64_C(0x6d657373616765)
#define KEYS_SEED UINT64_C(0x6b657973) /* Of it, that of keys: sizes are the same without any. */

static int producer_init(struct producer *producer, const struct worker_context *context,
                         const struct assigned_producer *assigned, struct errinfo *reterr)
{
    const struct assigned_flow *flow = &context->assignment->flows[assigned->flow];

    producer->stream_first = assigned->stream_first;
    producer->topics_count = assigned->topics_count;
    producer->streams_count = assigned->topics_count * flow->partitions;
    producer->window_left = flow->delivery.in_flight;
    producer->topics = calloc((size_t)producer->topics_count + 1, sizeof *producer->topics);
    producer->next_sequence =
        calloc((size_t)producer->streams_count + 1, sizeof *producer->next_sequence);
    if (producer->topics == NULL || producer->next_sequence == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < producer->topics_count; i++) {
        producer->topics[i] =
            assigned_topic_index(flow, assigned->topic_first, assigned->topic_stride, i);
    }
    schedule_init(&producer->schedule, context->assignment, assigned);
    return 0;
}

/* Fills one group with the worker's producers of a flow. */
static int group_fill(struct sender *sender, struct sender_group *group, struct errinfo *reterr)
{
    const struct assignment *assignment = sender->context.assignment;
    uint32_t record_index = 0;
    int r;

    for (uint32_t i = 0; i < assignment->producers_count; i++) {
        const struct assigned_producer *assigned = &assignment->producers[i];
        uint32_t index = group->producers_count;
        struct producer *producer = &sender->producers[group->producer_first + index];
        struct endpoint_client *client = &group->clients[index];
        uint64_t seed;

        if (assigned->worker != sender->context.worker) {
            continue;
        }
        if (assigned->flow != group->flow) {
            record_index++;
            continue;
        }
        r = producer_init(producer, &sender->context, assigned, reterr);
        if (r < 0) {
            return r;
        }
        producer->group = (uint32_t)(group - sender->groups);
        producer->client_index = index;
        producer->record_index = record_index;
        producer->lane = recorder_producer_lane(sender->context.recorder, record_index++);
        seed = random_derive(random_derive(assignment->seed, MESSAGES_SEED), assigned->client);
        random_seed(&producer->random, seed);
        if (group->keys != NULL) {
            producer->key_place =
                key_table_begin(group->keys, random_derive(seed, KEYS_SEED), assigned->index,
                                assignment->flows[group->flow].producers_count);
        }
        producer->turns_count =
            group->keys != NULL ? producer->topics_count : producer->streams_count;
        sender_draw(group, producer);
        client->client = assigned->client;
        client->topics = producer->topics;
        client->topics_count = producer->topics_count;
        client->shares_count = 1;
        group->producers_count++;
    }
    return 0;
}

static int group_init(struct sender *sender, uint32_t flow_index, uint32_t producer_first,
                      uint32_t count, struct errinfo *reterr)
{
    const struct worker_context *context = &sender->context;
    const struct assigned_flow *flow = &context->assignment->flows[flow_index];
    struct sender_group *group = &sender->groups[sender->groups_count++];
    int r;

    group->flow = flow_index;
    group->partitions = flow->partitions;
    group->keys = context->keys != NULL ? context->keys->flows[flow_index] : NULL;
    ASSERT(group->keys != NULL || flow->message.keys.count == 0);
    group->confirms = flow->delivery.publish_ack != PUBLISH_ACK_NONE;
    group->is_read = flow->consumers_count > 0;
    group->producer_first = producer_first;
    group->clients = calloc(count, sizeof *group->clients);
    group->slots_count = (uint64_t)count * flow->delivery.in_flight;
    group->slots = pages_new(group->slots_count * sizeof *group->slots);
    if (group->clients == NULL || group->slots == NULL) {
        return errinfo_nomem(reterr);
    }
    group->pool = context->payloads->flows[flow_index];
    r = payload_place_new(group->pool, &group->payloads, reterr);
    if (r == 0) {
        r = group_fill(sender, group, reterr);
    }
    if (r < 0) {
        return r;
    }
    group->config = (struct endpoint_config){.target = &context->assignment->target,
                                             .role = ROLE_PRODUCER,
                                             .run_id = context->assignment->run_id,
                                             .trial = context->assignment->trial,
                                             .topics = context->topics,
                                             .topics_count = context->assignment->topics_count,
                                             .clients = group->clients,
                                             .clients_count = group->producers_count,
                                             .delivery = &flow->delivery,
                                             .message_bytes_max = message_bytes_max(&flow->message),
                                             .drain_ns = context->drain_ns};
    return reconnect_init(&group->reconnect, context->ops, &group->config, context->heard_ns,
                          reterr);
}

/* For tests of what a slow generator reaches: nanoseconds. */
static int64_t message_cost_ns(void)
{
    const char *value = getenv("MILLRACE_TEST_MESSAGE_COST");

    return value == NULL ? 0 : strtoll(value, NULL, 10);
}

int sender_new(const struct worker_context *context, struct sender **ret, struct errinfo *reterr)
{
    const struct assignment *assignment = context->assignment;
    struct sender *sender = calloc(1, sizeof *sender);
    uint32_t by_flow[FLOWS_MAX] = {0};
    uint32_t first = 0;
    int r = 0;

    if (sender == NULL) {
        return errinfo_nomem(reterr);
    }
    sender->context = *context;
    sender->message_cost_ns = message_cost_ns();
    for (uint32_t i = 0; i < assignment->producers_count; i++) {
        if (assignment->producers[i].worker == context->worker) {
            by_flow[assignment->producers[i].flow]++;
            sender->producers_count++;
        }
    }
    sender->producers = calloc((size_t)sender->producers_count + 1, sizeof *sender->producers);
    sender->heap = calloc((size_t)sender->producers_count + 1, sizeof *sender->heap);
    if (sender->producers == NULL || sender->heap == NULL) {
        r = errinfo_nomem(reterr);
    }
    for (uint32_t flow = 0; r == 0 && flow < assignment->flows_count; flow++) {
        if (by_flow[flow] > 0) {
            r = group_init(sender, flow, first, by_flow[flow], reterr);
            first += by_flow[flow];
        }
    }
    if (r < 0) {
        sender_free(sender);
        return r;
    }
    *ret = sender;
    return 0;
}

void sender_free(struct sender *sender)
{
    if (sender == NULL) {
        return;
    }
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];

        if (group->endpoint != NULL) {
            sender->context.ops->close(group->endpoint);
        }
        payload_place_free(group->payloads);
        pages_free(group->slots, group->slots_count * sizeof *group->slots);
        reconnect_done(&group->reconnect);
        free(group->clients);
    }
    for (uint32_t i = 0; sender->producers != NULL && i < sender->producers_count; i++) {
        free(sender->producers[i].topics);
        free(sender->producers[i].next_sequence);
    }
    free(sender->producers);
    free(sender->heap);
    free(sender);
}

int sender_open(struct sender *sender, int64_t deadline_ns, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];
        int r;

        group->config.open_deadline_ns = deadline_ns;
        r = reconnect_open(sender->context.ops, &group->config, sender->context.recorder,
                           group->flow, &group->endpoint, reterr);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

void sender_watch(struct sender *sender, struct watch *watch)
{
    sender->watch = watch;
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];

        group->place = watch_add(watch, sender->context.ops, group->endpoint);
        watch_add_fd(watch, reconnect_fd(&group->reconnect));
    }
}

static void unwatch(struct sender *sender, struct sender_group *group)
{
    if (sender->watch != NULL) {
        watch_remove(sender->watch, group->place);
        watch_remove_fd(sender->watch, reconnect_fd(&group->reconnect));
        group->place = NULL;
    }
}

/* The collector goes on emptying the ring. */
static void wait_for_room(const struct recorder *recorder)
{
    while (recorder_room(recorder) == 0) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
}

/* Messages of a group without an outcome at the end: nobody knows. */
static void settle_group(struct sender *sender, struct sender_group *group)
{
    struct event unknown = {.kind = EVENT_UNCONFIRMED, .at_ns = mono_ns()};
    struct recorder *recorder = sender->context.recorder;

    for (uint32_t i = 0; i < group->slots_fresh; i++) {
        struct outstanding *slot = &group->slots[i];
        struct producer *producer = &sender->producers[group->producer_first + slot->producer];

        if (!slot->used) {
            continue;
        }
        recorder_cell(recorder, group->flow, slot->phase)->counters.unconfirmed++;
        wait_for_room(recorder);
        recorder_outcome(recorder, producer->lane + slot->stream, RUN_UNCONFIRMED, slot->sequence);
        if (sender->context.trace != NULL) {
            unknown.client = producer->client_index;
            sender_trace(sender, group, slot, &unknown);
        }
        sender_slot_return(group, producer, slot);
        sender->outstanding--;
    }
}

static void settle_outstanding(struct sender *sender)
{
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        settle_group(sender, &sender->groups[i]);
    }
}

/* Outcomes that the driver knows already are no unknown ones; it gives a bounded number at a time.
 */
static void take_waiting_outcomes(struct sender *sender)
{
    uint64_t before;

    do {
        before = sender->outstanding;
        wait_for_room(sender->context.recorder);
        if (sender->watch != NULL) {
            watch_look(sender->watch);
        }
        (void)sender_poll(sender, mono_ns());
    } while (sender->outstanding < before);
}

void sender_close_begin(struct sender *sender)
{
    take_waiting_outcomes(sender);
    settle_outstanding(sender);
    sender_count_due(sender, mono_ns()); /* Of a segment that did not end. */
    sender_give_up(sender, mono_ns());
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        struct sender_group *group = &sender->groups[i];

        if (group->endpoint != NULL) {
            unwatch(sender, group);
            reconnect_close_begin(&group->reconnect, group->endpoint);
            group->endpoint = NULL;
        }
    }
}

void sender_close_end(struct sender *sender)
{
    for (uint32_t i = 0; i < sender->groups_count; i++) {
        reconnect_close_end(&sender->groups[i].reconnect);
    }
}
