#include "rig.h"
#include "virtual_time.h"

#include <errno.h>
#include <string.h>

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

static int64_t t0_ns;

/* One producer's stream, so many consumers, each a subscription of its own. */
static void begin(struct rig *rig, uint32_t consumers, enum consume_ack ack, uint32_t batch,
                  const struct backend_ops *ops)
{
    memset(rig, 0, sizeof *rig);
    fake_reset();
    virtual_time_set(VIRTUAL_START_NS);
    virtual_time_step(0);
    t0_ns = VIRTUAL_START_NS;
    fixture_init(&rig->fixture);
    fixture_producer(&rig->fixture);
    for (uint32_t i = 0; i < consumers; i++) {
        fixture_consumer(&rig->fixture, i);
    }
    rig->fixture.flows[0].delivery.consume_ack = ack;
    rig->fixture.flows[0].delivery.consume_ack_batch = batch;
    (void)fixture_phase(&rig->fixture, LOAD_RATE, per_ms, 10 * NS_PER_MS);
    (void)fixture_phase(&rig->fixture, LOAD_MAX, (struct rate){0, 1}, 10 * NS_PER_MS);
    (void)fixture_phase(&rig->fixture, LOAD_NONE, (struct rate){0, 1}, 10 * NS_PER_S);
    rig_open(rig, ops);
    rig_start(rig, t0_ns);
}

static void deliver(uint32_t client, uint64_t sequence, int64_t intended_ns)
{
    struct stamp stamp = {.tag = 77,
                          .sequence = sequence,
                          .intended_ns = intended_ns,
                          .sent_ns = t0_ns + intended_ns};

    fake_deliver(client, &stamp, sequence);
}

static void poll_at(struct rig *rig, int64_t now_ns)
{
    virtual_time_set(now_ns);
    (void)receiver_poll(rig->receiver, now_ns);
}

/* Paused for 10 ms, limited to one in 2 ms for 10 ms, then free. */
static void consumers_take_what_the_phase_lets_them(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend);
    rig.fixture.phases[0].consume.pace = CONSUME_PAUSED;
    rig.fixture.phases[1].consume =
        (struct phase_consume){.pace = CONSUME_RATE, .rate = {1, 2 * NS_PER_MS}};
    for (uint64_t i = 0; i < 20; i++) {
        deliver(0, i, 0);
    }
    poll_at(&rig, t0_ns + 5 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 0);
    assert_int_equal(fake_acks(), 0);
    assert_int_equal(receiver_next_ns(rig.receiver, t0_ns), t0_ns + 10 * NS_PER_MS);
    poll_at(&rig, t0_ns + 10 * NS_PER_MS);
    poll_at(&rig, t0_ns + 10 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 1);
    assert_int_equal(receiver_next_ns(rig.receiver, t0_ns), t0_ns + 12 * NS_PER_MS);
    poll_at(&rig, t0_ns + 12 * NS_PER_MS - 1);
    assert_int_equal(rig_totals(&rig).received, 1);
    poll_at(&rig, t0_ns + 12 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 2);
    poll_at(&rig, t0_ns + 20 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 20);
    assert_int_equal(fake_acks(), 20);
    rig_done(&rig);
}

/* Their acks had no latency, and a lost connection was noticed once the pause was over. */
static void paused_consumers_hear_of_acks_and_of_lost_connections(void **state)
{
    struct rig rig;
    struct hist *latencies;
    struct event answer = {.kind = EVENT_CONSUME_ACKED, .token = 0};

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend_answering);
    rig.fixture.phases[1].consume.pace = CONSUME_PAUSED;
    deliver(0, 0, 0);
    poll_at(&rig, t0_ns + 9 * NS_PER_MS);
    assert_int_equal(fake_acks(), 1);
    latencies = recorder_cell(rig.recorder, 0, 0)->series[SERIES_CONSUME_ACK];
    deliver(0, 1, 0);
    virtual_time_set(t0_ns + 11 * NS_PER_MS);
    fake_event(ROLE_CONSUMER, &answer);
    fake_link(ROLE_CONSUMER, 0, false);
    poll_at(&rig, t0_ns + 12 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 1);
    assert_int_equal(hist_count(latencies), 1);
    assert_int_equal(hist_max(latencies), 2 * NS_PER_MS);
    poll_at(&rig, t0_ns + 20 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 2);
    rig_done(&rig);
}

