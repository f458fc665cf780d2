/* The thread around sender and receiver: orders, stops, the hand-over at the end. Real time, but
 * nothing here passes or fails by it. */
#include "executor_fixture.h"
#include "fake_backend.h"

#include "collector.h"
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEADLINE_NS (20 * NS_PER_S)

static _Atomic uint32_t slices_shortened;

void __wrap_slice_shorten(void);

void __wrap_slice_shorten(void)
{
    slices_shortened++;
}

static const struct rate no_rate = {.messages = 0, .per_ns = 1};

struct bench {
    struct fixture fixture;
    struct topic topic;
    struct timeline timeline;
    struct payload_pools payloads;
    struct gate gate;
    struct recorder *recorder;
    struct collector *collector;
    struct worker *worker;
    int64_t t0_ns;
};

static void assign(struct bench *bench, enum load load, struct rate rate, int64_t duration_ns)
{
    memset(bench, 0, sizeof *bench);
    fake_reset();
    fixture_init(&bench->fixture);
    bench->fixture.flows[0].delivery.in_flight = 1000;
    fixture_producer(&bench->fixture);
    fixture_consumer(&bench->fixture, 0);
    (void)fixture_phase(&bench->fixture, load, rate, duration_ns);
}

static void make_worker(struct bench *bench)
{
    struct worker_context context;

    bench->topic = (struct topic){.name = "topic", .partitions = 1};
    assert_int_equal(timeline_init(&bench->timeline, &bench->fixture.assignment, NULL), 0);
    gate_init(&bench->gate);
    assert_int_equal(recorder_new(&bench->fixture.assignment, 0, &bench->recorder, NULL), 0);
    assert_int_equal(
        collector_new(&bench->fixture.assignment, &bench->recorder, 1, &bench->collector, NULL), 0);
    assert_int_equal(payload_pools_init(&bench->payloads, &bench->fixture.assignment, NULL), 0);
    context = (struct worker_context){.assignment = &bench->fixture.assignment,
                                      .ops = &fake_backend,
                                      .timeline = &bench->timeline,
                                      .payloads = &bench->payloads,
                                      .recorder = bench->recorder,
                                      .topics = &bench->topic,
                                      .drain_ns = NS_PER_S};
    assert_int_equal(worker_new(&context, &bench->gate, &bench->worker, NULL), 0);
}

static void begin(struct bench *bench, enum load load, struct rate rate, int64_t duration_ns)
{
    assign(bench, load, rate, duration_ns);
    make_worker(bench);
}

static void done(struct bench *bench)
{
    worker_free(bench->worker);
    collector_free(bench->collector);
    recorder_free(bench->recorder);
    gate_done(&bench->gate);
    timeline_done(&bench->timeline);
    payload_pools_done(&bench->payloads);
}

static int wait_for_order(struct bench *bench, struct errinfo *error)
{
    return gate_wait(&bench->gate, mono_ns() + DEADLINE_NS, error);
}

static void order(struct bench *bench, enum worker_order what)
{
    worker_order(bench->worker, what, NULL, mono_ns() + DEADLINE_NS);
    assert_int_equal(wait_for_order(bench, NULL), 0);
}

static void start(struct bench *bench)
{
    struct segment segment = {.t0_ns = mono_ns()};

    bench->t0_ns = segment.t0_ns;
    timeline_set(&bench->timeline, &segment);
    worker_order(bench->worker, ORDER_RUN, &segment, 0);
}

static struct counters collect(struct bench *bench)
{
    struct counters totals = {0};
    struct health health = {0};
    struct snapshot **parts = NULL;
    uint32_t count = 0;

    do {
        assert_int_equal(collector_drain(bench->collector, NULL), 0);
        assert_int_equal(
            collector_snapshots(bench->collector, &health, false, &parts, &count, NULL), 0);
        for (uint32_t i = 0; i < count; i++) {
            for (uint32_t row = 0; row < parts[i]->rows_count; row++) {
                counters_add(&totals, &parts[i]->rows[row].counters);
            }
            snapshot_free(parts[i]);
        }
        free(parts);
    } while (collector_behind(bench->collector));
    return totals;
}

static void wait_for(uint32_t (*counted)(void), uint32_t count)
{
    while (counted() < count) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
}

