#include "coalesce.h"

#include "mono.h"

#include <stdlib.h>
#include <string.h>

/* Reports of one agent that wait at most: as many as ten seconds have, unless its seconds are cut
 * into parts. More of them are journaled as they are. */
#define HELD_MAX 32
/* What they may be long together, roughly; as one document they are no longer than that. */
#define HELD_BYTES_MAX (2 * 1024 * 1024)
#define SINGLE_SECONDS_MAX 3600
/* No agent that is right has larger figures of a second; the sum of what is held stays in 64 bits,
 * and can be refused by whoever would refuse one of them. */
#define FIGURE_MAX (INT64_C(1) << 55)
#define SAMPLES_MAX (HIST_COUNT_MAX / HELD_MAX)

struct held {
    struct snapshot *parts[HELD_MAX];
    uint32_t parts_count;
    size_t bytes;
    uint32_t clients_down; /* As of the last second. */
    uint32_t singles;
    bool between_seconds; /* The next report begins a second. */
};

struct ready {
    struct snapshot *report;
    struct snapshot **parts; /* Of which it is the sum; NULL: it is as it came. */
    uint32_t parts_count;
};

struct coalesce {
    struct held *agents;
    uint32_t agents_count;
    struct ready given; /* Last; only its parts are still here. */
    struct ready *ready;
    uint32_t ready_first;
    uint32_t ready_count;
    uint32_t ready_capacity;
};

int coalesce_new(uint32_t agents_count, struct coalesce **ret, struct errinfo *reterr)
{
    struct coalesce *coalesce = calloc(1, sizeof *coalesce);

    if (coalesce != NULL) {
        coalesce->agents = calloc((size_t)agents_count + 1, sizeof *coalesce->agents);
    }
    if (coalesce == NULL || coalesce->agents == NULL) {
        free(coalesce);
        return errinfo_nomem(reterr);
    }
    coalesce->agents_count = agents_count;
    for (uint32_t i = 0; i < agents_count; i++) {
        coalesce->agents[i].between_seconds = true;
    }
    *ret = coalesce;
    return 0;
}

static void free_parts(struct ready *of)
{
    for (uint32_t i = 0; i < of->parts_count; i++) {
        snapshot_free(of->parts[i]);
    }
    free(of->parts);
    of->parts = NULL;
    of->parts_count = 0;
}

void coalesce_free(struct coalesce *coalesce)
{
    if (coalesce == NULL) {
        return;
    }
    for (uint32_t i = 0; i < coalesce->agents_count; i++) {
        for (uint32_t k = 0; k < coalesce->agents[i].parts_count; k++) {
            snapshot_free(coalesce->agents[i].parts[k]);
        }
    }
    for (uint32_t i = coalesce->ready_first; i < coalesce->ready_count; i++) {
        snapshot_free(coalesce->ready[i].report);
        free_parts(&coalesce->ready[i]);
    }
    free_parts(&coalesce->given);
    free(coalesce->ready);
    free(coalesce->agents);
    free(coalesce);
}

struct snapshot *coalesce_next(struct coalesce *coalesce)
{
    free_parts(&coalesce->given);
    if (coalesce->ready_first == coalesce->ready_count) {
        coalesce->ready_first = 0;
        coalesce->ready_count = 0;
        return NULL;
    }
    coalesce->given = coalesce->ready[coalesce->ready_first++];
    return coalesce->given.report;
}

uint32_t coalesce_parts(const struct coalesce *coalesce, struct snapshot *const **ret)
{
    *ret = coalesce->given.parts;
    return coalesce->given.parts_count;
}

/* Takes it, also when there is no room. */
static int add_ready(struct coalesce *coalesce, struct ready *of, struct errinfo *reterr)
{
    if (coalesce->ready_count == coalesce->ready_capacity) {
        uint32_t capacity = coalesce->ready_capacity == 0 ? 64 : coalesce->ready_capacity * 2;
        struct ready *grown = realloc(coalesce->ready, capacity * sizeof *grown);

        if (grown == NULL) {
            snapshot_free(of->report);
            free_parts(of);
            return errinfo_nomem(reterr);
        }
        coalesce->ready = grown;
        coalesce->ready_capacity = capacity;
    }
    coalesce->ready[coalesce->ready_count++] = *of;
    return 0;
}

