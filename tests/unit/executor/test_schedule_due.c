/* What came due of a schedule, sent or skipped. */
#include "executor_fixture.h"

#include "random.h"
#include "schedule_inner.h"

#define START_NS (1000 * NS_PER_S)

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};

static void begin(struct schedule *schedule, const struct fixture *fixture, uint32_t producer)
{
    schedule_init(schedule, &fixture->assignment, &fixture->producers[producer]);
    schedule_start(schedule, 0, fixture->assignment.phases_count - 1, START_NS);
}

struct tally {
    uint64_t phases[FIXTURE_PHASES];
};

static void count(void *context, uint32_t phase, uint64_t n)
{
    struct tally *tally = context;

    tally->phases[phase] += n;
}

static void fill_mixed(struct fixture *fixture)
{
    fixture_init(fixture);
    for (int i = 0; i < 3; i++) {
        fixture_producer(fixture);
    }
    (void)fixture_phase(fixture, LOAD_RATE, (struct rate){3, 7 * NS_PER_MS}, 100 * NS_PER_MS);
    (void)fixture_phase(fixture, LOAD_MAX, (struct rate){0, 1}, 20 * NS_PER_MS);
    (void)fixture_phase(fixture, LOAD_RATE, (struct rate){1, 30 * NS_PER_MS}, 200 * NS_PER_MS);
    (void)fixture_phase(fixture, LOAD_NONE, (struct rate){0, 1}, 20 * NS_PER_MS);
    (void)fixture_phase(fixture, LOAD_RATE, (struct rate){12345, NS_PER_MS}, 50 * NS_PER_MS);
}

static void what_came_due_is_exact_at_whatever_times_it_is_asked_for(void **state)
{
    static const uint64_t wanted[] = {43, 0, 7, 0, 617250}; /* ceil(duration x rate) */
    struct fixture fixture;
    struct random random;

    (void)state;
    fill_mixed(&fixture);
    random_seed(&random, 3);
    for (int round = 0; round < 50; round++) {
        struct tally tally = {{0}};

        for (uint32_t producer = 0; producer < 3; producer++) {
            struct schedule schedule;
            int64_t now_ns = START_NS - 20 * NS_PER_MS;

            begin(&schedule, &fixture, producer);
            while (now_ns < START_NS + 400 * NS_PER_MS) {
                schedule_account(&schedule, now_ns, count, &tally);
                now_ns += 1 + (int64_t)(random_next(&random) % (uint64_t)(25 * NS_PER_MS));
            }
            schedule_account(&schedule, now_ns, count, &tally);
            schedule_account(&schedule, now_ns + 1000 * NS_PER_S, count, &tally);
        }
        for (uint32_t phase = 0; phase < fixture.assignment.phases_count; phase++) {
            assert_int_equal(tally.phases[phase], wanted[phase]);
        }
    }
}

static void what_came_due_is_what_the_schedule_offers(void **state)
{
    struct fixture fixture;
    struct tally tally = {{0}};
    struct tally offered = {{0}};

    (void)state;
    fill_mixed(&fixture);
    fixture.phases[1].loads[0].load = LOAD_NONE; /* `max` would offer without end. */
    for (uint32_t producer = 0; producer < 3; producer++) {
        struct schedule schedule;
        bool due = false;
        int64_t now_ns = START_NS + 390 * NS_PER_MS - 1; /* In the last phase: all is due. */

        begin(&schedule, &fixture, producer);
        while (schedule_next_ns(&schedule, now_ns, &due) <= now_ns && due) {
            offered.phases[schedule.phase]++;
            schedule_sent(&schedule);
        }
        schedule_account(&schedule, now_ns + 1, count, &tally);
    }
    assert_memory_equal(&tally, &offered, sizeof tally);
}

/* Poisson arrivals are counted by walking; sending, which is ahead or behind of it, must not change
 * the count. */
static void what_came_due_of_poisson_arrivals_is_what_was_offered(void **state)
{
    struct fixture fixture;
    struct random random;

    (void)state;
    fill_mixed(&fixture);
    random_seed(&random, 5);
    for (uint32_t phase = 0; phase < fixture.assignment.phases_count; phase++) {
        fixture.phases[phase].pacing.arrivals = ARRIVALS_POISSON;
    }
    fixture.phases[1].loads[0].load = LOAD_NONE;
    fixture.points[0] = (struct curve_point){0, UINT64_C(900000000)};
    fixture.points[1] =
        (struct curve_point){50 * NS_PER_MS, UINT64_C(100000000)}; /* 900/s, then 100/s. */
    fixture.phases[0].curve_count = 2;
    for (int round = 0; round < 20; round++) {
        struct tally tally = {{0}};
        struct tally offered = {{0}};
        struct schedule schedule;
        int64_t now_ns = START_NS;
        int64_t sent_until_ns = START_NS;
        bool due = false;

        begin(&schedule, &fixture, (uint32_t)round % 3);
        while (now_ns < START_NS + 400 * NS_PER_MS) {
            now_ns += 1 + (int64_t)(random_next(&random) % (uint64_t)(25 * NS_PER_MS));
            if (random_next(&random) % 3 > 0) {
                sent_until_ns = now_ns;
            }
            while (schedule_next_ns(&schedule, sent_until_ns, &due) <= sent_until_ns && due) {
                offered.phases[schedule.phase]++;
                schedule_sent(&schedule);
            }
            schedule_account(&schedule, now_ns, count, &tally);
        }
        while (schedule_next_ns(&schedule, now_ns, &due) <= now_ns && due) {
            offered.phases[schedule.phase]++;
            schedule_sent(&schedule);
        }
        schedule_account(&schedule, now_ns, count, &tally);
        assert_memory_equal(&tally, &offered, sizeof tally);
        assert_true(tally.phases[0] > 0 && tally.phases[4] > 150000);
    }
}

