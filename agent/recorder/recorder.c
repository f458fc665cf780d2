#include "recorder_parts.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Runs on their way to the collector. In the worst case (competing consumers) each message is a run
 * of its own: at 1 M messages a second and a collector that looks each 20 ms, 20,000 wait. */
#define RUNS_CAPACITY (256 * 1024)

static int half_init(struct recorder *recorder, struct recorder_half *half, const bool *flow_sent,
                     const bool *flow_read, struct errinfo *reterr)
{
    const struct assignment *assignment = recorder->assignment;
    uint32_t cells_count = assignment->flows_count * assignment->phases_count;

    half->cells = calloc(cells_count, sizeof *half->cells);
    half->clients = calloc((size_t)recorder->producers_count + recorder->consumers_count + 1,
                           sizeof *half->clients);
    half->losses = calloc((size_t)RECORDER_LOSSES_PER_CLIENT *
                                  (recorder->producers_count + recorder->consumers_count) +
                              1,
                          sizeof *half->losses);
    if (half->cells == NULL || half->clients == NULL || half->losses == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < cells_count; i++) {
        uint32_t flow = i / assignment->phases_count;

        for (int series = 0; series < SERIES_COUNT; series++) {
            bool read = series == SERIES_E2E || series == SERIES_E2E_SERVICE ||
                        series == SERIES_CONSUME_ACK;
            bool owes =
                flow_sent[flow] &&
                recorder_owes(assignment, flow, i % assignment->phases_count, (enum series)series);
            bool wanted = series == SERIES_CONNECT ? flow_sent[flow] || flow_read[flow]
                          : read                   ? flow_read[flow] || owes
                                                   : flow_sent[flow];
            int r = wanted ? hist_new(&half->cells[i].series[series], reterr) : 0;

            if (r == 0 && owes) {
                r = hist_allow_censored(half->cells[i].series[series], reterr);
            }

            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}

static void half_done(const struct recorder *recorder, struct recorder_half *half)
{
    uint32_t cells_count = recorder->assignment->flows_count * recorder->assignment->phases_count;

    for (uint32_t i = 0; half->cells != NULL && i < cells_count; i++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            hist_free(half->cells[i].series[series]);
        }
    }
    free(half->cells);
    free(half->clients);
    free(half->losses);
}

/* Lanes of the worker's producers first, then those of its consumers: one per stream of the
 * consumer's flow. */
static int lanes_init(struct recorder *recorder, uint32_t worker, struct errinfo *reterr)
{
    const struct assignment *assignment = recorder->assignment;
    uint32_t lane = 0;
    uint32_t producer = 0;
    uint32_t consumer = 0;

    recorder->lanes = calloc((size_t)recorder->lanes_count + 1, sizeof *recorder->lanes);
    recorder->open_lanes = calloc((size_t)recorder->lanes_count + 1, sizeof *recorder->open_lanes);
    recorder->ranges = calloc((size_t)recorder->producer_lanes_count * assignment->phases_count + 1,
                              sizeof *recorder->ranges);
    recorder->client_lost =
        calloc((size_t)recorder->producers_count + recorder->consumers_count + 1, sizeof(bool));
    recorder->producer_first_lane = calloc((size_t)recorder->producers_count + 1, sizeof(uint32_t));
    recorder->consumer_first_lane = calloc((size_t)recorder->consumers_count + 1, sizeof(uint32_t));
    if (recorder->lanes == NULL || recorder->open_lanes == NULL || recorder->ranges == NULL ||
        recorder->producer_first_lane == NULL || recorder->consumer_first_lane == NULL ||
        recorder->client_lost == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < assignment->producers_count; i++) {
        const struct assigned_producer *p = &assignment->producers[i];
        uint32_t streams = p->topics_count * assignment->flows[p->flow].partitions;

        if (p->worker != worker) {
            continue;
        }
        recorder->producer_first_lane[producer++] = lane;
        for (uint32_t s = 0; s < streams; s++) {
            recorder->lanes[lane++].stream = p->stream_first + s;
        }
    }
    for (uint32_t i = 0; i < assignment->consumers_count; i++) {
        const struct assigned_consumer *c = &assignment->consumers[i];
        const struct assigned_flow *flow = &assignment->flows[c->flow];

        if (c->worker != worker) {
            continue;
        }
        recorder->consumer_first_lane[consumer++] = lane;
        for (uint32_t s = 0; s < flow->streams_count; s++) {
            recorder->lanes[lane].subscription = (uint16_t)c->subscription;
            recorder->lanes[lane++].stream = flow->stream_first + s;
        }
    }
    ASSERT(lane == recorder->lanes_count);
    return 0;
}

static void count_clients(struct recorder *recorder, uint32_t worker, bool *flow_sent,
                          bool *flow_read)
{
    const struct assignment *assignment = recorder->assignment;

    for (uint32_t i = 0; i < assignment->producers_count; i++) {
        const struct assigned_producer *p = &assignment->producers[i];

        if (p->worker == worker) {
            recorder->producers_count++;
            recorder->producer_lanes_count +=
                p->topics_count * assignment->flows[p->flow].partitions;
            flow_sent[p->flow] = true;
        }
    }
    recorder->lanes_count = recorder->producer_lanes_count;
    for (uint32_t i = 0; i < assignment->consumers_count; i++) {
        const struct assigned_consumer *c = &assignment->consumers[i];

        if (c->worker == worker) {
            recorder->consumers_count++;
            recorder->lanes_count += assignment->flows[c->flow].streams_count;
            flow_read[c->flow] = true;
        }
    }
}

int recorder_new(const struct assignment *assignment, uint32_t worker, struct recorder **ret,
                 struct errinfo *reterr)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    bool flow_sent[FLOWS_MAX] = {false};
    bool flow_read[FLOWS_MAX] = {false};
    int r;

    if (recorder == NULL) {
        return errinfo_nomem(reterr);
    }
    recorder->assignment = assignment;
    count_clients(recorder, worker, flow_sent, flow_read);
    r = lanes_init(recorder, worker, reterr);
    for (int i = 0; r == 0 && i < 2; i++) {
        r = half_init(recorder, &recorder->halves[i], flow_sent, flow_read, reterr);
    }
    if (r == 0) {
        r = ring_new(sizeof(struct delivery_run), RUNS_CAPACITY + 2 * recorder->lanes_count,
                     &recorder->runs, reterr);
    }
    if (r == 0) {
        recorder->runs_max = ring_room(recorder->runs);
    }
    if (r < 0) {
        recorder_free(recorder);
        return r;
    }
    *ret = recorder;
    return 0;
}

