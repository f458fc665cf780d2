/* recorder_marks: what became of which message. */
#include "invariant.h"
#include "pages.h"
#include "recorder_inner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Runs on their way to the collector. In the worst case (competing consumers) each message is a run
 * of its own: at 1 M messages a second and a collector that looks each 20 ms, 20,000 wait. */
#define RUNS_CAPACITY (256 * 1024)

#define PLACES_MAX 16384
#define SUBSCRIPTION_SPREAD 0x9e3779b1u /* Neighbours shall not meet in the table. */

static size_t places_bytes(const struct run_table *table)
{
    return ((size_t)table->mask + 1) * sizeof *table->places;
}

static size_t open_bytes(const struct run_table *table)
{
    return ((size_t)table->mask + 1) * sizeof *table->open;
}

/* With a place for each of so many, or as many as there may be. */
static int table_init(struct run_table *table, uint64_t wanted, struct errinfo *reterr)
{
    uint32_t places = 1;

    while (places < wanted && places < PLACES_MAX) {
        places *= 2;
    }
    table->mask = places - 1;
    table->places = pages_new(places_bytes(table));
    table->open = pages_new(open_bytes(table));
    return table->places == NULL || table->open == NULL ? errinfo_nomem(reterr) : 0;
}

static void table_done(struct run_table *table)
{
    pages_free(table->places, places_bytes(table));
    pages_free(table->open, open_bytes(table));
}

static size_t ranges_bytes(const struct recorder *recorder)
{
    return ((size_t)recorder->lanes_count * recorder->assignment->phases_count + 1) *
           sizeof *recorder->ranges;
}

static size_t sights_bytes(const struct recorder *recorder)
{
    return (recorder->blocks_count + 1) * sizeof *recorder->sights; /* The first is none. */
}

static int producers_init(struct recorder *recorder, uint32_t worker, struct errinfo *reterr)
{
    const struct assignment *assignment = recorder->assignment;
    uint32_t lane = 0;
    uint32_t producer = 0;

    recorder->lane_streams = calloc((size_t)recorder->lanes_count + 1, sizeof(uint32_t));
    recorder->producer_first_lane = calloc((size_t)recorder->producers_count + 1, sizeof(uint32_t));
    recorder->ranges = pages_new(ranges_bytes(recorder));
    if (recorder->lane_streams == NULL || recorder->producer_first_lane == NULL ||
        recorder->ranges == NULL) {
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
            recorder->lane_streams[lane++] = p->stream_first + s;
        }
    }
    ASSERT(lane == recorder->lanes_count);
    return table_init(&recorder->outcomes, recorder->lanes_count, reterr);
}

static int consumers_init(struct recorder *recorder, uint32_t worker, struct errinfo *reterr)
{
    const struct assignment *assignment = recorder->assignment;
    uint64_t streams = 0;
    uint32_t consumer = 0;

    recorder->consumers =
        calloc((size_t)recorder->consumers_count + 1, sizeof *recorder->consumers);
    if (recorder->consumers == NULL) {
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < assignment->consumers_count; i++) {
        const struct assigned_consumer *c = &assignment->consumers[i];
        const struct assigned_flow *flow = &assignment->flows[c->flow];

        if (c->worker != worker) {
            continue;
        }
        recorder->consumers[consumer++] =
            (struct recorder_consumer){.block_first = recorder->blocks_count,
                                       .key = (uint64_t)c->subscription << 16,
                                       .stream_first = flow->stream_first,
                                       .place = c->subscription * SUBSCRIPTION_SPREAD};
        recorder->blocks_count += (flow->streams_count + SIGHTS_IN_BLOCK - 1) / SIGHTS_IN_BLOCK;
        streams += flow->streams_count;
    }
    if (recorder->blocks_count >= UINT32_MAX) {
        return errinfo_set(reterr, -EINVAL,
                           "the consumers of one load thread could see %" PRIu64
                           " pairs of stream and consumer, too many to tell what is in order: take "
                           "more agents, or fewer streams",
                           streams);
    }
    recorder->blocks = pages_new((recorder->blocks_count + 1) * sizeof *recorder->blocks);
    recorder->sights = pages_new(sights_bytes(recorder));
    if (recorder->blocks == NULL || recorder->sights == NULL) {
        return errinfo_nomem(reterr);
    }
    return table_init(&recorder->seen, streams, reterr);
}

