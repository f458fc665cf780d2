#include "delivery.h"

#include "invariant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct range {
    uint64_t first;
    uint64_t end; /* 0: nothing of this phase. */
};

/* How far a stream had come at a time; kept only where messages can expire. */
struct progress {
    int64_t until_ns;
    uint64_t end;
};

struct stream {
    uint32_t flow;
    uint32_t topic; /* Ordinal within the flow. */
    uint32_t partition;
    struct seqset *acked; /* NULL while empty, likewise below. */
    struct seqset *refused;
    struct seqset *unconfirmed;
    struct range *ranges; /* By phase; NULL while nothing was sent. */
    struct progress *progress;
    uint32_t progress_count;
};

struct reading {
    struct seqset *seen;
    struct seqset *out_of_order;
    struct seqruns again; /* A run per copy. */
};

struct delivery_audit {
    struct delivery_tables tables;
    struct stream *streams;
    uint32_t streams_count;
    struct reading *readings;
    uint32_t readings_count;
    uint32_t flow_first_reading[FLOWS_MAX];
    struct seqset *empty; /* Stands for a set that nothing came into yet. */
};

static struct reading *reading_at(const struct delivery_audit *audit, uint32_t stream,
                                  uint32_t subscription)
{
    uint32_t flow_index = audit->streams[stream].flow;
    const struct assigned_flow *flow = &audit->tables.flows[flow_index];

    return &audit->readings[audit->flow_first_reading[flow_index] +
                            subscription * flow->streams_count + (stream - flow->stream_first)];
}

static void name_streams(struct delivery_audit *audit)
{
    for (uint32_t i = 0; i < audit->tables.producers_count; i++) {
        const struct assigned_producer *producer = &audit->tables.producers[i];
        const struct assigned_flow *flow = &audit->tables.flows[producer->flow];

        for (uint32_t s = 0; s < producer->topics_count * flow->partitions; s++) {
            struct stream *stream = &audit->streams[producer->stream_first + s];

            stream->topic = producer->topic_first + s / flow->partitions * producer->topic_stride;
            stream->partition = s % flow->partitions;
        }
    }
}

int delivery_new(const struct delivery_tables *tables, struct delivery_audit **ret,
                 struct errinfo *reterr)
{
    struct delivery_audit *audit = calloc(1, sizeof *audit);

    if (audit == NULL) {
        return errinfo_nomem(reterr);
    }
    audit->tables = *tables;
    for (uint32_t i = 0; i < tables->flows_count; i++) {
        audit->flow_first_reading[i] = audit->readings_count;
        audit->readings_count +=
            tables->flows[i].streams_count * tables->flows[i].subscriptions_count;
        audit->streams_count += tables->flows[i].streams_count;
    }
    audit->streams = calloc((size_t)audit->streams_count + 1, sizeof *audit->streams);
    audit->readings = calloc((size_t)audit->readings_count + 1, sizeof *audit->readings);
    if (audit->streams == NULL || audit->readings == NULL || seqset_new(&audit->empty, NULL) < 0) {
        delivery_free(audit);
        return errinfo_nomem(reterr);
    }
    for (uint32_t i = 0; i < tables->flows_count; i++) {
        for (uint32_t s = 0; s < tables->flows[i].streams_count; s++) {
            audit->streams[tables->flows[i].stream_first + s].flow = i;
        }
    }
    name_streams(audit);
    *ret = audit;
    return 0;
}

void delivery_free(struct delivery_audit *audit)
{
    if (audit == NULL) {
        return;
    }
    for (uint32_t i = 0; audit->streams != NULL && i < audit->streams_count; i++) {
        struct stream *stream = &audit->streams[i];

        seqset_free(stream->acked);
        seqset_free(stream->refused);
        seqset_free(stream->unconfirmed);
        free(stream->ranges);
        free(stream->progress);
    }
    for (uint32_t i = 0; audit->readings != NULL && i < audit->readings_count; i++) {
        seqset_free(audit->readings[i].seen);
        seqset_free(audit->readings[i].out_of_order);
        seqruns_done(&audit->readings[i].again);
    }
    seqset_free(audit->empty);
    free(audit->streams);
    free(audit->readings);
    free(audit);
}

static int add_runs(struct seqset **set, const struct seqruns *runs, struct seqruns *again,
                    struct errinfo *reterr)
{
    int r = 0;

    if (runs->runs_count > 0 && *set == NULL) {
        r = seqset_new(set, reterr);
    }
    for (uint32_t i = 0; r == 0 && i < runs->runs_count; i++) {
        r = seqset_add(*set, runs->runs[i].first, runs->runs[i].last, NULL, again);
    }
    return r < 0 ? errinfo_nomem(reterr) : 0;
}