void recorder_free(struct recorder *recorder)
{
    if (recorder == NULL) {
        return;
    }
    half_done(recorder, &recorder->halves[0]);
    half_done(recorder, &recorder->halves[1]);
    ring_free(recorder->runs);
    free(recorder->lanes);
    free(recorder->open_lanes);
    free(recorder->ranges);
    free(recorder->client_lost);
    free(recorder->producer_first_lane);
    free(recorder->consumer_first_lane);
    free(recorder);
}

uint32_t recorder_producer_lane(const struct recorder *recorder, uint32_t producer)
{
    return recorder->producer_first_lane[producer];
}

uint32_t recorder_consumer_lane(const struct recorder *recorder, uint32_t consumer)
{
    return recorder->consumer_first_lane[consumer];
}

struct recorder_cell *recorder_cell(struct recorder *recorder, uint32_t flow, uint32_t phase)
{
    return &recorder->halves[recorder->active]
                .cells[flow * recorder->assignment->phases_count + phase];
}

void recorder_sample(struct recorder_cell *cell, enum series series, int64_t value_ns,
                     int64_t bound_ns)
{
    if ((uint64_t)bound_ns > cell->counters.clock_bound_ns) {
        cell->counters.clock_bound_ns = (uint64_t)bound_ns;
    }
    if (value_ns < 0) {
        if (value_ns >= -bound_ns) {
            cell->counters.below_resolution[series]++;
        } else {
            cell->counters.clock_violations++;
        }
        value_ns = 0;
    }
    hist_record(cell->series[series], value_ns);
}

