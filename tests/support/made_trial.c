#include "made_trial.h"

#include "made_trial_parts.h"

#include "invariant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENDING_INTERVALS (MADE_INTERVALS - 2)

static uint32_t below(struct random *random, uint32_t end)
{
    return (uint32_t)(random_next(random) % end);
}

static bool chance(struct random *random, double share)
{
    return random_unit(random) < share;
}

static void *zeros(size_t count, size_t item_bytes)
{
    void *list = calloc(count + 1, item_bytes);

    ASSERT(list != NULL);
    return list;
}

struct made_options made_options_random(uint64_t seed)
{
    struct random random;
    struct made_options options;

    random_seed(&random, seed);
    options = (struct made_options){.agents_count = 1 + below(&random, 4),
                                    .flows_count = 1 + below(&random, 3),
                                    .topics_count = 1 + below(&random, 3),
                                    .partitions = 1 + below(&random, 3),
                                    .producers_count = 1 + below(&random, 4),
                                    .subscriptions_count = 1 + below(&random, 3),
                                    .consumers_count = below(&random, 4),
                                    .phases_count = 1 + below(&random, SENDING_INTERVALS),
                                    .messages = 1 + below(&random, 30),
                                    .ttl_ns = below(&random, 3) == 0 ? 3 * INTERVAL_NS : 0,
                                    .refused = random_unit(&random) / 5,
                                    .unconfirmed = random_unit(&random) / 5,
                                    .lost = random_unit(&random) / 3,
                                    .again = random_unit(&random) / 3,
                                    .late = random_unit(&random) / 3,
                                    .agent_lost = below(&random, 8),
                                    .lost_after = below(&random, MADE_INTERVALS),
                                    .seed = seed};
    options.apart = options.agents_count > 1 && below(&random, 2) == 0;
    return options;
}

static void make_flows(struct made_trial *made)
{
    const struct made_options *o = &made->options;
    struct entry_trial *entry = &made->entry;

    entry->flows_count = o->flows_count;
    entry->flows = zeros(o->flows_count, sizeof *entry->flows);
    entry->topics_count = o->flows_count * o->topics_count;
    entry->topics = zeros(entry->topics_count, sizeof *entry->topics);
    for (uint32_t f = 0; f < o->flows_count; f++) {
        struct assigned_flow *flow = &entry->flows[f];

        (void)snprintf(flow->name, sizeof flow->name, "flow-%u", f);
        flow->message = (struct message_shape){.sizes = {{100, 100, 1}}, .sizes_count = 1};
        flow->delivery = (struct delivery){.publish_ack = PUBLISH_ACK_ALL,
                                           .in_flight = 100,
                                           .consume_ack_batch = 1,
                                           .ttl_ns = o->ttl_ns};
        flow->topic_first = f * o->topics_count;
        flow->topics_count = o->topics_count;
        flow->partitions = o->partitions;
        flow->producers_count = o->producers_count;
        flow->subscriptions_count = o->subscriptions_count;
        flow->consumers_count = o->consumers_count;
        /* Every producer writes all topics. */
        flow->streams_count = o->producers_count * o->topics_count * o->partitions;
        flow->stream_first = f * flow->streams_count;
        for (uint32_t t = 0; t < o->topics_count; t++) {
            struct assigned_topic *topic = &entry->topics[flow->topic_first + t];

            (void)snprintf(topic->name, sizeof topic->name, "topic-%u-%u", f, t);
            topic->flow = f;
        }
    }
}

static void make_phases(struct made_trial *made)
{
    struct entry_trial *entry = &made->entry;

    entry->phases_count = made->options.phases_count;
    entry->phases = zeros(entry->phases_count, sizeof *entry->phases);
    for (uint32_t p = 0; p < entry->phases_count; p++) {
        struct assigned_phase *phase = &entry->phases[p];
        bool last = p + 1 == entry->phases_count;

        (void)snprintf(phase->name, sizeof phase->name, "phase-%u", p);
        phase->duration_ns = last ? (MADE_INTERVALS - p) * INTERVAL_NS : INTERVAL_NS;
        phase->measured = p > 0 || last;
        for (uint32_t f = 0; f < entry->flows_count; f++) {
            phase->loads[f] = (struct phase_load){.load = LOAD_RATE, .rate = {100, 1000000000}};
        }
    }
}

