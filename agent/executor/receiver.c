#include "receiver.h"

#include "invariant.h"
#include "link_state.h"
#include "mono.h"
#include "stamp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define RECEIVER_EVENTS 256
#define ACK_TIMES 4096 /* Acks that wait for the broker's answer; older ones have no latency. */

struct consumer {
    uint32_t record_index;
    uint32_t lane; /* Of the first stream of the flow. */
    uint32_t *topics;
    uint32_t unacked; /* Since the last ack of a batch. */
    uint64_t last_token;
};

struct ack_time {
    uint64_t token;
    int64_t at_ns;
};

struct pending_ack {
    uint64_t token;
    bool multiple;
};

/* The consumers of one flow: one endpoint. */
struct receiver_group {
    uint32_t flow;
    const struct assigned_flow *assigned;
    struct endpoint *endpoint;
    struct endpoint_config config;
    struct endpoint_client *clients;
    struct consumer *consumers;
    uint32_t consumers_count;
    struct link_state link;
    struct pending_ack *retries; /* Acks that the driver could not take yet; nothing is polled until
                                    they are through. */
    uint32_t retries_count;
    struct ack_time *ack_times; /* A ring, with backends that answer acks. */
    uint32_t ack_times_head;
    uint32_t ack_times_count;
};

struct receiver {
    struct worker_context context;
    struct receiver_group groups[FLOWS_MAX];
    uint32_t groups_count;
    uint32_t phase_hint; /* Of the last message. */
    uint32_t phase_now;  /* By the clock. */
    int64_t t0_ns;
    struct event events[RECEIVER_EVENTS];
};

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
            consumer->lane = recorder_consumer_lane(receiver->context.recorder, ordinal);
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
    return link_state_init(&group->link, group->consumers_count, reterr);
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
    group->config = (struct endpoint_config){.target = &context->assignment->target,
                                             .role = ROLE_CONSUMER,
                                             .run_id = context->assignment->run_id,
                                             .trial = context->assignment->trial,
                                             .topics = context->topics,
                                             .topics_count = context->assignment->topics_count,
                                             .clients = group->clients,
                                             .clients_count = group->consumers_count,
                                             .delivery = &group->assigned->delivery,
                                             .message_bytes_max = group->assigned->message_bytes,
                                             .drain_ns = context->drain_ns};
    return r;
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
        link_state_done(&group->link);
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
        int64_t begin_ns = mono_ns();
        int r;

        group->config.open_deadline_ns = deadline_ns;
        r = receiver->context.ops->open(&group->config, &group->endpoint, reterr);
        if (r < 0) {
            return r;
        }
        recorder_sample(recorder_cell(receiver->context.recorder, group->flow, 0), SERIES_CONNECT,
                        mono_ns() - begin_ns, 0);
    }
    return 0;
}

/* Tries one ack; false: to be tried again. */
static bool try_ack(struct receiver *receiver, struct receiver_group *group,
                    const struct pending_ack *ack)
{
    const struct backend_ops *ops = receiver->context.ops;
    int64_t begin_ns = mono_ns();
    int r = ops->ack(group->endpoint, ack->token, ack->multiple);

    if (r == -EAGAIN) {
        return false;
    }
    if (r == 0 && !ops->ack_answers) {
        recorder_sample(
            recorder_cell(receiver->context.recorder, group->flow, receiver->phase_hint),
            SERIES_CONSUME_ACK, mono_ns() - begin_ns, 0);
    } else if (r == 0 && group->ack_times_count < ACK_TIMES) {
        uint32_t at = (group->ack_times_head + group->ack_times_count++) % ACK_TIMES;

        group->ack_times[at] = (struct ack_time){.token = ack->token, .at_ns = begin_ns};
    }
    /* -ENOTCONN: the broker will deliver it again; the audit sees that as a copy. */
    return true;
}

static void acknowledge(struct receiver *receiver, struct receiver_group *group, uint64_t token,
                        bool multiple)
{
    struct pending_ack ack = {.token = token, .multiple = multiple};

    if (group->retries_count > 0 || !try_ack(receiver, group, &ack)) {
        ASSERT(group->retries_count < RECEIVER_EVENTS);
        group->retries[group->retries_count++] = ack;
    }
}

