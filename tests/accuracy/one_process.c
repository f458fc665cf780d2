#include "one_process.h"

#include "backend_drivers.h"
#include "collector.h"
#include "fold.h"
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 2
#define CLIENTS 16
#define DRAIN_NS (20 * NS_PER_S)

struct trial {
    struct assignment assignment;
    struct assigned_flow flow;
    struct assigned_topic topic;
    struct assigned_phase phases[2];
    struct assigned_producer producers[CLIENTS];
    struct assigned_consumer consumers[CLIENTS];
    struct assigned_writer writer;
    struct topic topics[1];
    struct timeline timeline;
    struct payload_pools payloads;
    struct gate gate;
    struct recorder *recorders[WORKERS];
    struct worker *workers[WORKERS];
    struct collector *collector;
    struct fold *fold;
    uint32_t closed; /* Intervals. */
};

static void fill_clients(struct trial *trial, const struct one_process_spec *spec)
{
    struct assignment *assignment = &trial->assignment;

    for (uint32_t i = 0; i < spec->producers; i++) {
        trial->producers[i] = (struct assigned_producer){.client = i,
                                                         .index = i,
                                                         .worker = i % WORKERS,
                                                         .stream_first = i * spec->partitions,
                                                         .topic_stride = 1,
                                                         .topics_count = 1};
    }
    for (uint32_t i = 0; i < spec->subscriptions * spec->consumers; i++) {
        trial->consumers[i] = (struct assigned_consumer){.client = spec->producers + i,
                                                         .subscription = i / spec->consumers,
                                                         .index = i % spec->consumers,
                                                         .worker = (i + 1) % WORKERS,
                                                         .topic_stride = 1,
                                                         .topics_count = 1,
                                                         .share_index = i % spec->consumers,
                                                         .shares_count = spec->consumers};
    }
    assignment->producers = trial->producers;
    assignment->producers_count = spec->producers;
    assignment->consumers = trial->consumers;
    assignment->consumers_count = spec->subscriptions * spec->consumers;
}

static void fill(struct trial *trial, const struct one_process_spec *spec)
{
    struct assignment *assignment = &trial->assignment;
    struct errinfo error = {""};

    memset(trial, 0, sizeof *trial);
    trial->flow = (struct assigned_flow){.name = "main",
                                         .message = {.sizes = {{100, 100, 1}}, .sizes_count = 1},
                                         .delivery = spec->delivery,
                                         .topics_count = 1,
                                         .partitions = spec->partitions,
                                         .producers_count = spec->producers,
                                         .subscriptions_count = spec->subscriptions,
                                         .consumers_count = spec->consumers,
                                         .streams_count = spec->producers * spec->partitions};
    (void)snprintf(trial->topic.name, sizeof trial->topic.name, "millrace-accuracy");
    trial->phases[0] = (struct assigned_phase){
        .name = "load", .duration_ns = spec->load_ns, .measured = true, .loads = {spec->load}};
    trial->phases[0].pacing.coalesce_ns = spec->coalesce_ns;
    trial->phases[1] = (struct assigned_phase){
        .name = "drain", .duration_ns = DRAIN_NS, .until_drained = true, .implied = true};
    trial->writer = (struct assigned_writer){.streams_count = trial->flow.streams_count};
    *assignment = (struct assignment){.run_id = "accuracy",
                                      .tag = ONE_PROCESS_TAG,
                                      .seed = 4,
                                      .workers_count = WORKERS,
                                      .topics_owner = true,
                                      .flows = &trial->flow,
                                      .flows_count = 1,
                                      .topics = &trial->topic,
                                      .topics_count = 1,
                                      .phases = trial->phases,
                                      .phases_count = 2,
                                      .writers = &trial->writer,
                                      .writers_count = 1};
    fill_clients(trial, spec);
    assignment->target.label = strdup("memory");
    assignment->target.backend = strdup("memory");
    for (int i = 0; spec->options[i] != NULL; i += 2) {
        assert_int_equal(
            target_set_option(&assignment->target, spec->options[i], spec->options[i + 1]), 0);
    }
    if (assignment_check(assignment, &error) < 0) {
        fail_msg("%s", error.text);
    }
    trial->topics[0] = (struct topic){.name = trial->topic.name,
                                      .partitions = spec->partitions,
                                      .subscriptions = spec->subscriptions,
                                      .delivery = &trial->flow.delivery};
}

