#include "executor_fixture.h"

#include "schedule_inner.h"

#define START_NS (1000 * NS_PER_S)

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

static void begin(struct schedule *schedule, const struct fixture *fixture, uint32_t producer)
{
    schedule_init(schedule, &fixture->assignment, &fixture->producers[producer]);
    schedule_start(schedule, 0, fixture->assignment.phases_count - 1, START_NS);
}

/* Takes the message that is due at now_ns. */
static int64_t take(struct schedule *schedule, int64_t now_ns, uint32_t *ret_phase)
{
    bool due = false;
    int64_t due_ns = schedule_next_ns(schedule, now_ns, &due);

    assert_true(due);
    assert_true(due_ns <= now_ns);
    *ret_phase = schedule->phase;
    schedule_sent(schedule);
    return due_ns;
}

static void a_schedule_names_each_message_with_its_phase(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    uint32_t phase;
    bool due;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 3 * NS_PER_MS);
    (void)fixture_phase(&fixture, LOAD_NONE, (struct rate){0, 1}, 2 * NS_PER_MS);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 2 * NS_PER_MS);
    begin(&schedule, &fixture, 0);
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(take(&schedule, START_NS + i * NS_PER_MS, &phase),
                         START_NS + i * NS_PER_MS);
        assert_int_equal(phase, 0);
    }
    /* Nothing more in this phase, nothing in the next: to be asked again when each ends. */
    assert_int_equal(schedule_next_ns(&schedule, START_NS + 2 * NS_PER_MS, &due),
                     START_NS + 3 * NS_PER_MS);
    assert_false(due);
    assert_int_equal(schedule_next_ns(&schedule, START_NS + 3 * NS_PER_MS, &due),
                     START_NS + 5 * NS_PER_MS);
    assert_false(due);
    assert_int_equal(schedule_load(&schedule), LOAD_NONE);
    assert_int_equal(take(&schedule, START_NS + 5 * NS_PER_MS, &phase), START_NS + 5 * NS_PER_MS);
    assert_int_equal(phase, 2);
    assert_int_equal(take(&schedule, START_NS + 6 * NS_PER_MS, &phase), START_NS + 6 * NS_PER_MS);
    assert_int_equal(schedule_next_ns(&schedule, START_NS + 7 * NS_PER_MS, &due),
                     SCHEDULE_NEVER_NS);
    assert_false(due);
    assert_int_equal(schedule_load(&schedule), LOAD_NONE);
}

static void debt_is_carried_into_later_phases_with_its_own_phase_and_time(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    int64_t now_ns = START_NS + 9 * NS_PER_MS;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 4 * NS_PER_MS);
    (void)fixture_phase(&fixture, LOAD_RATE, (struct rate){2, NS_PER_MS}, 2 * NS_PER_MS);
    (void)fixture_phase(&fixture, LOAD_NONE, (struct rate){0, 1}, 10 * NS_PER_MS);
    begin(&schedule, &fixture, 0);
    /* Asked for the first time when both phases with messages are over. */
    for (int64_t i = 0; i < 8; i++) {
        uint32_t phase;
        int64_t due_ns = take(&schedule, now_ns, &phase);

        assert_int_equal(phase, i < 4 ? 0 : 1);
        assert_int_equal(due_ns, i < 4 ? START_NS + i * NS_PER_MS
                                       : START_NS + 4 * NS_PER_MS + (i - 4) * NS_PER_MS / 2);
    }
    assert_int_equal(schedule_load(&schedule), LOAD_RATE);
    {
        bool due;

        assert_int_equal(schedule_next_ns(&schedule, now_ns, &due), START_NS + 16 * NS_PER_MS);
        assert_false(due);
    }
}

