#include "assignment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * What holds between lists; what is wrong within one item the tables say (assignment_records.c).
 *
 * Sums are taken in 64 bits after each term was held against its bound, so none can wrap. Clients
 * and streams are marked in bitmaps: two producers with one stream would number messages twice, and
 * the audit could not tell their copies from duplicates of the broker.
 */
#define MARK_WORDS(bits) (((bits) + 63) / 64)

struct check {
    const struct assignment *assignment;
    uint64_t clients_count; /* Of the trial. */
    uint32_t streams_count; /* Of the flows so far. */
    uint64_t clients[MARK_WORDS(CLIENTS_MAX)];
    uint64_t written[MARK_WORDS(STREAMS_MAX)];    /* By a producer of this agent. */
    uint64_t attributed[MARK_WORDS(STREAMS_MAX)]; /* To an agent, in the table of writers. */
    struct errinfo *reterr;
};

/* Where a value stands, for the sentence: "flows[2].partitions". */
struct place {
    const char *list; /* NULL: a field of the assignment itself. */
    uint32_t index;
    struct errinfo *reterr;
};

static struct place place_in(const struct check *check, const char *list, uint32_t index)
{
    return (struct place){.list = list, .index = index, .reterr = check->reterr};
}

static int bad(const struct place *place, const char *field, const char *what)
{
    if (place->list == NULL) {
        return errinfo_set(place->reterr, -EBADMSG, "assignment: %s %s", field, what);
    }
    return errinfo_set(place->reterr, -EBADMSG, "assignment: %s[%u].%s %s", place->list,
                       place->index, field, what);
}

static int check_number(const struct place *place, const char *field, uint64_t value, uint64_t min,
                        uint64_t max)
{
    char what[96];

    if (value >= min && value <= max) {
        return 0;
    }
    (void)snprintf(what, sizeof what, "is %llu (%llu to %llu)", (unsigned long long)value,
                   (unsigned long long)min, (unsigned long long)max);
    return bad(place, field, what);
}

/* index must be of a list of that many. */
static int check_index(const struct place *place, const char *field, uint64_t index, uint64_t count)
{
    if (count == 0) {
        return bad(place, field, "points into an empty list");
    }
    return check_number(place, field, index, 0, count - 1);
}

/* [first, first + count) must lie within [from, from + room). All are below 2^32. */
static int check_span(const struct place *place, const char *field, const uint32_t span[2],
                      const uint32_t within[2])
{
    uint64_t end = (uint64_t)span[0] + span[1];

    if (span[0] < within[0] || end > (uint64_t)within[0] + within[1]) {
        return bad(place, field, "reaches beyond its list");
    }
    return 0;
}

static int mark(uint64_t *marks, uint32_t first, uint64_t count)
{
    for (uint64_t bit = first; bit < first + count; bit++) {
        if (marks[bit / 64] & (UINT64_C(1) << (bit % 64))) {
            return -EBADMSG;
        }
        marks[bit / 64] |= UINT64_C(1) << (bit % 64);
    }
    return 0;
}

/* Of the topics and streams that all flows share. */
static int check_flow(const struct check *check, uint32_t index)
{
    const struct assigned_flow *f = &check->assignment->flows[index];
    const struct place place = place_in(check, "flows", index);
    int r = check_span(&place, "topics_count", (const uint32_t[]){f->topic_first, f->topics_count},
                       (const uint32_t[]){0, check->assignment->topics_count});

    return r < 0 ? r
                 : check_span(&place, "streams_count",
                              (const uint32_t[]){f->stream_first, f->streams_count},
                              (const uint32_t[]){0, STREAMS_MAX});
}

/* Streams are numbered through the flows without a gap, as tables by stream are as long as all
 * flows together; and the topics of this flow's range name it. */