int recorder_marks_init(struct recorder *recorder, uint32_t worker, struct errinfo *reterr)
{
    int r = producers_init(recorder, worker, reterr);

    if (r == 0) {
        r = consumers_init(recorder, worker, reterr);
    }
    if (r == 0) {
        r = ring_new(sizeof(struct delivery_run),
                     RUNS_CAPACITY + recorder->outcomes.mask + 1 + recorder->seen.mask + 1,
                     &recorder->runs, reterr);
    }
    if (r == 0) {
        recorder->runs_max = ring_room(recorder->runs);
    }
    return r;
}

void recorder_marks_done(struct recorder *recorder)
{
    ring_free(recorder->runs);
    table_done(&recorder->outcomes);
    table_done(&recorder->seen);
    pages_free(recorder->ranges, ranges_bytes(recorder));
    pages_free(recorder->blocks, (recorder->blocks_count + 1) * sizeof *recorder->blocks);
    pages_free(recorder->sights, sights_bytes(recorder));
    free(recorder->lane_streams);
    free(recorder->producer_first_lane);
    free(recorder->consumers);
}

uint32_t recorder_producer_lane(const struct recorder *recorder, uint32_t producer)
{
    return recorder->producer_first_lane[producer];
}

uint32_t recorder_producer_lanes(const struct recorder *recorder)
{
    return recorder->lanes_count;
}

uint32_t recorder_lane_stream(const struct recorder *recorder, uint32_t lane)
{
    return recorder->lane_streams[lane];
}

void recorder_sent(struct recorder *recorder, uint32_t lane, uint32_t phase, uint64_t sequence,
                   int64_t intended_ns)
{
    struct delivery_range *range = &recorder->ranges[(size_t)phase * recorder->lanes_count + lane];

    if (atomic_load_explicit(&range->end, memory_order_relaxed) == 0) {
        atomic_store_explicit(&range->first, sequence, memory_order_relaxed);
        if (phase >= atomic_load_explicit(&recorder->phases_begun, memory_order_relaxed)) {
            atomic_store_explicit(&recorder->phases_begun, phase + 1, memory_order_relaxed);
        }
    }
    atomic_store_explicit(&range->intended_ns, intended_ns, memory_order_relaxed);
    atomic_store_explicit(&range->end, sequence + 1, memory_order_release);
}

void recorder_phases_over(struct recorder *recorder, uint32_t phase)
{
    atomic_store_explicit(&recorder->phases_over, phase, memory_order_release);
}

void recorder_phases(const struct recorder *recorder, uint32_t *ret_first, uint32_t *ret_over,
                     uint32_t *ret_end)
{
    *ret_first = recorder->phases_forgotten;
    *ret_over = atomic_load_explicit(&recorder->phases_over, memory_order_acquire);
    *ret_end = atomic_load_explicit(&recorder->phases_begun, memory_order_acquire);
}

const struct delivery_range *recorder_ranges(const struct recorder *recorder, uint32_t phase)
{
    return &recorder->ranges[(size_t)phase * recorder->lanes_count];
}

void recorder_forget_ranges(struct recorder *recorder, uint32_t phase)
{
    if (phase <= recorder->phases_forgotten) {
        return;
    }
    pages_clear(recorder->ranges, 0,
                (size_t)phase * recorder->lanes_count * sizeof *recorder->ranges);
    recorder->phases_forgotten = phase;
}

/* Of a stream, or with outcomes of a lane; kinds begin with 0, and 0 is no key. */
static uint64_t key_of(uint32_t stream, uint16_t subscription, enum mark_kind_of_run kind)
{
    return (uint64_t)stream << 32 | (uint64_t)subscription << 16 | (uint64_t)(kind + 1);
}