static bool retry_acks(struct receiver *receiver, struct receiver_group *group)
{
    uint32_t done = 0;

    while (done < group->retries_count && try_ack(receiver, group, &group->retries[done])) {
        done++;
    }
    group->retries_count -= done;
    memmove(group->retries, group->retries + done, group->retries_count * sizeof *group->retries);
    return group->retries_count == 0;
}

/* The answer to an ack: usually the oldest one's. Those before it that got none have no latency. */
static void ack_answered(struct receiver *receiver, struct receiver_group *group,
                         const struct event *event)
{
    for (uint32_t i = 0; i < group->ack_times_count; i++) {
        const struct ack_time *time = &group->ack_times[(group->ack_times_head + i) % ACK_TIMES];

        if (time->token == event->token) {
            recorder_sample(
                recorder_cell(receiver->context.recorder, group->flow, receiver->phase_hint),
                SERIES_CONSUME_ACK, event->at_ns - time->at_ns, 0);
            group->ack_times_head = (group->ack_times_head + i + 1) % ACK_TIMES;
            group->ack_times_count -= i + 1;
            return;
        }
    }
}

/* Latencies of a message: from its intended time (where it has one) and from its actual send time,
 * both moved to this agent's clock. */
static int64_t record_latency(struct receiver *receiver, struct receiver_group *group,
                              uint32_t phase, const struct stamp *stamp, int64_t at_ns)
{
    const struct timeline *timeline = receiver->context.timeline;
    uint16_t writer = timeline->writers[stamp->stream];
    int64_t offset_ns =
        atomic_load_explicit(&timeline->writer_offset_ns[writer], memory_order_relaxed);
    int64_t bound_ns =
        atomic_load_explicit(&timeline->writer_bound_ns[writer], memory_order_relaxed);
    struct recorder_cell *cell = recorder_cell(receiver->context.recorder, group->flow, phase);
    bool paced = receiver->context.assignment->phases[phase].loads[group->flow].load == LOAD_RATE;
    int64_t service_ns = at_ns - (stamp->sent_ns - offset_ns);
    int64_t response_ns = at_ns - (receiver->t0_ns + stamp->intended_ns);

    recorder_sample(cell, SERIES_E2E_SERVICE, service_ns, bound_ns);
    if (!paced) {
        return service_ns;
    }
    recorder_sample(cell, SERIES_E2E, response_ns, bound_ns);
    return response_ns;
}

static void take_message(struct receiver *receiver, struct receiver_group *group,
                         const struct event *event)
{
    struct recorder *recorder = receiver->context.recorder;
    struct consumer *consumer = &group->consumers[event->client];
    const struct assigned_flow *flow = group->assigned;
    struct stamp stamp;
    enum stamp_check check =
        stamp_read(event->bytes, event->bytes_count, receiver->context.assignment->tag, &stamp);
    struct counters *counters;
    int64_t latency_ns;

    if (check != STAMP_OK || stamp.stream - flow->stream_first >= flow->streams_count) {
        counters = &recorder_cell(recorder, group->flow, receiver->phase_hint)->counters;
        counters->corrupted += check == STAMP_CORRUPTED ? 1 : 0;
        counters->foreign += check == STAMP_CORRUPTED ? 0 : 1;
        return;
    }
    receiver->phase_hint =
        timeline_phase(receiver->context.timeline, stamp.intended_ns, receiver->phase_hint);
    counters = &recorder_cell(recorder, group->flow, receiver->phase_hint)->counters;
    counters->received++;
    counters->received_bytes += event->bytes_count;
    counters = &recorder_cell(recorder, group->flow, receiver->phase_now)->counters;
    counters->received_now++;
    counters->received_bytes_now += event->bytes_count;
    latency_ns = record_latency(receiver, group, receiver->phase_hint, &stamp, event->at_ns);
    recorder_seen(recorder, consumer->lane + (stamp.stream - flow->stream_first), stamp.sequence);
    recorder_client(recorder, consumer->record_index, event->bytes_count,
                    latency_ns < 0 ? 0 : latency_ns);
}

