#include "delivery_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Numbers that may be missing below a run. Above a gap a set takes some 20 bytes per 65536 numbers,
 * so a run of SEQ_MAX would take gigabytes; this many are 20 MB, and a day of 800 000 messages a
 * second in one stream whose first message was lost.
 */
#define MISSING_MAX (UINT64_C(1) << 36)

/* Likewise of copies, where a list does as well: this many are 1.3 MB. */
#define COPIES_APART_MAX (UINT64_C(1) << 32)

static int check_run(const struct seqset *set, const struct seqrun *run, struct errinfo *reterr)
{
    if (run->first > run->last || run->last >= SEQ_MAX ||
        run->last >= delivery_set_count(set) + MISSING_MAX) {
        return errinfo_set(reterr, -EBADMSG, "messages %llu to %llu, far beyond their stream's end",
                           (unsigned long long)run->first, (unsigned long long)run->last);
    }
    return 0;
}

static int add_runs(struct seqset **set, const struct seqruns *runs, struct seqruns *again,
                    struct errinfo *reterr)
{
    int r = 0;

    if (runs->runs_count > 0 && *set == NULL) {
        r = seqset_new(set, reterr);
    }
    for (uint32_t i = 0; r == 0 && i < runs->runs_count; i++) {
        const struct seqrun *run = &runs->runs[i];

        r = check_run(*set, run, reterr);
        if (r == 0 && seqset_add(*set, run->first, run->last, NULL, again) < 0) {
            r = errinfo_nomem(reterr);
        }
    }
    return r;
}

/* A trial ends no earlier than what was reported of it last: of all that is older by a ttl the last
 * one says it all. */
static void forget_progress(struct stream *stream, int64_t until_ns, int64_t ttl_ns)
{
    uint32_t old = 0;
    int64_t below_ns;

    if (__builtin_sub_overflow(until_ns, ttl_ns, &below_ns)) {
        return;
    }
    while (old + 1 < stream->progress_count && stream->progress[old + 1].until_ns <= below_ns) {
        old++;
    }
    stream->progress_count -= old;
    memmove(stream->progress, stream->progress + old,
            stream->progress_count * sizeof *stream->progress);
}

static int add_progress(struct stream *stream, int64_t until_ns, uint64_t end, int64_t ttl_ns)
{
    if (stream->progress_count > 0 && stream->progress_count == stream->progress_capacity) {
        forget_progress(stream, until_ns, ttl_ns);
    }
    if (stream->progress_count == stream->progress_capacity) {
        uint32_t capacity = stream->progress_capacity == 0 ? 4 : stream->progress_capacity * 2;
        struct progress *grown = realloc(stream->progress, capacity * sizeof *stream->progress);

        if (grown == NULL) {
            return -ENOMEM;
        }
        stream->progress = grown;
        stream->progress_capacity = capacity;
    }
    stream->progress[stream->progress_count++] =
        (struct progress){.until_ns = until_ns, .end = end};
    return 0;
}

static int add_range(struct delivery_audit *audit, const struct snapshot *snapshot,
                     const struct stream_range *range, struct errinfo *reterr)
{
    struct stream *stream;
    int64_t ttl_ns;

    if (range->stream >= audit->streams_count || range->phase >= audit->tables.phases_count ||
        range->first > range->end || range->end > SEQ_MAX) {
        return errinfo_set(reterr, -EBADMSG,
                           "a range of stream %u, phase %u, which the trial does not have",
                           range->stream, range->phase);
    }
    stream = &audit->streams[range->stream];
    if (stream->ranges == NULL) {
        stream->ranges = calloc(audit->tables.phases_count, sizeof *stream->ranges);
        if (stream->ranges == NULL) {
            return errinfo_nomem(reterr);
        }
    }
    stream->ranges[range->phase].first = range->first;
    stream->ranges[range->phase].end = range->end;
    if (delivery_add_knot(audit, &stream->ranges[range->phase], range->end, range->intended_ns) <
        0) {
        return errinfo_nomem(reterr);
    }
    ttl_ns = audit->tables.flows[stream->flow].delivery.ttl_ns;
    if (ttl_ns > 0 && add_progress(stream, snapshot->until_ns, range->end, ttl_ns) < 0) {
        return errinfo_nomem(reterr);
    }
    return 0;
}

