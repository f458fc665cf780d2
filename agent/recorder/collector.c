#include "collector.h"

#include "collector_inner.h"
#include "error_counts.h"
#include "invariant.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>

/* Readings are numbered flow by flow, subscription by subscription, stream by stream. */
static int readings_init(struct collector *collector, struct errinfo *reterr)
{
    const struct assignment *assignment = collector->assignment;
    uint32_t readings = 0;
    uint32_t streams = 0;

    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        const struct assigned_flow *flow = &assignment->flows[i];

        collector->flow_first_reading[i] = readings;
        readings += flow->streams_count * flow->subscriptions_count;
        streams += flow->streams_count;
    }
    collector->readings_count = readings;
    collector->streams_count = streams;
    collector->readings = pages_new(((size_t)readings + 1) * sizeof(struct reading *));
    collector->readings_made = pages_new(((size_t)readings + 1) * sizeof(uint32_t));
    collector->fates = pages_new(((size_t)streams + 1) * sizeof(struct stream_delta *));
    collector->fates_made = pages_new(((size_t)streams + 1) * sizeof(uint32_t));
    collector->stream_flow = calloc((size_t)streams + 1, sizeof *collector->stream_flow);
    if (collector->readings == NULL || collector->readings_made == NULL ||
        collector->fates == NULL || collector->fates_made == NULL ||
        collector->stream_flow == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < assignment->flows_count; i++) {
        for (uint32_t s = 0; s < assignment->flows[i].streams_count; s++) {
            collector->stream_flow[assignment->flows[i].stream_first + s] = (uint8_t)i;
        }
    }
    return 0;
}

static size_t range_sent_bytes(const struct collector *collector, uint32_t recorder)
{
    return ((size_t)recorder_producer_lanes(collector->recorders[recorder]) *
                collector->assignment->phases_count +
            1) *
           sizeof(uint64_t);
}

static int ranges_init(struct collector *collector, struct errinfo *reterr)
{
    collector->range_sent = calloc((size_t)collector->recorders_count + 1, sizeof(uint64_t *));
    if (collector->range_sent == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        collector->range_sent[i] = pages_new(range_sent_bytes(collector, i));
        if (collector->range_sent[i] == NULL) {
            return errinfo_nomem(reterr);
        }
    }
    return 0;
}

static int rows_init(struct collector *collector, struct errinfo *reterr)
{
    uint32_t clients = 0;

    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        clients += recorder_clients(collector->recorders[i]);
    }
    collector->cells_count =
        collector->assignment->flows_count * collector->assignment->phases_count;
    collector->cells = pages_new(((size_t)collector->cells_count + 1) * sizeof *collector->cells);
    collector->listed = pages_new(((size_t)collector->cells_count + 1) * sizeof(uint32_t));
    collector->clients_count = clients;
    collector->clients = calloc((size_t)clients + 1, sizeof *collector->clients);
    collector->client_lost = calloc((size_t)clients + 1, sizeof *collector->client_lost);
    collector->worker_settled_ns =
        calloc(collector->recorders_count + 1, sizeof *collector->worker_settled_ns);
    collector->worker_until_ns =
        calloc(collector->recorders_count + 1, sizeof *collector->worker_until_ns);
    collector->worker_states =
        calloc(collector->recorders_count + 1, sizeof *collector->worker_states);
    if (collector->cells == NULL || collector->listed == NULL || collector->clients == NULL ||
        collector->worker_settled_ns == NULL || collector->worker_until_ns == NULL ||
        collector->worker_states == NULL || collector->client_lost == NULL) {
        return errinfo_nomem(reterr);
    }
    return ranges_init(collector, reterr);
}

/* Clients in the order of the recorders: producers of a worker, then its consumers. */
static void clients_name(struct collector *collector)
{
    const struct assignment *assignment = collector->assignment;
    uint32_t at = 0;

    for (uint32_t worker = 0; worker < collector->recorders_count; worker++) {
        for (uint32_t i = 0; i < assignment->producers_count; i++) {
            if (assignment->producers[i].worker == worker) {
                collector->clients[at++].client = assignment->producers[i].client;
            }
        }
        for (uint32_t i = 0; i < assignment->consumers_count; i++) {
            if (assignment->consumers[i].worker == worker) {
                collector->clients[at++].client = assignment->consumers[i].client;
            }
        }
    }
    ASSERT(at == collector->clients_count);
}

int collector_new(const struct assignment *assignment, struct recorder *const *recorders,
                  uint32_t recorders_count, struct collector **ret, struct errinfo *reterr)
{
    struct collector *collector = calloc(1, sizeof *collector);
    int r;

    if (collector == NULL) {
        return errinfo_nomem(reterr);
    }
    collector->assignment = assignment;
    collector->recorders = recorders;
    collector->recorders_count = recorders_count;
    collector->load_wait_ns = STRAIN_UNKNOWN;
    r = readings_init(collector, reterr);
    if (r == 0) {
        r = rows_init(collector, reterr);
    }
    if (r < 0) {
        collector_free(collector);
        return r;
    }
    clients_name(collector);
    *ret = collector;
    return 0;
}

