#include "assignment.h"
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A valid assignment of two flows that uses every table; each test breaks one thing of it. Flow 0:
 * 4 topics of 2 partitions, written by 2 producers (each 2 topics, so 8 streams); flow 1: 1 topic.
 */
#define FLOWS 2
#define TOPICS 5

static void name_topics(struct assignment *a)
{
    for (uint32_t i = 0; i < TOPICS; i++) {
        (void)snprintf(a->topics[i].name, sizeof a->topics[i].name, "millrace-run-%u", i);
        a->topics[i].flow = i < 4 ? 0 : 1;
    }
}

static void fill_flows(struct assignment *a)
{
    const struct delivery delivery = {.publish_ack = PUBLISH_ACK_ALL,
                                      .in_flight = 1000,
                                      .consume_ack = CONSUME_ACK_BATCH,
                                      .consume_ack_batch = 100,
                                      .persistent = true};

    a->flows[0] = (struct assigned_flow){
        .name = "orders",
        .message = {.sizes = {{256, 256, 70}, {4096, 65536, 30}}, .sizes_count = 2},
        .delivery = delivery,
        .topics_count = 4,
        .partitions = 2,
        .producers_count = 2,
        .subscriptions_count = 2,
        .consumers_count = 2,
        .streams_count = 8};
    a->flows[1] =
        (struct assigned_flow){.name = "exports",
                               .message = {.sizes = {{MESSAGE_BYTES_MIN, MESSAGE_BYTES_MIN, 1}},
                                           .sizes_count = 1,
                                           .payload = PAYLOAD_ZEROS},
                               .delivery = {.in_flight = 1, .consume_ack_batch = 1},
                               .topic_first = 4,
                               .topics_count = 1,
                               .partitions = 1,
                               .producers_count = 1,
                               .stream_first = 8,
                               .streams_count = 1};
}

static void fill_phases(struct assignment *a)
{
    const struct phase_load load = {.load = LOAD_RATE, .rate = {20000, 1000000000}};

    a->phases[0] = (struct assigned_phase){.name = "steady", .duration_ns = 30000000000};
    a->phases[0].loads[0] = load;
    a->phases[0].loads[1].load = LOAD_MAX;
    a->phases[1] = (struct assigned_phase){
        .name = "drain", .duration_ns = 30000000000, .until_drained = true, .implied = true};
}

static void fill_clients(struct assignment *a)
{
    a->producers[0] =
        (struct assigned_producer){.client = 0, .worker = 0, .topic_stride = 2, .topics_count = 2};
    a->producers[1] = (struct assigned_producer){.client = 1,
                                                 .index = 1,
                                                 .worker = 1,
                                                 .stream_first = 4,
                                                 .topic_first = 1,
                                                 .topic_stride = 2,
                                                 .topics_count = 2};
    a->consumers[0] = (struct assigned_consumer){.client = 3,
                                                 .subscription = 1,
                                                 .index = 1,
                                                 .worker = 1,
                                                 .topic_stride = 1,
                                                 .topics_count = 4,
                                                 .share_index = 1,
                                                 .shares_count = 2};
    a->writers[0] = (struct assigned_writer){.streams_count = 8};
    a->writers[1] = (struct assigned_writer){.stream_first = 8, .streams_count = 1, .agent = 1};
}

static void *zeros(uint32_t count, size_t bytes)
{
    void *list = calloc(count, bytes);

    assert_non_null(list);
    return list;
}

static void make(struct assignment *a)
{
    *a = (struct assignment){
        .run_id = "r1",
        .workers_count = 2,
        .target = {.label = strdup("m"), .backend = strdup("memory")},
        .flows = zeros(FLOWS, sizeof *a->flows),
        .flows_count = FLOWS,
        .topics = zeros(TOPICS, sizeof *a->topics),
        .topics_count = TOPICS,
        .phases = zeros(2, sizeof *a->phases),
        .phases_count = 2,
        .producers = zeros(2, sizeof *a->producers),
        .producers_count = 2,
        .consumers = zeros(1, sizeof *a->consumers),
        .consumers_count = 1,
        .writers = zeros(2, sizeof *a->writers),
        .writers_count = 2,
    };
    name_topics(a);
    fill_flows(a);
    fill_phases(a);
    fill_clients(a);
}