static int add_progress(struct stream *stream, int64_t until_ns, uint64_t end)
{
    struct progress *grown =
        realloc(stream->progress, ((size_t)stream->progress_count + 1) * sizeof *stream->progress);

    if (grown == NULL) {
        return -ENOMEM;
    }
    stream->progress = grown;
    stream->progress[stream->progress_count++] =
        (struct progress){.until_ns = until_ns, .end = end};
    return 0;
}

static int add_range(struct delivery_audit *audit, const struct snapshot *snapshot,
                     const struct stream_range *range, struct errinfo *reterr)
{
    struct stream *stream;

    if (range->stream >= audit->streams_count || range->phase >= audit->tables.phases_count ||
        range->first > range->end) {
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
    stream->ranges[range->phase] = (struct range){.first = range->first, .end = range->end};
    if (audit->tables.flows[stream->flow].delivery.ttl_ns > 0 &&
        add_progress(stream, snapshot->until_ns, range->end) < 0) {
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

static int add_reading(struct delivery_audit *audit, const struct reading_delta *delta,
                       struct errinfo *reterr)
{
    struct reading *reading;
    int r;

    if (delta->stream >= audit->streams_count ||
        delta->subscription >=
            audit->tables.flows[audit->streams[delta->stream].flow].subscriptions_count) {
        return errinfo_set(reterr, -EBADMSG,
                           "stream %u in subscription %u, which the trial does not have",
                           delta->stream, delta->subscription);
    }
    reading = reading_at(audit, delta->stream, delta->subscription);
    r = add_runs(&reading->seen, &delta->seen, &reading->again, reterr);
    for (uint32_t i = 0; r == 0 && i < delta->again.runs_count; i++) {
        r = seqruns_add(&reading->again, delta->again.runs[i].first, delta->again.runs[i].last);
    }
    if (r == 0) {
        r = add_runs(&reading->out_of_order, &delta->out_of_order, NULL, reterr);
    }
    return r < 0 && r != -EBADMSG ? errinfo_nomem(reterr) : r;
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

static uint64_t count_in(const struct seqset *set, const struct range *range)
{
    return set == NULL ? 0 : seqset_count_range(set, range->first, range->end);
}

/* Members of a that b lacks; either may be NULL. */
static uint64_t count_without(const struct delivery_audit *audit, const struct seqset *a,
                              const struct seqset *b, uint64_t first, uint64_t end)
{
    if (a == NULL || first >= end) {
        return 0;
    }
    return seqset_count_without(a, b == NULL ? audit->empty : b, first, end);
}

static uint64_t copies_in(const struct seqruns *again, const struct range *range)
{
    uint64_t copies = 0;

    for (uint32_t i = 0; i < again->runs_count; i++) {
        uint64_t first = again->runs[i].first > range->first ? again->runs[i].first : range->first;
        uint64_t end = again->runs[i].last + 1 < range->end ? again->runs[i].last + 1 : range->end;

        copies += end > first ? end - first : 0;
    }
    return copies;
}

/* Everything below was intended at least a ttl before the trial ended. */
static uint64_t expired_below(const struct stream *stream, int64_t ttl_ns, int64_t ended_ns)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < stream->progress_count; i++) {
        if (stream->progress[i].until_ns + ttl_ns <= ended_ns && stream->progress[i].end > end) {
            end = stream->progress[i].end;
        }
    }
    return end;
}

static void count_reading(const struct delivery_audit *audit, const struct stream *stream,
                          uint32_t subscription, const struct range *range,
                          const struct delivery_end *end, struct delivery_counts *counts)
{
    const struct reading *reading =
        reading_at(audit, (uint32_t)(stream - audit->streams), subscription);
    int64_t ttl_ns = audit->tables.flows[stream->flow].delivery.ttl_ns;
    uint64_t acked = count_in(stream->acked, range);
    uint64_t missing = count_without(audit, stream->acked, reading->seen, range->first, range->end);
    uint64_t expired = 0;

    counts->expected += acked;
    counts->received += count_in(reading->seen, range);
    counts->unexpected +=
        count_without(audit, reading->seen, stream->acked, range->first, range->end);
    counts->duplicated += copies_in(&reading->again, range);
    counts->reordered += count_in(reading->out_of_order, range);
    if (ttl_ns > 0) {
        uint64_t below = expired_below(stream, ttl_ns, end->ended_ns);

        expired = count_without(audit, stream->acked, reading->seen, range->first,
                                below < range->end ? below : range->end);
    }
    counts->expired += expired;
    if (end->unaccounted[stream->flow * SUBSCRIPTIONS_MAX + subscription] != 0) {
        counts->unaccounted += missing - expired;
    } else {
        counts->lost += missing - expired;
    }
}

static bool asked_for(uint32_t question, uint32_t value)
{
    return question == DELIVERY_ALL || question == value;
}

static void count_stream(const struct delivery_audit *audit, const struct stream *stream,
                         const struct delivery_question *question, const struct delivery_end *end,
                         struct delivery_counts *counts)
{
    uint32_t subscriptions = audit->tables.flows[stream->flow].subscriptions_count;
    bool read = audit->tables.flows[stream->flow].consumers_count > 0;

    for (uint32_t phase = 0; stream->ranges != NULL && phase < audit->tables.phases_count;
         phase++) {
        const struct range *range = &stream->ranges[phase];

        if (!asked_for(question->phase, phase) || range->end == 0) {
            continue;
        }
        counts->acked += count_in(stream->acked, range);
        counts->refused += count_in(stream->refused, range);
        counts->unconfirmed += count_in(stream->unconfirmed, range);
        counts->sent += range->end - range->first;
        for (uint32_t s = 0; read && s < subscriptions; s++) {
            if (asked_for(question->subscription, s)) {
                count_reading(audit, stream, s, range, end, counts);
            }
        }
    }
}

void delivery_count(const struct delivery_audit *audit, const struct delivery_question *question,
                    const struct delivery_end *end, struct delivery_counts *counts)
{
    for (uint32_t i = 0; i < audit->streams_count; i++) {
        const struct stream *stream = &audit->streams[i];

        if (asked_for(question->flow, stream->flow) && asked_for(question->topic, stream->topic) &&
            asked_for(question->partition, stream->partition)) {
            count_stream(audit, stream, question, end, counts);
        }
    }
}

static uint64_t set_count(const struct seqset *set)
{
    return set == NULL ? 0 : seqset_count(set);
}

uint64_t delivery_backlog(const struct delivery_audit *audit)
{
    uint64_t backlog = 0;

    for (uint32_t i = 0; i < audit->streams_count; i++) {
        const struct assigned_flow *flow = &audit->tables.flows[audit->streams[i].flow];
        uint64_t acked = set_count(audit->streams[i].acked);

        for (uint32_t s = 0; flow->consumers_count > 0 && s < flow->subscriptions_count; s++) {
            uint64_t seen = set_count(reading_at(audit, i, s)->seen);

            backlog += acked > seen ? acked - seen : 0;
        }
    }
    return backlog;
}

static uint64_t stream_sent(const struct delivery_audit *audit, const struct stream *stream)
{
    uint64_t sent = 0;

    for (uint32_t phase = 0; stream->ranges != NULL && phase < audit->tables.phases_count;
         phase++) {
        sent += stream->ranges[phase].end - stream->ranges[phase].first;
    }
    return sent;
}

bool delivery_complete(const struct delivery_audit *audit)
{
    for (uint32_t i = 0; i < audit->streams_count; i++) {
        const struct stream *stream = &audit->streams[i];
        const struct assigned_flow *flow = &audit->tables.flows[stream->flow];

        if (set_count(stream->acked) + set_count(stream->refused) + set_count(stream->unconfirmed) <
            stream_sent(audit, stream)) {
            return false;
        }
        for (uint32_t s = 0; flow->consumers_count > 0 && s < flow->subscriptions_count; s++) {
            if (count_without(audit, stream->acked, reading_at(audit, i, s)->seen, 0, SEQ_MAX) >
                0) {
                return false;
            }
        }
    }
    return true;
}

static void explain_runs(struct text *out, uint32_t stream, const char *what,
                         const struct seqruns *runs, uint32_t *ranges_left)
{
    for (uint32_t i = 0; i<runs->runs_count && * ranges_left> 0; i++, (*ranges_left)--) {
        text_addf(out, "%sstream %u: %s %llu", out->bytes_count > 0 ? "; " : "", stream, what,
                  (unsigned long long)runs->runs[i].first);
        if (runs->runs[i].last > runs->runs[i].first) {
            text_addf(out, "-%llu", (unsigned long long)runs->runs[i].last);
        }
    }
}

void delivery_explain(const struct delivery_audit *audit, const struct delivery_question *question,
                      uint32_t ranges_max, struct text *out)
{
    struct seqruns missing = {0};

    for (uint32_t i = 0; i < audit->streams_count && ranges_max > 0; i++) {
        const struct stream *stream = &audit->streams[i];
        const struct reading *reading;

        if (!asked_for(question->flow, stream->flow) ||
            !asked_for(question->topic, stream->topic) || stream->acked == NULL ||
            question->subscription == DELIVERY_ALL) {
            continue;
        }
        reading = reading_at(audit, i, question->subscription);
        seqruns_clear(&missing);
        if (seqset_list_without(stream->acked, reading->seen == NULL ? audit->empty : reading->seen,
                                0, SEQ_MAX, ranges_max, &missing) == 0) {
            explain_runs(out, i, "missing", &missing, &ranges_max);
        }
        explain_runs(out, i, "again", &reading->again, &ranges_max);
    }
    seqruns_done(&missing);
}