/* Asks and takes until nothing is due any more; *skipped by phase. Returns how many were sent. */
static uint64_t send_all(struct schedule *schedule, int64_t now_ns, uint64_t *skipped)
{
    uint64_t sent = 0;

    for (;;) {
        bool due = false;
        int64_t next_ns = schedule_next_ns(schedule, now_ns, &due);

        skipped[schedule->phase] += schedule_take_skipped(schedule);
        if (next_ns > now_ns) {
            return sent;
        }
        if (due) {
            schedule_sent(schedule);
            sent++;
        }
    }
}

static void what_is_later_than_the_limit_is_skipped_and_counted_in_its_phase(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    uint64_t skipped[3] = {0};

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    fixture_phase(&fixture, LOAD_RATE, per_ms, 100 * NS_PER_MS)->pacing.skip_ns = 20 * NS_PER_MS;
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 100 * NS_PER_MS); /* burst */
    fixture_phase(&fixture, LOAD_RATE, (struct rate){100, NS_PER_MS}, 100 * NS_PER_MS)
        ->pacing.skip_ns = NS_PER_MS;
    begin(&schedule, &fixture, 0);
    assert_int_equal(send_all(&schedule, START_NS, skipped), 1);
    /* Those of 1 to 29 ms are more than 20 ms late, that of 30 ms is not. */
    assert_int_equal(send_all(&schedule, START_NS + 50 * NS_PER_MS, skipped), 21);
    assert_int_equal(skipped[0], 29);
    /* The rest of it, all of the second, and what is not a millisecond late of the third. */
    assert_int_equal(send_all(&schedule, START_NS + 250 * NS_PER_MS, skipped), 100 + 101);
    assert_int_equal(skipped[0], 29 + 49);
    assert_int_equal(skipped[1], 0);
    assert_int_equal(skipped[2], 4900);
}

/* What was skipped is gone for the number of messages, too: the phase ends. */
static void what_was_skipped_is_of_the_number_of_messages(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    struct assigned_phase *phase;
    uint64_t skipped[1] = {0};

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    phase = fixture_phase(&fixture, LOAD_RATE, per_ms, 100 * NS_PER_MS);
    phase->pacing.skip_ns = 5 * NS_PER_MS;
    phase->messages = 10;
    begin(&schedule, &fixture, 0);
    assert_int_equal(send_all(&schedule, START_NS + 50 * NS_PER_MS, skipped), 0);
    assert_int_equal(skipped[0], 10);
    assert_true(schedule.over);
}

/* The numbers of those that came due do not depend on what was skipped. */
static void poisson_arrivals_that_were_skipped_came_due(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    uint64_t skipped[1] = {0};
    struct tally tally = {0};
    uint64_t sent = 0;
    struct assigned_phase *phase;

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    phase = fixture_phase(&fixture, LOAD_RATE, per_ms, NS_PER_S);
    phase->pacing.arrivals = ARRIVALS_POISSON;
    phase->pacing.skip_ns = 10 * NS_PER_MS;
    begin(&schedule, &fixture, 0);
    for (int64_t at_ms = 0; at_ms <= 1100; at_ms += 100) {
        sent += send_all(&schedule, START_NS + at_ms * NS_PER_MS, skipped);
        schedule_account(&schedule, START_NS + at_ms * NS_PER_MS, count, &tally);
    }
    assert_true(skipped[0] > 500);
    assert_int_equal(sent + skipped[0], tally.phases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_due_is_exact_at_whatever_times_it_is_asked_for),
        cmocka_unit_test(what_came_due_is_what_the_schedule_offers),
        cmocka_unit_test(what_came_due_of_poisson_arrivals_is_what_was_offered),
        cmocka_unit_test(what_is_later_than_the_limit_is_skipped_and_counted_in_its_phase),
        cmocka_unit_test(what_was_skipped_is_of_the_number_of_messages),
        cmocka_unit_test(poisson_arrivals_that_were_skipped_came_due),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
