/* rig: one worker's sender, receiver and recorder on a fake backend, driven by hand, and what they
 * measured summed up. */
#ifndef MILLRACE_TEST_RIG_H
#define MILLRACE_TEST_RIG_H

#include "executor_fixture.h"
#include "fake_backend.h"
#include "virtual_time.h"

#include "collector.h"
#include "delivery.h"
#include "receiver_inner.h"
#include "recorder.h"
#include "sender.h"
#include "timeline.h"

struct rig {
    struct fixture fixture;
    struct topic topics[2];
    struct timeline timeline;
    struct key_tables keys;
    struct payload_pools payloads;
    struct recorder *recorder;
    struct worker_context context;
    struct sender *sender;
    struct receiver *receiver;
};

/* When a sender under test starts, in virtual time. */
#define RIG_START_NS (VIRTUAL_START_NS + NS_PER_MS)

/* Sets the virtual time back and fills rig->fixture: so many producers under one phase of 10 s. */
void rig_begin(struct rig *rig, uint32_t producers, enum load load, struct rate rate);
/* After rig->fixture was filled: opens sender and receiver on the fake backend. */
void rig_open(struct rig *rig, const struct backend_ops *ops);
/* All phases from t0_ns on. */
void rig_start(struct rig *rig, int64_t t0_ns);
void rig_done(struct rig *rig);

/* One turn of a worker at now_ns. */
void rig_turn(struct rig *rig, int64_t now_ns);
/* Turns, step_ns of virtual time apart, until until_ns. */
void rig_run_to(struct rig *rig, int64_t until_ns, int64_t step_ns);

/* What the recorder holds of one phase and of all. */
struct counters rig_counters(const struct rig *rig, uint32_t phase);
struct counters rig_totals(const struct rig *rig);

/* Ends the recording: everything through a collector and the audit. */
struct rig_sum {
    struct counters totals;
    struct delivery_counts delivery;
    uint64_t samples[SERIES_COUNT];
    uint64_t errors;
    struct health health;
    bool complete;
};
void rig_collect(struct rig *rig, struct rig_sum *ret);

#endif
