/*
 * made_day FOLDER SECONDS AGENTS: what a coordinator takes of a trial of hours, faster than the
 * clock: frames as agents send them, through decoding, windows, coalescing, fold and journal into
 * FOLDER. What was measured goes into one histogram for each flow, phase and series at the same
 * time, and the result must say the same. Prints a line of figures; its own memory is the test's to
 * look at. Aborts when memory runs out.
 */
#include "made_day.h"

#include "invariant.h"
#include "mono.h"
#include "reports.h"
#include "sink_fold.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define BEHIND_BYTES (4 * 1024 * 1024) /* The disk is, at most. */
#define BEHIND_BYTES_MAX (8 * BEHIND_BYTES)
#define STARTED_UNIX_NS INT64_C(1770300202000000000)

const enum series day_measured[MEASURED_COUNT] = {SERIES_PUBLISH,  SERIES_PUBLISH_SERVICE,
                                                  SERIES_E2E,      SERIES_E2E_SERVICE,
                                                  SERIES_SEND_LAG, SERIES_CALL};

static void *zeros(size_t count, size_t bytes)
{
    void *list = calloc(count + 1, bytes);

    ASSERT(list != NULL);
    return list;
}

/* ---- The trial ------------------------------------------------------------------------------- */

static uint32_t phase_of(const struct day *day, uint32_t second)
{
    if (second >= day->seconds) {
        return PHASES - 1;
    }
    return second < day->seconds / 2 ? 0 : 1;
}

static void make_phases(struct day *day)
{
    static const char *const names[PHASES] = {"morning", "evening", "drain"};
    const uint32_t lengths[PHASES] = {day->seconds / 2, day->seconds - day->seconds / 2,
                                      DRAIN_SECONDS};
    struct entry_trial *entry = &day->entry;

    entry->phases_count = PHASES;
    entry->phases = zeros(PHASES, sizeof *entry->phases);
    for (uint32_t p = 0; p < PHASES; p++) {
        struct assigned_phase *phase = &entry->phases[p];

        (void)snprintf(phase->name, sizeof phase->name, "%s", names[p]);
        phase->duration_ns = lengths[p] * INTERVAL_NS;
        phase->measured = p + 1 < PHASES;
        for (uint32_t f = 0; f < FLOWS; f++) {
            phase->loads[f] = (struct phase_load){.load = p + 1 < PHASES ? LOAD_RATE : LOAD_NONE,
                                                  .rate = {MESSAGES * day->agents, 1000000000}};
        }
    }
}

static void make_flow(struct day *day, uint32_t number)
{
    struct assigned_flow *flow = &day->entry.flows[number];
    struct assigned_topic *topic = &day->entry.topics[number];

    (void)snprintf(flow->name, sizeof flow->name, "flow-%u", number);
    flow->message = (struct message_shape){.sizes = {{100, 100, 1}}, .sizes_count = 1};
    flow->delivery =
        (struct delivery){.publish_ack = PUBLISH_ACK_ALL, .in_flight = 100, .consume_ack_batch = 1};
    flow->topic_first = number;
    flow->topics_count = 1;
    flow->partitions = 1;
    flow->producers_count = day->agents;
    flow->subscriptions_count = 1;
    flow->consumers_count = day->agents;
    flow->streams_count = day->agents;
    flow->stream_first = number * day->agents;
    (void)snprintf(topic->name, sizeof topic->name, "topic-%u", number);
    topic->flow = number;
}

static void make_trial(struct day *day)
{
    struct entry_trial *entry = &day->entry;
    uint32_t clients = FLOWS * day->agents;

    entry->agents_count = day->agents;
    entry->started_unix_ns = STARTED_UNIX_NS;
    entry->flows_count = FLOWS;
    entry->flows = zeros(FLOWS, sizeof *entry->flows);
    entry->topics_count = FLOWS;
    entry->topics = zeros(FLOWS, sizeof *entry->topics);
    make_phases(day);
    entry->producers_count = clients;
    entry->consumers_count = clients;
    entry->producers = zeros(clients, sizeof *entry->producers);
    entry->consumers = zeros(clients, sizeof *entry->consumers);
    entry->producer_agents = zeros(clients, sizeof *entry->producer_agents);
    entry->consumer_agents = zeros(clients, sizeof *entry->consumer_agents);
    for (uint32_t f = 0; f < FLOWS; f++) {
        make_flow(day, f);
    }
    for (uint32_t i = 0; i < clients; i++) {
        uint32_t agent = i % day->agents;
        uint32_t flow = i / day->agents;

        entry->producers[i] = (struct assigned_producer){.client = i,
                                                         .flow = flow,
                                                         .index = agent,
                                                         .stream_first = i,
                                                         .topic_stride = 1,
                                                         .topic_first = 0,
                                                         .topics_count = 1};
        entry->consumers[i] = (struct assigned_consumer){.client = clients + i,
                                                         .flow = flow,
                                                         .index = agent,
                                                         .topic_stride = 1,
                                                         .topics_count = 1,
                                                         .share_index = agent,
                                                         .shares_count = day->agents};
        entry->producer_agents[i] = agent;
        entry->consumer_agents[i] = agent;
    }
}