bool recorder_owes(const struct assignment *assignment, uint32_t flow, uint32_t phase,
                   enum series series)
{
    const struct assigned_flow *of = &assignment->flows[flow];

    if (assignment->phases[phase].loads[flow].load != LOAD_RATE) {
        return false;
    }
    return series == SERIES_PUBLISH ? of->delivery.publish_ack != PUBLISH_ACK_NONE
                                    : series == SERIES_E2E && of->consumers_count > 0;
}

void recorder_owed(struct recorder_cell *cell, enum series series, int64_t value_ns, uint64_t count)
{
    hist_record_censored(cell->series[series], value_ns, count);
}

void recorder_sent(struct recorder *recorder, uint32_t lane, uint32_t phase, uint64_t sequence,
                   int64_t intended_ns)
{
    struct delivery_range *range =
        &recorder->ranges[lane * recorder->assignment->phases_count + phase];

    if (atomic_load_explicit(&range->end, memory_order_relaxed) == 0) {
        atomic_store_explicit(&range->first, sequence, memory_order_relaxed);
    }
    atomic_store_explicit(&range->intended_ns, intended_ns, memory_order_relaxed);
    atomic_store_explicit(&range->end, sequence + 1, memory_order_release);
}

static void lane_push(struct recorder *recorder, struct lane *lane)
{
    struct delivery_run run = {.stream = lane->stream,
                               .subscription = lane->subscription,
                               .kind = lane->kind,
                               .first = lane->first,
                               .last = lane->last};

    ASSERT(ring_push(recorder->runs, &run)); /* recorder_room() was asked before. */
    lane->open = false;
}

static void lane_mark(struct recorder *recorder, struct lane *lane, uint16_t kind,
                      uint64_t sequence)
{
    if (lane->open) {
        if (lane->kind == kind && sequence == lane->last + 1) {
            lane->last = sequence;
            return;
        }
        lane_push(recorder, lane);
    }
    lane->open = true;
    lane->kind = kind;
    lane->first = sequence;
    lane->last = sequence;
    if (!lane->listed) {
        lane->listed = true;
        recorder->open_lanes[recorder->open_lanes_count++] = (uint32_t)(lane - recorder->lanes);
    }
}

void recorder_outcome(struct recorder *recorder, uint32_t lane, enum mark_kind_of_run kind,
                      uint64_t sequence)
{
    lane_mark(recorder, &recorder->lanes[lane], (uint16_t)kind, sequence);
}

void recorder_seen(struct recorder *recorder, uint32_t lane_index, uint64_t sequence)
{
    struct lane *lane = &recorder->lanes[lane_index];
    uint16_t kind = RUN_SEEN;

    if (sequence < lane->highest_next) {
        kind = RUN_SEEN_OUT_OF_ORDER; /* Or a copy: the collector's set knows. */
    } else {
        lane->highest_next = sequence + 1;
    }
    lane_mark(recorder, lane, kind, sequence);
}

void recorder_client(struct recorder *recorder, uint32_t client, uint64_t bytes, int64_t latency_ns)
{
    struct client_delta *delta = &recorder->halves[recorder->active].clients[client];

    delta->messages++;
    delta->bytes += bytes;
    if (latency_ns >= 0) {
        delta->latency_ns_sum += (double)latency_ns;
        delta->latency_samples++;
        if (latency_ns > delta->latency_ns_max) {
            delta->latency_ns_max = latency_ns;
        }
    }
}

uint32_t recorder_room(const struct recorder *recorder)
{
    uint32_t room = ring_room(recorder->runs);

    /* Every open run needs its place at the interval's end. */
    return room > recorder->lanes_count ? room - recorder->lanes_count : 0;
}

