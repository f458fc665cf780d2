#include "rig.h"

/* Whether the broker is there, as a worker knows it: what no connection tells while it stays open.
 */

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};
static const int64_t t0_ns = RIG_START_NS;

static void ms(struct rig *rig, int64_t until_ms)
{
    rig_run_to(rig, t0_ns + until_ms * NS_PER_MS, 100000);
}

/* A broker that was frozen with its connections open was never missed: messages went out, and the
 * next second was as good as the one before. */
static void a_broker_that_falls_silent_has_been_waited_for_since_then(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    fake_script()->confirms = true;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    ms(&rig, 20);
    fake_script()->confirms = false;
    ms(&rig, 60);
    rig_collect(&rig, &sum);
    assert_in_range(sum.health.signs.answered_first_ns, 1, 2 * NS_PER_MS);
    assert_in_range(sum.health.signs.answered_last_ns, 18 * NS_PER_MS, 21 * NS_PER_MS);
    assert_in_range(sum.health.signs.waiting_since_ns, 18 * NS_PER_MS, 23 * NS_PER_MS);
    rig_done(&rig);
}

static void nothing_is_waited_for_while_all_is_confirmed(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    fake_script()->confirms = true;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    ms(&rig, 20);
    sender_stop(rig.sender, virtual_time_ns());
    ms(&rig, 60);
    rig_collect(&rig, &sum);
    assert_int_equal(sum.health.signs.waiting_since_ns, 0);
    rig_done(&rig);
}

/* A broker that blocks has confirmed all that it took, and takes nothing. */
static void a_broker_that_takes_nothing_is_waited_for(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    fake_script()->confirms = true;
    fake_script()->full_after = 5;
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    ms(&rig, 60);
    rig_collect(&rig, &sum);
    assert_int_equal(sum.health.outstanding, 0);
    assert_in_range(sum.health.signs.answered_last_ns, 3 * NS_PER_MS, 6 * NS_PER_MS);
    assert_in_range(sum.health.signs.waiting_since_ns, 4 * NS_PER_MS, 8 * NS_PER_MS);
    rig_done(&rig);
}

/* That a message was written is no answer of the broker. */
static void without_confirms_only_what_is_delivered_is_an_answer(void **state)
{
    struct rig rig;
    struct rig_sum sum;

    (void)state;
    rig_begin(&rig, 1, LOAD_RATE, per_ms);
    rig.fixture.flows[0].delivery.publish_ack = PUBLISH_ACK_NONE;
    fake_script()->confirms = true;
    fixture_consumer(&rig.fixture, 0);
    rig_open(&rig, &fake_backend);
    rig_start(&rig, t0_ns);
    ms(&rig, 10);
    fake_deliver(0, &fake_message(3)->stamp, 1);
    ms(&rig, 60);
    rig_collect(&rig, &sum);
    assert_in_range(sum.health.signs.answered_first_ns, 9 * NS_PER_MS, 12 * NS_PER_MS);
    assert_int_equal(sum.health.signs.answered_last_ns, sum.health.signs.answered_first_ns);
    assert_in_range(sum.health.signs.handed_ns, 58 * NS_PER_MS, 61 * NS_PER_MS);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broker_that_falls_silent_has_been_waited_for_since_then),
        cmocka_unit_test(nothing_is_waited_for_while_all_is_confirmed),
        cmocka_unit_test(a_broker_that_takes_nothing_is_waited_for),
        cmocka_unit_test(without_confirms_only_what_is_delivered_is_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
