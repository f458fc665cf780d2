#include "simulated_report.h"

#include "mono.h"
#include "wire.h"

#include <errno.h>
#include <string.h>

#define LATENCY_NS_MIN (100 * NS_PER_US)
#define LATENCY_STEP_NS (10 * NS_PER_US) /* Wider than a bucket there. */

/* The lists of a snapshot, for as long as it takes to encode it. */
struct parts {
    struct snapshot_row row;
    struct stream_delta streams[SIMULATED_CLIENTS_MAX];
    struct stream_range ranges[SIMULATED_CLIENTS_MAX];
    struct reading_delta readings[SIMULATED_CLIENTS_MAX];
    struct client_delta clients[2 * SIMULATED_CLIENTS_MAX];
    struct seqrun runs[SIMULATED_CLIENTS_MAX];
};

int simulated_latency_init(struct simulated_latency *latency, struct errinfo *reterr)
{
    struct hist *hist = NULL;
    int r = hist_new(&hist, reterr);

    for (int64_t i = 0; r == 0 && i < SIMULATED_BUCKETS; i++) {
        hist_record(hist, LATENCY_NS_MIN + i * LATENCY_STEP_NS);
    }
    r = r == 0 ? hist_packed_of(hist, &latency->packed, reterr) : r;
    hist_free(hist);
    return r;
}

void simulated_latency_done(struct simulated_latency *latency)
{
    hist_packed_done(&latency->packed);
}

int simulated_load_begin(struct simulated_load *load, const struct assignment *assignment,
                         struct errinfo *reterr)
{
    const struct assigned_flow *flow = &assignment->flows[0];

    if (assignment->flows_count != 1 || flow->streams_count != flow->producers_count ||
        assignment->producers_count > SIMULATED_CLIENTS_MAX ||
        assignment->consumers_count > SIMULATED_CLIENTS_MAX) {
        return errinfo_set(reterr, -EINVAL,
                           "the simulator knows one flow, a stream of each producer, and at most "
                           "%d producers and consumers of an agent",
                           SIMULATED_CLIENTS_MAX);
    }
    memset(load, 0, sizeof *load);
    load->assignment = assignment;
    for (uint32_t i = 0; i < assignment->phases_count; i++) {
        load->phase_start_ns[i] = INT64_MAX;
    }
    return 0;
}

void simulated_load_start(struct simulated_load *load, const struct segment *segment)
{
    int64_t start_ns = segment->start_ns;

    for (uint32_t i = segment->phase_first; i <= segment->phase_last; i++) {
        load->phase_start_ns[i] = start_ns;
        start_ns += load->assignment->phases[i].duration_ns;
    }
}

/* How many messages a producer has sent of a phase by then. */
static uint64_t sent_by(const struct simulated_load *load, uint32_t phase, int64_t offset_ns)
{
    const struct assigned_phase *of = &load->assignment->phases[phase];
    int64_t since_ns = offset_ns - load->phase_start_ns[phase];

    if (load->phase_start_ns[phase] == INT64_MAX || since_ns <= 0 ||
        of->loads[0].load != LOAD_RATE) {
        return 0;
    }
    since_ns = since_ns < of->duration_ns ? since_ns : of->duration_ns;
    return (uint64_t)(rate_per_s(of->loads[0].rate) / load->assignment->flows[0].producers_count *
                      (double)since_ns / 1e9);
}

/* The phase that a second belongs to: the last one that had begun when it did. */
static uint32_t phase_at(const struct simulated_load *load, int64_t offset_ns)
{
    uint32_t phase = load->phase;

    while (phase + 1 < load->assignment->phases_count &&
           load->phase_start_ns[phase + 1] <= offset_ns) {
        phase++;
    }
    return phase;
}

static void count(struct counters *counters, uint64_t messages, uint64_t received, uint32_t bytes)
{
    counters->due += messages;
    counters->sent += messages;
    counters->sent_in_time += messages;
    counters->sent_bytes += messages * bytes;
    counters->acked += messages;
    counters->sent_now += messages;
    counters->sent_bytes_now += messages * bytes;
    counters->acked_now += messages;
    counters->received += received;
    counters->received_bytes += received * bytes;
    counters->received_now += received;
    counters->received_bytes_now += received * bytes;
}

static struct client_delta client_of(uint32_t client, uint64_t messages)
{
    return (struct client_delta){.client = client,
                                 .messages = messages,
                                 .bytes = messages * MESSAGE_BYTES_MIN,
                                 .latency_ns_sum = (double)messages * NS_PER_MS,
                                 .latency_ns_max = NS_PER_MS,
                                 .latency_samples = messages};
}

