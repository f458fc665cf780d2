#include "rig.h"
#include "virtual_time.h"

#include "random.h"

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};
static const struct rate no_rate = {.messages = 0, .per_ns = 1};
static const int64_t t0_ns = RIG_START_NS;

static void a_producer_keeps_within_its_window(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 2, LOAD_MAX, no_rate);
    rig.fixture.flows[0].delivery.in_flight = 3;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 6);
    fake_outcome(1, EVENT_ACKED);
    rig_run_to(&rig, t0_ns + 2 * NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 7);
    assert_int_equal(fake_message(6)->client, fake_message(1)->client);
    assert_int_equal(fake_message(6)->token, fake_message(1)->token);
    rig_done(&rig);
}

static void a_sender_is_finished_with_the_last_outcome(void **state)
{
    struct rig rig;
    int64_t settled_ns = 0;

    (void)state;
    rig_begin(&rig, 2, LOAD_RATE, per_ms);
    rig.fixture.phases[0].messages = 3;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    assert_false(sender_finished(rig.sender, &settled_ns));
    rig_run_to(&rig, t0_ns + 5 * NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 3);
    fake_outcome(0, EVENT_ACKED);
    fake_outcome(1, EVENT_UNCONFIRMED);
    rig_run_to(&rig, t0_ns + 7 * NS_PER_MS, 100000);
    assert_false(sender_finished(rig.sender, &settled_ns));
    fake_outcome(2, EVENT_REFUSED);
    rig_run_to(&rig, t0_ns + 9 * NS_PER_MS, 100000);
    assert_true(sender_finished(rig.sender, &settled_ns));
    assert_in_range(settled_ns, t0_ns + 7 * NS_PER_MS, t0_ns + 8 * NS_PER_MS);
    assert_int_equal(fake_messages(), 3);
    rig_done(&rig);
}

static void a_sender_without_producers_is_finished_from_the_start(void **state)
{
    struct rig rig;
    int64_t settled_ns = 0;

    (void)state;
    rig_begin(&rig, 0, LOAD_MAX, no_rate);
    fixture_consumer(&rig.fixture, 0);
    rig.fixture.phases[0].messages = 3;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    assert_true(sender_finished(rig.sender, &settled_ns));
    assert_int_equal(settled_ns, t0_ns);
    rig_done(&rig);
}

static void producers_take_turns_under_max(void **state)
{
    struct rig rig;
    uint32_t counts[3] = {0};

    (void)state;
    rig_begin(&rig, 3, LOAD_MAX, no_rate);
    rig.fixture.flows[0].delivery.in_flight = 1000;
    fake_script()->confirms = true;
    virtual_time_step(10); /* A call takes that long. */
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    for (int i = 0; i < 50; i++) {
        virtual_time_set(virtual_time_ns() + NS_PER_MS);
        (void)sender_poll(rig.sender, virtual_time_ns());
        (void)sender_send(rig.sender, virtual_time_ns());
    }
    assert_true(fake_messages() > 1000);
    for (uint32_t i = 1; i < fake_messages(); i++) {
        counts[fake_message(i)->client]++;
        if (fake_message(i)->call != fake_message(i - 1)->call) {
            assert_int_not_equal(fake_message(i)->client, fake_message(i - 1)->client);
        }
        for (uint32_t client = 0; client < 3; client++) { /* A third of a turn's 64 each. */
            assert_in_range(counts[client] + 2 * 21, i / 3, i / 3 + 4 * 21);
        }
    }
    rig_done(&rig);
}

static void a_full_broker_loses_nothing_and_changes_no_intended_time(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.flows[0].delivery.in_flight = 1000;
    fake_script()->full_after = 5;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 50 * NS_PER_MS, 50000);
    assert_int_equal(fake_messages(), 5);
    assert_true(fake_submits_refused() >= 40);
    fake_script()->full_after = 0;
    fake_script()->confirms = true;
    rig_run_to(&rig, t0_ns + 99 * NS_PER_MS, 50000);
    assert_int_equal(fake_messages(), 100);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(fake_message(i)->stamp.sequence, i);
        assert_int_equal(fake_message(i)->stamp.intended_ns, i * NS_PER_MS);
        assert_true(fake_message(i)->stamp.sent_ns >= t0_ns + i * NS_PER_MS);
    }
    assert_true(fake_message(5)->stamp.sent_ns >= t0_ns + 50 * NS_PER_MS);
    for (uint32_t i = 0; i < 5; i++) {
        fake_outcome(i, EVENT_ACKED);
    }
    virtual_time_set(virtual_time_ns() + 1);
    (void)sender_poll(rig.sender, virtual_time_ns());
    rig_collect(&rig, &sum);
    assert_int_equal(sum.totals.sent, 100);
    assert_int_equal(sum.totals.due, 100);
    assert_int_equal(sum.delivery.sent, 100);
    assert_int_equal(sum.delivery.acked, 100);
    assert_int_equal(sum.samples[SERIES_SEND_LAG], 100);
    assert_int_equal(sum.samples[SERIES_PUBLISH], 100);
    assert_true(sum.health.blocked_ns > 40 * NS_PER_MS && sum.health.blocked_ns < 60 * NS_PER_MS);
    rig_done(&rig);
}

