/* What the agents of a made-up trial report. */
#include "made_trial_parts.h"
#include "packed.h"

#include "invariant.h"

#include <stdlib.h>
#include <string.h>

/* What one agent knows while it reports. */
struct reporter {
    struct made_trial *made;
    uint32_t agent;
    uint8_t *seen;         /* Message x subscription: had it here before. */
    uint64_t *high;        /* Consumer x stream: one above the highest that it has seen. */
    uint64_t *range_first; /* Stream x phase: one above the first of its messages. */
};

static void *zeros(size_t count, size_t item_bytes)
{
    void *list = calloc(count + 1, item_bytes);

    ASSERT(list != NULL);
    return list;
}

static uint32_t streams_count(const struct made_trial *made)
{
    return made->entry.flows_count * made->entry.flows[0].streams_count;
}

/* Each of these finds an element of a list, or begins it: the lists have room. */
static struct stream_delta *stream_delta_of(struct snapshot *snapshot, uint32_t stream)
{
    for (uint32_t i = 0; i < snapshot->streams_count; i++) {
        if (snapshot->streams[i].stream == stream) {
            return &snapshot->streams[i];
        }
    }
    snapshot->streams[snapshot->streams_count].stream = stream;
    return &snapshot->streams[snapshot->streams_count++];
}

static struct reading_delta *reading_of(struct snapshot *snapshot, uint32_t stream,
                                        uint32_t subscription)
{
    for (uint32_t i = 0; i < snapshot->readings_count; i++) {
        if (snapshot->readings[i].stream == stream &&
            snapshot->readings[i].subscription == subscription) {
            return &snapshot->readings[i];
        }
    }
    snapshot->readings[snapshot->readings_count].stream = stream;
    snapshot->readings[snapshot->readings_count].subscription = subscription;
    return &snapshot->readings[snapshot->readings_count++];
}

static struct snapshot_row *row_of(struct snapshot *snapshot, uint32_t flow, uint32_t phase)
{
    for (uint32_t i = 0; i < snapshot->rows_count; i++) {
        if (snapshot->rows[i].flow == flow && snapshot->rows[i].phase == phase) {
            return &snapshot->rows[i];
        }
    }
    snapshot->rows[snapshot->rows_count].flow = flow;
    snapshot->rows[snapshot->rows_count].phase = phase;
    return &snapshot->rows[snapshot->rows_count++];
}

static void record(struct snapshot_row *row, enum series series, int64_t latency_ns)
{
    packed_record(&row->series[series], latency_ns);
}

static void report_sent(struct reporter *reporter, struct snapshot *snapshot,
                        const struct made_message *message)
{
    uint32_t phases = reporter->made->entry.phases_count;
    uint32_t flow = reporter->made->entry.producers[message->producer].flow;
    struct snapshot_row *row = row_of(snapshot, flow, message->phase);
    struct stream_range *range = NULL;

    for (uint32_t i = 0; i < snapshot->ranges_count; i++) {
        if (snapshot->ranges[i].stream == message->stream &&
            snapshot->ranges[i].phase == message->phase) {
            range = &snapshot->ranges[i];
        }
    }
    if (range == NULL) {
        uint64_t *first = &reporter->range_first[message->stream * phases + message->phase];

        range = &snapshot->ranges[snapshot->ranges_count++];
        range->stream = message->stream;
        range->phase = message->phase;
        *first = *first == 0 ? message->seq + 1 : *first;
        range->first = *first - 1;
    }
    range->end = message->seq + 1;
    row->counters.due++;
    row->counters.sent++;
    row->counters.sent_in_time++;
    row->counters.sent_now++;
    row->counters.sent_bytes_now += 100;
}

static void report_outcome(struct reporter *reporter, struct snapshot *snapshot,
                           const struct made_message *message)
{
    uint32_t flow = reporter->made->entry.producers[message->producer].flow;
    struct snapshot_row *row = row_of(snapshot, flow, message->phase);
    struct stream_delta *delta = stream_delta_of(snapshot, message->stream);
    struct seqruns *runs = message->outcome == MADE_ACKED     ? &delta->acked
                           : message->outcome == MADE_REFUSED ? &delta->refused
                                                              : &delta->unconfirmed;

    ASSERT(seqruns_add(runs, message->seq, message->seq) == 0);
    row->counters.refused += message->outcome == MADE_REFUSED ? 1 : 0;
    row->counters.unconfirmed += message->outcome == MADE_UNCONFIRMED ? 1 : 0;
    if (message->outcome == MADE_ACKED) {
        row->counters.acked++;
        row->counters.acked_now++;
        record(row, SERIES_PUBLISH, 1000);
        record(row, SERIES_PUBLISH_SERVICE, 900);
    }
}

