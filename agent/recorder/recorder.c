#include "recorder_inner.h"

#include "invariant.h"

#include <stdlib.h>
#include <string.h>

static void count_clients(struct recorder *recorder, uint32_t worker)
{
    const struct assignment *assignment = recorder->assignment;

    for (uint32_t i = 0; i < assignment->producers_count; i++) {
        const struct assigned_producer *p = &assignment->producers[i];

        if (p->worker == worker) {
            recorder->producers_count++;
            recorder->lanes_count += p->topics_count * assignment->flows[p->flow].partitions;
        }
    }
    for (uint32_t i = 0; i < assignment->consumers_count; i++) {
        recorder->consumers_count += assignment->consumers[i].worker == worker ? 1 : 0;
    }
}

int recorder_new(const struct assignment *assignment, uint32_t worker, struct recorder **ret,
                 struct errinfo *reterr)
{
    struct recorder *recorder = calloc(1, sizeof *recorder);
    int r;

    if (recorder == NULL) {
        return errinfo_nomem(reterr);
    }
    recorder->assignment = assignment;
    recorder->flows_count = assignment->flows_count;
    recorder->now = &recorder->halves[0];
    count_clients(recorder, worker);
    recorder->client_lost = calloc((size_t)recorder_clients(recorder) + 1, sizeof(bool));
    r = recorder->client_lost == NULL ? errinfo_nomem(reterr)
                                      : recorder_marks_init(recorder, worker, reterr);
    if (r == 0) {
        r = recorder_cells_init(recorder, reterr);
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
    recorder_cells_done(recorder);
    recorder_marks_done(recorder);
    free(recorder->client_lost);
    free(recorder);
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

void recorder_client(struct recorder *recorder, uint32_t client, uint64_t bytes, int64_t latency_ns)
{
    struct client_delta *delta = &recorder->now->clients[client];

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

void recorder_watch_room(struct recorder *recorder, int64_t now_ns)
{
    if (recorder->no_room_ns != 0) {
        recorder->now->full_ns += now_ns - recorder->no_room_ns;
    }
    recorder->no_room_ns = recorder_room(recorder) == 0 ? now_ns : 0;
}

static const struct recorder_half *other_half(const struct recorder *recorder)
{
    return &recorder->halves[recorder->now == &recorder->halves[0] ? 1 : 0];
}

static bool can_hand_over(const struct recorder *recorder)
{
    return !recorder->closed && recorder_marks_can_close(recorder) &&
           !atomic_load_explicit(&other_half(recorder)->full, memory_order_acquire);
}

static int64_t interval_end_ns(const struct recorder *recorder)
{
    return (int64_t)(recorder->interval + 1) * INTERVAL_NS;
}

bool recorder_turn_due(const struct recorder *recorder, int64_t offset_ns)
{
    return offset_ns >= interval_end_ns(recorder) && can_hand_over(recorder);
}

bool recorder_turn(struct recorder *recorder, int64_t offset_ns, const struct recorder_state *state,
                   bool final)
{
    struct recorder_half *half = recorder->now;

    ASSERT(final || recorder_turn_due(recorder, offset_ns));
    if (recorder->closed) {
        return true;
    }
    if (!recorder_marks_close(recorder)) {
        return false;
    }
    half->interval = recorder->interval;
    half->until_ns = offset_ns;
    half->state = *state;
    half->settled = false;
    recorder->closed = final;
    if (!final) {
        recorder->now = &recorder->halves[half == &recorder->halves[0] ? 1 : 0];
        recorder->interval = (uint32_t)(offset_ns / INTERVAL_NS);
    }
    atomic_store_explicit(&half->full, true, memory_order_release);
    return true;
}

bool recorder_settle(struct recorder *recorder, int64_t offset_ns)
{
    struct recorder_half *half = recorder->now;

    if (offset_ns >= interval_end_ns(recorder) || !can_hand_over(recorder) ||
        !recorder_marks_close(recorder)) {
        return false;
    }
    half->interval = recorder->interval;
    half->until_ns = offset_ns;
    half->settled = true;
    recorder->now = &recorder->halves[half == &recorder->halves[0] ? 1 : 0];
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
    ASSERT(half == &recorder->halves[recorder->taken]);
    recorder_cells_clear(recorder, half);
    memset(half->clients, 0, recorder_clients(recorder) * sizeof *half->clients);
    memset(half->errors, 0, sizeof half->errors);
    half->errors_count = 0;
    half->notices_count = 0;
    half->losses_count = 0;
    half->losses_untold = 0;
    half->full_ns = 0;
    recorder->taken = 1 - recorder->taken;
    atomic_store_explicit(&half->full, false, memory_order_release);
}