void recorder_watch_room(struct recorder *recorder, int64_t now_ns)
{
    if (recorder->no_room_ns != 0) {
        recorder->halves[recorder->active].full_ns += now_ns - recorder->no_room_ns;
    }
    recorder->no_room_ns = recorder_room(recorder) == 0 ? now_ns : 0;
}

bool recorder_turn_due(const struct recorder *recorder, int64_t offset_ns)
{
    return offset_ns >= (int64_t)(recorder->interval + 1) * INTERVAL_NS && !recorder->closed &&
           ring_room(recorder->runs) >= recorder->open_lanes_count &&
           !atomic_load_explicit(&recorder->halves[1 - recorder->active].full,
                                 memory_order_acquire);
}

bool recorder_turn(struct recorder *recorder, int64_t offset_ns, const struct recorder_state *state,
                   bool final)
{
    struct recorder_half *half = &recorder->halves[recorder->active];

    ASSERT(final || recorder_turn_due(recorder, offset_ns));
    if (recorder->closed) {
        return true;
    }
    if (ring_room(recorder->runs) < recorder->open_lanes_count) {
        return false;
    }
    for (uint32_t i = 0; i < recorder->open_lanes_count; i++) {
        struct lane *lane = &recorder->lanes[recorder->open_lanes[i]];

        if (lane->open) {
            lane_push(recorder, lane);
        }
        lane->listed = false;
    }
    recorder->open_lanes_count = 0;
    half->interval = recorder->interval;
    half->until_ns = offset_ns;
    half->state = *state;
    recorder->closed = final;
    if (!final) {
        recorder->active = 1 - recorder->active;
        recorder->interval = (uint32_t)(offset_ns / INTERVAL_NS);
    }
    atomic_store_explicit(&half->full, true, memory_order_release);
    return true;
}

struct recorder_half *recorder_take(struct recorder *recorder)
{
    struct recorder_half *half = &recorder->halves[recorder->taken];

    if (!atomic_load_explicit(&half->full, memory_order_acquire)) {
        return NULL;
    }
    return half;
}

void recorder_return(struct recorder *recorder, struct recorder_half *half)
{
    uint32_t cells_count = recorder->assignment->flows_count * recorder->assignment->phases_count;

    ASSERT(half == &recorder->halves[recorder->taken]);
    for (uint32_t i = 0; i < cells_count; i++) {
        memset(&half->cells[i].counters, 0, sizeof half->cells[i].counters);
        for (int series = 0; series < SERIES_COUNT; series++) {
            if (half->cells[i].series[series] != NULL) {
                hist_reset(half->cells[i].series[series]);
            }
        }
    }
    memset(half->clients, 0,
           ((size_t)recorder->producers_count + recorder->consumers_count) * sizeof *half->clients);
    memset(half->errors, 0, sizeof half->errors);
    half->errors_count = 0;
    half->notices_count = 0;
    half->losses_count = 0;
    half->losses_untold = 0;
    half->full_ns = 0;
    recorder->taken = 1 - recorder->taken;
    atomic_store_explicit(&half->full, false, memory_order_release);
}

bool recorder_next_run(struct recorder *recorder, struct delivery_run *ret)
{
    return ring_pop(recorder->runs, ret);
}

uint32_t recorder_runs_max(const struct recorder *recorder)
{
    return recorder->runs_max;
}

const struct delivery_range *recorder_ranges(const struct recorder *recorder, uint32_t lane,
                                             uint32_t *ret_stream)
{
    *ret_stream = recorder->lanes[lane].stream;
    return &recorder->ranges[(size_t)lane * recorder->assignment->phases_count];
}

uint32_t recorder_producer_lanes(const struct recorder *recorder)
{
    return recorder->producer_lanes_count;
}

uint32_t recorder_clients(const struct recorder *recorder)
{
    return recorder->producers_count + recorder->consumers_count;
}