static void make_clients(struct made_trial *made)
{
    const struct made_options *o = &made->options;
    struct entry_trial *entry = &made->entry;
    uint32_t readers = o->subscriptions_count * o->consumers_count;
    uint32_t client = 0;

    entry->producers_count = o->flows_count * o->producers_count;
    entry->consumers_count = o->flows_count * readers;
    entry->producers = zeros(entry->producers_count, sizeof *entry->producers);
    entry->consumers = zeros(entry->consumers_count, sizeof *entry->consumers);
    entry->producer_agents = zeros(entry->producers_count, sizeof *entry->producer_agents);
    entry->consumer_agents = zeros(entry->consumers_count, sizeof *entry->consumer_agents);
    for (uint32_t i = 0; i < entry->producers_count; i++) {
        uint32_t flow = i / o->producers_count;

        entry->producers[i] =
            (struct assigned_producer){.client = client++,
                                       .flow = flow,
                                       .index = i % o->producers_count,
                                       .stream_first = i * o->topics_count * o->partitions,
                                       .topic_stride = 1,
                                       .topics_count = o->topics_count};
        entry->producer_agents[i] = o->apart ? 0 : below(&made->random, o->agents_count);
    }
    for (uint32_t i = 0; i < entry->consumers_count; i++) {
        entry->consumers[i] =
            (struct assigned_consumer){.client = client++,
                                       .flow = i / readers,
                                       .subscription = i % readers / o->consumers_count,
                                       .index = i % o->consumers_count,
                                       .topic_stride = 1,
                                       .topics_count = o->topics_count,
                                       .share_index = i % o->consumers_count,
                                       .shares_count = o->consumers_count};
        entry->consumer_agents[i] = o->apart ? 1 + below(&made->random, o->agents_count - 1)
                                             : below(&made->random, o->agents_count);
    }
}

static void send_one(struct made_trial *made, uint32_t producer, uint32_t interval, uint64_t *next)
{
    const struct made_options *o = &made->options;
    struct made_message *message = &made->messages[made->messages_count++];
    double outcome = random_unit(&made->random);

    message->producer = producer;
    message->topic = below(&made->random, o->topics_count);
    message->partition = below(&made->random, o->partitions);
    message->stream = made->entry.producers[producer].stream_first +
                      message->topic * o->partitions + message->partition;
    message->seq = next[message->stream]++;
    message->phase = interval < o->phases_count ? interval : o->phases_count - 1;
    message->sent_interval = interval;
    message->outcome_interval = interval + below(&made->random, MADE_INTERVALS - interval);
    message->outcome = outcome < o->refused                    ? MADE_REFUSED
                       : outcome < o->refused + o->unconfirmed ? MADE_UNCONFIRMED
                                                               : MADE_ACKED;
}

static void send_all(struct made_trial *made)
{
    uint32_t streams = made->entry.flows_count * made->entry.flows[0].streams_count;
    uint64_t *next = zeros(streams, sizeof *next);

    made->messages =
        zeros((size_t)made->entry.producers_count * SENDING_INTERVALS * made->options.messages,
              sizeof *made->messages);
    for (uint32_t interval = 0; interval < SENDING_INTERVALS; interval++) {
        for (uint32_t producer = 0; producer < made->entry.producers_count; producer++) {
            for (uint32_t i = 0; i < made->options.messages; i++) {
                send_one(made, producer, interval, next);
            }
        }
    }
    free(next);
}

