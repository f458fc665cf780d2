#include "small_delivery.h"

struct assigned_flow small_flow_of(uint32_t subscriptions)
{
    return (struct assigned_flow){.topics_count = 1,
                                  .partitions = 1,
                                  .producers_count = 1,
                                  .subscriptions_count = subscriptions,
                                  .consumers_count = 2,
                                  .streams_count = 1};
}

struct delivery_audit *small_audit_of(const struct assigned_flow *flow)
{
    static const struct assigned_producer producer = {.topic_stride = 1, .topics_count = 1};
    const struct delivery_tables tables = {.flows = flow,
                                           .flows_count = 1,
                                           .phases_count = 1,
                                           .producers = &producer,
                                           .producers_count = 1};
    struct delivery_audit *audit = NULL;

    assert_int_equal(delivery_new(&tables, &audit, NULL), 0);
    return audit;
}

int small_add_sent(struct delivery_audit *audit, uint64_t first, uint64_t last)
{
    struct stream_delta stream = {0};
    struct stream_range range = {.end = last + 1};
    struct snapshot snapshot = {.streams = &stream,
                                .streams_count = 1,
                                .ranges = &range,
                                .ranges_count = 1,
                                .until_ns = INTERVAL_NS};
    int r;

    assert_int_equal(seqruns_add(&stream.acked, first, last), 0);
    r = delivery_add(audit, &snapshot, NULL);
    seqruns_done(&stream.acked);
    return r;
}

int small_add_read(struct delivery_audit *audit, uint32_t subscription, int which, uint64_t first,
                   uint64_t last)
{
    struct reading_delta reading = {.subscription = subscription};
    struct seqruns *const lists[] = {&reading.seen, &reading.again, &reading.out_of_order};
    struct snapshot snapshot = {.readings = &reading, .readings_count = 1};
    int r;

    assert_int_equal(seqruns_add(lists[which], first, last), 0);
    r = delivery_add(audit, &snapshot, NULL);
    seqruns_done(lists[which]);
    return r;
}

struct delivery_counts small_count_all(const struct delivery_audit *audit)
{
    static const uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX];
    const struct delivery_end end = {.ended_ns = 100 * INTERVAL_NS, .unaccounted = unaccounted};
    const struct delivery_question all = {DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL,
                                          DELIVERY_ALL};
    struct delivery_counts counts = {0};

    delivery_count(audit, &all, &end, &counts);
    return counts;
}
