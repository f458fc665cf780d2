#include "plan_resident.h"

#include "snapshot.h"

#include <math.h>

#define KIB 1024.0
#define MIB (1024.0 * 1024.0)

/* A program that only waits, with its libraries. */
#define IDLE_BYTES (7.0 * MIB)

/* Of a histogram's 264 KiB only the pages of its octaves are touched: a latency series spans about
 * twelve of 8 KiB. */
#define HISTOGRAM_BYTES (96.0 * KIB)

/* What a worker records on its way to the collector: 256 Ki runs of messages, in memory once so
 * many have passed (recorder.c). */
#define RUN_BYTES 24.0
#define RUNS_MAX (256.0 * KIB)

/* A stream in a worker's table, once for each client that may see it. */
#define LANE_BYTES 48.0

/* What the collector keeps of a stream, for each subscription that reads it, and for its fates. */
#define READING_BYTES 600.0

/* A message under way: its row in the table of the producer (all of the window has one), its copies
 * in client library and broker; and for how long, as one broker on the same network takes. */
#define SLOT_BYTES 8.0
#define MESSAGE_COPIES 2.0
#define CONFIRM_S 0.01

#define MAX_RUNS_PER_S 2e4 /* What `max` comes to is not known. */

/* Flows whose messages a worker sends, and reads. */
struct worker_flows {
    bool sent[FLOWS_MAX];
    bool read[FLOWS_MAX];
};

static struct worker_flows flows_of(const struct assignment *a, uint32_t worker)
{
    struct worker_flows flows = {{false}, {false}};

    for (uint32_t i = 0; i < a->producers_count; i++) {
        if (a->producers[i].worker == worker) {
            flows.sent[a->producers[i].flow] = true;
        }
    }
    for (uint32_t i = 0; i < a->consumers_count; i++) {
        if (a->consumers[i].worker == worker) {
            flows.read[a->consumers[i].flow] = true;
        }
    }
    return flows;
}

/* Does anything of the flow happen in the phase that has latencies of its own? What a drain phase
 * takes in belongs to the phases in which it was due. */
static bool has_load(const struct assignment *a, uint32_t phase, uint32_t flow)
{
    return a->phases[phase].loads[flow].load != LOAD_NONE;
}

/* Each worker has two of each series and phase, swapped once a second: the second of them stays
 * untouched in a phase of one second. The collector merges those of one phase at a time. */
static double histograms_bytes(const struct assignment *a)
{
    const double series_read = 3.0; /* e2e, its service time, consume ack. */
    const double series_sent = SERIES_COUNT - series_read;
    double count = a->flows_count * SERIES_COUNT;

    for (uint32_t w = 0; w < a->workers_count; w++) {
        struct worker_flows flows = flows_of(a, w);

        for (uint32_t f = 0; f < a->flows_count; f++) {
            double series =
                (flows.sent[f] ? series_sent : 0.0) + (flows.read[f] ? series_read : 0.0);

            for (uint32_t p = 0; p < a->phases_count; p++) {
                double seconds = (double)a->phases[p].duration_ns / 1e9;

                count += has_load(a, p, f) ? fmin(2.0, ceil(seconds)) * series : 0.0;
            }
        }
    }
    return count * HISTOGRAM_BYTES;
}

/* A pool of messages for each worker and flow that sends, and the keys of each flow. */
static double payload_bytes(const struct assignment *a)
{
    bool keys[FLOWS_MAX] = {false};
    double bytes = 0.0;

    for (uint32_t w = 0; w < a->workers_count; w++) {
        struct worker_flows flows = flows_of(a, w);

        for (uint32_t f = 0; f < a->flows_count; f++) {
            const struct message_shape *message = &a->flows[f].message;

            if (!flows.sent[f]) {
                continue;
            }
            bytes += (double)message_pool_bytes(message);
            bytes += keys[f] ? 0.0 : (double)message_keys_bytes(&message->keys);
            keys[f] = true;
        }
    }
    return bytes;
}

/* Messages that a flow sends and its subscriptions receive in the trial; of as much as confirms
 * allow nobody knows. */
static double messages_of(const struct assignment *a, uint32_t flow)
{
    double messages = 0.0;

    for (uint32_t p = 0; p < a->phases_count; p++) {
        uint64_t asked = plan_phase_messages(a, p, flow);

        messages += asked == UINT64_MAX ? MAX_RUNS_PER_S * (double)a->phases[p].duration_ns / 1e9
                                        : (double)asked;
    }
    return messages * (1.0 + a->flows[flow].subscriptions_count);
}

/* Tables of streams: what workers write, what the collector knows. Where several consumers of a
 * subscription share streams, each message is a run of its own. */
static double streams_bytes(const struct assignment *a)
{
    double runs = 0.0;
    double bytes = 0.0;

    for (uint32_t i = 0; i < a->producers_count; i++) {
        const struct assigned_producer *p = &a->producers[i];

        bytes += p->topics_count * a->flows[p->flow].partitions * LANE_BYTES;
    }
    for (uint32_t i = 0; i < a->consumers_count; i++) {
        bytes += a->flows[a->consumers[i].flow].streams_count * LANE_BYTES;
    }
    for (uint32_t f = 0; f < a->flows_count; f++) {
        bytes +=
            a->flows[f].streams_count * (1.0 + a->flows[f].subscriptions_count) * READING_BYTES;
        runs += messages_of(a, f);
    }
    return bytes + fmin(runs, RUNS_MAX * a->workers_count) * RUN_BYTES;
}

/* What is under way: a window that is full where messages go out as fast as confirms allow, else
 * what comes due while one is confirmed. */
static double in_flight_bytes(const struct assignment *a)
{
    double bytes = 0.0;

    for (uint32_t i = 0; i < a->producers_count; i++) {
        const struct assigned_flow *flow = &a->flows[a->producers[i].flow];
        double window = flow->delivery.in_flight;
        double most = 0.0;

        for (uint32_t p = 0; p < a->phases_count; p++) {
            const struct phase_load *load = &a->phases[p].loads[a->producers[i].flow];
            double due = load->load == LOAD_MAX ? window
                         : load->load == LOAD_RATE
                             ? rate_per_s(load->rate) / flow->producers_count * CONFIRM_S
                             : 0.0;

            most = fmax(most, fmin(due, window));
        }
        bytes += window * SLOT_BYTES + most * (MESSAGE_COPIES * message_bytes_mean(&flow->message));
    }
    return bytes;
}

double plan_resident_bytes(const struct assignment *a)
{
    const struct catalog_entry *entry = catalog_find(a->target.backend);

    return IDLE_BYTES + histograms_bytes(a) + payload_bytes(a) + streams_bytes(a) +
           in_flight_bytes(a) + (double)a->producers_count * (double)entry->producer_bytes +
           (double)a->consumers_count * (double)entry->consumer_bytes;
}
