#include "rig.h"
#include "virtual_time.h"

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};
static const struct rate no_rate = {.messages = 0, .per_ns = 1};
static const int64_t t0_ns = RIG_START_NS;

static void late_confirms_count_for_the_phase_of_their_message(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.phases[0].duration_ns = 5 * NS_PER_MS;
    (void)fixture_phase(&rig.fixture, LOAD_NONE, no_rate, NS_PER_S);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 20 * NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 5);
    for (uint32_t i = 0; i < 5; i++) {
        fake_outcome(i, EVENT_ACKED);
    }
    rig_turn(&rig, virtual_time_ns());
    assert_int_equal(rig_counters(&rig, 0).acked, 5);
    assert_int_equal(rig_counters(&rig, 0).acked_now, 0);
    assert_int_equal(rig_counters(&rig, 1).acked, 0);
    assert_int_equal(rig_counters(&rig, 1).acked_now, 5);
    rig_done(&rig);
}

static void messages_in_debt_keep_their_phase_and_are_not_in_time(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.phases[0].duration_ns = 5 * NS_PER_MS;
    (void)fixture_phase(&rig.fixture, LOAD_NONE, no_rate, NS_PER_S);
    rig_open(&rig, &fake_backend);
    fake_script()->client_blocked[0] = true;
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 20 * NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 0);
    fake_script()->client_blocked[0] = false;
    rig_run_to(&rig, t0_ns + 30 * NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 5);
    assert_int_equal(rig_counters(&rig, 0).sent, 5);
    assert_int_equal(rig_counters(&rig, 0).sent_in_time, 0);
    assert_int_equal(rig_counters(&rig, 1).sent_now, 5);
    rig_done(&rig);
}

static void messages_that_are_too_late_are_skipped_and_counted(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.phases[0].duration_ns = 50 * NS_PER_MS;
    rig.fixture.phases[0].pacing.skip_ns = 10 * NS_PER_MS;
    (void)fixture_phase(&rig.fixture, LOAD_NONE, no_rate, NS_PER_S);
    rig_open(&rig, &fake_backend);
    fake_script()->confirms = true;
    fake_script()->client_blocked[0] = true;
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 30 * NS_PER_MS, 100000);
    fake_script()->client_blocked[0] = false;
    rig_run_to(&rig, t0_ns + 100 * NS_PER_MS, 100000);
    assert_in_range(rig_counters(&rig, 0).skipped, 19, 21);
    assert_int_equal(rig_counters(&rig, 0).sent + rig_counters(&rig, 0).skipped, 50);
    assert_int_equal(fake_messages(), rig_counters(&rig, 0).sent);
    assert_int_equal(rig_counters(&rig, 1).skipped, 0);
    rig_done(&rig);
}

/* All at once, when an interval ended, stalled the worker: nothing is left to walk through but what
 * came in the last milliseconds. A stop then takes nothing back. */
static void missing_arrivals_are_counted_in_small_pieces(void **state)
{
    struct rig rig;
    struct recorder_state taken = {0};
    uint64_t before;
    uint64_t ahead;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, (struct rate){1, NS_PER_US});
    rig.fixture.phases[0].pacing.arrivals = ARRIVALS_POISSON;
    rig_open(&rig, &fake_backend);
    fake_script()->client_blocked[0] = true;
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 400 * NS_PER_MS, NS_PER_MS);
    before = rig_counters(&rig, 0).due;
    rig_run_to(&rig, t0_ns + 406 * NS_PER_MS, NS_PER_MS);
    assert_in_range(rig_counters(&rig, 0).due - before, 1, 12000);
    ahead = rig_counters(&rig, 0).due;
    assert_in_range(ahead, 390000, 406000);
    sender_stop(rig.sender, t0_ns + 405 * NS_PER_MS);
    sender_account(rig.sender, t0_ns + NS_PER_S, &taken);
    assert_in_range(rig_counters(&rig, 0).due - ahead, 0, 12000);
    assert_int_equal(fake_messages(), 0);
    rig_done(&rig);
}

/* The first batch of a phase counted for the one before, as that was what the last poll had seen:
 * 64 of 5000 messages. */
static void what_is_sent_counts_for_the_phase_that_runs(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_NONE, no_rate);
    rig.fixture.phases[0].duration_ns = 5 * NS_PER_MS;
    (void)fixture_phase(&rig.fixture, LOAD_MAX, no_rate, NS_PER_S);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    (void)sender_poll(rig.sender, t0_ns + 5 * NS_PER_MS - 1);
    (void)sender_send(rig.sender, t0_ns + 5 * NS_PER_MS - 1);
    (void)sender_send(rig.sender, t0_ns + 5 * NS_PER_MS);
    assert_int_equal(rig_counters(&rig, 0).sent_now, 0);
    assert_int_equal(rig_counters(&rig, 1).sent_now, 10); /* Its window. */
    rig_done(&rig);
}

/* At a phase's beginning the producers are still in the one before, and its gap was kept. */
static void the_gap_is_that_of_the_phase_that_runs(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 4, LOAD_RATE, per_ms);
    rig.fixture.phases[0].duration_ns = 10 * NS_PER_MS;
    (void)fixture_phase(&rig.fixture, LOAD_RATE, (struct rate){100, NS_PER_MS}, 10 * NS_PER_MS);
    (void)fixture_phase(&rig.fixture, LOAD_NONE, no_rate, NS_PER_S);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    assert_int_equal(sender_gap_ns(rig.sender), NS_PER_MS);
    (void)sender_poll(rig.sender, t0_ns + NS_PER_MS);
    assert_int_equal(sender_gap_ns(rig.sender), NS_PER_MS);
    (void)sender_poll(rig.sender, t0_ns + 10 * NS_PER_MS);
    assert_int_equal(sender_gap_ns(rig.sender), NS_PER_MS / 100);
    (void)sender_poll(rig.sender, t0_ns + 20 * NS_PER_MS);
    assert_int_equal(sender_gap_ns(rig.sender), SENDER_NEVER_NS);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_confirms_count_for_the_phase_of_their_message),
        cmocka_unit_test(messages_in_debt_keep_their_phase_and_are_not_in_time),
        cmocka_unit_test(messages_that_are_too_late_are_skipped_and_counted),
        cmocka_unit_test(missing_arrivals_are_counted_in_small_pieces),
        cmocka_unit_test(what_is_sent_counts_for_the_phase_that_runs),
        cmocka_unit_test(the_gap_is_that_of_the_phase_that_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