static int add_single(struct coalesce *coalesce, struct snapshot *snapshot, struct errinfo *reterr)
{
    struct ready single = {.report = snapshot};

    return add_ready(coalesce, &single, reterr);
}

/* What is held, as it came: it is too much for one report, or its second is not whole. */
static int release_singly(struct coalesce *coalesce, struct held *held, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; i < held->parts_count; i++) {
        if (r == 0) {
            r = add_single(coalesce, held->parts[i], reterr);
        } else {
            snapshot_free(held->parts[i]);
        }
    }
    held->parts_count = 0;
    held->bytes = 0;
    return r;
}

static int release(struct coalesce *coalesce, struct held *held, struct errinfo *reterr)
{
    struct ready sum = {0};
    int r;

    if (held->parts_count < 2 || !held->parts[held->parts_count - 1]->last_part) {
        return release_singly(coalesce, held, reterr);
    }
    sum.parts = calloc(held->parts_count, sizeof(struct snapshot *));
    if (sum.parts == NULL) {
        return errinfo_nomem(reterr);
    }
    r = coalesce_sum(held->parts, held->parts_count, &sum.report, reterr);
    if (r < 0) {
        free(sum.parts);
        return r;
    }
    sum.parts_count = held->parts_count;
    memcpy(sum.parts, held->parts, held->parts_count * sizeof(struct snapshot *));
    held->parts_count = 0;
    held->bytes = 0;
    return add_ready(coalesce, &sum, reterr);
}

int coalesce_flush(struct coalesce *coalesce, struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < coalesce->agents_count; i++) {
        r = release(coalesce, &coalesce->agents[i], reterr);
    }
    return r;
}

static size_t bytes_of(const struct snapshot *snapshot)
{
    size_t bytes = snapshot->ranges_count * sizeof *snapshot->ranges +
                   snapshot->clients_count * sizeof *snapshot->clients +
                   snapshot->errors_count * sizeof *snapshot->errors;

    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        bytes += sizeof snapshot->rows[i];
        for (int series = 0; series < SERIES_COUNT; series++) {
            bytes += snapshot->rows[i].series[series].bytes_count;
        }
    }
    for (uint32_t i = 0; i < snapshot->streams_count; i++) {
        const struct stream_delta *stream = &snapshot->streams[i];

        bytes += sizeof *stream +
                 sizeof(struct seqrun) * (stream->acked.runs_count + stream->refused.runs_count +
                                          stream->unconfirmed.runs_count);
    }
    for (uint32_t i = 0; i < snapshot->readings_count; i++) {
        const struct reading_delta *reading = &snapshot->readings[i];

        bytes += sizeof *reading +
                 sizeof(struct seqrun) * (reading->seen.runs_count + reading->again.runs_count +
                                          reading->out_of_order.runs_count);
    }
    return bytes;
}

static bool is_strained(const struct snapshot *snapshot)
{
    const struct strain *strain = &snapshot->health.strain;
    double span_ns = (double)(snapshot->until_ns - snapshot->from_ns);
    uint64_t due = 0;
    uint64_t sent = 0;

    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        due += snapshot->rows[i].counters.due;
        sent += snapshot->rows[i].counters.sent_in_time;
    }
    return (double)sent + snapshot->health.load_threads < STRAIN_ATTAINED_SUSPECT * (double)due ||
           (double)strain->own_lag_p99_ns > STRAIN_LAG_NS_SUSPECT ||
           (double)strain_busiest_ns(strain) > STRAIN_LOAD_CPU_SUSPECT * span_ns ||
           (double)strain->load_wait_ns > STRAIN_LOAD_WAIT_SUSPECT * span_ns ||
           (double)strain->ticker_late_ns > STRAIN_TICKER_NS_SUSPECT ||
           (double)strain->steal_ns > STRAIN_STEAL_SUSPECT * span_ns ||
           (double)strain->throttled_ns > STRAIN_THROTTLED_SUSPECT * span_ns ||
           (double)strain->recorder_full_ns > STRAIN_RECORDER_FULL_SUSPECT * span_ns;
}

static bool counters_can_be(const struct counters *counters)
{
    for (uint32_t i = 0; i < counters_record.fields_count; i++) {
        const struct field *field = &counters_record.fields[i];
        uint32_t count = field->type == FIELD_COUNTERS ? field->names_count : 1;

        for (uint32_t n = 0; n < count; n++) {
            uint64_t value;

            memcpy(&value, (const char *)counters + field->offset + n * sizeof value, sizeof value);
            if (value > FIGURE_MAX) {
                return false;
            }
        }
    }
    return true;
}

