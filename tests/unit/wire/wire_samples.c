#include "wire_samples.h"

#include "invariant.h"

#include <stdlib.h>
#include <string.h>

void sample_snapshot(struct random *random, struct snapshot *ret)
{
    memset(ret, 0, sizeof *ret);
    record_sample(random, &snapshot_record, ret);
    record_sample(random, &request_head_record, &ret->head);
    ret->agent = ret->head.agent;
}

void sample_command(struct random *random, enum command_kind kind, struct command *ret)
{
    memset(ret, 0, sizeof *ret);
    do {
        record_done(&command_record, ret);
        record_sample(random, &command_record, ret);
    } while (ret->kind != kind);
    if (ret->assignment != NULL) {
        assignment_done(ret->assignment);
        sample_assignment(random, ret->assignment);
    }
}

/* Each producer has one topic of the flow, each consumer of a subscription all of them. */
static void lay_out_flow(struct random *random, struct assignment *a, uint32_t index)
{
    struct assigned_flow *flow = &a->flows[index];

    flow->topic_first = index == 0 ? 0 : flow[-1].topic_first + flow[-1].topics_count;
    flow->topics_count = 1 + sample_below(random, 4);
    flow->partitions = 1 + sample_below(random, 4);
    flow->producers_count = flow->topics_count;
    flow->subscriptions_count = 1 + sample_below(random, 3);
    flow->consumers_count = 1 + sample_below(random, 3);
    flow->stream_first = index == 0 ? 0 : flow[-1].stream_first + flow[-1].streams_count;
    flow->streams_count = flow->topics_count * flow->partitions;
    a->topics_count += flow->topics_count;
    a->producers_count += flow->producers_count;
    a->consumers_count += flow->subscriptions_count * flow->consumers_count;
}

static void fill_topics(struct random *random, struct assignment *a)
{
    for (uint32_t f = 0; f < a->flows_count; f++) {
        for (uint32_t i = 0; i < a->flows[f].topics_count; i++) {
            struct assigned_topic *topic = &a->topics[a->flows[f].topic_first + i];

            record_sample(random, &assigned_topic_record, topic);
            topic->flow = f;
        }
    }
}

static void fill_producers(struct random *random, struct assignment *a, uint32_t *client)
{
    uint32_t at = 0;

    for (uint32_t f = 0; f < a->flows_count; f++) {
        for (uint32_t i = 0; i < a->flows[f].producers_count; i++) {
            a->producers[at++] = (struct assigned_producer){
                .client = (*client)++,
                .flow = f,
                .index = i,
                .worker = sample_below(random, a->workers_count),
                .stream_first = a->flows[f].stream_first + i * a->flows[f].partitions,
                .topic_first = i,
                .topic_stride = (uint32_t)sample_number(random),
                .topics_count = 1,
            };
        }
    }
}

static void fill_consumers(struct random *random, struct assignment *a, uint32_t *client)
{
    uint32_t at = 0;

    for (uint32_t f = 0; f < a->flows_count; f++) {
        const struct assigned_flow *flow = &a->flows[f];

        for (uint32_t i = 0; i < flow->subscriptions_count * flow->consumers_count; i++) {
            a->consumers[at++] = (struct assigned_consumer){
                .client = (*client)++,
                .flow = f,
                .subscription = i / flow->consumers_count,
                .index = i % flow->consumers_count,
                .worker = sample_below(random, a->workers_count),
                .topic_stride = 1,
                .topics_count = flow->topics_count,
                .share_index = i % flow->consumers_count,
                .shares_count = flow->consumers_count,
            };
        }
    }
}

/* Each phase's curve takes the points that those before left. */
static void fill_curves(struct random *random, struct assignment *a)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < a->phases_count; i++) {
        struct assigned_phase *phase = &a->phases[i];

        phase->duration_ns = 1 + phase->duration_ns / 8; /* They are added up. */
        phase->curve_first = at;
        phase->curve_count = sample_below(random, a->points_count - at + 1);
        for (uint32_t p = 0; p < phase->curve_count; p++, at++) {
            a->points[at] =
                (struct curve_point){p * INT64_C(1000000007), 1 + sample_below(random, 1000000000)};
        }
    }
}

/* The lists that belong together are made anew. */
static void empty_lists(struct assignment *a)
{
    free(a->topics);
    free(a->producers);
    free(a->consumers);
    free(a->writers);
    a->topics_count = 0;
    a->producers_count = 0;
    a->consumers_count = 0;
}

void sample_assignment(struct random *random, struct assignment *ret)
{
    struct assignment *a = ret;
    uint32_t client = 0;

    memset(a, 0, sizeof *a);
    record_sample(random, &assignment_record, a);
    empty_lists(a);
    for (uint32_t i = 0; i < a->flows_count; i++) {
        lay_out_flow(random, a, i);
    }
    fill_curves(random, a);
    a->topics = sample_zeros(a->topics_count, sizeof *a->topics);
    fill_topics(random, a);
    a->producers = sample_zeros(a->producers_count, sizeof *a->producers);
    fill_producers(random, a, &client);
    a->consumers = sample_zeros(a->consumers_count, sizeof *a->consumers);
    fill_consumers(random, a, &client);
    a->writers_count = a->flows_count;
    a->writers = sample_zeros(a->writers_count, sizeof *a->writers);
    for (uint32_t f = 0; f < a->flows_count; f++) {
        a->writers[f] = (struct assigned_writer){
            a->flows[f].stream_first, a->flows[f].streams_count, sample_below(random, AGENTS_MAX)};
    }
}
