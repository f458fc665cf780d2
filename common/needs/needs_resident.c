#include "needs_resident.h"

#include "catalog.h"
#include "phase_messages.h"
#include "snapshot.h"

#include <math.h>
#include <string.h>

#define KIB 1024.0
#define MIB (1024.0 * 1024.0)

/* A program that only waits, with its libraries. */
#define IDLE_BYTES (7.0 * MIB)

/* Of a histogram's 264 KiB only the pages of its octaves are touched: a latency series spans about
 * twelve of two pages, of which few samples don't reach all. */
#define HISTOGRAM_PAGES 24.0
#define PAGE_BYTES (4.0 * KIB)

/* A worker's histograms of a phase are freed two to three seconds after its last message came; the
 * collector's, which adds those of all workers up, once they were sent. */
#define WORKER_KEEPS_S 2.5
#define COLLECTOR_KEEPS_S 1.0

/* A producer's stream in its worker: its ranges of two phases, told and not, and an open run. */
#define LANE_BYTES 128.0

/* What a consumer has seen of eight streams that are neighbours, and its list of such eights. */
#define SIGHTS_STREAMS 8.0
#define SIGHTS_BYTES 64.0
#define SIGHTS_LIST_BYTES 4.0

/* The memory backend's queues: the first page of each; and so many messages that a consumer is
 * given at a time, where it shares one. Brokers deal them out one by one. */
#define QUEUE_BYTES PAGE_BYTES
#define LOCAL_CHUNK 16.0

/* A client in the tables of worker, recorder and collector. */
#define CLIENT_BYTES 750.0

/* What the collector keeps of a stream, for each subscription that reads it, and for its fates. */
#define READING_BYTES 600.0

/* A message under way: its row in a table, its copies in client library and broker; and for how
 * long, as one broker on the same network takes. */
#define SLOT_BYTES 64.0
#define MESSAGE_COPIES 2.0
#define CONFIRM_S 0.01

#define MAX_MESSAGES_PER_S 2e4 /* What `max` comes to is not known. */

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

/* Messages of a flow in a phase; of as much as confirms allow nobody knows. */
static double messages_in(const struct assignment *a, uint32_t phase, uint32_t flow)
{
    uint64_t asked = phase_messages(a, phase, flow);

    return asked == UINT64_MAX ? MAX_MESSAGES_PER_S * (double)a->phases[phase].duration_ns / 1e9
                               : (double)asked;
}

/* Of one that has so many samples: about every second falls beside an earlier one, as those of one
 * worker are alike. */
static double histogram_bytes(double samples)
{
    return HISTOGRAM_PAGES * PAGE_BYTES * (1.0 - exp(-samples / (2.0 * HISTOGRAM_PAGES)));
}

/* Who has a part in a flow: workers, and the share of all messages that goes through them. */
struct flow_part {
    double sending;
    double reading;
    double sent;
    double received;
};

static void parts_of(const struct assignment *a, struct flow_part *ret)
{
    for (uint32_t i = 0; i < a->producers_count; i++) {
        uint32_t f = a->producers[i].flow;

        ret[f].sent += 1.0 / fmax(a->flows[f].producers_count, 1.0);
    }
    for (uint32_t i = 0; i < a->consumers_count; i++) {
        uint32_t f = a->consumers[i].flow;

        ret[f].received += 1.0 / fmax(a->flows[f].consumers_count, 1.0);
    }
    for (uint32_t w = 0; w < a->workers_count; w++) {
        struct worker_flows flows = flows_of(a, w);

        for (uint32_t f = 0; f < a->flows_count; f++) {
            ret[f].sending += flows.sent[f] ? 1.0 : 0.0;
            ret[f].reading += flows.read[f] ? 1.0 : 0.0;
        }
    }
}

/* Histograms of one phase. */
struct phase_bytes {
    double workers;
    double collector;
};

/* Each worker has two of each series, swapped once a second: the second of them stays untouched in
 * a phase of one second. What a drain phase takes in belongs to the phases in which it was due. */
static struct phase_bytes phase_bytes(const struct assignment *a, const struct flow_part *parts,
                                      uint32_t phase)
{
    const double series_read = 3.0; /* e2e, its service time, consume ack. */
    const double series_sent = SERIES_MESSAGES_COUNT + 1 - series_read; /* With connect. */
    double seconds = fmax(1.0, ceil((double)a->phases[phase].duration_ns / 1e9));
    struct phase_bytes bytes = {0.0, 0.0};

    for (uint32_t f = 0; f < a->flows_count; f++) {
        const struct flow_part *part = &parts[f];
        double messages = messages_in(a, phase, f) / seconds;
        double received = messages * a->flows[f].subscriptions_count * part->received;
        double sent = messages * part->sent;

        if (a->phases[phase].loads[f].load == LOAD_NONE) {
            continue;
        }
        bytes.workers += part->sending * series_sent *
                         histogram_bytes(sent / fmax(part->sending, 1.0)) * fmin(2.0, seconds);
        bytes.workers += part->reading * series_read *
                         histogram_bytes(received / fmax(part->reading, 1.0)) * fmin(2.0, seconds);
        bytes.collector += series_sent * histogram_bytes(sent);
        bytes.collector += series_read * histogram_bytes(received);
    }
    return bytes;
}

