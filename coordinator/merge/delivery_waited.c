/* delivery_waited: what never came, and for how long it was waited for. */
#include "delivery_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Runs that are looked at in one go: a set whose every second number is missing has many. */
#define RUNS_AT_ONCE 4096
/* Of messages between two times that are known, told by themselves; more of them in so many groups:
 * their times are interpolated anyway. */
#define GROUPS 256

/* All streams and phases of a trial together: 64 MiB, where they are not too many for KNOTS_MIN. */
#define KNOTS_ALL (1 << 22)
#define KNOTS_MIN 8
#define KNOTS_MAX 128

#define TIME_NS_MAX (INT64_MAX / 4) /* So that differences of times can't overflow. */

static uint32_t knots_max(const struct delivery_audit *audit)
{
    uint64_t ranges = (uint64_t)audit->streams_count * audit->tables.phases_count;
    uint32_t share = (uint32_t)(KNOTS_ALL / (ranges + 1));

    return share < KNOTS_MIN ? KNOTS_MIN : share > KNOTS_MAX ? KNOTS_MAX : share;
}

/* Every second one goes, the last stays: between those that are left it is interpolated. */
static void thin(struct range *range)
{
    uint32_t kept = 0;

    for (uint32_t i = 1 - range->knots_count % 2; i < range->knots_count; i += 2) {
        range->knots[kept++] = range->knots[i];
    }
    range->knots_count = kept;
}

int delivery_add_knot(const struct delivery_audit *audit, struct range *range, uint64_t end,
                      int64_t intended_ns)
{
    if (end == 0 || intended_ns < 0 || intended_ns > TIME_NS_MAX) {
        return 0; /* Not known, or of no clock of ours. */
    }
    if (range->knots == NULL) {
        range->knots = calloc(knots_max(audit), sizeof *range->knots);
        if (range->knots == NULL) {
            return -ENOMEM;
        }
    }
    if (range->knots_count > 0 && range->knots[range->knots_count - 1].last >= end - 1) {
        range->knots_count--;
    } else if (range->knots_count == knots_max(audit)) {
        thin(range);
    }
    range->knots[range->knots_count++] = (struct knot){.last = end - 1, .intended_ns = intended_ns};
    return 0;
}

/* Tells of the messages of one range. */
struct telling {
    const struct delivery_wait *wait;
    const struct range *range;
    struct knot from; /* The two points between which the next message lies. */
    struct knot to;
    uint32_t next; /* Knot after `to`. */
    struct seqruns runs;
};

/* Without knots, as in journals of before, the range is spread over its phase. */
static void telling_begin(struct telling *telling)
{
    const struct range *range = telling->range;

    telling->from =
        (struct knot){.last = range->first, .intended_ns = telling->wait->phase_start_ns};
    telling->to = (struct knot){.last = range->end - 1, .intended_ns = telling->wait->phase_end_ns};
    telling->next = 0;
    if (range->knots_count > 0) {
        telling->to = range->knots[telling->next++];
    }
}

/* Sequence numbers rise from call to call. */
static void telling_seek(struct telling *telling, uint64_t sequence)
{
    while (telling->to.last < sequence && telling->next < telling->range->knots_count) {
        telling->from = telling->to;
        telling->to = telling->range->knots[telling->next++];
    }
}

static int64_t intended_ns_of(const struct telling *telling, uint64_t sequence)
{
    double share;

    if (sequence >= telling->to.last || telling->to.last <= telling->from.last) {
        return telling->to.intended_ns;
    }
    share =
        (double)(sequence - telling->from.last) / (double)(telling->to.last - telling->from.last);
    return telling->from.intended_ns +
           (int64_t)(share * (double)(telling->to.intended_ns - telling->from.intended_ns));
}

/* first .. last lie between the same two points. A group counts with its last message, which was
 * waited for least: what is told is a lower bound. */
static void tell_piece(const struct telling *telling, uint64_t first, uint64_t last)
{
    const struct delivery_wait *wait = telling->wait;
    uint64_t count = last - first + 1;
    uint64_t groups = count < GROUPS ? count : GROUPS;
    uint64_t told = 0;

    for (uint64_t group = 1; group <= groups; group++) {
        uint64_t until = count / groups * group + count % groups * group / groups;
        int64_t waited_ns = wait->until_ns - intended_ns_of(telling, first + until - 1);

        wait->take(wait->context, waited_ns > 0 ? waited_ns : 0, until - told);
        told = until;
    }
}