/* The next messages of a producer, and of the consumer that has its number. */
static void send_more(struct simulated_load *load, uint32_t index, int64_t until_ns,
                      struct parts *parts, struct snapshot *snapshot)
{
    const struct assignment *assignment = load->assignment;
    const struct assigned_producer *producer = &assignment->producers[index];
    uint64_t end = load->phase_sent[index] + sent_by(load, load->phase, until_ns);
    uint64_t messages = end - load->sent[index];
    bool is_read = index < assignment->consumers_count;
    struct seqruns runs = {&parts->runs[index], 1, 1};

    if (messages == 0) {
        return;
    }
    parts->runs[index] = (struct seqrun){load->sent[index], end - 1};
    parts->ranges[snapshot->ranges_count++] =
        (struct stream_range){.stream = producer->stream_first,
                              .phase = load->phase,
                              .first = load->phase_sent[index],
                              .end = end,
                              .intended_ns = until_ns - NS_PER_MS};
    parts->streams[snapshot->streams_count++] =
        (struct stream_delta){.stream = producer->stream_first, .acked = runs};
    parts->clients[snapshot->clients_count++] = client_of(producer->client, messages);
    if (is_read) {
        const struct assigned_consumer *consumer = &assignment->consumers[index];

        parts->readings[snapshot->readings_count++] = (struct reading_delta){
            .stream = producer->stream_first, .subscription = consumer->subscription, .seen = runs};
        parts->clients[snapshot->clients_count++] = client_of(consumer->client, messages);
    }
    count(&parts->row.counters, messages, is_read ? messages : 0, MESSAGE_BYTES_MIN);
    load->sent[index] = end;
}

static struct health health_of(const struct simulated_load *load, int64_t until_ns, bool sends)
{
    struct health health = {.cpu_ns = until_ns / 100 + 1,
                            .rss_bytes = 8 << 20,
                            .clients = load->assignment->producers_count +
                                       load->assignment->consumers_count,
                            .load_threads = 1,
                            .strain = {.load_wait_ns = STRAIN_UNKNOWN,
                                       .steal_ns = STRAIN_UNKNOWN,
                                       .throttled_ns = STRAIN_UNKNOWN}};

    if (sends) {
        health.signs.answered_first_ns = until_ns - INTERVAL_NS + NS_PER_MS;
        health.signs.answered_last_ns = until_ns - NS_PER_MS;
    }
    return health;
}

int simulated_load_report(struct simulated_load *load, const struct simulated_latency *latency,
                          const struct request_head *head, int64_t until_ns, bool final,
                          struct text *out)
{
    static const enum series filled[] = {SERIES_PUBLISH, SERIES_PUBLISH_SERVICE, SERIES_E2E,
                                         SERIES_E2E_SERVICE};
    int64_t from_ns = load->interval * INTERVAL_NS;
    uint32_t phase = phase_at(load, from_ns);
    struct parts parts = {.row = {.phase = phase}};
    struct snapshot snapshot = {.head = *head,
                                .trial = load->assignment->trial,
                                .agent = load->assignment->agent,
                                .sequence = load->sequence++,
                                .interval = load->interval++,
                                .last_part = true,
                                .final = final,
                                .from_ns = from_ns,
                                .until_ns = until_ns > from_ns ? until_ns : from_ns,
                                .rows = &parts.row,
                                .streams = parts.streams,
                                .ranges = parts.ranges,
                                .readings = parts.readings,
                                .clients = parts.clients};

    if (phase != load->phase) {
        memcpy(load->phase_sent, load->sent, sizeof load->phase_sent);
        load->phase = phase;
    }
    for (uint32_t i = 0; i < load->assignment->producers_count; i++) {
        send_more(load, i, until_ns, &parts, &snapshot);
    }
    snapshot.rows_count = snapshot.ranges_count > 0 ? 1 : 0;
    snapshot.health = health_of(load, until_ns, snapshot.rows_count > 0);
    for (size_t i = 0; i < sizeof filled / sizeof filled[0]; i++) {
        uint64_t events = filled[i] == SERIES_E2E || filled[i] == SERIES_E2E_SERVICE
                              ? parts.row.counters.received
                              : parts.row.counters.acked;

        if (events >= latency->packed.count) {
            parts.row.series[filled[i]] = latency->packed;
        }
    }
    return wire_encode_snapshot(&snapshot, out);
}