/* Can it be added to others, so that what is wrong in it is still seen? */
static bool can_be_added(const struct snapshot *snapshot)
{
    const struct strain *strain = &snapshot->health.strain;
    const int64_t times_ns[] = {
        snapshot->from_ns,    snapshot->until_ns,       snapshot->health.signs.waiting_since_ns,
        strain->load_cpu_ns,  strain->load_wait_ns,     strain->steal_ns,
        strain->throttled_ns, strain->recorder_full_ns, strain->library_cpu_ns};

    for (size_t i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++) {
        if (times_ns[i] > FIGURE_MAX || times_ns[i] < -FIGURE_MAX) {
            return false;
        }
    }
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        if (!counters_can_be(&snapshot->rows[i].counters)) {
            return false;
        }
        for (int series = 0; series < SERIES_COUNT; series++) {
            if (snapshot->rows[i].series[series].count > SAMPLES_MAX) {
                return false;
            }
        }
    }
    return true;
}

/* What happened at a time that is told. */
static bool has_events(const struct snapshot *snapshot)
{
    return snapshot->losses_count > 0 || snapshot->notices_count > 0 ||
           snapshot->threads_count > 0 || snapshot->health.losses_untold > 0;
}

/* Does it matter in which second that was? Later parts of a second say nothing of it. */
static bool is_of_its_second(const struct held *held, const struct snapshot *snapshot)
{
    const struct health *health = &snapshot->health;

    if (health->rss_bytes == 0) {
        return false;
    }
    return health->clients_down != held->clients_down ||
           (health->signs.waiting_since_ns != 0 &&
            snapshot->until_ns - health->signs.waiting_since_ns > INTERVAL_NS) ||
           is_strained(snapshot);
}

/* Does it come right after what is held? A second that an agent left out must be missed. */
static bool follows(const struct held *held, const struct snapshot *snapshot)
{
    const struct snapshot *last = held->parts[held->parts_count - 1];

    return snapshot->interval == last->interval + (last->last_part ? 1 : 0);
}

static bool begins_block(const struct held *held, const struct snapshot *snapshot)
{
    return held->parts_count == 0 || !follows(held, snapshot) ||
           (held->between_seconds &&
            snapshot_row(held->parts[0]->interval) != snapshot_row(snapshot->interval));
}

static bool may_wait(struct held *held, const struct snapshot *snapshot, bool hold)
{
    if (!hold || snapshot->final || snapshot->interval < COALESCED_FROM || has_events(snapshot) ||
        !can_be_added(snapshot)) {
        return false;
    }
    if (is_of_its_second(held, snapshot) && held->singles < SINGLE_SECONDS_MAX) {
        held->singles++;
        return false;
    }
    /* The rest of a second whose first part did not wait does not either. */
    return held->parts_count > 0 || held->between_seconds;
}

int coalesce_put(struct coalesce *coalesce, struct snapshot *snapshot, bool hold,
                 struct errinfo *reterr)
{
    struct held *held;
    size_t bytes;
    bool waits;
    int r = 0;

    if (snapshot->agent >= coalesce->agents_count) {
        return add_single(coalesce, snapshot, reterr);
    }
    held = &coalesce->agents[snapshot->agent];
    bytes = bytes_of(snapshot);
    waits = may_wait(held, snapshot, hold);
    if (snapshot->health.rss_bytes > 0) {
        held->clients_down = snapshot->health.clients_down;
    }
    if (!waits || begins_block(held, snapshot)) {
        r = release(coalesce, held, reterr);
    } else if (held->parts_count == HELD_MAX || held->bytes + bytes > HELD_BYTES_MAX) {
        waits = held->between_seconds;
        r = release(coalesce, held, reterr);
    }
    held->between_seconds = snapshot->last_part;
    if (r < 0) {
        snapshot_free(snapshot);
        return r;
    }
    if (!waits) {
        return add_single(coalesce, snapshot, reterr);
    }
    held->parts[held->parts_count++] = snapshot;
    held->bytes += bytes;
    /* The last second of its ten. */
    return snapshot->last_part &&
                   snapshot_row(snapshot->interval + 1) != snapshot_row(snapshot->interval)
               ? release(coalesce, held, reterr)
               : 0;
}