/* ---- What agents report ---------------------------------------------------------------------- */

/* Most take a few hundred us, some many times as long. */
static int64_t any_latency(struct random *random, size_t series)
{
    uint64_t bits = random_next(random);
    int64_t value = 50000 * (int64_t)(series + 1) + (int64_t)(bits % 400000);

    return value << ((bits >> 40) % 64 < 62 ? (bits >> 50) % 2 : 3 + (bits >> 55) % 6);
}

static void measure(struct day *day, struct snapshot_row *row)
{
    for (size_t i = 0; i < MEASURED_COUNT; i++) {
        struct hist *truth = day->truth[row->flow][row->phase][day_measured[i]];

        hist_reset(day->second);
        for (uint32_t n = 0; n < MESSAGES; n++) {
            int64_t value_ns = any_latency(&day->random, i);

            hist_record(day->second, value_ns);
            hist_record(truth, value_ns);
        }
        ASSERT(hist_packed_of(day->second, &row->series[day_measured[i]], NULL) == 0);
    }
    row->counters = (struct counters){.due = MESSAGES,
                                      .sent = MESSAGES,
                                      .sent_in_time = MESSAGES,
                                      .sent_bytes = MESSAGES * 100,
                                      .acked = MESSAGES,
                                      .received = MESSAGES,
                                      .received_bytes = MESSAGES * 100,
                                      .sent_now = MESSAGES,
                                      .sent_bytes_now = MESSAGES * 100,
                                      .acked_now = MESSAGES,
                                      .received_now = MESSAGES,
                                      .received_bytes_now = MESSAGES * 100};
}

/* One in two hundred seconds was not easy. */
static void say_health(struct day *day, struct snapshot *snapshot)
{
    snapshot->health = (struct health){
        .cpu_ns = (snapshot->interval + 1) * INTERVAL_NS / 5,
        .rss_bytes = 30000000 + random_next(&day->random) % 100000,
        .clients = 2 * FLOWS,
        .load_threads = 1,
        .rss_before_bytes = 10000000,
        .rss_opened_bytes = 20000000,
        .strain = {.load_cpu_ns = INTERVAL_NS / 10,
                   .ticker_late_ns = random_next(&day->random) % 200 == 0 ? 25000000 : 100000},
        .signs = {.answered_first_ns = snapshot->from_ns + 1000,
                  .answered_last_ns = snapshot->until_ns - 1000}};
}

static void say_stream(struct day *day, struct snapshot *snapshot, uint32_t flow)
{
    uint32_t producer = flow * day->agents + snapshot->agent;
    uint32_t phase = phase_of(day, snapshot->interval);
    uint64_t first = (uint64_t)snapshot->interval * MESSAGES;
    uint64_t phase_first = phase == 0 ? 0 : (uint64_t)(day->seconds / 2) * MESSAGES;
    uint32_t clients = FLOWS * day->agents;

    snapshot->streams[flow].stream = producer;
    snapshot->readings[flow].stream = producer;
    ASSERT(seqruns_add(&snapshot->streams[flow].acked, first, first + MESSAGES - 1) == 0);
    ASSERT(seqruns_add(&snapshot->readings[flow].seen, first, first + MESSAGES - 1) == 0);
    snapshot->ranges[flow] = (struct stream_range){.stream = producer,
                                                   .phase = phase,
                                                   .first = phase_first,
                                                   .end = first + MESSAGES,
                                                   .intended_ns = snapshot->until_ns - 10000000};
    for (uint32_t i = 0; i < 2; i++) {
        snapshot->clients[2 * flow + i] = (struct client_delta){.client = producer + i * clients,
                                                                .messages = MESSAGES,
                                                                .bytes = MESSAGES * 100,
                                                                .latency_ns_sum = 3e7,
                                                                .latency_ns_max = 1000000,
                                                                .latency_samples = MESSAGES};
    }
}