static void tell_run(struct telling *telling, const struct seqrun *run)
{
    uint64_t first = run->first;

    while (first <= run->last) {
        uint64_t last = run->last;

        telling_seek(telling, first);
        if (telling->to.last < last && telling->to.last >= first) {
            last = telling->to.last;
        }
        tell_piece(telling, first, last);
        first = last + 1;
    }
}

/* Members of a that b lacks, from `first` on within the range. */
static int tell_without(const struct delivery_audit *audit, struct telling *telling,
                        const struct seqset *a, const struct seqset *b, uint64_t first)
{
    telling_begin(telling);
    while (a != NULL && first < telling->range->end) {
        seqruns_clear(&telling->runs);
        if (seqset_list_without(a, b == NULL ? audit->empty : b, first, telling->range->end,
                                RUNS_AT_ONCE, &telling->runs) < 0) {
            return -ENOMEM;
        }
        if (telling->runs.runs_count == 0) {
            break;
        }
        for (uint32_t i = 0; i < telling->runs.runs_count; i++) {
            tell_run(telling, &telling->runs.runs[i]);
        }
        first = telling->runs.runs[telling->runs.runs_count - 1].last + 1;
    }
    return 0;
}

static int tell_unconfirmed(const struct delivery_audit *audit, const struct stream *stream,
                            struct telling *telling)
{
    return tell_without(audit, telling, stream->unconfirmed, NULL, telling->range->first);
}

/* Unconfirmed ones may have arrived, and were due all the same. What expired has a count of its
 * own, and of what is unaccounted nobody knows whether it came. */
static int tell_undelivered(const struct delivery_audit *audit, const struct stream *stream,
                            const struct delivery_end *end, struct telling *telling)
{
    const struct assigned_flow *flow = &audit->tables.flows[stream->flow];
    uint64_t first = telling->range->first;
    int r = 0;

    if (flow->delivery.ttl_ns > 0) {
        uint64_t expired = delivery_expired_below(stream, flow->delivery.ttl_ns, end->ended_ns);

        first = expired > first ? expired : first;
    }
    for (uint32_t s = 0; r == 0 && flow->consumers_count > 0 && s < flow->subscriptions_count;
         s++) {
        const struct seqset *seen =
            delivery_reading(audit, (uint32_t)(stream - audit->streams), s)->seen;

        if (end->unaccounted[stream->flow * SUBSCRIPTIONS_MAX + s] != 0) {
            continue;
        }
        r = tell_without(audit, telling, stream->acked, seen, first);
        if (r == 0) {
            r = tell_without(audit, telling, stream->unconfirmed, seen, first);
        }
    }
    return r;
}

int delivery_wait(const struct delivery_audit *audit, const struct delivery_wait *wait,
                  const struct delivery_end *end, struct errinfo *reterr)
{
    const struct assigned_flow *flow = &audit->tables.flows[wait->flow];
    struct telling telling = {.wait = wait};
    int r = 0;

    for (uint32_t s = 0; r == 0 && s < flow->streams_count; s++) {
        const struct stream *stream = &audit->streams[flow->stream_first + s];

        if (stream->ranges == NULL || stream->ranges[wait->phase].end == 0) {
            continue;
        }
        telling.range = &stream->ranges[wait->phase];
        r = end == NULL ? tell_unconfirmed(audit, stream, &telling)
                        : tell_undelivered(audit, stream, end, &telling);
    }
    seqruns_done(&telling.runs);
    return r < 0 ? errinfo_nomem(reterr) : 0;
}

/* Nothing of it is missing anywhere. */
static bool is_settled(const struct delivery_audit *audit, uint32_t index)
{
    const struct stream *stream = &audit->streams[index];
    const struct assigned_flow *flow = &audit->tables.flows[stream->flow];

    if (delivery_set_count(stream->unconfirmed) > 0) {
        return false;
    }
    for (uint32_t s = 0;
         stream->acked != NULL && flow->consumers_count > 0 && s < flow->subscriptions_count; s++) {
        const struct seqset *seen = delivery_reading(audit, index, s)->seen;

        if (seqset_count_without(stream->acked, seen == NULL ? audit->empty : seen, 0, SEQ_MAX) >
            0) {
            return false;
        }
    }
    return true;
}

void delivery_settle(struct delivery_audit *audit)
{
    for (uint32_t i = 0; i < audit->streams_count; i++) {
        struct range *ranges = audit->streams[i].ranges;

        if (ranges == NULL || !is_settled(audit, i)) {
            continue;
        }
        for (uint32_t phase = 0; phase < audit->tables.phases_count; phase++) {
            free(ranges[phase].knots);
            ranges[phase].knots = NULL;
            ranges[phase].knots_count = 0;
        }
    }
}