/* Sets one field of a valid assignment; it must be refused with a sentence that names the field. */
#define REFUSES(field, value, word)                                                                \
    do {                                                                                           \
        struct assignment broken;                                                                  \
        struct errinfo error = {0};                                                                \
                                                                                                   \
        make(&broken);                                                                             \
        broken.field = (value);                                                                    \
        assert_int_equal(assignment_check(&broken, &error), -EBADMSG);                             \
        assert_non_null(strstr(error.text, word));                                                 \
        assert_int_equal(assignment_check(&broken, NULL), -EBADMSG);                               \
        assignment_done(&broken);                                                                  \
    } while (0)

#define TAKES(field, value)                                                                        \
    do {                                                                                           \
        struct assignment changed;                                                                 \
        struct errinfo error = {0};                                                                \
                                                                                                   \
        make(&changed);                                                                            \
        changed.field = (value);                                                                   \
        assert_int_equal(assignment_check(&changed, &error), 0);                                   \
        assignment_done(&changed);                                                                 \
    } while (0)

static void assignment_check_takes_a_valid_assignment(void **state)
{
    struct assignment a;
    struct errinfo error = {0};

    (void)state;
    make(&a);
    assert_int_equal(assignment_check(&a, &error), 0);
    a.producers_count = 0; /* An agent may have nothing to do but own the topics. */
    a.consumers_count = 0;
    a.writers_count = 0;
    assert_int_equal(assignment_check(&a, &error), 0);
    assignment_done(&a);
}

/* Ranges of single values are those of the tables (tests/unit/wire/test_wire_tables.c): one of each
 * level shows that they are looked at. */
static void assignment_check_refuses_what_the_tables_forbid(void **state)
{
    (void)state;
    TAKES(workers_count, WORKERS_MAX);
    TAKES(flows[0].message.sizes[0].weight, MESSAGE_WEIGHT_MAX);
    REFUSES(run_id[0], '\0', "run_id is empty");
    REFUSES(workers_count, WORKERS_MAX + 1, "workers_count is 1025 (1 to 1024)");
    REFUSES(flows_count, 0, "flows has 0 items (1 to 16)");
    REFUSES(flows[1].name[0], '\0', "flows[1].name is empty");
    REFUSES(flows[0].message.sizes[1].weight, 0, "flows[0].message.sizes[1].weight is 0 (1 to");
    REFUSES(flows[0].message.keys.count, KEYS_MAX + 1, "flows[0].message.keys.count");
    REFUSES(phases[0].loads[1].load, (enum load)77, "phases[0].loads[1].load has no known value");
    REFUSES(phases[1].duration_ns, -5, "phases[1].duration_ns is -5");
}

static void assignment_check_refuses_what_does_not_go_together(void **state)
{
    (void)state;
    TAKES(flows[1].subscriptions_count, SUBSCRIPTIONS_MAX);
    TAKES(flows[1].streams_count, STREAMS_MAX - 8);
    TAKES(phases[0].loads[0].rate, ((struct rate){100000000, 1000000000}));
    TAKES(phases[0].consume, ((struct phase_consume){.pace = CONSUME_PAUSED}));
    TAKES(phases[0].consume, ((struct phase_consume){.pace = CONSUME_THINK, .think_ns = 1}));
    REFUSES(flows[0].message.sizes[1].bytes_max, 4095, "sizes[1].bytes_max is below bytes_min");
    REFUSES(flows[1].message.compressible_millis, 1, "message.compressible_millis");
    REFUSES(flows[1].delivery.consume_ack_batch, 2, "delivery.consume_ack_batch");
    REFUSES(flows[1].topics_count, 2, "topics_count");
    REFUSES(flows[1].streams_count, STREAMS_MAX - 7, "streams_count");
    REFUSES(flows[1].stream_first, 7, "stream_first");
    REFUSES(flows[1].stream_first, 9, "stream_first"); /* Tables have no room for gaps. */
    REFUSES(flows[0].consumers_count, CLIENTS_MAX / 2, "clients");
    REFUSES(topics[2].flow, 1, "topic_first");
    REFUSES(topics[2].flow, FLOWS, "topics[2].flow");
}

