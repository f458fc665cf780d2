/* Acknowledging where one consumer's connection is full. */
#include "rig.h"
#include "virtual_time.h"

#include <errno.h>
#include <string.h>

#define FULL_ABOVE 999 /* Acks of later tokens are not taken. */

static void begin(struct rig *rig, const struct backend_ops *ops)
{
    memset(rig, 0, sizeof *rig);
    fake_reset();
    virtual_time_set(VIRTUAL_START_NS);
    virtual_time_step(0);
    fixture_init(&rig->fixture);
    fixture_producer(&rig->fixture);
    fixture_consumer(&rig->fixture, 0);
    fixture_consumer(&rig->fixture, 1);
    rig->fixture.flows[0].delivery.consume_ack = CONSUME_ACK_EACH;
    rig->fixture.flows[0].delivery.consume_ack_batch = 1;
    (void)fixture_phase(&rig->fixture, LOAD_NONE, (struct rate){0, 1}, 10 * NS_PER_S);
    rig_open(rig, ops);
    rig_start(rig, VIRTUAL_START_NS);
}

static void deliver(uint32_t client, uint64_t sequence, uint64_t token)
{
    struct stamp stamp = {.tag = 77, .sequence = sequence, .sent_ns = VIRTUAL_START_NS};

    fake_deliver(client, &stamp, token);
}

/* Bug: nothing was polled until all acks were through, so one consumer whose connection was full
 * kept the messages of all others of its thread. */
static void one_full_connection_keeps_nobody_elses_messages(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, &fake_backend);
    fake_script()->acks_full_above = FULL_ABOVE;
    deliver(0, 0, 1000);
    deliver(0, 1, 1001);
    deliver(1, 0, 1);
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    for (uint64_t i = 1; i < 400; i++) {
        deliver(1, i, i + 1);
        (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    }
    assert_int_equal(rig_totals(&rig).received, 402);
    assert_int_equal(fake_acks(), 400);
    for (uint32_t i = 0; i < 400; i++) {
        assert_int_equal(fake_ack(i).token, i + 1);
    }
    fake_script()->acks_full_above = 0;
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    assert_int_equal(fake_acks(), 402);
    assert_int_equal(fake_ack(400).token, 1000);
    assert_int_equal(fake_ack(401).token, 1001);
    rig_done(&rig);
}

/* There is room for as many acks as one poll has messages. */
static void acks_that_wait_never_outgrow_their_list(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, &fake_backend);
    fake_script()->acks_full_above = FULL_ABOVE;
    for (uint64_t i = 0; i < 600; i++) {
        deliver(0, i, 1000 + i);
    }
    for (int i = 0; i < 10; i++) {
        (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    }
    assert_int_equal(rig_totals(&rig).received, 256);
    fake_script()->acks_full_above = 0;
    for (int i = 0; i < 10; i++) {
        (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    }
    assert_int_equal(rig_totals(&rig).received, 600);
    assert_int_equal(fake_acks(), 600);
    rig_done(&rig);
}

/* Each ack is as old as the one call that writes it, which is over before the worker rests. */
static void acks_that_are_gathered_are_written_at_the_end_of_the_poll(void **state)
{
    struct rig rig;
    struct hist *latencies;

    (void)state;
    begin(&rig, &fake_backend_gathering);
    latencies = recorder_cell(rig.recorder, 0, 0)->series[SERIES_CONSUME_ACK];
    for (uint64_t i = 0; i < 3; i++) {
        deliver(0, i, i);
    }
    virtual_time_step(NS_PER_US); /* Each reading of the clock: two an ack, and two about flush. */
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    assert_int_equal(fake_acks(), 3);
    assert_int_equal(fake_flushes(), 1);
    assert_int_equal(hist_count(latencies), 3);
    assert_int_equal(hist_min(latencies), 3 * NS_PER_US);
    assert_int_equal(hist_max(latencies), 7 * NS_PER_US);
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    assert_int_equal(fake_flushes(), 1);
    rig_done(&rig);
}

static void acks_whose_connection_broke_before_they_were_written_have_no_latency(void **state)
{
    struct rig rig;
    struct hist *latencies;

    (void)state;
    begin(&rig, &fake_backend_gathering);
    latencies = recorder_cell(rig.recorder, 0, 0)->series[SERIES_CONSUME_ACK];
    fake_script()->flush_code = -ENOTCONN;
    deliver(0, 0, 0);
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    assert_int_equal(fake_flushes(), 1);
    assert_int_equal(hist_count(latencies), 0);
    fake_script()->flush_code = 0;
    deliver(0, 1, 1);
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    assert_int_equal(hist_count(latencies), 1);
    rig_done(&rig);
}

/* The rest of a batch is acknowledged by closing. */
static void what_closing_acknowledges_is_written_too(void **state)
{
    struct rig rig;

    (void)state;
    begin(&rig, &fake_backend_gathering);
    rig.fixture.flows[0].delivery.consume_ack = CONSUME_ACK_BATCH;
    rig.fixture.flows[0].delivery.consume_ack_batch = 10;
    deliver(0, 0, 0);
    (void)receiver_poll(rig.receiver, VIRTUAL_START_NS);
    assert_int_equal(fake_acks(), 0);
    receiver_close_begin(rig.receiver);
    assert_int_equal(fake_acks(), 1);
    receiver_close_end(rig.receiver);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_full_connection_keeps_nobody_elses_messages),
        cmocka_unit_test(acks_that_wait_never_outgrow_their_list),
        cmocka_unit_test(acks_that_are_gathered_are_written_at_the_end_of_the_poll),
        cmocka_unit_test(acks_whose_connection_broke_before_they_were_written_have_no_latency),
        cmocka_unit_test(what_closing_acknowledges_is_written_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
