#include "collector_inner.h"

#include "invariant.h"
#include "pages.h"

#include <stdlib.h>
#include <string.h>

/* What a thing takes on the wire at most; generous, because a part that is too large would be
 * refused. */
#define RUN_BYTES 20
#define ROW_BYTES 512 /* Without its histograms. */
#define SMALL_BYTES 96

/* Parts under construction. The last one takes what comes until its bytes are spent. */
struct cutter {
    struct collector *collector;
    struct snapshot **parts;
    uint32_t parts_count;
    size_t room_bytes;
};

static struct snapshot *cutter_part(struct cutter *cutter, size_t bytes)
{
    struct snapshot **grown;
    struct snapshot *part;

    if (cutter->parts_count > 0 && cutter->room_bytes >= bytes) {
        cutter->room_bytes -= bytes;
        return cutter->parts[cutter->parts_count - 1];
    }
    grown = realloc(cutter->parts, (cutter->parts_count + 1) * sizeof(struct snapshot *));
    if (grown == NULL) {
        return NULL;
    }
    cutter->parts = grown;
    part = calloc(1, sizeof *part);
    if (part == NULL) {
        return NULL;
    }
    part->trial = cutter->collector->assignment->trial;
    part->agent = cutter->collector->assignment->agent;
    part->interval = cutter->collector->interval;
    cutter->parts[cutter->parts_count++] = part;
    cutter->room_bytes = SNAPSHOT_BYTES_MAX > bytes ? SNAPSHOT_BYTES_MAX - bytes : 0;
    return part;
}

/* One more element at the end of a list that snapshot_free() frees. NULL if memory ran out. */
static void *list_grow(void *list, uint32_t *count, size_t element_bytes)
{
    void **address = list;
    char *grown = *address;

    /* Powers of two only: few reallocations, no capacity to keep. */
    if ((*count & (*count - 1)) == 0) {
        grown = realloc(*address, (*count == 0 ? 1 : *count * 2) * element_bytes);
        if (grown == NULL) {
            return NULL;
        }
        *address = grown;
    }
    grown += (size_t)*count * element_bytes;
    memset(grown, 0, element_bytes);
    (*count)++;
    return grown;
}

/* The histograms as the bytes that travel; those of the cell are freed. */
static int pack_series(struct recorder_cell *cell, struct hist_packed *packed)
{
    int r = 0;

    for (int series = 0; r == 0 && series < SERIES_COUNT; series++) {
        if (cell->series[series] != NULL) {
            r = hist_packed_of(cell->series[series], &packed[series], NULL);
            hist_free(cell->series[series]);
            cell->series[series] = NULL;
        }
    }
    return r;
}

static bool has_samples(const struct hist_packed *packed)
{
    bool some = false;

    for (int series = 0; series < SERIES_COUNT; series++) {
        some = some || packed[series].count > 0;
    }
    return some;
}

static struct snapshot_row *cutter_row(struct cutter *cutter, uint32_t at, size_t bytes)
{
    uint32_t flows = cutter->collector->assignment->flows_count;
    struct snapshot *part = cutter_part(cutter, ROW_BYTES + bytes);
    struct snapshot_row *row =
        part == NULL ? NULL : list_grow(&part->rows, &part->rows_count, sizeof *row);

    if (row != NULL) {
        row->flow = at % flows;
        row->phase = at / flows;
    }
    return row;
}

/* Takes the histograms over. What does not fit goes on in a row of the next part: whoever adds up
 * intervals adds up these as well. One histogram stays whole, however long it is. */
static int place_series(struct cutter *cutter, uint32_t at, struct snapshot_row *row,
                        struct hist_packed *packed)
{
    for (int series = 0; series < SERIES_COUNT; series++) {
        size_t bytes = packed[series].bytes_count;

        if (packed[series].count == 0) {
            continue;
        }
        if (cutter->room_bytes >= bytes) {
            cutter->room_bytes -= bytes;
        } else {
            row = cutter_row(cutter, at, bytes);
            if (row == NULL) {
                return -ENOMEM;
            }
        }
        row->series[series] = packed[series];
        packed[series] = (struct hist_packed){.bytes = NULL};
    }
    return 0;
}

static int cut_row(struct cutter *cutter, uint32_t at)
{
    static const struct counters none;
    struct recorder_cell *cell = &cutter->collector->cells[at];
    struct hist_packed packed[SERIES_COUNT] = {{.bytes = NULL}};
    struct snapshot_row *row;
    int r = pack_series(cell, packed);

    if (r == 0 && (has_samples(packed) || memcmp(&cell->counters, &none, sizeof none) != 0)) {
        row = cutter_row(cutter, at, 0);
        if (row == NULL) {
            r = -ENOMEM;
        } else {
            row->counters = cell->counters;
            r = place_series(cutter, at, row, packed);
        }
    }
    for (int series = 0; series < SERIES_COUNT; series++) {
        hist_packed_done(&packed[series]);
    }
    return r;
}