static void reading_free(struct reading *reading)
{
    if (reading != NULL) {
        seqset_free(reading->set);
        seqruns_done(&reading->delta.seen);
        seqruns_done(&reading->delta.again);
        seqruns_done(&reading->delta.out_of_order);
        free(reading);
    }
}

static void fate_free(struct stream_delta *fate)
{
    if (fate != NULL) {
        seqruns_done(&fate->acked);
        seqruns_done(&fate->refused);
        seqruns_done(&fate->unconfirmed);
        free(fate);
    }
}

static void tables_free(struct collector *collector)
{
    size_t readings = (size_t)collector->readings_count + 1;
    size_t streams = (size_t)collector->streams_count + 1;
    size_t cells = (size_t)collector->cells_count + 1;

    pages_free(collector->readings, readings * sizeof(struct reading *));
    pages_free(collector->readings_made, readings * sizeof(uint32_t));
    pages_free(collector->fates, streams * sizeof(struct stream_delta *));
    pages_free(collector->fates_made, streams * sizeof(uint32_t));
    pages_free(collector->cells, cells * sizeof *collector->cells);
    pages_free(collector->listed, cells * sizeof(uint32_t));
}

void collector_free(struct collector *collector)
{
    if (collector == NULL) {
        return;
    }
    for (uint32_t i = 0; i < collector->readings_made_count; i++) {
        reading_free(collector->readings[collector->readings_made[i]]);
    }
    for (uint32_t i = 0; i < collector->fates_made_count; i++) {
        fate_free(collector->fates[collector->fates_made[i]]);
    }
    for (uint32_t i = 0; i < collector->listed_count; i++) {
        for (int series = 0; series < SERIES_COUNT; series++) {
            hist_free(collector->cells[collector->listed[i]].series[series]);
        }
    }
    for (uint32_t i = 0; collector->range_sent != NULL && i < collector->recorders_count; i++) {
        pages_free(collector->range_sent[i], range_sent_bytes(collector, i));
    }
    tables_free(collector);
    free(collector->stream_flow);
    free(collector->clients);
    free(collector->client_lost);
    free(collector->range_sent);
    free(collector->worker_until_ns);
    free(collector->worker_settled_ns);
    free(collector->worker_states);
    seqruns_done(&collector->fresh);
    free(collector);
}

static struct reading *reading_of(struct collector *collector, const struct delivery_run *run,
                                  struct errinfo *reterr)
{
    uint32_t flow_index = collector->stream_flow[run->stream];
    const struct assigned_flow *flow = &collector->assignment->flows[flow_index];
    uint32_t at = collector->flow_first_reading[flow_index] +
                  run->subscription * flow->streams_count + (run->stream - flow->stream_first);
    struct reading *reading = collector->readings[at];

    if (reading != NULL) {
        return reading;
    }
    reading = calloc(1, sizeof *reading);
    if (reading == NULL || seqset_new(&reading->set, reterr) < 0) {
        free(reading);
        (void)errinfo_nomem(reterr);
        return NULL;
    }
    reading->delta.stream = run->stream;
    reading->delta.subscription = run->subscription;
    collector->readings[at] = reading;
    collector->readings_made[collector->readings_made_count++] = at;
    return reading;
}

static int add_seen(struct collector *collector, const struct delivery_run *run,
                    struct errinfo *reterr)
{
    struct reading *reading = reading_of(collector, run, reterr);
    uint32_t before;
    int r;

    if (reading == NULL) {
        return -ENOMEM;
    }
    if (run->kind == RUN_SEEN) {
        r = seqset_add(reading->set, run->first, run->last, &reading->delta.seen,
                       &reading->delta.again);
        return r < 0 ? errinfo_nomem(reterr) : 0;
    }
    /* Only what is new can be out of order; the rest are copies. */
    seqruns_clear(&collector->fresh);
    r = seqset_add(reading->set, run->first, run->last, &collector->fresh, &reading->delta.again);
    before = collector->fresh.runs_count;
    for (uint32_t i = 0; r == 0 && i < before; i++) {
        struct seqrun fresh = collector->fresh.runs[i];

        r = seqruns_add(&reading->delta.seen, fresh.first, fresh.last);
        if (r == 0) {
            r = seqruns_add(&reading->delta.out_of_order, fresh.first, fresh.last);
        }
    }
    return r < 0 ? errinfo_nomem(reterr) : 0;
}

static int add_fate(struct collector *collector, const struct delivery_run *run,
                    struct errinfo *reterr)
{
    struct stream_delta *fate = collector->fates[run->stream];
    struct seqruns *list;

    if (fate == NULL) {
        fate = calloc(1, sizeof *fate);
        if (fate == NULL) {
            return errinfo_nomem(reterr);
        }
        fate->stream = run->stream;
        collector->fates[run->stream] = fate;
        collector->fates_made[collector->fates_made_count++] = run->stream;
    }
    list = run->kind == RUN_ACKED     ? &fate->acked
           : run->kind == RUN_REFUSED ? &fate->refused
                                      : &fate->unconfirmed;
    return seqruns_add(list, run->first, run->last) < 0 ? errinfo_nomem(reterr) : 0;
}