static void released_consumers_take_all(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend);
    rig.fixture.phases[0].consume.pace = CONSUME_PAUSED;
    deliver(0, 0, 0);
    poll_at(&rig, t0_ns + NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 0);
    receiver_release(rig.receiver, true);
    poll_at(&rig, t0_ns + 2 * NS_PER_MS);
    assert_int_equal(rig_totals(&rig).received, 1);
    rig_done(&rig);
}

static void a_message_counts_for_its_phase_and_in_the_running_one(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_NONE, 1, &fake_backend);
    virtual_time_set(t0_ns + 25 * NS_PER_MS);
    deliver(0, 0, 9 * NS_PER_MS);
    deliver(0, 1, 10 * NS_PER_MS);
    poll_at(&rig, t0_ns + 25 * NS_PER_MS);
    assert_int_equal(rig_counters(&rig, 0).received, 1);
    assert_int_equal(rig_counters(&rig, 1).received, 1);
    assert_int_equal(rig_counters(&rig, 2).received, 0);
    assert_int_equal(rig_counters(&rig, 2).received_now, 2);
    assert_int_equal(rig_totals(&rig).received_now, 2);
    assert_int_equal(rig_totals(&rig).received_bytes, 200);
    /* Response from the intended time, which `max` has not. */
    assert_int_equal(hist_max(recorder_cell(rig.recorder, 0, 0)->series[SERIES_E2E]),
                     16 * NS_PER_MS);
    assert_int_equal(hist_count(recorder_cell(rig.recorder, 0, 1)->series[SERIES_E2E]), 0);
    assert_int_equal(hist_max(recorder_cell(rig.recorder, 0, 1)->series[SERIES_E2E_SERVICE]),
                     15 * NS_PER_MS);
    assert_int_equal(fake_acks(), 0);
    rig_done(&rig);
}

static void what_is_not_ours_or_is_damaged_is_counted_and_nothing_else(void **state)
{
    struct rig rig;
    struct rig_sum sum;
    struct stamp foreign = {.tag = 78};
    struct stamp other_flow = {.tag = 77, .stream = 5};
    struct event damaged = {.kind = EVENT_MESSAGE, .bytes = "too short", .bytes_count = 9};

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend);
    fake_deliver(0, &foreign, 1);
    fake_deliver(0, &other_flow, 2);
    fake_event(ROLE_CONSUMER, &damaged);
    poll_at(&rig, t0_ns + NS_PER_MS);
    assert_int_equal(fake_acks(), 3); /* Or the broker would deliver them for ever. */
    rig_collect(&rig, &sum);
    assert_int_equal(sum.totals.received, 0);
    assert_int_equal(sum.totals.foreign, 2);
    assert_int_equal(sum.totals.corrupted, 1);
    assert_int_equal(sum.samples[SERIES_E2E], 0);
    rig_done(&rig);
}

static void each_message_is_acknowledged_by_itself(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend);
    for (uint64_t i = 0; i < 5; i++) {
        deliver(0, i, 0);
    }
    poll_at(&rig, t0_ns);
    assert_int_equal(fake_acks(), 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(fake_ack(i).token, i);
        assert_false(fake_ack(i).multiple);
    }
    assert_int_equal(hist_count(recorder_cell(rig.recorder, 0, 0)->series[SERIES_CONSUME_ACK]), 5);
    rig_done(&rig);
}

static void acks_that_are_not_taken_are_tried_again_in_order_before_more_is_polled(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend);
    for (uint64_t i = 0; i < 600; i++) {
        deliver(0, i, 0);
    }
    fake_script()->acks_again = 3;
    poll_at(&rig, t0_ns); /* Takes 256; the first ack is not taken, so the others wait behind it. */
    assert_int_equal(fake_acks(), 0);
    poll_at(&rig, t0_ns);
    poll_at(&rig, t0_ns);
    assert_int_equal(fake_acks(), 0);
    assert_int_equal(rig_totals(&rig).received, 256);
    poll_at(&rig, t0_ns);
    poll_at(&rig, t0_ns);
    assert_int_equal(rig_totals(&rig).received, 600);
    assert_int_equal(fake_acks(), 600);
    for (uint32_t i = 0; i < 600; i++) {
        assert_int_equal(fake_ack(i).token, i);
    }
    rig_done(&rig);
}