static void a_stop_gives_up_what_is_owed(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    uint32_t phase;
    bool due;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    begin(&schedule, &fixture, 0);
    schedule_stop(&schedule, START_NS + 5 * NS_PER_MS);
    assert_int_equal(take(&schedule, START_NS + 4 * NS_PER_MS, &phase), START_NS);
    assert_int_equal(take(&schedule, START_NS + 5 * NS_PER_MS - 1, &phase), START_NS + NS_PER_MS);
    /* Three are owed still. */
    assert_int_equal(schedule_next_ns(&schedule, START_NS + 5 * NS_PER_MS, &due),
                     SCHEDULE_NEVER_NS);
    assert_false(due);
}

/* At 2 million a second far more comes due between two looks than one call sends. */
static void what_came_due_just_before_a_stop_is_sent(void **state)
{
    struct schedule schedule;
    struct fixture fixture;
    int64_t stop_ns = 10 * NS_PER_MS;
    uint32_t sent = 0;
    bool due;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, (struct rate){2, NS_PER_US}, NS_PER_S);
    schedule_init(&schedule, &fixture.assignment, &fixture.producers[0]);
    schedule_start(&schedule, 0, 0, 0);
    schedule_stop(&schedule, stop_ns);
    while (schedule_next_ns(&schedule, stop_ns - 100 * NS_PER_US, &due) <
           stop_ns - 100 * NS_PER_US) {
        schedule_sent(&schedule);
        sent++;
    }
    while (schedule_next_ns(&schedule, stop_ns + 100 * NS_PER_US, &due) != SCHEDULE_NEVER_NS) {
        assert_true(due);
        schedule_sent(&schedule);
        sent++;
    }
    assert_int_equal(sent, 20000);
}

static void nothing_is_due_from_the_stop_on(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    uint32_t phase;
    bool due;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    begin(&schedule, &fixture, 0);
    schedule_stop(&schedule, START_NS + NS_PER_MS);
    assert_int_equal(take(&schedule, START_NS, &phase), START_NS);
    assert_int_equal(schedule_next_ns(&schedule, START_NS, &due), START_NS + NS_PER_MS);
    assert_false(due);
}

static void under_max_a_message_is_due_whenever_one_is_asked_for(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    uint32_t phase;
    bool due;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_MAX, (struct rate){0, 1}, NS_PER_MS);
    begin(&schedule, &fixture, 0);
    assert_int_equal(schedule_next_ns(&schedule, START_NS - 5, &due), START_NS);
    assert_true(due);
    assert_int_equal(take(&schedule, START_NS + 5, &phase), START_NS + 5);
    assert_int_equal(take(&schedule, START_NS + 5, &phase), START_NS + 5);
    assert_int_equal(take(&schedule, START_NS + NS_PER_MS - 1, &phase), START_NS + NS_PER_MS - 1);
    assert_int_equal(schedule_next_ns(&schedule, START_NS + NS_PER_MS, &due), SCHEDULE_NEVER_NS);
}

struct tally {
    uint64_t phases[FIXTURE_PHASES];
};

static void count(void *context, uint32_t phase, uint64_t n)
{
    struct tally *tally = context;

    tally->phases[phase] += n;
}

static void phases_and_producers_have_poisson_schedules_of_their_own(void **state)
{
    struct fixture fixture;
    struct schedule first;
    struct schedule second;
    bool due;
    int64_t first_ns;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    fixture.phases[0].pacing.arrivals = ARRIVALS_POISSON;
    fixture.phases[1].pacing.arrivals = ARRIVALS_POISSON;
    begin(&first, &fixture, 0);
    begin(&second, &fixture, 1);
    first_ns = schedule_next_ns(&first, START_NS, &due);
    assert_true(first_ns != schedule_next_ns(&second, START_NS, &due));
    schedule_start(&second, 0, 1, START_NS);
    schedule_init(&second, &fixture.assignment, &fixture.producers[0]);
    schedule_start(&second, 0, 1, START_NS);
    assert_int_equal(first_ns, schedule_next_ns(&second, START_NS, &due)); /* Repeatable. */
    schedule_start(&second, 1, 1, START_NS);
    assert_true(first_ns != schedule_next_ns(&second, START_NS, &due));
}