/* All producers were held up while one client was away: the oldest debt was tried first, and its
 * refusal counted for all. */
/* A worker spun away half a CPU between its tries at a full socket. */
static void another_try_at_a_full_broker_is_no_message_to_be_on_time_for(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.flows[0].delivery.in_flight = 1000;
    fake_script()->full_after = 1;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_turn(&rig, t0_ns + NS_PER_US);
    assert_int_equal(fake_messages(), 1);
    assert_true(sender_next_is_message(rig.sender));
    rig_turn(&rig, t0_ns + 2 * NS_PER_MS);
    assert_int_equal(fake_messages(), 1);
    assert_true(sender_next_ns(rig.sender) < t0_ns + 3 * NS_PER_MS);
    assert_false(sender_next_is_message(rig.sender));
    rig_done(&rig);
}

static void a_full_broker_is_tried_every_millisecond_and_sooner_once_it_took_some(void **state)
{
    struct rig rig;
    uint32_t before;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.flows[0].delivery.in_flight = 1000;
    fake_script()->full_after = 1;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 10 * NS_PER_MS, 50000);
    before = fake_submits_refused();
    rig_run_to(&rig, t0_ns + 50 * NS_PER_MS, 50000);
    assert_in_range(fake_submits_refused() - before, 38, 41);
    fake_script()->full_after = 2; /* Room for one. */
    while (fake_messages() < 2) {
        rig_run_to(&rig, virtual_time_ns() + 50000, 50000);
    }
    assert_true(virtual_time_ns() <= t0_ns + 51 * NS_PER_MS + 100 * NS_PER_US);
    before = fake_submits_refused();
    rig_run_to(&rig, virtual_time_ns() + 800 * NS_PER_US, 50000);
    assert_in_range(fake_submits_refused() - before, 2, 3); /* After 0.2 and 0.6 ms. */
    rig_done(&rig);
}

static void a_client_that_is_down_does_not_hold_up_the_others(void **state)
{
    struct rig rig;
    uint32_t by_client[100] = {0};

    (void)state;
    rig_begin(&rig, 60, LOAD_RATE, (struct rate){60, NS_PER_MS});
    rig.fixture.flows[0].delivery.in_flight = 1000;
    fake_script()->confirms = true;
    for (uint32_t i = 0; i < 30; i++) {
        fake_script()->client_blocked[i] = true;
        fake_link(ROLE_PRODUCER, i, false);
    }
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 100 * NS_PER_MS, 100000);
    for (uint32_t i = 0; i < fake_messages(); i++) {
        by_client[fake_message(i)->client]++;
    }
    for (uint32_t i = 0; i < 60; i++) {
        assert_in_range(by_client[i], i < 30 ? 0 : 100, i < 30 ? 0 : 101);
    }
    rig_done(&rig);
}

static void outcomes_settle_each_message_once_in_any_order(void **state)
{
    struct rig rig;
    struct rig_sum sum;
    struct random random;
    uint32_t order[3000];
    uint64_t wanted[8] = {0};

    (void)state;
    rig_begin(&rig, 3, LOAD_MAX, no_rate);
    rig.fixture.flows[0].delivery.in_flight = 1000;
    random_seed(&random, 5);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 3000);
    sender_stop(rig.sender, virtual_time_ns());
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t at = (uint32_t)(random_next(&random) % (i + 1));

        order[i] = order[at];
        order[at] = i;
    }
    for (uint32_t i = 0; i < 3000; i++) {
        static const enum event_kind kinds[] = {EVENT_ACKED, EVENT_ACKED, EVENT_REFUSED,
                                                EVENT_UNCONFIRMED};
        enum event_kind kind = kinds[random_next(&random) % 4];

        wanted[kind]++;
        fake_outcome(order[i], kind);
    }
    for (int i = 0; i < 20; i++) {
        rig_turn(&rig, virtual_time_ns());
    }
    rig_collect(&rig, &sum);
    assert_int_equal(sum.delivery.sent, 3000);
    assert_int_equal(sum.delivery.acked, wanted[EVENT_ACKED]);
    assert_int_equal(sum.delivery.refused, wanted[EVENT_REFUSED]);
    assert_int_equal(sum.delivery.unconfirmed, wanted[EVENT_UNCONFIRMED]);
    assert_int_equal(sum.totals.acked, wanted[EVENT_ACKED]);
    assert_int_equal(sum.totals.refused, wanted[EVENT_REFUSED]);
    assert_int_equal(sum.totals.unconfirmed, wanted[EVENT_UNCONFIRMED]);
    assert_int_equal(sum.health.outstanding, 0);
    rig_done(&rig);
}

