#include "rig.h"
#include "virtual_time.h"

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};
static const int64_t t0_ns = RIG_START_NS;

#define DOWN 3u /* Of four producers, each with a message every 4 ms. */

static void begin(struct rig *rig)
{
    rig_begin(rig, 4, LOAD_RATE, per_ms);
    rig->fixture.flows[0].delivery.in_flight = 1000;
    rig_open(rig, &fake_backend);
    fake_script()->confirms = true;
    rig_start(rig, t0_ns);
    rig_run_to(rig, t0_ns + 10 * NS_PER_MS, 50000);
}

static void go_down(void)
{
    fake_script()->client_blocked[DOWN] = true;
    fake_link(ROLE_PRODUCER, DOWN, false);
}

static void come_back(void)
{
    fake_script()->client_blocked[DOWN] = false;
    fake_link(ROLE_PRODUCER, DOWN, true);
}

/* Bug: the worker looked at a lost connection a thousand times a second. */
static void a_producer_that_is_down_is_left_alone_until_it_is_back(void **state)
{
    struct rig rig;
    uint32_t refused;

    (void)state;
    begin(&rig);
    go_down();
    rig_run_to(&rig, t0_ns + 20 * NS_PER_MS, 50000);
    refused = fake_submits_refused();
    assert_int_equal(refused, 1);
    rig_run_to(&rig, t0_ns + 500 * NS_PER_MS, 50000);
    assert_int_equal(fake_submits_refused(), refused);
    come_back();
    rig_run_to(&rig, t0_ns + 502 * NS_PER_MS, 50000);
    assert_in_range(fake_messages(), 502, 503); /* Nothing of what it owed is missing. */
    rig_done(&rig);
}

static void one_blocked_producer_of_four_blocks_a_quarter(void **state)
{
    struct rig rig;
    struct recorder_state account = {0};

    (void)state;
    begin(&rig);
    go_down();
    rig_run_to(&rig, t0_ns + 410 * NS_PER_MS, 50000);
    sender_account(rig.sender, virtual_time_ns(), &account);
    assert_in_range(account.blocked_ns, 98 * NS_PER_MS, 100 * NS_PER_MS);
    assert_int_equal(account.clients_down, 1);
    rig_done(&rig);
}

/* Bug: what one client owed after an outage was the lag of its whole worker, or excused it. */
static void what_a_client_held_back_itself_is_no_lag_of_the_worker(void **state)
{
    struct rig rig;
    struct recorder_state account = {0};

    (void)state;
    begin(&rig);
    go_down();
    rig_run_to(&rig, t0_ns + 400 * NS_PER_MS, 50000);
    come_back();
    rig_run_to(&rig, t0_ns + 500 * NS_PER_MS, 50000);
    sender_account(rig.sender, virtual_time_ns(), &account);
    assert_in_range(account.own_lag_p99_ns, 0, 60000);    /* A turn is 50 us. */
    virtual_time_set(virtual_time_ns() + 40 * NS_PER_MS); /* The worker itself sleeps too long. */
    rig_turn(&rig, virtual_time_ns());
    sender_account(rig.sender, virtual_time_ns(), &account);
    assert_in_range(account.own_lag_p99_ns, 30 * NS_PER_MS, 43 * NS_PER_MS);
    rig_done(&rig);
}

/* Messages are sent in the order of their age, so a client that owed a thousand came before all
 * others with each of them. */
static void what_a_client_owes_waits_for_its_turn(void **state)
{
    struct rig rig;
    uint32_t before;
    uint32_t owed = 0;

    (void)state;
    begin(&rig);
    go_down();
    rig_run_to(&rig, t0_ns + 2000 * NS_PER_MS, 50000);
    come_back();
    before = fake_messages();
    virtual_time_step(100000); /* What a call takes. */
    while (fake_messages() < before + 600) {
        virtual_time_set(virtual_time_ns() + 50000);
        (void)sender_poll(rig.sender, virtual_time_ns());
        (void)sender_send(rig.sender, virtual_time_ns());
    }
    for (uint32_t i = before; i < fake_messages(); i++) {
        const struct fake_message *message = fake_message(i);

        if (message->client == DOWN) {
            owed += message->stamp.intended_ns < 2000 * NS_PER_MS ? 1 : 0;
        } else {
            assert_true(message->stamp.sent_ns - t0_ns - message->stamp.intended_ns <
                        20 * NS_PER_MS);
        }
    }
    assert_true(owed > 400);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_producer_that_is_down_is_left_alone_until_it_is_back),
        cmocka_unit_test(one_blocked_producer_of_four_blocks_a_quarter),
        cmocka_unit_test(what_a_client_held_back_itself_is_no_lag_of_the_worker),
        cmocka_unit_test(what_a_client_owes_waits_for_its_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