static void a_trial_goes_through_its_orders(void **state)
{
    struct bench bench;
    struct counters totals;

    (void)state;
    begin(&bench, LOAD_RATE, (struct rate){1, NS_PER_MS}, 50 * NS_PER_MS);
    fake_script()->confirms = true;
    order(&bench, ORDER_OPEN_CONSUMERS);
    assert_true(fake_is_open(ROLE_CONSUMER));
    assert_false(fake_is_open(ROLE_PRODUCER));
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    assert_true(mono_ns() - bench.t0_ns >= 50 * NS_PER_MS);
    assert_true(bench.gate.started_ns >= bench.t0_ns);
    order(&bench, ORDER_CLOSE);
    assert_false(fake_is_open(ROLE_CONSUMER));
    assert_false(fake_is_open(ROLE_PRODUCER));
    totals = collect(&bench);
    /* What is owed at a segment's end is given up, but counted as due. */
    assert_int_equal(totals.due, 50);
    assert_int_equal(totals.sent, fake_messages());
    assert_int_equal(totals.acked, totals.sent);
    done(&bench);
}

static void messages_sent_in_batches_keep_their_own_intended_times(void **state)
{
    struct bench bench;
    struct counters totals;

    (void)state;
    begin(&bench, LOAD_RATE, (struct rate){1, 10 * NS_PER_US}, 50 * NS_PER_MS);
    fake_script()->confirms = true;
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    order(&bench, ORDER_CLOSE);
    totals = collect(&bench);
    assert_int_equal(totals.due, 5000);
    /* What a starved machine gives up at the end are the last ones. */
    assert_int_equal(totals.sent, fake_messages());
    for (uint32_t i = 0; i < fake_messages(); i++) {
        assert_int_equal(fake_message(i)->stamp.intended_ns, i * 10 * NS_PER_US);
        assert_true(fake_message(i)->stamp.sent_ns >= bench.t0_ns + i * 10 * NS_PER_US);
    }
    done(&bench);
}

/* In the mean they wait for half a tick; a busy machine makes them no earlier. */
static void messages_sent_in_ticks_keep_their_own_intended_times(void **state)
{
    struct bench bench;
    int64_t lag_ns = 0;

    (void)state;
    assign(&bench, LOAD_RATE, (struct rate){1, 100 * NS_PER_US}, 100 * NS_PER_MS);
    bench.fixture.phases[0].pacing.coalesce_ns = 10 * NS_PER_MS;
    make_worker(&bench);
    fake_script()->confirms = true;
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    order(&bench, ORDER_CLOSE);
    assert_int_equal(collect(&bench).due, 1000);
    assert_true(fake_messages() > 0);
    for (uint32_t i = 0; i < fake_messages(); i++) {
        int64_t intended_ns = fake_message(i)->stamp.intended_ns;

        assert_int_equal(intended_ns, i * 100 * NS_PER_US);
        lag_ns += fake_message(i)->stamp.sent_ns - bench.t0_ns - intended_ns;
    }
    assert_true(lag_ns / fake_messages() >= 10 * NS_PER_MS / 4);
    done(&bench);
}

/* Not at the phase's end, which is an hour away, and as of the last outcome. */
static void a_number_of_messages_ends_the_segment(void **state)
{
    struct bench bench;
    struct counters totals;

    (void)state;
    begin(&bench, LOAD_RATE, (struct rate){500, 10 * NS_PER_MS}, 3600 * NS_PER_S);
    bench.fixture.phases[0].messages = 500;
    fake_script()->confirms = true;
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    assert_true(bench.gate.ended_ns >= bench.gate.started_ns && bench.gate.ended_ns <= mono_ns());
    /* Another segment, before any interval ended: what came due in the first must not be lost. */
    bench.fixture.phases[0].messages = 0;
    bench.fixture.phases[0].duration_ns = NS_PER_MS;
    bench.fixture.phases[0].loads[0].load = LOAD_NONE;
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    order(&bench, ORDER_CLOSE);
    assert_int_equal(fake_messages(), 500);
    totals = collect(&bench);
    assert_int_equal(totals.due, 500);
    assert_int_equal(totals.acked, 500);
    done(&bench);
}

static void what_fails_to_open_is_told_with_its_reason(void **state)
{
    struct bench bench;
    struct errinfo error = {""};

    (void)state;
    begin(&bench, LOAD_MAX, no_rate, NS_PER_S);
    fake_script()->open_code = -ECONNREFUSED;
    worker_order(bench.worker, ORDER_OPEN_PRODUCERS, NULL, mono_ns() + DEADLINE_NS);
    assert_int_equal(wait_for_order(&bench, &error), -ECONNREFUSED);
    assert_string_equal(error.text, "the fake does not open");
    assert_int_equal(gate_pending(&bench.gate), 0);
    order(&bench, ORDER_CLOSE); /* There is nothing to close. */
    done(&bench);
}