static struct snapshot *report(struct day *day, uint32_t agent, uint32_t second)
{
    struct snapshot *snapshot = zeros(1, sizeof *snapshot);

    snapshot->agent = agent;
    snapshot->sequence = day->sequences[agent]++;
    snapshot->interval = second;
    snapshot->last_part = true;
    snapshot->final = second + 1 == day->seconds + DRAIN_SECONDS;
    snapshot->from_ns = second * INTERVAL_NS;
    snapshot->until_ns = (second + 1) * INTERVAL_NS;
    say_health(day, snapshot);
    if (second >= day->seconds) {
        return snapshot;
    }
    snapshot->rows = zeros(FLOWS, sizeof *snapshot->rows);
    snapshot->streams = zeros(FLOWS, sizeof *snapshot->streams);
    snapshot->readings = zeros(FLOWS, sizeof *snapshot->readings);
    snapshot->ranges = zeros(FLOWS, sizeof *snapshot->ranges);
    snapshot->clients = zeros((size_t)2 * FLOWS, sizeof *snapshot->clients);
    snapshot->rows_count = FLOWS;
    snapshot->streams_count = FLOWS;
    snapshot->readings_count = FLOWS;
    snapshot->ranges_count = FLOWS;
    snapshot->clients_count = 2 * FLOWS;
    for (uint32_t f = 0; f < FLOWS; f++) {
        snapshot->rows[f].flow = f;
        snapshot->rows[f].phase = phase_of(day, second);
        measure(day, &snapshot->rows[f]);
        say_stream(day, snapshot, f);
    }
    return snapshot;
}

/* ---- What the coordinator does with it --------------------------------------------------------
 */

/* Faster than the clock is also faster than the disk. */
static void wait_for_disk(struct day *day)
{
    struct queue_state behind;

    disk_look(day->disk, &behind);
    while (behind.bytes > BEHIND_BYTES) {
        (void)usleep(1000);
        disk_look(day->disk, &behind);
    }
}

static int64_t next_unix_ns(struct day *day)
{
    return STARTED_UNIX_NS + (int64_t)day->entries++;
}

static void fail(const struct errinfo *error)
{
    (void)fprintf(stderr, "made_day: %s\n", error->text);
    exit(1);
}

static void take(struct day *day, struct journal_entry *entry)
{
    struct errinfo error = {""};

    wait_for_disk(day);
    entry->at_unix_ns = next_unix_ns(day);
    if (sinks_take(&day->sinks, entry, &error) < 0) {
        fail(&error);
    }
}

/* False: none is ready. */
static bool journal_next(struct day *day)
{
    const struct reports reports = {
        .coalesce = day->coalesce, .sinks = &day->sinks, .watch = &day->watch};
    struct reported next;
    struct errinfo error = {""};

    wait_for_disk(day);
    if (reports_next(&reports, next_unix_ns(day), &next, &error) < 0) {
        fail(&error);
    }
    if (next.snapshot == NULL) {
        day->entries--;
        return false;
    }
    if (next.refused) {
        fail(&next.why);
    }
    snapshot_free(next.snapshot);
    return true;
}

static void journal_ready(struct day *day)
{
    while (journal_next(day)) {
    }
}

/* As a frame, with the bounds of its trial. */
static void send(struct day *day, struct snapshot *report)
{
    const struct snapshot_limits limits = {.rows = FLOWS * PHASES,
                                           .streams = FLOWS * day->agents,
                                           .ranges = FLOWS * day->agents * PHASES,
                                           .readings = FLOWS * day->agents};
    static struct text frame;
    struct snapshot *came = NULL;
    bool hold = report->interval < day->seconds;

    frame.bytes_count = 0;
    ASSERT(wire_encode_snapshot(report, &frame) == 0);
    snapshot_free(report);
    day->frame_bytes += frame.bytes_count;
    ASSERT(wire_decode_snapshot_of(frame.bytes, frame.bytes_count, &limits, &came, NULL) == 0);
    ASSERT(coalesce_put(day->coalesce, came, hold, NULL) == 0);
    journal_ready(day);
}

