/* delivery_answers: what the united sets come to. */
#include "delivery_inner.h"

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

uint64_t delivery_expired_below(const struct stream *stream, int64_t ttl_ns, int64_t ended_ns)
{
    uint64_t end = 0;
    int64_t until_ns;

    if (__builtin_sub_overflow(ended_ns, ttl_ns, &until_ns)) {
        return 0;
    }
    for (uint32_t i = 0; i < stream->progress_count; i++) {
        if (stream->progress[i].until_ns <= until_ns && stream->progress[i].end > end) {
            end = stream->progress[i].end;
        }
    }
    return end;
}

void delivery_count_sent(const struct stream *stream, const struct range *range,
                         struct delivery_counts *counts)
{
    counts->acked += count_in(stream->acked, range);
    counts->refused += count_in(stream->refused, range);
    counts->unconfirmed += count_in(stream->unconfirmed, range);
    counts->sent += range->end - range->first;
}

void delivery_count_reading(const struct delivery_audit *audit, const struct stream *stream,
                            uint32_t subscription, const struct range *range,
                            const struct delivery_end *end, struct delivery_counts *counts)
{
    const struct reading *reading =
        delivery_reading(audit, (uint32_t)(stream - audit->streams), subscription);
    int64_t ttl_ns = audit->tables.flows[stream->flow].delivery.ttl_ns;
    uint64_t acked = count_in(stream->acked, range);
    uint64_t missing = count_without(audit, stream->acked, reading->seen, range->first, range->end);
    uint64_t expired = 0;

    counts->expected += acked;
    counts->received += count_in(reading->seen, range);
    counts->unexpected +=
        count_without(audit, reading->seen, stream->acked, range->first, range->end);
    counts->duplicated += count_in(reading->again, range) +
                          copies_count(&reading->more_again, range->first, range->end);
    counts->reordered += count_in(reading->out_of_order, range);
    if (ttl_ns > 0) {
        uint64_t below = delivery_expired_below(stream, ttl_ns, end->ended_ns);

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
        delivery_count_sent(stream, range, counts);
        for (uint32_t s = 0; read && s < subscriptions; s++) {
            if (asked_for(question->subscription, s)) {
                delivery_count_reading(audit, stream, s, range, end, counts);
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

uint64_t delivery_seen(const struct delivery_audit *audit)
{
    return audit->seen;
}

uint64_t delivery_backlog(const struct delivery_audit *audit)
{
    uint64_t backlog = 0;

    for (uint32_t i = 0; i < audit->streams_count; i++) {
        const struct assigned_flow *flow = &audit->tables.flows[audit->streams[i].flow];
        uint64_t acked = delivery_set_count(audit->streams[i].acked);

        for (uint32_t s = 0; flow->consumers_count > 0 && s < flow->subscriptions_count; s++) {
            uint64_t seen = delivery_set_count(delivery_reading(audit, i, s)->seen);

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

        if (delivery_set_count(stream->acked) + delivery_set_count(stream->refused) +
                delivery_set_count(stream->unconfirmed) <
            stream_sent(audit, stream)) {
            return false;
        }
        for (uint32_t s = 0; flow->consumers_count > 0 && s < flow->subscriptions_count; s++) {
            if (count_without(audit, stream->acked, delivery_reading(audit, i, s)->seen, 0,
                              SEQ_MAX) > 0) {
                return false;
            }
        }
    }
    return true;
}