static int add_stream(struct delivery_audit *audit, const struct stream_delta *delta,
                      struct errinfo *reterr)
{
    struct stream *stream;
    int r;

    if (delta->stream >= audit->streams_count) {
        return errinfo_set(reterr, -EBADMSG, "stream %u, which the trial does not have",
                           delta->stream);
    }
    stream = &audit->streams[delta->stream];
    r = add_runs(&stream->acked, &delta->acked, NULL, reterr);
    if (r == 0) {
        r = add_runs(&stream->refused, &delta->refused, NULL, reterr);
    }
    if (r == 0) {
        r = add_runs(&stream->unconfirmed, &delta->unconfirmed, NULL, reterr);
    }
    return r;
}

/* What an agent saw, with what it saw again; copies are appended to again. */
static int add_seen(struct reading *reading, const struct reading_delta *delta,
                    struct seqruns *again, struct errinfo *reterr)
{
    int r = add_runs(&reading->seen, &delta->seen, again, reterr);

    for (uint32_t i = 0; r == 0 && i < delta->again.runs_count; i++) {
        const struct seqrun *run = &delta->again.runs[i];

        r = check_run(reading->seen, run, reterr);
        if (r == 0 && seqruns_add(again, run->first, run->last) < 0) {
            r = errinfo_nomem(reterr);
        }
    }
    return r;
}

/* There may be as many copies as messages: the second of a message goes into a set. */
static int add_again(struct reading *reading, const struct seqruns *copies, struct errinfo *reterr)
{
    struct seqruns more = {0};
    int r = 0;

    if (copies->runs_count > 0 && reading->again == NULL) {
        r = seqset_new(&reading->again, reterr);
    }
    for (uint32_t i = 0; r == 0 && i < copies->runs_count; i++) {
        const struct seqrun *run = &copies->runs[i];
        bool is_near = run->last < seqset_count(reading->again) + COPIES_APART_MAX;

        r = is_near ? seqset_add(reading->again, run->first, run->last, NULL, &more)
                    : seqruns_add(&more, run->first, run->last);
        r = r < 0 ? errinfo_nomem(reterr) : 0;
    }
    for (uint32_t i = 0; r == 0 && i < more.runs_count; i++) {
        r = copies_add(&reading->more_again, more.runs[i].first, more.runs[i].last);
        r = r < 0 ? errinfo_nomem(reterr) : 0;
    }
    seqruns_done(&more);
    return r;
}

static int add_reading(struct delivery_audit *audit, const struct reading_delta *delta,
                       struct errinfo *reterr)
{
    struct seqruns again = {0};
    struct reading *reading;
    int r;

    if (delta->stream >= audit->streams_count ||
        delta->subscription >=
            audit->tables.flows[audit->streams[delta->stream].flow].subscriptions_count) {
        return errinfo_set(reterr, -EBADMSG,
                           "stream %u in subscription %u, which the trial does not have",
                           delta->stream, delta->subscription);
    }
    reading = delivery_reading(audit, delta->stream, delta->subscription);
    audit->seen -= delivery_set_count(reading->seen);
    r = add_seen(reading, delta, &again, reterr);
    audit->seen += delivery_set_count(reading->seen);
    if (r == 0) {
        r = add_again(reading, &again, reterr);
    }
    seqruns_done(&again);
    return r < 0 ? r : add_runs(&reading->out_of_order, &delta->out_of_order, NULL, reterr);
}

int delivery_add(struct delivery_audit *audit, const struct snapshot *snapshot,
                 struct errinfo *reterr)
{
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < snapshot->ranges_count; i++) {
        r = add_range(audit, snapshot, &snapshot->ranges[i], reterr);
    }
    for (uint32_t i = 0; r == 0 && i < snapshot->streams_count; i++) {
        r = add_stream(audit, &snapshot->streams[i], reterr);
    }
    for (uint32_t i = 0; r == 0 && i < snapshot->readings_count; i++) {
        r = add_reading(audit, &snapshot->readings[i], reterr);
    }
    return r;
}