static void a_stop_ends_the_segment(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, LOAD_MAX, no_rate, 3600 * NS_PER_S);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    wait_for(fake_messages, 1000);
    worker_stop(bench.worker, mono_ns(), false);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    order(&bench, ORDER_CLOSE);
    assert_int_equal(fake_messages(), 1000);
    assert_int_equal(collect(&bench).unconfirmed, 1000);
    done(&bench);
}

static void a_stop_of_sending_leaves_the_segment_to_the_consumers(void **state)
{
    struct bench bench;
    struct stamp stamp = {.tag = 77};
    struct counters totals;
    int64_t stop_ns;
    int64_t received_ns;

    (void)state;
    begin(&bench, LOAD_RATE, (struct rate){1, NS_PER_MS}, 3600 * NS_PER_S);
    bench.fixture.flows[0].delivery.consume_ack = CONSUME_ACK_EACH;
    fake_script()->confirms = true;
    order(&bench, ORDER_OPEN_CONSUMERS);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    wait_for(fake_messages, 5);
    stop_ns = mono_ns() + 10 * NS_PER_MS;
    worker_stop(bench.worker, stop_ns, true);
    mono_sleep_until(stop_ns);
    for (uint64_t i = 0; i < 10; i++) {
        stamp.sequence = i;
        fake_deliver(0, &stamp, i);
    }
    wait_for(fake_acks, 10);
    assert_int_equal(gate_pending(&bench.gate), 1);
    received_ns = mono_ns();
    worker_stop(bench.worker, mono_ns(), false);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    /* What was drained was over with its last message, not when that was found out. */
    assert_in_range(bench.gate.last_ns, stop_ns, received_ns);
    assert_true(bench.gate.ended_ns >= received_ns);
    order(&bench, ORDER_CLOSE);
    for (uint32_t i = 0; i < fake_messages(); i++) {
        assert_true(bench.t0_ns + fake_message(i)->stamp.intended_ns < stop_ns);
    }
    totals = collect(&bench);
    assert_int_equal(totals.received, 10);
    assert_int_equal(totals.sent, fake_messages());
    assert_true(totals.due >= totals.sent);
    done(&bench);
}

/* Where only consumers are, nothing is left to send at once. */
static uint64_t received_by_paused_consumers(bool sending_only)
{
    struct bench bench;
    struct stamp stamp = {.tag = 77};
    int64_t stop_ns;
    uint64_t received;

    assign(&bench, LOAD_RATE, (struct rate){1, NS_PER_MS}, 3600 * NS_PER_S);
    bench.fixture.phases[0].messages = 500;
    bench.fixture.phases[0].consume.pace = CONSUME_PAUSED;
    bench.fixture.flows[0].delivery.consume_ack = CONSUME_ACK_EACH;
    bench.fixture.assignment.producers_count = 0;
    make_worker(&bench);
    order(&bench, ORDER_OPEN_CONSUMERS);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    fake_deliver(0, &stamp, 0);
    assert_int_equal(fake_acks(), 0);
    stop_ns = mono_ns() + (sending_only ? 0 : 50 * NS_PER_MS);
    worker_stop(bench.worker, stop_ns, sending_only);
    while (sending_only ? fake_acks() < 1 : mono_ns() < stop_ns) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    order(&bench, ORDER_CLOSE);
    received = collect(&bench).received;
    done(&bench);
    return received;
}

/* Bug: that a run is over is told ahead of its time, and until then its consumers took all. */
static void a_stop_of_sending_alone_releases_paused_consumers(void **state)
{
    (void)state;
    assert_int_equal(received_by_paused_consumers(true), 1);
    assert_int_equal(received_by_paused_consumers(false), 0);
}

static void consumers_are_polled_before_and_after_a_segment(void **state)
{
    struct bench bench;
    struct stamp stamp = {.tag = 77};

    (void)state;
    begin(&bench, LOAD_NONE, no_rate, 10 * NS_PER_MS);
    bench.fixture.flows[0].delivery.consume_ack = CONSUME_ACK_EACH;
    order(&bench, ORDER_OPEN_CONSUMERS);
    fake_deliver(0, &stamp, 0);
    wait_for(fake_acks, 1);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    stamp.sequence = 1;
    fake_deliver(0, &stamp, 1);
    wait_for(fake_acks, 2);
    order(&bench, ORDER_CLOSE);
    assert_int_equal(collect(&bench).received, 2);
    done(&bench);
}