/* Those of a phase are freed soon after it, so that phases don't add up; but all that pass within
 * two seconds do. */
static double histograms_bytes(const struct assignment *a)
{
    struct flow_part parts[FLOWS_MAX];
    struct phase_bytes phases[PHASES_MAX];
    double most = 0.0;

    memset(parts, 0, sizeof parts);
    parts_of(a, parts);
    for (uint32_t p = 0; p < a->phases_count; p++) {
        double since_s = 0.0;
        double sum;

        phases[p] = phase_bytes(a, parts, p);
        sum = phases[p].workers + phases[p].collector;
        for (uint32_t before = p; before > 0 && since_s < WORKER_KEEPS_S; before--) {
            sum += phases[before - 1].workers;
            sum += since_s < COLLECTOR_KEEPS_S ? phases[before - 1].collector : 0.0;
            since_s += (double)a->phases[before - 1].duration_ns / 1e9;
        }
        most = fmax(most, sum);
    }
    return most;
}

/* A pool of payloads for each flow that is sent, and its keys. */
static double payload_bytes(const struct assignment *a)
{
    bool counted[FLOWS_MAX] = {false};
    double bytes = 0.0;

    for (uint32_t i = 0; i < a->producers_count; i++) {
        uint32_t flow = a->producers[i].flow;
        const struct message_shape *message = &a->flows[flow].message;

        if (!counted[flow]) {
            bytes += (double)message_pool_bytes(message);
            bytes += (double)message_keys_bytes(&message->keys);
            counted[flow] = true;
        }
    }
    return bytes;
}

/* Messages that a flow sends in the trial, which each subscription receives. */
static double messages_of(const struct assignment *a, uint32_t flow)
{
    double messages = 0.0;

    for (uint32_t p = 0; p < a->phases_count; p++) {
        messages += messages_in(a, p, flow);
    }
    return messages;
}

/* What a consumer remembers of streams: of all that come its way. Where several share them, that
 * is chance, and grows with the messages that each gets. */
static double sights_bytes(const struct assignment *a, const struct assigned_consumer *consumer,
                           bool local)
{
    const struct assigned_flow *flow = &a->flows[consumer->flow];
    double topics = fmin(1.0, (double)consumer->topics_count / fmax(flow->topics_count, 1.0));
    double partitions =
        fmax(1.0 / fmax(flow->partitions, 1.0), 1.0 / fmax(consumer->shares_count, 1.0));
    double streams = flow->streams_count * topics;
    /* Those of one partition lie apart from each other. */
    double eights = ceil(fmin(streams / SIGHTS_STREAMS, streams * partitions));
    double messages = messages_of(a, consumer->flow) / fmax(flow->consumers_count, 1.0);
    double seen = eights * (1.0 - exp(-messages / fmax(eights, 1.0)));
    double lists = 1.0 - exp(-messages / (local ? LOCAL_CHUNK : 1.0));

    return seen * SIGHTS_BYTES + lists * flow->streams_count / SIGHTS_STREAMS * SIGHTS_LIST_BYTES;
}

static double queues_bytes(const struct assignment *a, const struct assigned_consumer *consumer)
{
    double partitions = (double)consumer->topics_count * a->flows[consumer->flow].partitions;

    return partitions / fmax(consumer->shares_count, 1.0) * QUEUE_BYTES;
}

/* Tables of streams: what workers write, what the collector knows. */
static double streams_bytes(const struct assignment *a, bool local)
{
    double bytes = 0.0;

    for (uint32_t i = 0; i < a->producers_count; i++) {
        const struct assigned_producer *p = &a->producers[i];
        const struct assigned_flow *flow = &a->flows[p->flow];

        bytes += p->topics_count * flow->partitions *
                 (LANE_BYTES + READING_BYTES * (1.0 + flow->subscriptions_count));
    }
    for (uint32_t i = 0; i < a->consumers_count; i++) {
        bytes += sights_bytes(a, &a->consumers[i], local);
        bytes += local ? queues_bytes(a, &a->consumers[i]) : 0.0;
    }
    return bytes;
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
        bytes += most * (SLOT_BYTES + MESSAGE_COPIES * message_bytes_mean(&flow->message));
    }
    return bytes;
}

double needs_resident_kept_bytes(const struct assignment *a)
{
    const struct catalog_entry *entry;
    double clients = (double)a->producers_count + (double)a->consumers_count;

    if (a->flows_count == 0) { /* That of an agent that was lost: it has no tables. */
        return IDLE_BYTES;
    }
    entry = catalog_entry_of(&a->target);
    return IDLE_BYTES + histograms_bytes(a) + payload_bytes(a) + streams_bytes(a, entry->local) +
           clients * CLIENT_BYTES + (double)a->producers_count * (double)entry->producer_bytes +
           (double)a->consumers_count * (double)entry->consumer_bytes;
}

double needs_resident_bytes(const struct assignment *a)
{
    return needs_resident_kept_bytes(a) + in_flight_bytes(a);
}