/* It was the time of all clients of a worker together. */
static void each_client_has_its_own_time_to_connect(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    for (int shared = 0; shared <= 1; shared++) {
        rig_begin(&rig, 3, LOAD_NONE, no_rate);
        fake_script()->connect_times.whole_ns = shared == 1 ? 0 : 7000;
        rig_open(&rig, &fake_backend);
        rig_start(&rig, t0_ns);
        rig_collect(&rig, &sum);
        assert_int_equal(sum.samples[SERIES_CONNECT], shared == 1 ? 1 : 3);
        rig_done(&rig);
    }
}

static void what_a_driver_knows_of_connecting_is_told_by_its_parts(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 3, LOAD_NONE, no_rate);
    fake_script()->connect_times =
        (struct connect_times){.whole_ns = 7000, .tcp_ns = 1000, .login_ns = 4000};
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_collect(&rig, &sum);
    assert_int_equal(sum.samples[SERIES_CONNECT], 3);
    assert_int_equal(sum.samples[SERIES_CONNECT_TCP], 3);
    assert_int_equal(sum.samples[SERIES_CONNECT_TLS], 0);
    assert_int_equal(sum.samples[SERIES_CONNECT_LOGIN], 3);
    rig_done(&rig);
}

/* It counted on while producers were full after the sending had been stopped. */
static void nothing_is_blocked_after_a_stop(void **state)
{
    struct rig rig;
    struct recorder_state account = {0};

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.flows[0].delivery.in_flight = 1;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 10 * NS_PER_MS, 100000);
    sender_stop(rig.sender, virtual_time_ns());
    rig_run_to(&rig, t0_ns + 500 * NS_PER_MS, 100000);
    sender_account(rig.sender, virtual_time_ns(), &account);
    assert_in_range(account.blocked_ns, 8 * NS_PER_MS, 10 * NS_PER_MS);
    assert_int_equal(account.outstanding, 1);
    rig_done(&rig);
}

static void a_lost_connection_is_told_until_it_is_back(void **state)
{
    struct rig rig;
    struct recorder_state account = {0};

    (void)state;
    rig_begin(&rig, 2, LOAD_RATE, per_ms);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 4 * NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 5);
    fake_link(ROLE_PRODUCER, 1, false);
    fake_link(ROLE_PRODUCER, 1, false); /* Said twice: no second loss. */
    for (uint32_t i = 0; i < 5; i++) {
        if (fake_message(i)->client == 1) {
            fake_outcome(i, EVENT_UNCONFIRMED);
        }
    }
    for (int64_t i = 0; i < 990; i++) {
        virtual_time_set(t0_ns + (5 + i) * NS_PER_MS);
        (void)sender_poll(rig.sender, virtual_time_ns());
    }
    sender_account(rig.sender, virtual_time_ns(), &account);
    assert_int_equal(account.clients_down, 1);
    assert_int_equal(account.reconnects, 0);
    assert_in_range(account.down_since_ns, 3 * NS_PER_MS, 5 * NS_PER_MS);
    fake_link(ROLE_PRODUCER, 1, true);
    (void)sender_poll(rig.sender, virtual_time_ns());
    account = (struct recorder_state){0};
    sender_account(rig.sender, virtual_time_ns(), &account);
    assert_int_equal(account.clients_down, 0);
    assert_int_equal(account.reconnects, 1);
    assert_int_equal(rig_totals(&rig).errors, 1);
    assert_int_equal(rig_totals(&rig).unconfirmed, 2);
    rig_done(&rig);
}