static void a_batch_is_acknowledged_when_it_is_full(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 2, CONSUME_ACK_BATCH, 10, &fake_backend);
    for (uint64_t i = 0; i < 25; i++) {
        deliver(0, i, 0);
        deliver(1, i, 0);
    }
    poll_at(&rig, t0_ns);
    assert_int_equal(fake_acks(), 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(fake_ack(i).token, i < 2 ? 9 : 19);
        assert_true(fake_ack(i).multiple);
    }
    rig_done(&rig);
}

/* A batch that is larger than what the broker gives without acks would never be full. */
static void the_rest_of_a_batch_is_acknowledged_when_nothing_comes_for_100_ms(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 2, CONSUME_ACK_BATCH, 1000, &fake_backend);
    for (uint64_t i = 0; i < 7; i++) {
        deliver(0, i, 0);
    }
    poll_at(&rig, t0_ns);
    /* The other consumer is busy: it does not hide that this one is idle. */
    for (int64_t ms = 1; ms < 99; ms++) {
        virtual_time_set(t0_ns + ms * NS_PER_MS);
        deliver(1, (uint64_t)ms, 0);
        poll_at(&rig, t0_ns + ms * NS_PER_MS);
    }
    assert_int_equal(fake_acks(), 0);
    for (int64_t ms = 99; ms <= 160; ms++) {
        virtual_time_set(t0_ns + ms * NS_PER_MS);
        deliver(1, (uint64_t)ms, 0);
        poll_at(&rig, t0_ns + ms * NS_PER_MS);
    }
    assert_int_equal(fake_acks(), 1);
    assert_int_equal(fake_ack(0).token, 6);
    assert_true(fake_ack(0).multiple);
    for (int64_t ms = 161; ms <= 600; ms++) {
        poll_at(&rig, t0_ns + ms * NS_PER_MS);
    }
    assert_int_equal(fake_acks(), 2); /* The busy one's, once it was idle; neither again. */
    assert_int_equal(fake_ack(1).token, 160);
    rig_done(&rig);
}

static void the_rest_of_a_batch_is_tried_again_if_it_is_not_taken(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_BATCH, 1000, &fake_backend);
    deliver(0, 0, 0);
    poll_at(&rig, t0_ns);
    fake_script()->acks_again = 2;
    for (int64_t ms = 1; ms <= 400; ms++) {
        poll_at(&rig, t0_ns + ms * NS_PER_MS);
    }
    assert_int_equal(fake_script()->acks_again, 0);
    assert_int_equal(fake_acks(), 1);
    rig_done(&rig);
}

static void a_lost_connection_forgets_the_batch(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_BATCH, 3, &fake_backend);
    deliver(0, 0, 0);
    deliver(0, 1, 0);
    fake_link(ROLE_CONSUMER, 0, false);
    poll_at(&rig, t0_ns);
    poll_at(&rig, t0_ns + NS_PER_S);
    assert_int_equal(fake_acks(), 0);
    fake_link(ROLE_CONSUMER, 0, true);
    for (uint64_t i = 0; i < 3; i++) {
        deliver(0, i, 0);
    }
    poll_at(&rig, t0_ns + NS_PER_S);
    assert_int_equal(fake_acks(), 1);
    assert_int_equal(fake_ack(0).token, 2);
    rig_done(&rig);
}

static void closing_acknowledges_the_rest(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 2, CONSUME_ACK_BATCH, 10, &fake_backend);
    deliver(0, 0, 0);
    deliver(0, 1, 0);
    poll_at(&rig, t0_ns);
    receiver_close_begin(rig.receiver);
    receiver_close_end(rig.receiver);
    assert_int_equal(fake_acks(), 1);
    assert_int_equal(fake_ack(0).token, 1);
    assert_true(fake_ack(0).multiple);
    assert_false(fake_is_open(ROLE_CONSUMER));
    rig_done(&rig);
}