/* Whatever the arrivals, n producers share the number, and no more comes due. */
static void a_number_of_messages_is_shared_and_ends_the_segment(void **state)
{
    static const uint64_t numbers[] = {1, 2, 3, 10, 100};
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture);
    for (int i = 0; i < 3; i++) {
        fixture_producer(&fixture);
    }
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    for (uint32_t round = 0; round < 5 * 4; round++) {
        struct tally tally = {{0}};
        uint64_t sent = 0;

        fixture.phases[0].messages = numbers[round / 4];
        fixture.phases[0].loads[0].load = round % 4 == 3 ? LOAD_MAX : LOAD_RATE;
        fixture.phases[0].pacing.arrivals = (enum arrivals)(round % 4 % 3);
        for (uint32_t producer = 0; producer < 3; producer++) {
            int64_t now_ns = START_NS + NS_PER_S - 1;
            struct schedule schedule;
            bool due = false;

            begin(&schedule, &fixture, producer);
            while (schedule_next_ns(&schedule, now_ns, &due) <= now_ns && due) {
                sent++;
                schedule_sent(&schedule);
            }
            assert_int_equal(schedule_next_ns(&schedule, now_ns, &due), SCHEDULE_NEVER_NS);
            assert_true(schedule.over); /* A long time before the phase's end. */
            schedule_account(&schedule, now_ns, count, &tally);
            schedule_account(&schedule, now_ns + NS_PER_S, count, &tally);
        }
        assert_int_equal(sent, numbers[round / 4]);
        assert_int_equal(tally.phases[0], round % 4 == 3 ? 0 : sent);
    }
}

static void nothing_comes_due_after_a_stop(void **state)
{
    struct fixture fixture;
    struct tally tally = {{0}};
    struct schedule schedule;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    begin(&schedule, &fixture, 0);
    schedule_account(&schedule, START_NS + 10 * NS_PER_MS, count, &tally);
    schedule_stop(&schedule, START_NS + 20 * NS_PER_MS);
    schedule_account(&schedule, START_NS + 30 * NS_PER_MS, count, &tally);
    schedule_account(&schedule, START_NS + 2 * NS_PER_S, count, &tally);
    assert_int_equal(tally.phases[0], 20);
}

static void a_second_segment_starts_its_accounts_anew(void **state)
{
    struct fixture fixture;
    struct tally tally = {{0}};
    struct schedule schedule;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 10 * NS_PER_MS);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 10 * NS_PER_MS);
    schedule_init(&schedule, &fixture.assignment, &fixture.producers[0]);
    schedule_start(&schedule, 0, 0, START_NS);
    schedule_stop(&schedule, START_NS + 5 * NS_PER_MS);
    schedule_account(&schedule, START_NS + NS_PER_S, count, &tally);
    schedule_start(&schedule, 1, 1, START_NS + 10 * NS_PER_S);
    schedule_account(&schedule, START_NS + 20 * NS_PER_S, count, &tally);
    assert_int_equal(tally.phases[0], 5);
    assert_int_equal(tally.phases[1], 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_names_each_message_with_its_phase),
        cmocka_unit_test(debt_is_carried_into_later_phases_with_its_own_phase_and_time),
        cmocka_unit_test(a_stop_gives_up_what_is_owed),
        cmocka_unit_test(what_came_due_just_before_a_stop_is_sent),
        cmocka_unit_test(nothing_is_due_from_the_stop_on),
        cmocka_unit_test(under_max_a_message_is_due_whenever_one_is_asked_for),
        cmocka_unit_test(phases_and_producers_have_poisson_schedules_of_their_own),
        cmocka_unit_test(a_number_of_messages_is_shared_and_ends_the_segment),
        cmocka_unit_test(nothing_comes_due_after_a_stop),
        cmocka_unit_test(a_second_segment_starts_its_accounts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
