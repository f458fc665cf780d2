#include "mono.h"
#include "receiver_parts_inner.h"

#include <stdlib.h>

static int group_fill(struct receiver *receiver, struct receiver_group *group,
                      uint32_t record_first, struct errinfo *reterr)
{
    const struct assignment *assignment = receiver->context.assignment;
    uint32_t ordinal = 0;

    for (uint32_t i = 0; i < assignment->consumers_count; i++) {
        const struct assigned_consumer *assigned = &assignment->consumers[i];
        struct consumer *consumer = &group->consumers[group->consumers_count];
        struct endpoint_client *client = &group->clients[group->consumers_count];

        if (assigned->worker != receiver->context.worker) {
            continue;
        }
        if (assigned->flow == group->flow) {
            consumer->record_index = record_first + ordinal;
            consumer->ordinal = ordinal;
            consumer->topics = calloc((size_t)assigned->topics_count + 1, sizeof *consumer->topics);
            if (consumer->topics == NULL) {
                return errinfo_nomem(reterr);
            }
            for (uint32_t t = 0; t < assigned->topics_count; t++) {
                consumer->topics[t] = assigned_topic_index(group->assigned, assigned->topic_first,
                                                           assigned->topic_stride, t);
            }
            *client = (struct endpoint_client){.client = assigned->client,
                                               .subscription = assigned->subscription,
                                               .topics = consumer->topics,
                                               .topics_count = assigned->topics_count,
                                               .share_index = assigned->share_index,
                                               .shares_count = assigned->shares_count};
            group->consumers_count++;
        }
        ordinal++;
    }
    return 0;
}

static int group_init(struct receiver *receiver, uint32_t flow_index, uint32_t count,
                      uint32_t record_first, struct errinfo *reterr)
{
    const struct worker_context *context = &receiver->context;
    struct receiver_group *group = &receiver->groups[receiver->groups_count++];
    int r;

    group->flow = flow_index;
    group->assigned = &context->assignment->flows[flow_index];
    group->clients = calloc(count, sizeof *group->clients);
    group->consumers = calloc(count, sizeof *group->consumers);
    group->retries = calloc(RECEIVER_EVENTS, sizeof *group->retries);
    group->ack_times = calloc(ACK_TIMES, sizeof *group->ack_times);
    if (group->clients == NULL || group->consumers == NULL || group->retries == NULL ||
        group->ack_times == NULL) {
        return errinfo_nomem(reterr);
    }
    r = group_fill(receiver, group, record_first, reterr);
    if (r < 0) {
        return r;
    }
    group->config =
        (struct endpoint_config){.target = &context->assignment->target,
                                 .role = ROLE_CONSUMER,
                                 .run_id = context->assignment->run_id,
                                 .trial = context->assignment->trial,
                                 .topics = context->topics,
                                 .topics_count = context->assignment->topics_count,
                                 .clients = group->clients,
                                 .clients_count = group->consumers_count,
                                 .delivery = &group->assigned->delivery,
                                 .message_bytes_max = message_bytes_max(&group->assigned->message),
                                 .drain_ns = context->drain_ns};
    return reconnect_init(&group->reconnect, context->ops, &group->config, context->heard_ns,
                          reterr);
}

int receiver_new(const struct worker_context *context, struct receiver **ret,
                 struct errinfo *reterr)
{
    const struct assignment *assignment = context->assignment;
    struct receiver *receiver = calloc(1, sizeof *receiver);
    uint32_t by_flow[FLOWS_MAX] = {0};
    uint32_t producers = 0;
    int r = 0;

    if (receiver == NULL) {
        return errinfo_nomem(reterr);
    }
    receiver->context = *context;
    for (uint32_t i = 0; i < assignment->producers_count; i++) {
        producers += assignment->producers[i].worker == context->worker ? 1 : 0;
    }
    for (uint32_t i = 0; i < assignment->consumers_count; i++) {
        if (assignment->consumers[i].worker == context->worker) {
            by_flow[assignment->consumers[i].flow]++;
        }
    }
    for (uint32_t flow = 0; r == 0 && flow < assignment->flows_count; flow++) {
        if (by_flow[flow] > 0) {
            r = group_init(receiver, flow, by_flow[flow], producers, reterr);
        }
    }
    if (r < 0) {
        receiver_free(receiver);
        return r;
    }
    *ret = receiver;
    return 0;
}

void receiver_free(struct receiver *receiver)
{
    if (receiver == NULL) {
        return;
    }
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        if (group->endpoint != NULL) {
            receiver->context.ops->close(group->endpoint);
        }
        for (uint32_t c = 0; group->consumers != NULL && c < group->consumers_count; c++) {
            free(group->consumers[c].topics);
        }
        reconnect_done(&group->reconnect);
        free(group->clients);
        free(group->consumers);
        free(group->retries);
        free(group->ack_times);
    }
    free(receiver);
}

int receiver_open(struct receiver *receiver, int64_t deadline_ns, struct errinfo *reterr)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];
        int r;

        group->config.open_deadline_ns = deadline_ns;
        r = reconnect_open(receiver->context.ops, &group->config, receiver->context.recorder,
                           group->flow, &group->endpoint, reterr);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

void receiver_watch(struct receiver *receiver, struct watch *watch)
{
    receiver->watch = watch;
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        group->place = watch_add(watch, receiver->context.ops, group->endpoint);
        watch_add_fd(watch, reconnect_fd(&group->reconnect));
        if (group->held) {
            watch_hold(watch, group->place, true);
        }
    }
}