static void answered_acks_have_the_time_to_their_answer(void **state)
{
    struct rig rig;
    struct hist *latencies;
    struct event answer = {.kind = EVENT_CONSUME_ACKED, .token = 1};

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend_answering);
    for (uint64_t i = 0; i < 3; i++) {
        deliver(0, i, 0);
    }
    poll_at(&rig, t0_ns);
    assert_int_equal(fake_acks(), 3);
    latencies = recorder_cell(rig.recorder, 0, 0)->series[SERIES_CONSUME_ACK];
    assert_int_equal(hist_count(latencies), 0);
    virtual_time_set(t0_ns + 5000);
    fake_event(ROLE_CONSUMER, &answer); /* That of token 0 got none: no latency. */
    poll_at(&rig, t0_ns + 9000);
    assert_int_equal(hist_count(latencies), 1);
    assert_int_equal(hist_max(latencies), 5000);
    rig_done(&rig);
}

/* Once 4096 answers were missing, no ack had a latency any more. */
static void lost_answers_leave_room_for_later_ones(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, 1, CONSUME_ACK_EACH, 1, &fake_backend_answering);
    for (uint64_t i = 0; i < 5000; i++) {
        deliver(0, i, 0);
    }
    for (int i = 0; i < 20; i++) {
        poll_at(&rig, t0_ns);
    }
    assert_int_equal(fake_acks(), 5000);
    fake_script()->answers_acks = true;
    deliver(0, 5000, 0);
    poll_at(&rig, t0_ns);
    poll_at(&rig, t0_ns + 1000);
    assert_int_equal(hist_count(recorder_cell(rig.recorder, 0, 0)->series[SERIES_CONSUME_ACK]), 1);
    rig_done(&rig);
}

/* The writer is agent 1, whose clock is 1 us ahead at T0. */
static void begin_apart(struct rig *rig, double skew_ppb, double growth_ppb)
{
    struct clock_line line = {.agent = 1,
                              .own_ns = VIRTUAL_START_NS,
                              .peer_ns = VIRTUAL_START_NS + 1000,
                              .skew_ppb = skew_ppb,
                              .bound_ns = 50,
                              .growth_ppb = growth_ppb};
    struct peer_start peer = {.agent = 1, .t0_ns = VIRTUAL_START_NS + 1000};
    struct segment segment = {
        .phase_last = 2, .t0_ns = VIRTUAL_START_NS, .peers = &peer, .peers_count = 1};

    begin(rig, 1, CONSUME_ACK_NONE, 1, &fake_backend);
    timeline_done(&rig->timeline);
    rig->fixture.writers[0].agent = 1;
    assert_int_equal(timeline_init(&rig->timeline, &rig->fixture.assignment, NULL), 0);
    timeline_set(&rig->timeline, &segment);
    timeline_tell(&rig->timeline, &line);
}

static void times_of_another_clock_are_moved_to_this_one(void **state)
{
    struct rig rig;
    struct stamp stamp = {.tag = 77};
    struct recorder_cell *cell;

    (void)state;
    begin_apart(&rig, 0.0, 0.0);
    cell = recorder_cell(rig.recorder, 0, 0);
    virtual_time_set(t0_ns + 5000);
    stamp.sent_ns = t0_ns + 3000 + 1000; /* 3 us after T0, on a clock that is 1 us ahead. */
    fake_deliver(0, &stamp, 0);
    poll_at(&rig, t0_ns + 5000);
    assert_int_equal(hist_max(cell->series[SERIES_E2E_SERVICE]), 2000);
    assert_int_equal(hist_max(cell->series[SERIES_E2E]), 5000);
    /* Seen before it was sent: within the bound, and beyond it. */
    stamp.sent_ns = t0_ns + 5000 + 1000 + 50;
    fake_deliver(0, &stamp, 1);
    stamp.sent_ns = t0_ns + 5000 + 1000 + 51;
    fake_deliver(0, &stamp, 2);
    poll_at(&rig, t0_ns + 5000);
    assert_int_equal(cell->counters.below_resolution[SERIES_E2E_SERVICE], 1);
    assert_int_equal(cell->counters.clock_violations, 1);
    assert_int_equal(cell->counters.clock_bound_ns, 50);
    assert_int_equal(hist_count(cell->series[SERIES_E2E_SERVICE]), 3);
    assert_int_equal(hist_min(cell->series[SERIES_E2E_SERVICE]), 0);
    rig_done(&rig);
}