static int cut_rows(struct cutter *cutter)
{
    struct collector *collector = cutter->collector;
    int r = 0;

    while (r == 0 && collector->listed_count > 0) {
        uint32_t at = collector->listed[collector->listed_count - 1];

        r = cut_row(cutter, at);
        if (r == 0) {
            memset(&collector->cells[at], 0, sizeof *collector->cells);
            collector->listed_count--;
        }
    }
    return r;
}

/* Moves runs from `from` into the list that `select` finds in the current part, opening parts as
 * needed. */
static int cut_runs(struct cutter *cutter, struct seqruns *from,
                    struct seqruns *(*select)(struct snapshot *part, const void *key),
                    const void *key)
{
    uint32_t taken = 0;

    while (taken < from->runs_count) {
        uint32_t fit;
        struct snapshot *part = cutter_part(cutter, SMALL_BYTES + RUN_BYTES);
        struct seqruns *to = part == NULL ? NULL : select(part, key);

        if (to == NULL) {
            return -ENOMEM;
        }
        fit = (uint32_t)(cutter->room_bytes / RUN_BYTES) + 1;
        fit = fit < from->runs_count - taken ? fit : from->runs_count - taken;
        for (uint32_t i = 0; i < fit; i++) {
            if (seqruns_add(to, from->runs[taken + i].first, from->runs[taken + i].last) < 0) {
                return -ENOMEM;
            }
        }
        cutter->room_bytes -= (size_t)(fit - 1) * RUN_BYTES;
        taken += fit;
    }
    seqruns_clear(from);
    return 0;
}

static struct stream_delta *part_stream(struct snapshot *part, uint32_t stream)
{
    struct stream_delta *last;

    if (part->streams_count > 0 && part->streams[part->streams_count - 1].stream == stream) {
        return &part->streams[part->streams_count - 1];
    }
    last = list_grow(&part->streams, &part->streams_count, sizeof *last);
    if (last != NULL) {
        last->stream = stream;
    }
    return last;
}

static struct reading_delta *part_reading(struct snapshot *part, const struct reading_delta *key)
{
    struct reading_delta *last =
        part->readings_count == 0 ? NULL : &part->readings[part->readings_count - 1];

    if (last != NULL && last->stream == key->stream && last->subscription == key->subscription) {
        return last;
    }
    last = list_grow(&part->readings, &part->readings_count, sizeof *last);
    if (last != NULL) {
        last->stream = key->stream;
        last->subscription = key->subscription;
    }
    return last;
}

static struct seqruns *select_acked(struct snapshot *part, const void *key)
{
    struct stream_delta *delta = part_stream(part, *(const uint32_t *)key);

    return delta == NULL ? NULL : &delta->acked;
}

static struct seqruns *select_refused(struct snapshot *part, const void *key)
{
    struct stream_delta *delta = part_stream(part, *(const uint32_t *)key);

    return delta == NULL ? NULL : &delta->refused;
}

static struct seqruns *select_unconfirmed(struct snapshot *part, const void *key)
{
    struct stream_delta *delta = part_stream(part, *(const uint32_t *)key);

    return delta == NULL ? NULL : &delta->unconfirmed;
}

static struct seqruns *select_seen(struct snapshot *part, const void *key)
{
    struct reading_delta *delta = part_reading(part, key);

    return delta == NULL ? NULL : &delta->seen;
}

static struct seqruns *select_again(struct snapshot *part, const void *key)
{
    struct reading_delta *delta = part_reading(part, key);

    return delta == NULL ? NULL : &delta->again;
}

static struct seqruns *select_out_of_order(struct snapshot *part, const void *key)
{
    struct reading_delta *delta = part_reading(part, key);

    return delta == NULL ? NULL : &delta->out_of_order;
}

static int cut_sets(struct cutter *cutter)
{
    struct collector *collector = cutter->collector;
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < collector->fates_made_count; i++) {
        struct stream_delta *fate = collector->fates[collector->fates_made[i]];

        r = cut_runs(cutter, &fate->acked, select_acked, &fate->stream);
        if (r == 0) {
            r = cut_runs(cutter, &fate->refused, select_refused, &fate->stream);
        }
        if (r == 0) {
            r = cut_runs(cutter, &fate->unconfirmed, select_unconfirmed, &fate->stream);
        }
    }
    for (uint32_t i = 0; r == 0 && i < collector->readings_made_count; i++) {
        struct reading *reading = collector->readings[collector->readings_made[i]];

        r = cut_runs(cutter, &reading->delta.seen, select_seen, &reading->delta);
        if (r == 0) {
            r = cut_runs(cutter, &reading->delta.again, select_again, &reading->delta);
        }
        if (r == 0) {
            r = cut_runs(cutter, &reading->delta.out_of_order, select_out_of_order,
                         &reading->delta);
        }
    }
    return r;
}

