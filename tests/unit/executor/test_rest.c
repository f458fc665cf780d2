/* How a worker rests, with times that are given. */
#include "rest_inner.h"

#include "check.h"

#define US INT64_C(1000)
#define NOW_NS (1000 * US)

static struct rest choose(int64_t send_ns, int64_t other_ns, int64_t lead_ns)
{
    const struct rest_ask ask = {.now_ns = NOW_NS,
                                 .send_ns = send_ns,
                                 .is_exact = true,
                                 .other_ns = other_ns,
                                 .lead_ns = lead_ns,
                                 .together_ns = 100 * US};

    return rest_choose(&ask);
}

static void assert_rest(struct rest rest, enum rest_how how, int64_t until_ns)
{
    assert_int_equal(rest.how, how);
    assert_int_equal(rest.until_ns, until_ns);
}

static void what_arrives_wakes_while_no_message_is_near(void **state)
{
    (void)state;
    assert_rest(choose(NOW_NS + 500 * US, NOW_NS + 50000 * US, 40 * US), REST_EVENTS,
                NOW_NS + 460 * US);
    assert_rest(choose(NOW_NS + 101 * US, NOW_NS + 50000 * US, 40 * US), REST_EVENTS,
                NOW_NS + 61 * US);
    assert_rest(choose(REST_NEVER_NS, NOW_NS + 50000 * US, 40 * US), REST_EVENTS,
                NOW_NS + 50000 * US);
}

static void what_arrives_shortly_before_a_message_waits_for_it(void **state)
{
    struct rest rest = choose(NOW_NS + 100 * US, NOW_NS + 50000 * US, 40 * US);

    (void)state;
    assert_rest(rest, REST_CLOCK, NOW_NS + 60 * US);
    assert_true(rest.is_exact);
    /* Something else to do comes first, and needs no descriptor either. */
    rest = choose(NOW_NS + 100 * US, NOW_NS + 20 * US, 40 * US);
    assert_rest(rest, REST_CLOCK, NOW_NS + 20 * US);
    assert_false(rest.is_exact);
}

static void just_before_a_message_nothing_sleeps(void **state)
{
    (void)state;
    assert_rest(choose(NOW_NS + 40 * US, NOW_NS + 50000 * US, 40 * US), REST_SPIN,
                NOW_NS + 40 * US);
    /* What else there is to do is done after it. */
    assert_rest(choose(NOW_NS + 40 * US, NOW_NS + 10 * US, 40 * US), REST_SPIN, NOW_NS + 40 * US);
    assert_rest(choose(NOW_NS + 40 * US, NOW_NS + 50000 * US, 10 * US), REST_CLOCK,
                NOW_NS + 30 * US);
}

static void what_is_due_is_done(void **state)
{
    (void)state;
    assert_int_equal(choose(NOW_NS, REST_NEVER_NS, 40 * US).how, REST_NOT);
    assert_int_equal(choose(NOW_NS - 1, REST_NEVER_NS, 40 * US).how, REST_NOT);
    assert_int_equal(choose(REST_NEVER_NS, NOW_NS, 40 * US).how, REST_NOT);
    assert_int_equal(choose(NOW_NS + 500 * US, NOW_NS - 1, 40 * US).how, REST_NOT);
}

static void batches_are_not_spun_for(void **state)
{
    struct rest_ask ask = {.now_ns = NOW_NS,
                           .send_ns = NOW_NS + 30 * US,
                           .other_ns = NOW_NS + 50000 * US,
                           .lead_ns = 40 * US,
                           .together_ns = 100 * US};

    (void)state;
    assert_rest(rest_choose(&ask), REST_CLOCK, NOW_NS + 30 * US);
    ask.send_ns = NOW_NS + 1000 * US;
    ask.together_ns = 1000 * US; /* A tick. */
    assert_rest(rest_choose(&ask), REST_CLOCK, NOW_NS + 1000 * US);
}

static void each_arrival_wakes_where_that_is_asked_for(void **state)
{
    struct rest_ask ask = {.now_ns = NOW_NS,
                           .send_ns = NOW_NS + 60 * US,
                           .is_exact = true,
                           .other_ns = NOW_NS + 50000 * US,
                           .lead_ns = 10 * US};

    (void)state;
    assert_rest(rest_choose(&ask), REST_EVENTS, NOW_NS + 50 * US);
}