/* Told at T0 only, a clock that is slower by 1 % would be 50 us off after 5 ms. */
static void a_receipt_is_read_by_the_line_of_its_moment(void **state)
{
    const int64_t later_ns = 5 * NS_PER_MS;
    struct rig rig;
    struct stamp stamp = {.tag = 77};
    struct recorder_cell *cell;

    (void)state;
    begin_apart(&rig, 1e7, 1e5);
    cell = recorder_cell(rig.recorder, 0, 0);
    virtual_time_set(t0_ns + later_ns + 60000);
    stamp.intended_ns = later_ns - 10000;
    stamp.sent_ns = t0_ns + 1000 + later_ns;
    fake_deliver(0, &stamp, 0);
    poll_at(&rig, t0_ns + later_ns + 60000);
    assert_in_range(hist_max(cell->series[SERIES_E2E_SERVICE]), 9990, 10010);
    assert_in_range(hist_max(cell->series[SERIES_E2E]), 20080, 20120);
    assert_int_equal(cell->counters.clock_bound_ns, 550); /* 100 ppm of 5 ms more. */
    rig_done(&rig);
}

static void what_was_sent_before_a_step_is_bounded_by_its_size(void **state)
{
    struct clock_line stepped = {.agent = 1,
                                 .own_ns = t0_ns + 4000,
                                 .peer_ns = t0_ns + 5000,
                                 .bound_ns = 30,
                                 .valid_from_ns = t0_ns + 3000,
                                 .before_ns = 700};
    struct rig rig;
    struct stamp stamp = {.tag = 77, .sent_ns = t0_ns + 1000 + 3000};
    struct recorder_cell *cell;

    (void)state;
    begin_apart(&rig, 0.0, 0.0);
    timeline_tell(&rig.timeline, &stepped);
    cell = recorder_cell(rig.recorder, 0, 0);
    stamp.intended_ns = 3000;
    virtual_time_set(t0_ns + 5000);
    fake_deliver(0, &stamp, 0);
    poll_at(&rig, t0_ns + 5000);
    assert_int_equal(cell->counters.clock_bound_ns, 30);
    stamp.sent_ns--;
    fake_deliver(0, &stamp, 1);
    poll_at(&rig, t0_ns + 5000);
    assert_int_equal(cell->counters.clock_bound_ns, 730);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumers_take_what_the_phase_lets_them),
        cmocka_unit_test(paused_consumers_hear_of_acks_and_of_lost_connections),
        cmocka_unit_test(released_consumers_take_all),
        cmocka_unit_test(a_message_counts_for_its_phase_and_in_the_running_one),
        cmocka_unit_test(what_is_not_ours_or_is_damaged_is_counted_and_nothing_else),
        cmocka_unit_test(each_message_is_acknowledged_by_itself),
        cmocka_unit_test(acks_that_are_not_taken_are_tried_again_in_order_before_more_is_polled),
        cmocka_unit_test(a_batch_is_acknowledged_when_it_is_full),
        cmocka_unit_test(the_rest_of_a_batch_is_acknowledged_when_nothing_comes_for_100_ms),
        cmocka_unit_test(the_rest_of_a_batch_is_tried_again_if_it_is_not_taken),
        cmocka_unit_test(a_lost_connection_forgets_the_batch),
        cmocka_unit_test(closing_acknowledges_the_rest),
        cmocka_unit_test(answered_acks_have_the_time_to_their_answer),
        cmocka_unit_test(lost_answers_leave_room_for_later_ones),
        cmocka_unit_test(times_of_another_clock_are_moved_to_this_one),
        cmocka_unit_test(a_receipt_is_read_by_the_line_of_its_moment),
        cmocka_unit_test(what_was_sent_before_a_step_is_bounded_by_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