static void take_event(struct receiver *receiver, struct receiver_group *group,
                       const struct event *event)
{
    const struct delivery *delivery = &group->assigned->delivery;
    struct recorder *recorder = receiver->context.recorder;
    struct counters *counters =
        &recorder_cell(recorder, group->flow, receiver->phase_hint)->counters;

    switch (event->kind) {
    case EVENT_MESSAGE: {
        struct consumer *consumer = &group->consumers[event->client];

        take_message(receiver, group, event);
        if (delivery->consume_ack == CONSUME_ACK_NONE) {
            break;
        }
        consumer->last_token = event->token;
        if (++consumer->unacked >= delivery->consume_ack_batch) {
            consumer->unacked = 0;
            acknowledge(receiver, group, event->token, delivery->consume_ack == CONSUME_ACK_BATCH);
        }
        break;
    }
    case EVENT_CONSUME_ACKED:
        ack_answered(receiver, group, event);
        break;
    case EVENT_DOWN:
        group->consumers[event->client].unacked = 0;
        link_state_event(&group->link, event, recorder, counters);
        break;
    case EVENT_UP:
        link_state_event(&group->link, event, recorder, counters);
        break;
    case EVENT_ERROR:
        counters->errors++;
        recorder_error(recorder, event->text != NULL ? event->text : "unnamed error");
        break;
    default:
        ASSERT(false); /* Outcomes of messages are not for a consuming endpoint. */
        break;
    }
}

bool receiver_poll(struct receiver *receiver, int64_t now_ns)
{
    int64_t t0_ns = atomic_load_explicit(&receiver->context.timeline->t0_ns, memory_order_relaxed);
    bool any = false;

    receiver->t0_ns = 0;
    if (t0_ns != TIMELINE_UNKNOWN_NS) {
        receiver->t0_ns = t0_ns;
        receiver->phase_now =
            timeline_phase(receiver->context.timeline, now_ns - t0_ns, receiver->phase_now);
    }
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];
        uint32_t room = recorder_room(receiver->context.recorder);
        int count;

        if (group->endpoint == NULL || room == 0 || !retry_acks(receiver, group)) {
            continue;
        }
        count = receiver->context.ops->poll(group->endpoint, receiver->events,
                                            room < RECEIVER_EVENTS ? room : RECEIVER_EVENTS);
        for (int e = 0; e < count; e++) {
            take_event(receiver, group, &receiver->events[e]);
        }
        any = any || count > 0;
    }
    return any;
}

void receiver_close(struct receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        if (group->endpoint == NULL) {
            continue;
        }
        for (uint32_t c = 0; c < group->consumers_count; c++) {
            struct consumer *consumer = &group->consumers[c];

            if (consumer->unacked > 0 && !group->link.client_down[c]) {
                struct pending_ack rest = {.token = consumer->last_token, .multiple = true};

                (void)try_ack(receiver, group, &rest);
            }
        }
        receiver->context.ops->close(group->endpoint);
        group->endpoint = NULL;
    }
}

void receiver_reopen(struct receiver *receiver, int64_t now_ns)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        struct receiver_group *group = &receiver->groups[i];

        link_state_reopen(&group->link, receiver->context.ops, group->endpoint, now_ns,
                          receiver->context.recorder);
    }
}

void receiver_account(struct receiver *receiver, struct recorder_state *state)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        link_state_account(&receiver->groups[i].link, receiver->t0_ns, state);
    }
}

bool receiver_watch(const struct receiver *receiver, int epoll_fd)
{
    bool all = true;

    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        int fd = receiver->context.ops->wait_fd(receiver->groups[i].endpoint);
        struct epoll_event event = {.events = EPOLLIN, .data = {.fd = -1}};

        all = all && fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
    }
    return all;
}

bool receiver_is_down(const struct receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->groups_count; i++) {
        if (receiver->groups[i].link.down_count > 0) {
            return true;
        }
    }
    return false;
}