static void assignment_check_refuses_more_readings_than_a_trial_may_have(void **state)
{
    struct assignment a;
    struct errinfo error = {0};

    (void)state;
    make(&a);
    a.flows[1].streams_count = STREAMS_MAX / 2;
    a.flows[1].subscriptions_count = 9;
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "subscriptions"));
    assignment_done(&a);
}

static void assignment_check_refuses_phases_that_can_not_be(void **state)
{
    (void)state;
    REFUSES(phases[1].duration_ns, INT64_MAX / 2, "phases[1].duration_ns"); /* With the first. */
    REFUSES(phases[0].loads[0].rate, ((struct rate){0, 1000}), "phases[0].loads[0].rate");
    REFUSES(phases[0].loads[0].rate, ((struct rate){1000, 0}), "phases[0].loads[0].rate");
    REFUSES(phases[0].loads[0].rate, ((struct rate){2, 1}), "phases[0].loads[0].rate");
    REFUSES(phases[1].messages, 1, "phases[1].messages"); /* It ends when it is drained. */
    REFUSES(phases[0].consume, ((struct phase_consume){.pace = CONSUME_RATE}), "consume.rate");
    REFUSES(phases[0].consume, ((struct phase_consume){.pace = CONSUME_THINK}), "think_ns");
    REFUSES(phases[0].curve_count, 1, "curve_first");
}

static void assignment_check_refuses_producers_out_of_range(void **state)
{
    (void)state;
    REFUSES(producers[0].flow, FLOWS, "producers[0].flow");
    REFUSES(producers[1].index, 2, "producers[1].index");
    REFUSES(producers[1].worker, 2, "producers[1].worker");
    REFUSES(producers[1].client, 0, "producers[1].client");
    REFUSES(producers[1].client, 7, "producers[1].client"); /* 3 producers and 4 consumers. */
    REFUSES(producers[0].topics_count, 0, "topics_count");
    REFUSES(producers[0].topics_count, 3, "topic_first");
    REFUSES(producers[0].topics_count, UINT32_MAX, "topics_count");
    REFUSES(producers[0].topic_stride, 0, "topic_stride");
    REFUSES(producers[0].topic_stride, UINT32_MAX, "topic_first");
    REFUSES(producers[0].topic_first, UINT32_MAX, "topic_first");
    REFUSES(producers[1].stream_first, 5, "stream_first");
    REFUSES(producers[1].stream_first, UINT32_MAX - 1, "stream_first");
    REFUSES(producers[1].stream_first, 3, "streams of another producer");
}

static void assignment_check_refuses_consumers_and_writers_out_of_range(void **state)
{
    (void)state;
    REFUSES(consumers[0].flow, UINT32_MAX, "consumers[0].flow");
    REFUSES(consumers[0].flow, 1, "consumers[0].subscription"); /* That flow has none. */
    REFUSES(consumers[0].subscription, 2, "subscription");
    REFUSES(consumers[0].index, 2, "index");
    REFUSES(consumers[0].worker, 2, "worker");
    REFUSES(consumers[0].client, 1, "client");
    REFUSES(consumers[0].topics_count, 5, "topic_first");
    REFUSES(consumers[0].topic_first, 1, "topic_first");
    REFUSES(consumers[0].shares_count, 0, "shares_count");
    REFUSES(consumers[0].shares_count, 3, "shares_count");
    REFUSES(consumers[0].share_index, 2, "share_index");
    REFUSES(writers[1].agent, AGENTS_MAX, "writers[1].agent");
    REFUSES(writers[1].stream_first, 7, "writers[1].stream_first");
    REFUSES(writers[1].streams_count, UINT32_MAX, "writers[1].streams_count");
    REFUSES(writers[1].stream_first, 9, "writers[1].stream_first"); /* Of no flow. */
    REFUSES(writers[1].streams_count, 2, "writers[1].stream_first");
}

static void assignment_check_refuses_names_without_an_end(void **state)
{
    struct assignment a;
    struct errinfo error = {0};

    (void)state;
    make(&a);
    memset(a.flows[0].name, 'x', sizeof a.flows[0].name);
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "flows[0].name"));
    assignment_done(&a);
}

