#include "assignment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
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

static int check_enum(const struct place *place, const char *field, int value, int last)
{
    return value < 0 || value > last ? bad(place, field, "has no known value") : 0;
}

static int check_name(const struct place *place, const char *field, const char *name, size_t bytes)
{
    if (name[0] == '\0') {
        return bad(place, field, "is empty");
    }
    return memchr(name, '\0', bytes) == NULL ? bad(place, field, "has no end") : 0;
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

static int check_list(const struct place *place, const char *field, const void *list,
                      uint32_t count)
{
    return count > 0 && list == NULL ? bad(place, field, "is missing") : 0;
}

static int check_head(const struct check *check)
{
    const struct assignment *a = check->assignment;
    const struct place place = place_in(check, NULL, 0);
    int r = check_name(&place, "run_id", a->run_id, sizeof a->run_id);

    r = r < 0 ? r : check_index(&place, "agent", a->agent, AGENTS_MAX);
    r = r < 0 ? r : check_number(&place, "workers_count", a->workers_count, 1, WORKERS_MAX);
    r = r < 0 ? r : check_number(&place, "flows_count", a->flows_count, 1, FLOWS_MAX);
    r = r < 0 ? r : check_number(&place, "topics_count", a->topics_count, 1, TOPICS_MAX);
    r = r < 0 ? r : check_number(&place, "phases_count", a->phases_count, 1, PHASES_MAX);
    r = r < 0 ? r
              : check_number(&place, "flows_count x phases_count", a->flows_count * a->phases_count,
                             1, CELLS_MAX);
    r = r < 0 ? r : check_number(&place, "producers_count", a->producers_count, 0, CLIENTS_MAX);
    r = r < 0 ? r : check_number(&place, "consumers_count", a->consumers_count, 0, CLIENTS_MAX);
    r = r < 0 ? r : check_number(&place, "writers_count", a->writers_count, 0, STREAMS_MAX);
    r = r < 0 ? r : check_list(&place, "flows", a->flows, a->flows_count);
    r = r < 0 ? r : check_list(&place, "topics", a->topics, a->topics_count);
    r = r < 0 ? r : check_list(&place, "phases", a->phases, a->phases_count);
    r = r < 0 ? r : check_list(&place, "producers", a->producers, a->producers_count);
    r = r < 0 ? r : check_list(&place, "consumers", a->consumers, a->consumers_count);
    return r < 0 ? r : check_list(&place, "writers", a->writers, a->writers_count);
}

static int check_target(const struct check *check)
{
    const struct target *target = &check->assignment->target;
    struct place place = place_in(check, NULL, 0);
    int r = check_list(&place, "target.label", target->label, 1);

    r = r < 0 ? r : check_list(&place, "target.backend", target->backend, 1);
    r = r < 0 ? r
              : check_list(&place, "target.addresses", (const void *)target->addresses,
                           target->addresses_count);
    r = r < 0 ? r : check_list(&place, "target.options", target->options, target->options_count);
    for (uint32_t i = 0; r == 0 && i < target->addresses_count; i++) {
        place = place_in(check, "target.addresses", i);
        r = check_list(&place, "text", target->addresses[i], 1);
    }
    for (uint32_t i = 0; r == 0 && i < target->options_count; i++) {
        place = place_in(check, "target.options", i);
        r = check_list(&place, "key", target->options[i].key, 1);
        r = r < 0 ? r : check_list(&place, "value", target->options[i].value, 1);
    }
    return r;
}

static int check_delivery(const struct place *place, const struct delivery *delivery)
{
    bool batch = delivery->consume_ack == CONSUME_ACK_BATCH;
    int r = check_enum(place, "publish_ack", (int)delivery->publish_ack, PUBLISH_ACK_ALL);

    r = r < 0 ? r : check_enum(place, "consume_ack", (int)delivery->consume_ack, CONSUME_ACK_BATCH);
    r = r < 0 ? r : check_number(place, "in_flight", delivery->in_flight, 1, IN_FLIGHT_MAX);
    r = r < 0 ? r
              : check_number(place, "consume_ack_batch", delivery->consume_ack_batch, 1,
                             batch ? UINT32_MAX : 1);
    return r < 0 || delivery->ttl_ns >= 0 ? r : bad(place, "ttl_ns", "is negative");
}

static int check_message(const struct place *place, const struct message_shape *message)
{
    int r = check_number(place, "message.sizes_count", message->sizes_count, 1, MESSAGE_SIZES_MAX);

    for (uint32_t i = 0; r == 0 && i < message->sizes_count; i++) {
        const struct message_size *size = &message->sizes[i];

        r = check_number(place, "message.bytes_min", size->bytes_min, MESSAGE_BYTES_MIN,
                         (uint64_t)MESSAGE_BYTES_MAX);
        r = r < 0 ? r
                  : check_number(place, "message.bytes_max", size->bytes_max, size->bytes_min,
                                 (uint64_t)MESSAGE_BYTES_MAX);
        r = r < 0 ? r : check_number(place, "message.weight", size->weight, 1, MESSAGE_WEIGHT_MAX);
    }
    r = r < 0 ? r
              : check_number(place, "message.sizes", message_bytes_sum(message), MESSAGE_BYTES_MIN,
                             (uint64_t)MESSAGE_MIX_BYTES_MAX);
    r = r < 0 ? r : check_enum(place, "message.payload", (int)message->payload, PAYLOAD_JSON);
    r = r < 0 ? r
              : check_number(place, "message.compressible_millis", message->compressible_millis, 0,
                             message->payload == PAYLOAD_RANDOM ? 1000 : 0);
    r = r < 0 ? r : check_number(place, "message.keys.count", message->keys.count, 0, KEYS_MAX);
    r = r < 0 ? r
              : check_enum(place, "message.keys.distribution", (int)message->keys.distribution,
                           KEYS_SEQUENTIAL);
    return r < 0 ? r
                 : check_number(place, "message.keys.exponent_millis",
                                message->keys.exponent_millis, 0, KEY_EXPONENT_MILLIS_MAX);
}

static int check_flow(const struct check *check, uint32_t index)
{
    const struct assignment *a = check->assignment;
    const struct assigned_flow *f = &a->flows[index];
    const struct place place = place_in(check, "flows", index);
    int r = check_name(&place, "name", f->name, sizeof f->name);

    r = r < 0 ? r : check_message(&place, &f->message);
    r = r < 0 ? r : check_delivery(&place, &f->delivery);
    r = r < 0 ? r : check_number(&place, "topics_count", f->topics_count, 1, TOPICS_MAX);
    r = r < 0 ? r
              : check_span(&place, "topics_count",
                           (const uint32_t[]){f->topic_first, f->topics_count},
                           (const uint32_t[]){0, a->topics_count});
    r = r < 0 ? r : check_number(&place, "partitions", f->partitions, 1, PARTITIONS_MAX);
    r = r < 0 ? r : check_number(&place, "producers_count", f->producers_count, 0, CLIENTS_MAX);
    r = r < 0 ? r
              : check_number(&place, "subscriptions_count", f->subscriptions_count, 0,
                             SUBSCRIPTIONS_MAX);
    r = r < 0 ? r : check_number(&place, "consumers_count", f->consumers_count, 0, CLIENTS_MAX);
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
    int r = 0;

    for (uint32_t i = 0; r == 0 && i < a->topics_count; i++) {
        place = place_in(check, "topics", i);
        r = check_name(&place, "name", a->topics[i].name, sizeof a->topics[i].name);
        r = r < 0 ? r : check_index(&place, "flow", a->topics[i].flow, a->flows_count);
    }
    for (uint32_t i = 0; r == 0 && i < a->flows_count; i++) {
        const struct assigned_flow *flow = &a->flows[i];

        r = check_flow(check, i);
        r = r < 0 ? r : check_flow_apart(check, i);
        readings += (uint64_t)flow->streams_count * flow->subscriptions_count;
        check->clients_count +=
            flow->producers_count + (uint64_t)flow->subscriptions_count * flow->consumers_count;
    }
    place = place_in(check, NULL, 0);
    r = r < 0 ? r : check_number(&place, "streams x subscriptions", readings, 0, READINGS_MAX);
    return r < 0 ? r : check_number(&place, "clients", check->clients_count, 0, CLIENTS_MAX);
}

static int check_rate(const struct place *place, const char *field, struct rate rate)
{
    if (rate.messages == 0 || rate.per_ns == 0) {
        return bad(place, field, "is zero");
    }
    return rate_per_s(rate) > RATE_PER_S_MAX ? bad(place, field, "is too high") : 0;
}

static int check_load(const struct place *place, const struct phase_load *load)
{
    int r = check_enum(place, "loads.load", (int)load->load, LOAD_MAX);

    return r < 0 || load->load != LOAD_RATE ? r : check_rate(place, "loads.rate", load->rate);
}

static int check_consume(const struct place *place, const struct phase_consume *consume)
{
    int r = check_enum(place, "consume", (int)consume->pace, CONSUME_THINK);

    if (r == 0 && consume->pace == CONSUME_RATE) {
        return check_rate(place, "consume.rate", consume->rate);
    }
    if (r == 0 && consume->pace == CONSUME_THINK) {
        return check_number(place, "consume.think_ns", (uint64_t)consume->think_ns, 1,
                            THINK_NS_MAX);
    }
    return r;
}

static int check_curve(const struct place *place, const struct assigned_phase *phase)
{
    uint64_t highest = 0;
    int r = check_number(place, "curve_count", phase->curve_count, 0, CURVE_POINTS_MAX);

    for (uint32_t i = 0; r == 0 && i < phase->curve_count; i++) {
        const struct curve_point *point = &phase->curve[i];
        bool in_order = i == 0 ? point->at_ns == 0 : point->at_ns > point[-1].at_ns;

        if (!in_order || point->at_ns > CURVE_NEVER_NS) {
            return bad(place, "curve.at_ns", "is not in order");
        }
        r = check_number(place, "curve.messages_per_1e6_s", point->messages_per_1e6_s, 0,
                         (uint64_t)(RATE_PER_S_MAX * 1e6));
        highest = point->messages_per_1e6_s > highest ? point->messages_per_1e6_s : highest;
    }
    return r < 0 || phase->curve_count == 0 || highest > 0 ? r : bad(place, "curve", "is zero");
}

static int check_phases(const struct check *check)
{
    const struct assignment *a = check->assignment;
    int64_t left_ns = INT64_MAX / 2; /* Offsets from T0 are added to clock readings. */

    for (uint32_t i = 0; i < a->phases_count; i++) {
        const struct assigned_phase *phase = &a->phases[i];
        const struct place place = place_in(check, "phases", i);
        int r = check_name(&place, "name", phase->name, sizeof phase->name);

        r = r < 0 ? r
                  : check_number(&place, "duration_ns", (uint64_t)phase->duration_ns, 1,
                                 (uint64_t)left_ns);
        r = r < 0 ? r
                  : check_number(&place, "messages", phase->messages, 0,
                                 phase->until_drained ? 0 : PHASE_MESSAGES_MAX);
        r = r < 0 ? r : check_consume(&place, &phase->consume);
        r = r < 0 ? r : check_enum(&place, "arrivals", (int)phase->arrivals, ARRIVALS_ALIGNED);
        r = r < 0 ? r : check_number(&place, "skip_ns", (uint64_t)phase->skip_ns, 0, SKIP_NS_MAX);
        r = r < 0 ? r : check_curve(&place, phase);
        for (uint32_t flow = 0; r == 0 && flow < a->flows_count; flow++) {
            r = check_load(&place, &phase->loads[flow]);
        }
        if (r < 0) {
            return r;
        }
        left_ns -= phase->duration_ns;
    }
    return 0;
}

/* first, stride and count of a client's topics, within its flow. */
static int check_topics(const struct place *place, const struct assigned_flow *flow,
                        const uint32_t topics[3])
{
    uint64_t last;
    int r = check_number(place, "topics_count", topics[2], 1, flow->topics_count);

    if (r < 0) {
        return r;
    }
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
    r = r < 0 ? r : check_number(&place, "shares_count", c->shares_count, 1, flow->consumers_count);
    return r < 0 ? r : check_index(&place, "share_index", c->share_index, c->shares_count);
}

static int check_writer(struct check *check, uint32_t index)
{
    const struct assigned_writer *w = &check->assignment->writers[index];
    const struct place place = place_in(check, "writers", index);
    int r = check_index(&place, "agent", w->agent, AGENTS_MAX);

    r = r < 0 ? r
              : check_span(&place, "stream_first",
                           (const uint32_t[]){w->stream_first, w->streams_count},
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
    struct check *check = calloc(1, sizeof *check);
    int r;

    if (check == NULL) {
        return errinfo_nomem(reterr);
    }
    check->assignment = assignment;
    check->reterr = reterr;
    r = check_head(check);
    r = r < 0 ? r : check_target(check);
    r = r < 0 ? r : check_flows(check);
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