static void report_delivery(struct reporter *reporter, struct snapshot *snapshot,
                            const struct made_delivery *delivery)
{
    const struct made_trial *made = reporter->made;
    const struct made_message *message = &made->messages[delivery->message];
    const struct assigned_consumer *consumer = &made->entry.consumers[delivery->consumer];
    uint32_t subscriptions = made->options.subscriptions_count;
    uint8_t *seen = &reporter->seen[delivery->message * subscriptions + consumer->subscription];
    uint64_t *high =
        &reporter->high[(size_t)delivery->consumer * streams_count(made) + message->stream];
    struct reading_delta *reading = reading_of(snapshot, message->stream, consumer->subscription);
    struct snapshot_row *row = row_of(snapshot, consumer->flow, message->phase);

    if (*seen != 0) {
        ASSERT(seqruns_add(&reading->again, message->seq, message->seq) == 0);
    } else {
        ASSERT(seqruns_add(&reading->seen, message->seq, message->seq) == 0);
        if (message->seq + 1 < *high) {
            ASSERT(seqruns_add(&reading->out_of_order, message->seq, message->seq) == 0);
        }
        record(row, SERIES_E2E, delivery->latency_ns);
    }
    record(row, SERIES_E2E_SERVICE, delivery->latency_ns); /* Of copies, too. */
    *seen = 1;
    *high = message->seq + 1 > *high ? message->seq + 1 : *high;
    row->counters.received++;
    row->counters.received_now++;
    row->counters.received_bytes_now += 100;
}

static void report_interval(struct reporter *reporter, uint32_t interval)
{
    struct made_trial *made = reporter->made;
    const struct entry_trial *entry = &made->entry;
    struct snapshot *snapshot = &made->snapshots[reporter->agent * MADE_INTERVALS + interval];
    uint32_t streams = streams_count(made);

    snapshot->agent = reporter->agent;
    snapshot->sequence = interval;
    snapshot->interval = interval;
    snapshot->last_part = true;
    snapshot->final = interval + 1 == MADE_INTERVALS;
    snapshot->from_ns = interval * INTERVAL_NS;
    snapshot->until_ns = (interval + 1) * INTERVAL_NS;
    snapshot->health.cpu_ns = (int64_t)(interval + 1) * 500000000;
    snapshot->health.rss_bytes = 10000000;
    snapshot->health.clients = 2;
    snapshot->health.load_threads = 1;
    snapshot->health.strain.load_wait_ns = made->options.load_wait_ns;
    snapshot->health.rss_before_bytes = 6000000;
    snapshot->health.rss_opened_bytes = 8000000;
    if (interval == 0) {
        snapshot->threads = zeros(1, sizeof *snapshot->threads);
        snapshot->threads_count = 1;
        (void)strcpy(snapshot->threads[0].name, "worker");
        snapshot->threads[0].count = 1 + reporter->agent;
    }
    snapshot->rows =
        zeros((size_t)entry->flows_count * entry->phases_count, sizeof *snapshot->rows);
    snapshot->streams = zeros(streams, sizeof *snapshot->streams);
    snapshot->ranges = zeros((size_t)streams * entry->phases_count, sizeof *snapshot->ranges);
    snapshot->readings =
        zeros((size_t)streams * made->options.subscriptions_count, sizeof *snapshot->readings);
    for (uint32_t i = 0; i < made->messages_count; i++) {
        const struct made_message *message = &made->messages[i];

        if (entry->producer_agents[message->producer] != reporter->agent) {
            continue;
        }
        if (message->sent_interval == interval) {
            report_sent(reporter, snapshot, message);
        }
        if (message->outcome_interval == interval) {
            report_outcome(reporter, snapshot, message);
        }
    }
    for (uint32_t i = 0; i < made->deliveries_count; i++) {
        const struct made_delivery *delivery = &made->deliveries[i];

        if (delivery->interval == interval &&
            entry->consumer_agents[delivery->consumer] == reporter->agent) {
            report_delivery(reporter, snapshot, delivery);
        }
    }
}

void made_report(struct made_trial *made)
{
    uint32_t agents = made->entry.agents_count;
    uint32_t streams = streams_count(made);

    made->snapshots = zeros((size_t)agents * MADE_INTERVALS, sizeof *made->snapshots);
    for (uint32_t agent = 0; agent < agents; agent++) {
        struct reporter reporter = {
            .made = made,
            .agent = agent,
            .seen = zeros((size_t)made->messages_count * made->options.subscriptions_count, 1),
            .high = zeros((size_t)made->entry.consumers_count * streams, sizeof(uint64_t)),
            .range_first = zeros((size_t)streams * made->entry.phases_count, sizeof(uint64_t))};

        for (uint32_t interval = 0; interval < MADE_INTERVALS; interval++) {
            report_interval(&reporter, interval);
        }
        free(reporter.seen);
        free(reporter.high);
        free(reporter.range_first);
    }
}