static void deliver_one(struct made_trial *made, uint32_t message, uint32_t subscription,
                        uint32_t copy)
{
    const struct made_options *o = &made->options;
    const struct made_message *of = &made->messages[message];
    uint32_t flow = made->entry.producers[of->producer].flow;
    uint32_t late = copy > 0 || chance(&made->random, o->late)
                        ? below(&made->random, MADE_INTERVALS - of->sent_interval)
                        : 0;
    /* A partition has a consumer of its own, which a copy need not go to. */
    uint32_t consumer = copy > 0 ? below(&made->random, o->consumers_count)
                                 : (of->topic * o->partitions + of->partition) % o->consumers_count;

    made->deliveries[made->deliveries_count++] = (struct made_delivery){
        .message = message,
        .consumer = (flow * o->subscriptions_count + subscription) * o->consumers_count + consumer,
        .interval = of->sent_interval + late,
        .order = late > 0 ? below(&made->random, 1000000) : (uint32_t)of->seq,
        .latency_ns = 1 + (int64_t)(random_next(&made->random) >> (20 + below(&made->random, 30)))};
    if (o->latency_ns_max > 0) {
        made->deliveries[made->deliveries_count - 1].latency_ns %= o->latency_ns_max;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct made_delivery *x = a;
    const struct made_delivery *y = b;

    if (x->interval != y->interval) {
        return x->interval < y->interval ? -1 : 1;
    }
    if (x->order != y->order) {
        return x->order < y->order ? -1 : 1;
    }
    return x->message < y->message ? -1 : x->message > y->message;
}

static void deliver_all(struct made_trial *made)
{
    const struct made_options *o = &made->options;
    size_t deliveries_max = (size_t)made->messages_count * o->subscriptions_count * 3;

    made->deliveries = zeros(deliveries_max, sizeof *made->deliveries);
    for (uint32_t m = 0; o->consumers_count > 0 && m < made->messages_count; m++) {
        bool refused = made->messages[m].outcome == MADE_REFUSED;

        for (uint32_t s = 0; s < o->subscriptions_count; s++) {
            /* What was refused rarely arrives, but a broker may do that. */
            if (chance(&made->random, refused ? 0.9 : o->lost)) {
                continue;
            }
            for (uint32_t copy = 0; copy < 3 && (copy == 0 || chance(&made->random, o->again));
                 copy++) {
                deliver_one(made, m, s, copy);
            }
        }
    }
    qsort(made->deliveries, made->deliveries_count, sizeof *made->deliveries, by_time);
}

struct made_trial *made_trial_new(const struct made_options *options)
{
    struct made_trial *made = zeros(1, sizeof *made);

    ASSERT(options->phases_count > 0 && options->phases_count <= SENDING_INTERVALS);
    made->options = *options;
    random_seed(&made->random, options->seed);
    made->entry.agents_count = options->agents_count;
    make_flows(made);
    make_phases(made);
    make_clients(made);
    send_all(made);
    deliver_all(made);
    made_report(made);
    made_settle(made);
    return made;
}

void made_trial_free(struct made_trial *made)
{
    for (uint32_t i = 0; i < made->entry.agents_count * MADE_INTERVALS; i++) {
        snapshot_done(&made->snapshots[i]);
    }
    entry_trial_done(&made->entry);
    free(made->snapshots);
    free(made->messages);
    free(made->deliveries);
    free(made->arrivals);
    free(made);
}

struct delivery_tables made_tables(const struct made_trial *made)
{
    return (struct delivery_tables){.flows = made->entry.flows,
                                    .flows_count = made->entry.flows_count,
                                    .phases_count = made->entry.phases_count,
                                    .producers = made->entry.producers,
                                    .producers_count = made->entry.producers_count};
}

uint32_t made_reported(const struct made_trial *made, uint32_t agent)
{
    return agent == made->options.agent_lost ? made->options.lost_after : MADE_INTERVALS;
}

struct snapshot **made_shuffle(struct made_trial *made, uint32_t *ret_count)
{
    uint32_t agents = made->entry.agents_count;
    struct snapshot **list = zeros((size_t)agents * MADE_INTERVALS, sizeof(struct snapshot *));
    uint32_t taken[AGENTS_MAX] = {0};
    uint32_t left = 0;

    *ret_count = 0;
    for (uint32_t a = 0; a < agents; a++) {
        left += made_reported(made, a);
    }
    while (left > 0) {
        uint32_t agent = below(&made->random, agents);

        if (taken[agent] < made_reported(made, agent)) {
            list[(*ret_count)++] = &made->snapshots[agent * MADE_INTERVALS + taken[agent]++];
            left--;
        }
    }
    return list;
}

void made_unaccounted(const struct made_trial *made, uint8_t *ret)
{
    memset(ret, 0, (size_t)FLOWS_MAX * SUBSCRIPTIONS_MAX);
    for (uint32_t i = 0; i < made->entry.consumers_count; i++) {
        if (made->entry.consumer_agents[i] == made->options.agent_lost) {
            ret[made->entry.consumers[i].flow * SUBSCRIPTIONS_MAX +
                made->entry.consumers[i].subscription] = 1;
        }
    }
}
