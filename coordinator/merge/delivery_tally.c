/* delivery_tally: all rows of a trial's audit, in one pass over its streams. */
#include "delivery_inner.h"

#include <stdlib.h>
#include <string.h>

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

/* Numbers of any phase, and of none: what a subscription lacks is looked for in the whole stream.
 */
static void explain_reading(const struct delivery_audit *audit, uint32_t stream,
                            uint32_t subscription, struct delivery_line *line)
{
    const struct seqset *acked = audit->streams[stream].acked;
    const struct reading *reading = delivery_reading(audit, stream, subscription);
    struct seqruns runs = {0};

    if (acked == NULL || line->ranges_left == 0) {
        return;
    }
    if (seqset_list_without(acked, reading->seen == NULL ? audit->empty : reading->seen, 0, SEQ_MAX,
                            line->ranges_left, &runs) == 0) {
        explain_runs(&line->detail, stream, "missing", &runs, &line->ranges_left);
    }
    seqruns_clear(&runs);
    if (delivery_set_count(reading->again) == 0) {
        for (uint32_t i = 0; i < reading->more_again.runs_count && i < line->ranges_left; i++) {
            (void)seqruns_add(&runs, reading->more_again.runs[i].first,
                              reading->more_again.runs[i].last);
        }
        explain_runs(&line->detail, stream, "again", &runs, &line->ranges_left);
    } else if (line->ranges_left > 0 &&
               seqset_list_without(reading->again, audit->empty, 0, SEQ_MAX, line->ranges_left,
                                   &runs) == 0) {
        explain_runs(&line->detail, stream, "again", &runs, &line->ranges_left);
    }
    seqruns_done(&runs);
}

static void add_counts(struct delivery_counts *to, const struct delivery_counts *from)
{
    to->sent += from->sent;
    to->acked += from->acked;
    to->refused += from->refused;
    to->unconfirmed += from->unconfirmed;
    to->expected += from->expected;
    to->received += from->received;
    to->lost += from->lost;
    to->duplicated += from->duplicated;
    to->reordered += from->reordered;
    to->expired += from->expired;
    to->unaccounted += from->unaccounted;
    to->unexpected += from->unexpected;
}

/* The rows that a stream adds to. */
struct stream_rows {
    struct delivery_counts *cells; /* By phase. */
    struct delivery_line *lines;   /* By subscription; NULL: it is of no topic. */
    struct delivery_place *place;  /* NULL: it is of no partition. */
};

/* A damaged journal may name a topic or partition that the flow does not have: of the flow it is
 * all the same. */
static struct stream_rows rows_of(const struct delivery_audit *audit, const struct stream *stream,
                                  const struct delivery_tally *tally)
{
    const struct assigned_flow *flow = &audit->tables.flows[stream->flow];
    struct stream_rows rows = {
        .cells = &tally->cells[(size_t)stream->flow * audit->tables.phases_count]};

    if (stream->topic < flow->topics_count) {
        rows.lines = &tally->lines[tally->flow_first_line[stream->flow] +
                                   (size_t)stream->topic * flow->subscriptions_count];
        if (stream->partition < flow->partitions) {
            rows.place =
                &tally->places[tally->flow_first_place[stream->flow] +
                               (size_t)stream->topic * flow->partitions + stream->partition];
        }
    }
    return rows;
}

static void tally_phase(const struct delivery_audit *audit, const struct stream *stream,
                        uint32_t phase, const struct delivery_end *end,
                        const struct stream_rows *rows)
{
    const struct assigned_flow *flow = &audit->tables.flows[stream->flow];
    const struct range *range = &stream->ranges[phase];
    struct delivery_counts sent = {0};

    delivery_count_sent(stream, range, &sent);
    add_counts(&rows->cells[phase], &sent);
    if (rows->place != NULL) {
        rows->place->acked += sent.acked;
    }
    for (uint32_t s = 0; s < flow->subscriptions_count; s++) {
        struct delivery_counts read = {0};

        if (flow->consumers_count > 0) {
            delivery_count_reading(audit, stream, s, range, end, &read);
        }
        add_counts(&rows->cells[phase], &read);
        if (rows->lines != NULL) {
            add_counts(&rows->lines[s].counts, &sent);
            add_counts(&rows->lines[s].counts, &read);
        }
        if (rows->place != NULL) {
            rows->place->received += read.received;
        }
    }
}

static void tally_stream(const struct delivery_audit *audit, uint32_t index,
                         const struct delivery_end *end, const struct delivery_tally *tally)
{
    const struct stream *stream = &audit->streams[index];
    const struct stream_rows rows = rows_of(audit, stream, tally);

    for (uint32_t phase = 0; stream->ranges != NULL && phase < audit->tables.phases_count;
         phase++) {
        if (stream->ranges[phase].end > 0) {
            tally_phase(audit, stream, phase, end, &rows);
        }
    }
    for (uint32_t s = 0;
         rows.lines != NULL && s < audit->tables.flows[stream->flow].subscriptions_count; s++) {
        explain_reading(audit, index, s, &rows.lines[s]);
    }
}

static int make_rows(const struct delivery_audit *audit, struct delivery_tally *tally,
                     struct errinfo *reterr)
{
    const struct delivery_tables *tables = &audit->tables;
    size_t places_count = 0;

    for (uint32_t i = 0; i < tables->flows_count; i++) {
        const struct assigned_flow *flow = &tables->flows[i];

        tally->flow_first_line[i] = tally->lines_count;
        tally->flow_first_place[i] = places_count;
        tally->lines_count += (size_t)flow->topics_count * flow->subscriptions_count;
        places_count += (size_t)flow->topics_count * flow->partitions;
    }
    tally->cells =
        calloc((size_t)tables->flows_count * tables->phases_count + 1, sizeof *tally->cells);
    tally->lines = calloc(tally->lines_count + 1, sizeof *tally->lines);
    tally->places = calloc(places_count + 1, sizeof *tally->places);
    return tally->cells == NULL || tally->lines == NULL || tally->places == NULL
               ? errinfo_nomem(reterr)
               : 0;
}

int delivery_tally(const struct delivery_audit *audit, const struct delivery_end *end,
                   uint32_t ranges_max, struct delivery_tally *ret, struct errinfo *reterr)
{
    int r;

    memset(ret, 0, sizeof *ret);
    r = make_rows(audit, ret, reterr);
    if (r < 0) {
        delivery_tally_done(ret);
        return r;
    }
    for (size_t i = 0; i < ret->lines_count; i++) {
        ret->lines[i].ranges_left = ranges_max;
    }
    for (uint32_t i = 0; i < audit->streams_count; i++) {
        tally_stream(audit, i, end, ret);
    }
    return 0;
}

void delivery_tally_done(struct delivery_tally *tally)
{
    for (size_t i = 0; tally->lines != NULL && i < tally->lines_count; i++) {
        text_done(&tally->lines[i].detail);
    }
    free(tally->cells);
    free(tally->lines);
    free(tally->places);
    memset(tally, 0, sizeof *tally);
}