static int check_flow_apart(struct check *check, uint32_t index)
{
    const struct assignment *a = check->assignment;
    const struct assigned_flow *flow = &a->flows[index];
    const struct place place = place_in(check, "flows", index);

    if (flow->stream_first != check->streams_count) {
        return bad(&place, "stream_first", "does not follow the streams of the flow before");
    }
    check->streams_count += flow->streams_count; /* Ends within STREAMS_MAX: checked before. */
    for (uint32_t i = 0; i < flow->topics_count; i++) {
        if (a->topics[flow->topic_first + i].flow != index) {
            return bad(&place, "topic_first", "has topics of another flow");
        }
    }
    return 0;
}

static int check_flows(struct check *check)
{
    const struct assignment *a = check->assignment;
    struct place place = place_in(check, NULL, 0);
    uint64_t readings = 0;
    uint64_t places = 0; /* Of flows that nobody writes to, too: results have a row of each. */
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < a->topics_count; i++) {
        place = place_in(check, "topics", i);
        r = check_index(&place, "flow", a->topics[i].flow, a->flows_count);
    }
    for (uint32_t i = 0; r == 0 && i < a->flows_count; i++) {
        const struct assigned_flow *flow = &a->flows[i];

        r = check_flow(check, i);
        r = r < 0 ? r : check_flow_apart(check, i);
        readings += (uint64_t)flow->streams_count * flow->subscriptions_count;
        places += (uint64_t)flow->topics_count * flow->partitions;
        check->clients_count +=
            flow->producers_count + (uint64_t)flow->subscriptions_count * flow->consumers_count;
    }
    place = place_in(check, NULL, 0);
    r = r < 0 ? r : check_number(&place, "streams x subscriptions", readings, 0, READINGS_MAX);
    r = r < 0 ? r : check_number(&place, "topics x partitions", places, 0, STREAMS_MAX);
    return r < 0 ? r : check_number(&place, "clients", check->clients_count, 0, CLIENTS_MAX);
}

static int check_curve(const struct assignment *a, const struct place *place,
                       const struct assigned_phase *phase)
{
    uint64_t highest = 0;
    int r =
        check_span(place, "curve_first", (const uint32_t[]){phase->curve_first, phase->curve_count},
                   (const uint32_t[]){0, a->points_count});

    for (uint32_t i = 0; r == 0 && i < phase->curve_count; i++) {
        const struct curve_point *point = &a->points[phase->curve_first + i];

        if (i == 0 ? point->at_ns != 0 : point->at_ns <= point[-1].at_ns) {
            return bad(place, "curve", "is not in order");
        }
        highest = point->messages_per_1e6_s > highest ? point->messages_per_1e6_s : highest;
    }
    return r < 0 || phase->curve_count == 0 || highest > 0 ? r : bad(place, "curve", "is zero");
}

static int check_phases(const struct check *check)
{
    const struct assignment *a = check->assignment;
    int64_t left_ns = INT64_MAX / 2; /* Offsets from T0 are added to clock readings. */

    for (uint32_t i = 0; i < a->phases_count; i++) {
        const struct place place = place_in(check, "phases", i);
        int r = check_number(&place, "duration_ns", (uint64_t)a->phases[i].duration_ns, 1,
                             (uint64_t)left_ns);

        if (r < 0) {
            return r;
        }
        left_ns -= a->phases[i].duration_ns;
    }
    return 0;
}

/* first, stride and count of a client's topics, within its flow. */
static int check_topics(const struct place *place, const struct assigned_flow *flow,
                        const uint32_t topics[3])
{
    uint64_t last;

    if (topics[2] > 1 && topics[1] == 0) {
        return bad(place, "topic_stride", "is 0");
    }
    last = topics[0] + (uint64_t)topics[1] * (topics[2] - 1);
    return last < flow->topics_count ? 0 : bad(place, "topic_first", "reaches beyond the flow");
}

static int check_client(struct check *check, const struct place *place, uint32_t client,
                        uint32_t worker)
{
    int r = check_index(place, "client", client, check->clients_count);

    r = r < 0 ? r : check_index(place, "worker", worker, check->assignment->workers_count);
    if (r < 0) {
        return r;
    }
    return mark(check->clients, client, 1) < 0 ? bad(place, "client", "is given twice") : 0;
}