static void nobody_looks_at_what_gathers(void **state)
{
    struct rest_ask ask = {.now_ns = NOW_NS,
                           .send_ns = NOW_NS + 500 * US,
                           .is_exact = true,
                           .other_ns = NOW_NS + 50000 * US,
                           .lead_ns = 40 * US,
                           .together_ns = 100 * US,
                           .gather_ns = NOW_NS + 200 * US};
    struct rest rest = rest_choose(&ask);

    (void)state;
    assert_rest(rest, REST_CLOCK, NOW_NS + 200 * US);
    assert_false(rest.is_exact);
    ask.gather_ns = NOW_NS + 900 * US; /* The message comes first, and to its time. */
    rest = rest_choose(&ask);
    assert_rest(rest, REST_CLOCK, NOW_NS + 460 * US);
    assert_true(rest.is_exact);
    ask.gather_ns = NOW_NS; /* They have. */
    assert_rest(rest_choose(&ask), REST_EVENTS, NOW_NS + 460 * US);
    ask.gather_ns = NOW_NS + 200 * US;
    ask.send_ns = NOW_NS; /* What is to be done is done meanwhile. */
    assert_int_equal(rest_choose(&ask).how, REST_NOT);
}

/* Sleeps that end 20 to 60 us late, in turn, before messages 1 ms apart: 98 % are met. */
static void a_sleep_ends_as_much_earlier_as_sleeps_end_late(void **state)
{
    struct rest_lead lead;
    uint32_t met = 0;

    (void)state;
    rest_lead_init(&lead);
    for (uint32_t i = 0; i < 20000; i++) {
        int64_t late_ns = (20 + i * 7 % 41) * US;
        int64_t spun_ns = rest_lead_ns(&lead) - late_ns;

        met += i >= 10000 && spun_ns >= 0 ? 1 : 0;
        rest_lead_slept(&lead, late_ns);
        rest_lead_spun(&lead, spun_ns > 0 ? spun_ns : 0, 250 * US);
    }
    assert_true(met > 9650 && met < 9900);
}

/* The same, where 10 us may be spun away for each. */
static void no_more_is_spun_away_than_may_be(void **state)
{
    struct rest_lead lead;
    int64_t sum_ns = 0;

    (void)state;
    rest_lead_init(&lead);
    for (uint32_t i = 0; i < 20000; i++) {
        int64_t late_ns = (20 + i * 7 % 41) * US;
        int64_t spun_ns = rest_lead_ns(&lead) - late_ns;

        spun_ns = spun_ns > 0 ? spun_ns : 0;
        sum_ns += i >= 10000 ? spun_ns : 0;
        rest_lead_slept(&lead, late_ns);
        rest_lead_spun(&lead, spun_ns, 10 * US);
    }
    assert_true(sum_ns / 10000 > 9 * US && sum_ns / 10000 < 11 * US);
}

/* Messages so near that there is no sleep between them, only spins: it goes back to sleeping. */
static void a_lead_that_leaves_no_sleep_shrinks(void **state)
{
    struct rest_lead lead = {.late_ns = 60 * US, .most_ns = 60 * US};

    (void)state;
    for (uint32_t i = 0; i < 2000; i++) {
        rest_lead_spun(&lead, 45 * US, 5 * US);
    }
    assert_int_equal(rest_lead_ns(&lead), 0);
    for (uint32_t i = 0; i < 2000; i++) { /* And sleeps that end too late for it to spin. */
        rest_lead_slept(&lead, 60 * US);
        rest_lead_spun(&lead, 0, 5 * US);
    }
    assert_true(rest_lead_ns(&lead) > 50 * US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_arrives_wakes_while_no_message_is_near),
        cmocka_unit_test(what_arrives_shortly_before_a_message_waits_for_it),
        cmocka_unit_test(just_before_a_message_nothing_sleeps),
        cmocka_unit_test(what_is_due_is_done),
        cmocka_unit_test(batches_are_not_spun_for),
        cmocka_unit_test(each_arrival_wakes_where_that_is_asked_for),
        cmocka_unit_test(nobody_looks_at_what_gathers),
        cmocka_unit_test(a_sleep_ends_as_much_earlier_as_sleeps_end_late),
        cmocka_unit_test(no_more_is_spun_away_than_may_be),
        cmocka_unit_test(a_lead_that_leaves_no_sleep_shrinks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