static int cut_range(struct cutter *cutter, const struct delivery_range *from, uint32_t stream,
                     uint32_t phase, uint64_t *reported)
{
    uint64_t end = atomic_load_explicit(&from->end, memory_order_acquire);
    struct snapshot *part;
    struct stream_range *range;

    if (end == *reported) {
        return 0;
    }
    part = cutter_part(cutter, SMALL_BYTES);
    range = part == NULL ? NULL : list_grow(&part->ranges, &part->ranges_count, sizeof *range);
    if (range == NULL) {
        return -ENOMEM;
    }
    range->stream = stream;
    range->phase = phase;
    range->first = atomic_load_explicit(&from->first, memory_order_relaxed);
    range->end = end;
    range->intended_ns = atomic_load_explicit(&from->intended_ns, memory_order_relaxed);
    *reported = end;
    return 0;
}

/* Of one worker. What is over is read once more, and then takes no memory any more. */
static int cut_worker_ranges(struct cutter *cutter, struct recorder *recorder, uint64_t *reported)
{
    uint32_t lanes = recorder_producer_lanes(recorder);
    uint32_t first;
    uint32_t over;
    uint32_t end;
    int r = 0;

    recorder_phases(recorder, &first, &over, &end);
    for (uint32_t phase = first; phase < end; phase++) {
        const struct delivery_range *ranges = recorder_ranges(recorder, phase);

        for (uint32_t lane = 0; r == 0 && lane < lanes; lane++) {
            r = cut_range(cutter, &ranges[lane], recorder_lane_stream(recorder, lane), phase,
                          &reported[(size_t)phase * lanes + lane]);
        }
    }
    if (r == 0 && over > first) {
        recorder_forget_ranges(recorder, over);
        pages_clear(reported, 0, (size_t)over * lanes * sizeof *reported);
    }
    return r;
}

static int cut_ranges(struct cutter *cutter)
{
    struct collector *collector = cutter->collector;
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < collector->recorders_count; i++) {
        r = cut_worker_ranges(cutter, collector->recorders[i], collector->range_sent[i]);
    }
    return r;
}

static int cut_clients_and_errors(struct cutter *cutter)
{
    struct collector *collector = cutter->collector;

    for (uint32_t i = 0; i < collector->clients_count; i++) {
        struct client_delta *from = &collector->clients[i];
        struct snapshot *part;
        struct client_delta *to;

        if (from->messages == 0) {
            continue;
        }
        part = cutter_part(cutter, SMALL_BYTES);
        to = part == NULL ? NULL : list_grow(&part->clients, &part->clients_count, sizeof *to);
        if (to == NULL) {
            return -ENOMEM;
        }
        *to = *from;
        *from = (struct client_delta){.client = to->client};
    }
    for (uint32_t i = 0; i < collector->errors_count; i++) {
        struct snapshot *part = cutter_part(cutter, SMALL_BYTES + REASON_BYTES);
        struct error_delta *to =
            part == NULL ? NULL : list_grow(&part->errors, &part->errors_count, sizeof *to);

        if (to == NULL) {
            return -ENOMEM;
        }
        *to = collector->errors[i];
    }
    collector->errors_count = 0;
    return 0;
}

static int cut_words(struct cutter *cutter)
{
    struct collector *collector = cutter->collector;

    for (uint32_t i = 0; i < collector->notices_count; i++) {
        struct snapshot *part = cutter_part(cutter, SMALL_BYTES + REASON_BYTES);
        struct notice_delta *to =
            part == NULL ? NULL : list_grow(&part->notices, &part->notices_count, sizeof *to);

        if (to == NULL) {
            return -ENOMEM;
        }
        *to = collector->notices[i];
    }
    for (uint32_t i = 0; i < collector->losses_count; i++) {
        struct snapshot *part = cutter_part(cutter, SMALL_BYTES + REASON_BYTES);
        struct loss_delta *to =
            part == NULL ? NULL : list_grow(&part->losses, &part->losses_count, sizeof *to);

        if (to == NULL) {
            return -ENOMEM;
        }
        *to = collector->losses[i];
    }
    collector->notices_count = 0;
    collector->losses_count = 0;
    return 0;
}

int collector_cut(struct collector *collector, struct snapshot ***ret, uint32_t *ret_count,
                  struct errinfo *reterr)
{
    struct cutter cutter = {.collector = collector};

    if (cutter_part(&cutter, SMALL_BYTES) == NULL || cut_ranges(&cutter) < 0 ||
        cut_rows(&cutter) < 0 || cut_sets(&cutter) < 0 || cut_clients_and_errors(&cutter) < 0 ||
        cut_words(&cutter) < 0) {
        for (uint32_t i = 0; i < cutter.parts_count; i++) {
            snapshot_free(cutter.parts[i]);
        }
        free(cutter.parts);
        return errinfo_nomem(reterr);
    }
    *ret = cutter.parts;
    *ret_count = cutter.parts_count;
    return 0;
}