static void run_push(struct recorder *recorder, const struct open_run *open)
{
    uint16_t kind = (uint16_t)((uint16_t)open->key - 1);
    uint32_t of = (uint32_t)(open->key >> 32);
    bool seen = kind == RUN_SEEN || kind == RUN_SEEN_OUT_OF_ORDER;
    struct delivery_run run = {.stream = seen ? of : recorder->lane_streams[of],
                               .subscription = (uint16_t)(open->key >> 16),
                               .kind = kind,
                               .first = open->first,
                               .last = open->last};

    ASSERT(ring_push(recorder->runs, &run)); /* recorder_room() was asked before. */
}

/* Apart, so that a mark that goes on with its run is short. */
__attribute__((noinline)) static void run_begin(struct recorder *recorder, struct run_table *table,
                                                struct open_run *open, uint64_t key,
                                                uint64_t sequence)
{
    if (open->key != 0) {
        run_push(recorder, open);
    } else {
        table->open[table->open_count++] = (uint32_t)(open - table->places);
    }
    *open = (struct open_run){.key = key, .first = sequence, .last = sequence};
}

static void mark(struct recorder *recorder, struct run_table *table, uint32_t place, uint64_t key,
                 uint64_t sequence)
{
    struct open_run *open = &table->places[place & table->mask];

    if (open->key == key && sequence == open->last + 1) {
        open->last = sequence;
        return;
    }
    run_begin(recorder, table, open, key, sequence);
}

void recorder_outcome(struct recorder *recorder, uint32_t lane, enum mark_kind_of_run kind,
                      uint64_t sequence)
{
    mark(recorder, &recorder->outcomes, lane, key_of(lane, 0, kind), sequence);
}

void recorder_seen(struct recorder *recorder, uint32_t consumer, uint32_t stream, uint64_t sequence)
{
    const struct recorder_consumer *of = &recorder->consumers[consumer];
    uint32_t at = stream - of->stream_first;
    uint32_t *block = &recorder->blocks[of->block_first + at / SIGHTS_IN_BLOCK];
    enum mark_kind_of_run kind = RUN_SEEN;
    uint64_t *next;

    if (*block == 0) {
        *block = ++recorder->sights_used; /* There are as many as blocks. */
    }
    next = &recorder->sights[*block].next[at % SIGHTS_IN_BLOCK];
    if (sequence < *next) {
        kind = RUN_SEEN_OUT_OF_ORDER; /* Or a copy: the collector's set knows. */
    } else {
        *next = sequence + 1;
    }
    mark(recorder, &recorder->seen, stream + of->place, of->key + key_of(stream, 0, kind),
         sequence);
}

uint32_t recorder_room(const struct recorder *recorder)
{
    uint32_t room = ring_room(recorder->runs);
    uint32_t kept = recorder->outcomes.mask + recorder->seen.mask + 2;

    /* Every open run needs its place at the interval's end. */
    return room > kept ? room - kept : 0;
}

static void table_close(struct recorder *recorder, struct run_table *table)
{
    for (uint32_t i = 0; i < table->open_count; i++) {
        struct open_run *open = &table->places[table->open[i]];

        run_push(recorder, open);
        open->key = 0;
    }
    table->open_count = 0;
}

bool recorder_marks_can_close(const struct recorder *recorder)
{
    return ring_room(recorder->runs) >= recorder->outcomes.open_count + recorder->seen.open_count;
}

bool recorder_marks_close(struct recorder *recorder)
{
    if (!recorder_marks_can_close(recorder)) {
        return false;
    }
    table_close(recorder, &recorder->outcomes);
    table_close(recorder, &recorder->seen);
    return true;
}

bool recorder_next_run(struct recorder *recorder, struct delivery_run *ret)
{
    return ring_pop(recorder->runs, ret);
}

uint32_t recorder_runs_max(const struct recorder *recorder)
{
    return recorder->runs_max;
}