/* Closing polled once, which gives 256 outcomes; the rest counted as unconfirmed. */
static void closing_takes_all_outcomes_that_wait(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_MAX, no_rate);
    rig.fixture.flows[0].delivery.in_flight = 2000;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 2000);
    for (uint32_t i = 0; i < 1990; i++) {
        fake_outcome(i, EVENT_ACKED);
    }
    sender_close_begin(rig.sender);
    sender_close_end(rig.sender);
    assert_false(fake_is_open(ROLE_PRODUCER));
    rig_collect(&rig, &sum);
    assert_int_equal(sum.delivery.acked, 1990);
    assert_int_equal(sum.delivery.unconfirmed, 10);
    assert_int_equal(sum.totals.unconfirmed, 10);
    assert_int_equal(sum.health.outstanding, 0);
    rig_done(&rig);
}

static void streams_of_a_producer_take_turns_without_gaps(void **state)
{
    struct rig rig;

    (void)state;
    rig_begin(&rig, 0, LOAD_MAX, no_rate);
    rig.fixture.flows[0].partitions = 3;
    fixture_producer(&rig.fixture);
    fixture_producer(&rig.fixture);
    rig.fixture.flows[0].delivery.in_flight = 100;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + NS_PER_MS, 100000);
    assert_int_equal(fake_messages(), 200);
    {
        uint64_t next[6] = {0};

        for (uint32_t i = 0; i < 200; i++) {
            const struct fake_message *message = fake_message(i);

            assert_int_equal(message->stamp.stream, message->client * 3 + message->partition);
            assert_int_equal(message->stamp.sequence, next[message->stamp.stream]++);
        }
        for (int i = 0; i < 6; i++) {
            assert_in_range(next[i], 33, 34);
        }
    }
    rig_done(&rig);
}

static void without_confirms_there_is_no_publish_latency(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.flows[0].delivery.publish_ack = PUBLISH_ACK_NONE;
    fake_script()->confirms = true;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    rig_run_to(&rig, t0_ns + 10 * NS_PER_MS, 100000);
    (void)sender_poll(rig.sender, virtual_time_ns());
    rig_collect(&rig, &sum);
    assert_int_equal(sum.delivery.acked, sum.totals.sent);
    assert_int_equal(sum.samples[SERIES_PUBLISH], 0);
    assert_int_equal(sum.samples[SERIES_PUBLISH_SERVICE], 0);
    assert_int_equal(sum.samples[SERIES_CALL], sum.totals.sent);
    rig_done(&rig);
}

static void latencies_count_from_the_intended_time_and_from_the_actual_one(void **state)
{
    struct rig rig;
    struct recorder_cell *cell;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, (struct rate){1, NS_PER_S});
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    virtual_time_set(t0_ns + 7000);
    virtual_time_step(0);
    rig_turn(&rig, virtual_time_ns()); /* 7 us late. */
    assert_int_equal(fake_messages(), 1);
    virtual_time_set(t0_ns + 10000);
    fake_outcome(0, EVENT_ACKED);
    rig_turn(&rig, t0_ns + 50000);
    cell = recorder_cell(rig.recorder, 0, 0);
    assert_int_equal(hist_max(cell->series[SERIES_SEND_LAG]), 7000);
    assert_int_equal(hist_max(cell->series[SERIES_PUBLISH]), 10000);
    assert_int_equal(hist_max(cell->series[SERIES_PUBLISH_SERVICE]), 3000);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_producer_keeps_within_its_window),
        cmocka_unit_test(a_sender_is_finished_with_the_last_outcome),
        cmocka_unit_test(a_sender_without_producers_is_finished_from_the_start),
        cmocka_unit_test(producers_take_turns_under_max),
        cmocka_unit_test(a_full_broker_loses_nothing_and_changes_no_intended_time),
        cmocka_unit_test(another_try_at_a_full_broker_is_no_message_to_be_on_time_for),
        cmocka_unit_test(a_full_broker_is_tried_every_millisecond_and_sooner_once_it_took_some),
        cmocka_unit_test(a_client_that_is_down_does_not_hold_up_the_others),
        cmocka_unit_test(outcomes_settle_each_message_once_in_any_order),
        cmocka_unit_test(each_client_has_its_own_time_to_connect),
        cmocka_unit_test(what_a_driver_knows_of_connecting_is_told_by_its_parts),
        cmocka_unit_test(nothing_is_blocked_after_a_stop),
        cmocka_unit_test(a_lost_connection_is_told_until_it_is_back),
        cmocka_unit_test(closing_takes_all_outcomes_that_wait),
        cmocka_unit_test(streams_of_a_producer_take_turns_without_gaps),
        cmocka_unit_test(without_confirms_there_is_no_publish_latency),
        cmocka_unit_test(latencies_count_from_the_intended_time_and_from_the_actual_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