static int take_runs(struct collector *collector, struct recorder *recorder, struct errinfo *reterr)
{
    struct delivery_run run;
    int r = 0;

    /* No more than waited when this began: a worker that makes runs as fast as they are taken would
     * keep the collector here, and no interval would end. */
    for (uint32_t i = recorder_runs_max(recorder); r == 0 && i > 0; i--) {
        if (!recorder_next_run(recorder, &run)) {
            break;
        }
        r = run.kind == RUN_SEEN || run.kind == RUN_SEEN_OUT_OF_ORDER
                ? add_seen(collector, &run, reterr)
                : add_fate(collector, &run, reterr);
    }
    return r;
}

static int add_series(struct hist **to, const struct hist *from, struct errinfo *reterr)
{
    int r = 0;

    if (from == NULL || hist_count(from) == 0) {
        return 0;
    }
    if (*to == NULL) {
        r = hist_new(to, reterr);
    }
    return r == 0 ? hist_add(*to, from, reterr) : r;
}

static int add_cells(struct collector *collector, const struct recorder_half *half,
                     struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < half->listed_count; i++) {
        uint32_t at = half->listed[i];
        struct recorder_cell *cell = &collector->cells[at];

        if (!cell->listed) {
            cell->listed = true;
            collector->listed[collector->listed_count++] = at;
        }
        counters_add(&cell->counters, &half->cells[at].counters);
        for (int series = 0; r == 0 && series < SERIES_COUNT; series++) {
            r = add_series(&cell->series[series], half->cells[at].series[series], reterr);
        }
    }
    return r;
}

static void add_clients(struct collector *collector, const struct recorder_half *half,
                        uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct client_delta *from = &half->clients[i];
        struct client_delta *to = &collector->clients[first + i];

        to->messages += from->messages;
        to->bytes += from->bytes;
        to->latency_ns_sum += from->latency_ns_sum;
        to->latency_samples += from->latency_samples;
        if (from->latency_ns_max > to->latency_ns_max) {
            to->latency_ns_max = from->latency_ns_max;
        }
    }
}

static void add_errors(struct collector *collector, const struct recorder_half *half)
{
    for (uint32_t i = 0; i < half->errors_count; i++) {
        (void)error_counts_add(collector->errors, &collector->errors_count, COLLECTOR_ERRORS_MAX,
                               half->errors[i].text, half->errors[i].count);
    }
}

static void raise_ns(int64_t *to_ns, int64_t from_ns)
{
    *to_ns = from_ns > *to_ns ? from_ns : *to_ns;
}

static void add_state(struct collector *collector, const struct recorder_half *half,
                      uint32_t recorder)
{
    const struct recorder_state *state = &half->state;

    collector->worker_until_ns[recorder] = half->until_ns;
    collector->full_ns += half->full_ns;
    if (half->settled) { /* The rest comes with the interval's end. */
        collector->worker_settled_ns[recorder] = half->until_ns;
        collector->settled_fresh = true;
        return;
    }
    collector->reconnects += state->reconnects;
    collector->blocked_ns += state->blocked_ns;
    raise_ns(&collector->load_cpu_ns, state->cpu_ns);
    raise_ns(&collector->load_wait_ns, state->wait_ns);
    raise_ns(&collector->own_lag_p99_ns, state->own_lag_p99_ns);
    raise_ns(&collector->driver_ns_max, state->driver_ns_max);
    collector->worker_states[recorder] = *state;
}

int collector_drain(struct collector *collector, struct errinfo *reterr)
{
    uint32_t first_client = 0;

    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        struct recorder *recorder = collector->recorders[i];
        struct recorder_half *half = recorder_take(recorder);
        /* Runs after the half was taken: whatever the half counted has its runs in the ring by
         * then. */
        int r = take_runs(collector, recorder, reterr);

        if (r == 0 && half != NULL && half->interval <= collector->interval) {
            r = add_cells(collector, half, reterr);
            add_clients(collector, half, first_client, recorder_clients(recorder));
            add_errors(collector, half);
            collector_take_words(collector, half, first_client);
            add_state(collector, half, i);
            recorder_return(recorder, half);
        }
        r = r == 0 ? recorder_supply(recorder, reterr) : r;
        if (r < 0) {
            return r;
        }
        first_client += recorder_clients(recorder);
    }
    return 0;
}

bool collector_interval_ready(const struct collector *collector)
{
    int64_t end_ns = (int64_t)(collector->interval + 1) * INTERVAL_NS;

    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        if (collector->worker_until_ns[i] < end_ns) {
            return false;
        }
    }
    return true;
}

bool collector_has_settled(const struct collector *collector, int64_t since_ns)
{
    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        if (collector->worker_settled_ns[i] <= since_ns) {
            return false;
        }
    }
    return collector->settled_fresh;
}

bool collector_behind(const struct collector *collector)
{
    for (uint32_t i = 0; i < collector->recorders_count; i++) {
        if (recorder_take(collector->recorders[i]) != NULL) {
            return true;
        }
    }
    return false;
}