static int check_producer(struct check *check, uint32_t index)
{
    const struct assignment *a = check->assignment;
    const struct assigned_producer *p = &a->producers[index];
    const struct place place = place_in(check, "producers", index);
    const struct assigned_flow *flow;
    uint32_t streams;
    int r = check_index(&place, "flow", p->flow, a->flows_count);

    if (r < 0) {
        return r;
    }
    flow = &a->flows[p->flow];
    r = check_client(check, &place, p->client, p->worker);
    r = r < 0 ? r : check_index(&place, "index", p->index, flow->producers_count);
    r = r < 0 ? r
              : check_topics(&place, flow,
                             (const uint32_t[]){p->topic_first, p->topic_stride, p->topics_count});
    if (r < 0) {
        return r;
    }
    streams = p->topics_count * flow->partitions; /* At most TOPICS_MAX x PARTITIONS_MAX = 2^22. */
    r = check_span(&place, "stream_first", (const uint32_t[]){p->stream_first, streams},
                   (const uint32_t[]){flow->stream_first, flow->streams_count});
    if (r < 0) {
        return r;
    }
    return mark(check->written, p->stream_first, streams) < 0
               ? bad(&place, "stream_first", "has streams of another producer")
               : 0;
}

static int check_consumer(struct check *check, uint32_t index)
{
    const struct assignment *a = check->assignment;
    const struct assigned_consumer *c = &a->consumers[index];
    const struct place place = place_in(check, "consumers", index);
    const struct assigned_flow *flow;
    int r = check_index(&place, "flow", c->flow, a->flows_count);

    if (r < 0) {
        return r;
    }
    flow = &a->flows[c->flow];
    r = check_client(check, &place, c->client, c->worker);
    r = r < 0 ? r : check_index(&place, "subscription", c->subscription, flow->subscriptions_count);
    r = r < 0 ? r : check_index(&place, "index", c->index, flow->consumers_count);
    r = r < 0 ? r
              : check_topics(&place, flow,
                             (const uint32_t[]){c->topic_first, c->topic_stride, c->topics_count});
    r = r < 0 ? r : check_number(&place, "shares_count", c->shares_count, 0, flow->consumers_count);
    return r < 0 ? r : check_index(&place, "share_index", c->share_index, c->shares_count);
}

static int check_writer(struct check *check, uint32_t index)
{
    const struct assigned_writer *w = &check->assignment->writers[index];
    const struct place place = place_in(check, "writers", index);
    int r =
        check_span(&place, "stream_first", (const uint32_t[]){w->stream_first, w->streams_count},
                   (const uint32_t[]){0, check->streams_count});

    if (r < 0) {
        return r;
    }
    return mark(check->attributed, w->stream_first, w->streams_count) < 0
               ? bad(&place, "stream_first", "has streams of another writer")
               : 0;
}

int assignment_check(const struct assignment *assignment, struct errinfo *reterr)
{
    int r = assignment_check_tables(assignment, reterr);

    for (uint32_t i = 0; r == 0 && i < assignment->phases_count; i++) {
        const struct place place = {.list = "phases", .index = i, .reterr = reterr};

        r = check_curve(assignment, &place, &assignment->phases[i]);
    }
    return r;
}

int assignment_check_tables(const struct assignment *assignment, struct errinfo *reterr)
{
    struct check *check;
    int r = record_check(&assignment_record, assignment, reterr);

    if (r < 0) {
        return r;
    }
    check = calloc(1, sizeof *check);
    if (check == NULL) {
        return errinfo_nomem(reterr);
    }
    check->assignment = assignment;
    check->reterr = reterr;
    r = check_flows(check);
    r = r < 0 ? r : check_phases(check);
    for (uint32_t i = 0; r == 0 && i < assignment->producers_count; i++) {
        r = check_producer(check, i);
    }
    for (uint32_t i = 0; r == 0 && i < assignment->consumers_count; i++) {
        r = check_consumer(check, i);
    }
    for (uint32_t i = 0; r == 0 && i < assignment->writers_count; i++) {
        r = check_writer(check, i);
    }
    free(check);
    return r;
}