static void lost_clients_come_back_while_a_segment_runs(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, LOAD_RATE, (struct rate){1, NS_PER_MS}, 3600 * NS_PER_S);
    fake_script()->confirms = true;
    fake_script()->client_blocked[0] = true;
    order(&bench, ORDER_OPEN_CONSUMERS);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    fake_lock();
    fake_script()->connect_code = -EAGAIN;
    fake_unlock();
    fake_link(ROLE_PRODUCER, 0, false);
    fake_link(ROLE_CONSUMER, 0, false);
    wait_for(fake_connects, 4); /* Two of each. */
    fake_lock();
    fake_script()->client_blocked[0] = false;
    fake_script()->connect_code = 0;
    fake_unlock();
    wait_for(fake_messages, 100);
    worker_stop(bench.worker, mono_ns(), false);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    order(&bench, ORDER_CLOSE);
    assert_int_equal(fake_message(0)->stamp.intended_ns, 0); /* The debt kept its time. */
    assert_int_equal(fake_message(99)->stamp.intended_ns, 99 * NS_PER_MS);
    assert_int_equal(collect(&bench).errors, 2);
    done(&bench);
}

static void each_load_thread_asks_for_a_short_slice(void **state)
{
    uint32_t before = slices_shortened;
    struct bench bench;

    (void)state;
    begin(&bench, LOAD_MAX, no_rate, NS_PER_S);
    order(&bench, ORDER_OPEN_CONSUMERS);
    assert_int_equal(slices_shortened, before + 1);
    done(&bench);
}

static void a_worker_can_be_freed_in_the_middle(void **state)
{
    struct bench bench;

    (void)state;
    begin(&bench, LOAD_MAX, no_rate, 3600 * NS_PER_S);
    order(&bench, ORDER_OPEN_CONSUMERS);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    done(&bench);
    assert_false(fake_is_open(ROLE_PRODUCER));
    assert_false(fake_is_open(ROLE_CONSUMER));
}

/* Bug: the load thread itself connected. A host that swallowed packets kept it for a second each
 * time, and with it all of its clients. */
static void one_client_that_hangs_keeps_none_of_its_neighbours(void **state)
{
    struct bench bench;
    uint32_t before;

    (void)state;
    assign(&bench, LOAD_RATE, (struct rate){1, NS_PER_MS}, 3600 * NS_PER_S);
    fixture_producer(&bench.fixture);
    fixture_consumer(&bench.fixture, 0);
    make_worker(&bench);
    fake_script()->confirms = true;
    order(&bench, ORDER_OPEN_CONSUMERS);
    order(&bench, ORDER_OPEN_PRODUCERS);
    start(&bench);
    fake_lock();
    fake_script()->client_blocked[1] = true;
    fake_script()->connect_hangs = true;
    fake_unlock();
    fake_link(ROLE_PRODUCER, 1, false);
    fake_link(ROLE_CONSUMER, 1, false);
    wait_for(fake_connects, 2); /* One of each, and neither ends. */
    before = fake_messages();
    while (fake_messages() < before + 100) {
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    for (uint32_t i = before; i < before + 100; i++) {
        assert_int_equal(fake_message(i)->client, 0);
    }
    fake_lock();
    fake_script()->client_blocked[1] = false;
    fake_script()->connect_hangs = false;
    fake_unlock();
    while (fake_message(fake_messages() - 1)->client == 0) { /* It comes back. */
        mono_sleep_until(mono_ns() + NS_PER_MS);
    }
    worker_stop(bench.worker, mono_ns(), false);
    assert_int_equal(wait_for_order(&bench, NULL), 0);
    order(&bench, ORDER_CLOSE);
    done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trial_goes_through_its_orders),
        cmocka_unit_test(messages_sent_in_batches_keep_their_own_intended_times),
        cmocka_unit_test(messages_sent_in_ticks_keep_their_own_intended_times),
        cmocka_unit_test(a_number_of_messages_ends_the_segment),
        cmocka_unit_test(what_fails_to_open_is_told_with_its_reason),
        cmocka_unit_test(a_stop_ends_the_segment),
        cmocka_unit_test(a_stop_of_sending_leaves_the_segment_to_the_consumers),
        cmocka_unit_test(a_stop_of_sending_alone_releases_paused_consumers),
        cmocka_unit_test(consumers_are_polled_before_and_after_a_segment),
        cmocka_unit_test(lost_clients_come_back_while_a_segment_runs),
        cmocka_unit_test(one_client_that_hangs_keeps_none_of_its_neighbours),
        cmocka_unit_test(each_load_thread_asks_for_a_short_slice),
        cmocka_unit_test(a_worker_can_be_freed_in_the_middle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
