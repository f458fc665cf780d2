#include "rig.h"

#include <stdlib.h>
#include <string.h>

void rig_begin(struct rig *rig, uint32_t producers, enum load load, struct rate rate)
{
    memset(rig, 0, sizeof *rig);
    fake_reset();
    virtual_time_set(VIRTUAL_START_NS);
    virtual_time_step(0);
    fixture_init(&rig->fixture);
    for (uint32_t i = 0; i < producers; i++) {
        fixture_producer(&rig->fixture);
    }
    (void)fixture_phase(&rig->fixture, load, rate, 10 * NS_PER_S);
}

void rig_open(struct rig *rig, const struct backend_ops *ops)
{
    struct assignment *assignment = &rig->fixture.assignment;

    for (uint32_t i = 0; i < assignment->topics_count; i++) {
        rig->topics[i] =
            (struct topic){.name = "topic", .partitions = rig->fixture.flows[0].partitions};
    }
    assert_int_equal(key_tables_init(&rig->keys, assignment, NULL), 0);
    assert_int_equal(payload_pools_init(&rig->payloads, assignment, NULL), 0);
    assert_int_equal(timeline_init(&rig->timeline, assignment, NULL), 0);
    assert_int_equal(recorder_new(assignment, 0, &rig->recorder, NULL), 0);
    rig->context = (struct worker_context){.assignment = assignment,
                                           .ops = ops,
                                           .timeline = &rig->timeline,
                                           .keys = &rig->keys,
                                           .payloads = &rig->payloads,
                                           .recorder = rig->recorder,
                                           .topics = rig->topics,
                                           .drain_ns = NS_PER_S};
    assert_int_equal(sender_new(&rig->context, &rig->sender, NULL), 0);
    assert_int_equal(receiver_new(&rig->context, &rig->receiver, NULL), 0);
    assert_int_equal(receiver_open(rig->receiver, mono_ns() + NS_PER_S, NULL), 0);
    assert_int_equal(sender_open(rig->sender, mono_ns() + NS_PER_S, NULL), 0);
}

void rig_start(struct rig *rig, int64_t t0_ns)
{
    struct segment segment = {.phase_last = rig->fixture.assignment.phases_count - 1,
                              .t0_ns = t0_ns};

    timeline_set(&rig->timeline, &segment);
    sender_start(rig->sender, 0, segment.phase_last);
}

void rig_done(struct rig *rig)
{
    sender_free(rig->sender);
    receiver_free(rig->receiver);
    recorder_free(rig->recorder);
    timeline_done(&rig->timeline);
    key_tables_done(&rig->keys);
    payload_pools_done(&rig->payloads);
}

void rig_turn(struct rig *rig, int64_t now_ns)
{
    (void)sender_poll(rig->sender, now_ns);
    (void)receiver_poll(rig->receiver, now_ns);
    while (sender_send(rig->sender, now_ns)) {
    }
}

void rig_run_to(struct rig *rig, int64_t until_ns, int64_t step_ns)
{
    while (virtual_time_ns() < until_ns) {
        virtual_time_set(virtual_time_ns() + step_ns);
        rig_turn(rig, virtual_time_ns());
    }
}

struct counters rig_counters(const struct rig *rig, uint32_t phase)
{
    return recorder_cell(rig->recorder, 0, phase)->counters;
}

struct counters rig_totals(const struct rig *rig)
{
    struct counters totals = {0};

    for (uint32_t i = 0; i < rig->fixture.assignment.phases_count; i++) {
        struct counters phase = rig_counters(rig, i);

        counters_add(&totals, &phase);
    }
    return totals;
}

static void take_part(struct rig_sum *sum, struct delivery_audit *audit,
                      const struct snapshot *part)
{
    for (uint32_t i = 0; i < part->rows_count; i++) {
        counters_add(&sum->totals, &part->rows[i].counters);
        for (int series = 0; series < SERIES_COUNT; series++) {
            sum->samples[series] += part->rows[i].series[series].count;
        }
    }
    for (uint32_t i = 0; i < part->errors_count; i++) {
        sum->errors += part->errors[i].count;
    }
    assert_int_equal(delivery_add(audit, part, NULL), 0);
}

void rig_collect(struct rig *rig, struct rig_sum *ret)
{
    const struct assignment *assignment = &rig->fixture.assignment;
    struct delivery_tables tables = {.flows = assignment->flows,
                                     .flows_count = assignment->flows_count,
                                     .phases_count = assignment->phases_count,
                                     .producers = assignment->producers,
                                     .producers_count = assignment->producers_count};
    struct delivery_question all = {DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL, DELIVERY_ALL,
                                    DELIVERY_ALL};
    uint8_t unaccounted[FLOWS_MAX * SUBSCRIPTIONS_MAX] = {0};
    struct delivery_end end = {.ended_ns = INT64_MAX, .unaccounted = unaccounted};
    struct recorder *const recorders[] = {rig->recorder};
    struct recorder_state state = {0};
    struct health health = {0};
    struct collector *collector = NULL;
    struct delivery_audit *audit = NULL;
    struct snapshot **parts = NULL;
    uint32_t parts_count = 0;

    memset(ret, 0, sizeof *ret);
    sender_account(rig->sender, mono_ns(), &state);
    receiver_account(rig->receiver, &state);
    assert_true(recorder_turn(rig->recorder, NS_PER_S / 2, &state, true));
    assert_int_equal(collector_new(assignment, recorders, 1, &collector, NULL), 0);
    assert_int_equal(delivery_new(&tables, &audit, NULL), 0);
    assert_int_equal(collector_drain(collector, NULL), 0);
    assert_int_equal(collector_snapshots(collector, &health, true, &parts, &parts_count, NULL), 0);
    ret->health = parts[0]->health;
    for (uint32_t i = 0; i < parts_count; i++) {
        take_part(ret, audit, parts[i]);
        snapshot_free(parts[i]);
    }
    free(parts);
    delivery_count(audit, &all, &end, &ret->delivery);
    ret->complete = delivery_complete(audit);
    delivery_free(audit);
    collector_free(collector);
}
