#include "check.h"

#include "intake_inner.h"
#include "mono.h"

#define START_NS (1000 * NS_PER_S)

static struct intake begin(struct phase_consume consume, uint32_t consumers, uint32_t of)
{
    struct intake intake;

    intake_begin(&intake, &consume, consumers, of, START_NS);
    return intake;
}

/* How many are taken in a time by consumers that look whenever they may, and late by so much. */
static uint64_t taken_in(struct intake *intake, int64_t span_ns, int64_t late_ns)
{
    uint64_t taken = 0;

    for (;;) {
        int64_t now_ns = intake_next_ns(intake) + late_ns;
        uint32_t room;

        if (now_ns >= START_NS + span_ns) {
            return taken;
        }
        assert_int_equal(intake_room(intake, intake_next_ns(intake) - 1), 0);
        room = intake_room(intake, now_ns);
        assert_true(room > 0);
        intake_take(intake, room, now_ns);
        taken += room;
    }
}

static void free_consumers_take_all_and_paused_ones_nothing(void **state)
{
    struct intake intake = begin((struct phase_consume){.pace = CONSUME_FREE}, 3, 3);

    (void)state;
    assert_int_equal(intake_room(&intake, START_NS), UINT32_MAX);
    intake = begin((struct phase_consume){.pace = CONSUME_PAUSED}, 3, 3);
    assert_int_equal(intake_room(&intake, START_NS + 3600 * NS_PER_S), 0);
    assert_int_equal(intake_next_ns(&intake), INTAKE_NEVER_NS);
}

/* Looking late, as every wait does, must not make the limit lower than it says. */
static void a_limit_is_kept_however_late_consumers_look(void **state)
{
    static const uint64_t rates[] = {1, 500, 7777, 100000};
    static const int64_t late_ns[] = {0, 60 * NS_PER_US, 150 * NS_PER_US};

    (void)state;
    for (size_t r = 0; r < 4; r++) {
        for (size_t l = 0; l < 3; l++) {
            struct intake intake = begin(
                (struct phase_consume){.pace = CONSUME_RATE, .rate = {rates[r], NS_PER_S}}, 2, 2);
            uint64_t taken = taken_in(&intake, 10 * NS_PER_S, late_ns[l]);

            assert_in_range(taken, rates[r] * 10 - rates[r] / 500 - 1, rates[r] * 10 + 1);
        }
    }
}

static void a_limit_is_shared_by_the_consumers_of_a_subscription(void **state)
{
    struct intake intake =
        begin((struct phase_consume){.pace = CONSUME_RATE, .rate = {1000, NS_PER_S}}, 1, 4);

    (void)state;
    assert_in_range(taken_in(&intake, 10 * NS_PER_S, 0), 2499, 2501);
    /* One consumer of each of two subscriptions: each may take 250/s. */
    intake = begin((struct phase_consume){.pace = CONSUME_RATE, .rate = {1000, NS_PER_S}}, 2, 4);
    assert_in_range(taken_in(&intake, 10 * NS_PER_S, 0), 4999, 5001);
}

static void idle_time_is_not_saved_up(void **state)
{
    struct intake intake =
        begin((struct phase_consume){.pace = CONSUME_RATE, .rate = {500, NS_PER_S}}, 1, 1);

    (void)state;
    assert_int_equal(intake_room(&intake, START_NS + 100 * NS_PER_S), 1);
    intake_take(&intake, 1, START_NS + 100 * NS_PER_S);
    intake_take(&intake, intake_room(&intake, START_NS + 100 * NS_PER_S),
                START_NS + 100 * NS_PER_S);
    assert_int_equal(intake_room(&intake, START_NS + 100 * NS_PER_S), 0);
}

static void the_highest_limit_of_the_most_consumers_fits(void **state)
{
    struct intake intake =
        begin((struct phase_consume){.pace = CONSUME_RATE, .rate = {100000000, NS_PER_S}},
              CLIENTS_MAX, 1);

    (void)state;
    assert_in_range(intake_room(&intake, START_NS + 3600 * NS_PER_S), 1, 1000000);
    intake = begin((struct phase_consume){.pace = CONSUME_THINK, .think_ns = 1}, CLIENTS_MAX, 1);
    assert_in_range(intake_room(&intake, START_NS + 3600 * NS_PER_S), 1, 1000000);
}

static void the_lowest_limit_is_never_due_again(void **state)
{
    struct intake intake = begin(
        (struct phase_consume){.pace = CONSUME_RATE, .rate = {1, UINT64_MAX}}, 1, CLIENTS_MAX);

    (void)state;
    intake_take(&intake, intake_room(&intake, START_NS), START_NS);
    assert_int_equal(intake_room(&intake, START_NS + 3600 * NS_PER_S), 0);
    assert_int_equal(intake_next_ns(&intake), INTAKE_NEVER_NS);
    intake =
        begin((struct phase_consume){.pace = CONSUME_RATE, .rate = {1, 3600 * NS_PER_S}}, 1, 1);
    intake_take(&intake, intake_room(&intake, START_NS), START_NS);
    assert_int_equal(intake_next_ns(&intake), START_NS + 3600 * NS_PER_S);
}

static void a_thinking_consumer_takes_one_and_is_busy(void **state)
{
    struct intake intake =
        begin((struct phase_consume){.pace = CONSUME_THINK, .think_ns = 5 * NS_PER_MS}, 1, 1);

    (void)state;
    assert_int_equal(intake_room(&intake, START_NS + NS_PER_S), 1);
    intake_take(&intake, 1, START_NS + NS_PER_S);
    assert_int_equal(intake_next_ns(&intake), START_NS + NS_PER_S + 5 * NS_PER_MS);
    assert_int_equal(intake_room(&intake, START_NS + NS_PER_S + 5 * NS_PER_MS - 1), 0);
    assert_int_equal(intake_room(&intake, START_NS + NS_PER_S + 5 * NS_PER_MS), 1);
}

static void thinking_consumers_think_side_by_side(void **state)
{
    struct intake intake =
        begin((struct phase_consume){.pace = CONSUME_THINK, .think_ns = 8 * NS_PER_MS}, 4, 4);

    (void)state;
    assert_int_equal(intake_room(&intake, START_NS + NS_PER_S), 4);
    intake_take(&intake, 4, START_NS + NS_PER_S);
    assert_int_equal(intake_room(&intake, START_NS + NS_PER_S + 2 * NS_PER_MS - 1), 0);
    assert_in_range(taken_in(&intake, 11 * NS_PER_S, 0), 4999, 5001); /* 10 s at 4 in 8 ms. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_consumers_take_all_and_paused_ones_nothing),
        cmocka_unit_test(a_limit_is_kept_however_late_consumers_look),
        cmocka_unit_test(a_limit_is_shared_by_the_consumers_of_a_subscription),
        cmocka_unit_test(idle_time_is_not_saved_up),
        cmocka_unit_test(the_highest_limit_of_the_most_consumers_fits),
        cmocka_unit_test(the_lowest_limit_is_never_due_again),
        cmocka_unit_test(a_thinking_consumer_takes_one_and_is_busy),
        cmocka_unit_test(thinking_consumers_think_side_by_side),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