static void tell(struct trial *trial, struct journal_entry *entry)
{
    struct errinfo error = {""};

    if (fold_add(trial->fold, entry, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

static void tell_beginning(struct trial *trial)
{
    static char name[] = "accuracy";
    static uint32_t agents[CLIENTS];
    struct result_agent agent = {.name = "agent-1"};
    struct entry_case of = {.name = "memory", .backend = "memory", .target = "memory"};
    struct journal_entry run = {.kind = ENTRY_RUN};
    struct journal_entry present = {.kind = ENTRY_AGENTS};
    struct journal_entry cases = {.kind = ENTRY_CASES};
    struct journal_entry begun = {.kind = ENTRY_TRIAL};
    struct journal_entry segment = {.kind = ENTRY_SEGMENT};

    run.as.run = (struct entry_run){
        .run_id = "accuracy", .name = name, .description = name, .command = name, .scenario = name};
    tell(trial, &run);
    present.as.agents = (struct entry_agents){&agent, 1};
    tell(trial, &present);
    cases.as.cases = (struct entry_cases){&of, 1};
    tell(trial, &cases);
    begun.as.trial = (struct entry_trial){.agents_count = 1,
                                          .flows = &trial->flow,
                                          .flows_count = 1,
                                          .topics = &trial->topic,
                                          .topics_count = 1,
                                          .phases = trial->phases,
                                          .phases_count = 2,
                                          .producers = trial->producers,
                                          .producers_count = trial->assignment.producers_count,
                                          .consumers = trial->consumers,
                                          .consumers_count = trial->assignment.consumers_count,
                                          .producer_agents = agents,
                                          .consumer_agents = agents};
    tell(trial, &begun);
    segment.as.segment = (struct entry_segment){.phase_last = 1, .end_ns = -1};
    tell(trial, &segment);
}

static struct result *tell_end(struct trial *trial, int64_t ended_ns)
{
    struct journal_entry segment = {.kind = ENTRY_SEGMENT};
    struct journal_entry end = {.kind = ENTRY_TRIAL_END};
    struct result *result = NULL;

    segment.as.segment = (struct entry_segment){.phase_last = 1, .end_ns = ended_ns};
    tell(trial, &segment);
    end.as.trial_end.ended = true;
    end.as.trial_end.ended_ns = ended_ns;
    end.as.trial_end.status = CASE_MEASURED;
    tell(trial, &end);
    assert_int_equal(fold_result(trial->fold, &result, NULL), 0);
    return result;
}

static void close_interval(struct trial *trial, bool final)
{
    struct health health = {0};
    struct snapshot **parts = NULL;
    uint32_t count = 0;

    assert_int_equal(collector_snapshots(trial->collector, &health, final, &parts, &count, NULL),
                     0);
    for (uint32_t i = 0; i < count; i++) {
        struct journal_entry entry = {.kind = ENTRY_SNAPSHOT};

        entry.as.snapshot = parts[i];
        tell(trial, &entry);
        snapshot_free(parts[i]);
    }
    free(parts);
    trial->closed++;
}

/* What an agent's ticker does, until all workers have carried out their orders. */
static void tick_until_done(struct trial *trial)
{
    int64_t t0_ns = atomic_load(&trial->timeline.t0_ns);
    bool stopped = false;

    while (gate_pending(&trial->gate) > 0) {
        struct fold_live live;

        assert_int_equal(collector_drain(trial->collector, NULL), 0);
        if (collector_interval_ready(trial->collector)) {
            close_interval(trial, false);
        }
        fold_live(trial->fold, &live);
        /* Drained, or quiet for a second: a lost message never comes. */
        if (!stopped && live.intervals > 0 && mono_ns() - t0_ns > trial->phases[0].duration_ns &&
            (live.drained ||
             (live.outstanding == 0 && live.last.sent == 0 && live.last.received == 0))) {
            stopped = true;
            for (uint32_t i = 0; i < WORKERS; i++) {
                worker_stop(trial->workers[i], mono_ns(), false);
            }
        }
        mono_sleep_until(mono_ns() + 5 * NS_PER_MS);
    }
}

static void order(struct trial *trial, enum worker_order order, const struct segment *segment)
{
    struct errinfo error = {""};

    for (uint32_t i = 0; i < WORKERS; i++) {
        worker_order(trial->workers[i], order, segment, mono_ns() + 10 * NS_PER_S);
    }
    tick_until_done(trial);
    if (gate_wait(&trial->gate, mono_ns(), &error) < 0) {
        fail_msg("%s", error.text);
    }
}

static void open_all(struct trial *trial, const struct backend_ops *ops)
{
    struct worker_context context = {.assignment = &trial->assignment,
                                     .ops = ops,
                                     .timeline = &trial->timeline,
                                     .payloads = &trial->payloads,
                                     .topics = trial->topics,
                                     .drain_ns = DRAIN_NS};
    struct topic_list list = {trial->topics, 1};

    assert_int_equal(backend_memory.topics_create(&trial->assignment.target, &list, 0, NULL), 0);
    assert_int_equal(timeline_init(&trial->timeline, &trial->assignment, NULL), 0);
    assert_int_equal(payload_pools_init(&trial->payloads, &trial->assignment, NULL), 0);
    gate_init(&trial->gate);
    assert_int_equal(fold_new(&trial->fold, NULL), 0);
    tell_beginning(trial);
    for (uint32_t i = 0; i < WORKERS; i++) {
        assert_int_equal(recorder_new(&trial->assignment, i, &trial->recorders[i], NULL), 0);
        context.worker = i;
        context.recorder = trial->recorders[i];
        assert_int_equal(worker_new(&context, &trial->gate, &trial->workers[i], NULL), 0);
    }
    assert_int_equal(
        collector_new(&trial->assignment, trial->recorders, WORKERS, &trial->collector, NULL), 0);
    order(trial, ORDER_OPEN_CONSUMERS, NULL);
    order(trial, ORDER_OPEN_PRODUCERS, NULL);
}

static void free_all(struct trial *trial)
{
    struct topic_list list = {trial->topics, 1};

    for (uint32_t i = 0; i < WORKERS; i++) {
        worker_free(trial->workers[i]);
    }
    collector_free(trial->collector);
    for (uint32_t i = 0; i < WORKERS; i++) {
        recorder_free(trial->recorders[i]);
    }
    fold_free(trial->fold);
    gate_done(&trial->gate);
    timeline_done(&trial->timeline);
    payload_pools_done(&trial->payloads);
    assert_int_equal(backend_memory.topics_delete(&trial->assignment.target, &list, 0, NULL), 0);
    target_done(&trial->assignment.target);
}

struct result *one_process_run(const struct one_process_spec *spec)
{
    struct trial trial;
    struct segment segment = {.phase_last = 1};
    struct result *result;
    int64_t ended_ns;

    fill(&trial, spec);
    open_all(&trial, spec->ops != NULL ? spec->ops : &backend_memory);
    segment.t0_ns = mono_ns() + 10 * NS_PER_MS;
    if (spec->ret_t0_ns != NULL) {
        *spec->ret_t0_ns = segment.t0_ns;
    }
    timeline_set(&trial.timeline, &segment);
    order(&trial, ORDER_RUN, &segment);
    ended_ns = mono_ns() - segment.t0_ns;
    order(&trial, ORDER_CLOSE, NULL);
    for (;;) {
        assert_int_equal(collector_drain(trial.collector, NULL), 0);
        if (!collector_behind(trial.collector)) {
            break;
        }
        close_interval(&trial, false);
    }
    close_interval(&trial, true);
    result = tell_end(&trial, ended_ns);
    free_all(&trial);
    return result;
}

const struct result_phase *one_process_phase(const struct result *result)
{
    const struct result_trial *trial = &result->cases[0].trials[0];

    assert_int_equal(trial->phases_count, 2);
    assert_string_equal(trial->phases[0].name, "load");
    return &trial->phases[0];
}

const struct result_delivery *one_process_delivery(const struct result *result)
{
    const struct result_delivery *delivery = &one_process_phase(result)->delivery;

    assert_int_equal(delivery->sent, delivery->acked + delivery->refused + delivery->unconfirmed);
    assert_int_equal(delivery->received - delivery->unexpected + delivery->lost +
                         delivery->expired + delivery->unaccounted,
                     delivery->expected);
    /* All of the trial's messages belong to the phase that sent them. */
    assert_int_equal(result->cases[0].trials[0].phases[1].delivery.sent, 0);
    return delivery;
}