static void begin(struct day *day)
{
    static char name[] = "day";
    static struct result_agent agents[AGENTS_MAX];
    struct entry_case of = {.name = "memory", .backend = "memory", .target = "memory"};
    struct journal_entry entry = {.kind = ENTRY_RUN};

    entry.as.run = (struct entry_run){.run_id = "20260205-140322-3f9a",
                                      .name = name,
                                      .description = name,
                                      .command = name,
                                      .scenario = name,
                                      .started_unix_ns = STARTED_UNIX_NS};
    take(day, &entry);
    entry = (struct journal_entry){.kind = ENTRY_AGENTS};
    entry.as.agents.agents = agents;
    entry.as.agents.agents_count = day->agents;
    for (uint32_t i = 0; i < day->agents; i++) {
        (void)snprintf(agents[i].name, sizeof agents[i].name, "agent-%u", i + 1);
        agents[i].cpus = 4;
    }
    take(day, &entry);
    entry = (struct journal_entry){.kind = ENTRY_CASES};
    entry.as.cases.cases = &of;
    entry.as.cases.cases_count = 1;
    take(day, &entry);
    entry = (struct journal_entry){.kind = ENTRY_TRIAL};
    entry.as.trial = day->entry;
    take(day, &entry);
    entry = (struct journal_entry){.kind = ENTRY_SEGMENT};
    entry.as.segment = (struct entry_segment){.phase_last = PHASES - 1, .end_ns = -1};
    take(day, &entry);
}

static void end(struct day *day)
{
    int64_t end_ns = (day->seconds + DRAIN_SECONDS) * INTERVAL_NS;
    struct journal_entry entry = {.kind = ENTRY_SEGMENT};

    ASSERT(coalesce_flush(day->coalesce, NULL) == 0);
    journal_ready(day);
    entry.as.segment = (struct entry_segment){.phase_last = PHASES - 1, .end_ns = end_ns};
    take(day, &entry);
    entry = (struct journal_entry){.kind = ENTRY_TRIAL_END};
    entry.as.trial_end.ended = true;
    entry.as.trial_end.ended_ns = end_ns;
    entry.as.trial_end.status = CASE_MEASURED;
    take(day, &entry);
    entry = (struct journal_entry){.kind = ENTRY_CLOSE};
    entry.as.close.verdict = VERDICT_PASS;
    take(day, &entry);
}

static void run(struct day *day, const char *folder)
{
    struct result *result = NULL;
    struct fold_live live;

    ASSERT(disk_new(folder, (size_t)BEHIND_BYTES_MAX, &day->disk, NULL) == 0 &&
           fold_new(&day->fold, NULL) == 0);
    ASSERT(coalesce_new(day->agents, &day->coalesce, NULL) == 0);
    watch_init(&day->watch, NULL, 0);
    sinks_add(&day->sinks, &sink_fold, day->fold);
    sinks_add(&day->sinks, &watch_sink, &day->watch);
    sinks_add(&day->sinks, &disk_sink, day->disk);
    begin(day);
    for (uint32_t second = 0; second < day->seconds + DRAIN_SECONDS; second++) {
        for (uint32_t agent = 0; agent < day->agents; agent++) {
            send(day, report(day, agent, second));
        }
        if (second % 60 == 0) {
            fold_live(day->fold, &live);
        }
    }
    end(day);
    ASSERT(fold_result(day->fold, &result, NULL) == 0);
    day_check(day, &result->cases[0].trials[0]);
    result_free(result);
    ASSERT(sinks_close(&day->sinks, mono_ns() + 600 * NS_PER_S, NULL) == 0);
}

int main(int argc, char **argv)
{
    static struct day day;
    struct rusage usage;

    if (argc != 4) {
        (void)fprintf(stderr, "made_day FOLDER SECONDS AGENTS\n");
        return 2;
    }
    day.seconds = (uint32_t)strtoul(argv[2], NULL, 10);
    day.agents = (uint32_t)strtoul(argv[3], NULL, 10);
    random_seed(&day.random, 8);
    make_trial(&day);
    ASSERT(hist_new(&day.second, NULL) == 0);
    for (uint32_t f = 0; f < FLOWS; f++) {
        for (uint32_t p = 0; p < PHASES; p++) {
            for (int series = 0; series < SERIES_COUNT; series++) {
                ASSERT(hist_new(&day.truth[f][p][series], NULL) == 0);
            }
        }
    }
    run(&day, argv[1]);
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("{\"entries\": %llu, \"frame_bytes\": %llu, \"rss_kib\": %ld}\n",
                 (unsigned long long)day.entries, (unsigned long long)day.frame_bytes,
                 usage.ru_maxrss);
    return 0;
}
