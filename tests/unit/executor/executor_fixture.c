#include "executor_fixture.h"

#include <stdio.h>
#include <string.h>

void fixture_init(struct fixture *fixture)
{
    struct assignment *assignment = &fixture->assignment;

    memset(fixture, 0, sizeof *fixture);
    fixture->flows[0] = (struct assigned_flow){
        .name = "main",
        .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
        .delivery = {.publish_ack = PUBLISH_ACK_ALL, .in_flight = 10, .consume_ack_batch = 1},
        .topics_count = 1,
        .partitions = 1,
        .subscriptions_count = 1};
    (void)snprintf(fixture->topics[0].name, sizeof fixture->topics[0].name, "topic");
    *assignment = (struct assignment){.run_id = "run",
                                      .tag = 77,
                                      .seed = 1,
                                      .workers_count = 1,
                                      .topics_owner = true,
                                      .flows = fixture->flows,
                                      .flows_count = 1,
                                      .topics = fixture->topics,
                                      .topics_count = 1,
                                      .phases = fixture->phases,
                                      .points = fixture->points,
                                      .points_count = 2,
                                      .producers = fixture->producers,
                                      .consumers = fixture->consumers,
                                      .writers = fixture->writers};
}

struct assigned_phase *fixture_phase(struct fixture *fixture, enum load load, struct rate rate,
                                     int64_t duration_ns)
{
    struct assigned_phase *phase = &fixture->phases[fixture->assignment.phases_count++];

    assert_true(fixture->assignment.phases_count <= FIXTURE_PHASES);
    phase->duration_ns = duration_ns;
    phase->loads[0] = (struct phase_load){.load = load, .rate = rate};
    return phase;
}

void fixture_producer(struct fixture *fixture)
{
    struct assignment *assignment = &fixture->assignment;
    struct assigned_flow *flow = &fixture->flows[0];
    uint32_t index = assignment->producers_count++;
    uint32_t streams = flow->topics_count * flow->partitions;

    assert_true(index < FIXTURE_CLIENTS);
    fixture->producers[index] = (struct assigned_producer){.client = index,
                                                           .index = index,
                                                           .stream_first = index * streams,
                                                           .topic_stride = 1,
                                                           .topics_count = flow->topics_count};
    flow->producers_count++;
    flow->streams_count += streams;
    assignment->writers_count = 1;
    fixture->writers[0] = (struct assigned_writer){.streams_count = flow->streams_count};
}

void fixture_consumer(struct fixture *fixture, uint32_t subscription)
{
    struct assignment *assignment = &fixture->assignment;
    struct assigned_flow *flow = &fixture->flows[0];
    uint32_t index = assignment->consumers_count++;

    assert_true(index < FIXTURE_CLIENTS);
    fixture->consumers[index] = (struct assigned_consumer){.client = 1000 + index,
                                                           .subscription = subscription,
                                                           .index = index,
                                                           .topic_stride = 1,
                                                           .topics_count = flow->topics_count,
                                                           .shares_count = 1};
    flow->consumers_count = 1;
    if (subscription >= flow->subscriptions_count) {
        flow->subscriptions_count = subscription + 1;
    }
}