static void assignment_check_refuses_lists_that_are_not_there(void **state)
{
    struct assignment a;
    struct errinfo error = {0};

    (void)state;
    make(&a);
    free(a.producers);
    a.producers = NULL;
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "producers"));
    assignment_done(&a);
    make(&a);
    free(a.target.backend);
    a.target.backend = NULL;
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    assert_non_null(strstr(error.text, "backend"));
    assignment_done(&a);
}

/* What the check is for: no stream or topic that a checked client computes lies outside. */
static void assigned_streams_and_topics_are_distinct_and_within_bounds(void **state)
{
    struct assignment a;
    uint32_t written[8] = {0};

    (void)state;
    make(&a);
    assert_int_equal(assignment_check(&a, NULL), 0);
    for (uint32_t p = 0; p < a.producers_count; p++) {
        const struct assigned_producer *producer = &a.producers[p];
        const struct assigned_flow *flow = &a.flows[producer->flow];

        for (uint32_t ordinal = 0; ordinal < producer->topics_count; ordinal++) {
            uint32_t topic =
                assigned_topic_index(flow, producer->topic_first, producer->topic_stride, ordinal);

            assert_int_equal(topic, p + 2 * ordinal);
            for (uint32_t partition = 0; partition < flow->partitions; partition++) {
                written[producer->stream_first + ordinal * flow->partitions + partition]++;
            }
        }
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(written[i], 1);
    }
    assert_int_equal(assigned_topic_index(&a.flows[1], 0, 0, 0), 4);
    assignment_done(&a);
}

static void a_curve_begins_at_the_start_and_rises_in_time(void **state)
{
    struct assignment a;
    struct errinfo error = {0};
    struct assigned_phase *phase;
    struct curve_point *points;

    (void)state;
    make(&a);
    phase = &a.phases[0];
    a.points = zeros(3, sizeof *a.points);
    a.points_count = 3;
    points = &a.points[1];
    points[0] = (struct curve_point){0, 0};
    points[1] = (struct curve_point){5, 1000000};
    phase->curve_first = 1;
    phase->curve_count = 2;
    assert_int_equal(assignment_check(&a, &error), 0);
    points[0].at_ns = 1;
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    points[0].at_ns = 0;
    points[1].at_ns = 0;
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    points[1] = (struct curve_point){5, UINT64_C(100000000000001)};
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    points[1] = (struct curve_point){5, 0};
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    assert_string_equal(error.text, "assignment: phases[0].curve is zero");
    phase->curve_first = 2;
    assert_int_equal(assignment_check(&a, &error), -EBADMSG);
    assert_string_equal(error.text, "assignment: phases[0].curve_first reaches beyond its list");
    assignment_done(&a);
}

static void producers_share_a_number_of_messages(void **state)
{
    struct assigned_phase phase = {.messages = 10};

    (void)state;
    assert_int_equal(assigned_share(&phase, 4, 0), 3);
    assert_int_equal(assigned_share(&phase, 4, 1), 3);
    assert_int_equal(assigned_share(&phase, 4, 2), 2);
    assert_int_equal(assigned_share(&phase, 4, 3), 2);
    assert_int_equal(assigned_share(&phase, 20, 10), 0);
    phase.messages = 0;
    assert_true(assigned_share(&phase, 4, 3) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assignment_check_takes_a_valid_assignment),
        cmocka_unit_test(assignment_check_refuses_what_the_tables_forbid),
        cmocka_unit_test(assignment_check_refuses_what_does_not_go_together),
        cmocka_unit_test(assignment_check_refuses_more_readings_than_a_trial_may_have),
        cmocka_unit_test(assignment_check_refuses_phases_that_can_not_be),
        cmocka_unit_test(assignment_check_refuses_producers_out_of_range),
        cmocka_unit_test(assignment_check_refuses_consumers_and_writers_out_of_range),
        cmocka_unit_test(assignment_check_refuses_names_without_an_end),
        cmocka_unit_test(assignment_check_refuses_lists_that_are_not_there),
        cmocka_unit_test(assigned_streams_and_topics_are_distinct_and_within_bounds),
        cmocka_unit_test(a_curve_begins_at_the_start_and_rises_in_time),
        cmocka_unit_test(producers_share_a_number_of_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
