/* What a segment leaves unsent: told by the schedule, recorded by the sender. */
#include "rig.h"
#include "virtual_time.h"

#include "random.h"
#include "schedule_inner.h"

static const struct rate per_ms = {.messages = 1, .per_ns = 1000000};
static const struct rate no_rate = {.messages = 0, .per_ns = 1};
static const int64_t t0_ns = RIG_START_NS;

#define START_NS (1000 * NS_PER_S)

struct tally {
    uint64_t due[FIXTURE_PHASES];
    uint64_t sent[FIXTURE_PHASES];
    uint64_t skipped[FIXTURE_PHASES];
    uint64_t owed[FIXTURE_PHASES];
    int64_t first_ns;
    int64_t last_ns;
    uint64_t calls;
};

static void count_due(void *context, uint32_t phase, uint64_t n)
{
    ((struct tally *)context)->due[phase] += n;
}

static void count_skipped(void *context, uint32_t phase, uint64_t n)
{
    ((struct tally *)context)->skipped[phase] += n;
}

static void count_owed(void *context, uint32_t phase, int64_t due_ns, uint64_t n)
{
    struct tally *tally = context;

    tally->owed[phase] += n;
    tally->first_ns = tally->calls++ == 0 ? due_ns : tally->first_ns;
    assert_true(due_ns >= tally->last_ns);
    tally->last_ns = due_ns;
}

static void give_up(struct schedule *schedule, int64_t now_ns, uint64_t singly_max,
                    struct tally *tally)
{
    const struct schedule_owed owed = {tally, count_skipped, count_owed, singly_max};

    schedule_account(schedule, now_ns, count_due, tally);
    schedule_give_up(schedule, now_ns, &owed);
    schedule_give_up(schedule, now_ns, &owed); /* Tells nothing again. */
}

static void send_some(struct schedule *schedule, int64_t now_ns, uint64_t messages,
                      struct tally *tally)
{
    bool due = false;

    while (messages-- > 0 && schedule_next_ns(schedule, now_ns, &due) <= now_ns && due) {
        tally->sent[schedule->phase]++;
        schedule_sent(schedule);
    }
}

static void fill_phases(struct fixture *fixture, enum arrivals arrivals)
{
    fixture_init(fixture);
    fixture_producer(fixture);
    fixture_producer(fixture);
    (void)fixture_phase(fixture, LOAD_RATE, (struct rate){3, 7 * NS_PER_MS}, 100 * NS_PER_MS);
    (void)fixture_phase(fixture, LOAD_NONE, no_rate, 20 * NS_PER_MS);
    (void)fixture_phase(fixture, LOAD_RATE, (struct rate){20, NS_PER_MS}, 200 * NS_PER_MS);
    fixture->phases[2].pacing.skip_ns = 50 * NS_PER_MS;
    (void)fixture_phase(fixture, LOAD_RATE, (struct rate){2, NS_PER_MS}, 300 * NS_PER_MS);
    fixture->points[0] = (struct curve_point){0, UINT64_C(900000000)};
    fixture->points[1] = (struct curve_point){300 * NS_PER_MS, UINT64_C(4000000000)};
    fixture->phases[3].curve_count = 2;
    for (uint32_t i = 0; i < fixture->assignment.phases_count; i++) {
        fixture->phases[i].pacing.arrivals = arrivals;
    }
}

/* Wherever it is given up, by itself or stopped, one by one or in groups. */
static void what_came_due_was_sent_skipped_or_is_owed(void **state)
{
    struct fixture fixture;
    struct random random;

    (void)state;
    random_seed(&random, 7);
    for (uint64_t round = 0; round < 400; round++) {
        struct tally tally = {.calls = 0};
        struct schedule schedule;
        int64_t end_ns = START_NS + (int64_t)(random_next(&random) % 700000000);
        int64_t stop_ns = end_ns - 3 * NS_PER_MS;
        int64_t sent_ns = START_NS + (int64_t)(random_next(&random) % 700000000);

        fill_phases(&fixture, (enum arrivals)(round % 3));
        schedule_init(&schedule, &fixture.assignment, &fixture.producers[round % 2]);
        schedule_start(&schedule, 0, 3, START_NS);
        send_some(&schedule, sent_ns < stop_ns ? sent_ns : stop_ns - 1, random_next(&random) % 3000,
                  &tally);
        if (round % 4 < 2) {
            schedule_stop(&schedule, stop_ns);
        }
        give_up(&schedule, end_ns, round % 5 == 0 ? 10 : 1000000, &tally);
        for (uint32_t phase = 0; phase < 4; phase++) {
            assert_int_equal(tally.sent[phase] + tally.skipped[phase] + tally.owed[phase],
                             tally.due[phase]);
        }
        assert_true(tally.last_ns < end_ns);
    }
}

/* Two producers share 1000/s: the first's messages are due 2 ms apart. */
static void what_is_owed_in_groups_spans_the_same_time(void **state)
{
    struct fixture fixture;
    struct schedule schedule;
    struct tally singly = {.calls = 0};
    struct tally grouped = {.calls = 0};

    (void)state;
    fixture_init(&fixture);
    fixture_producer(&fixture);
    fixture_producer(&fixture);
    (void)fixture_phase(&fixture, LOAD_RATE, per_ms, 100 * NS_PER_S);
    schedule_init(&schedule, &fixture.assignment, &fixture.producers[0]);
    schedule_start(&schedule, 0, 0, START_NS);
    give_up(&schedule, START_NS + 200 * NS_PER_S, UINT64_MAX, &singly);
    schedule_start(&schedule, 0, 0, START_NS);
    give_up(&schedule, START_NS + 200 * NS_PER_S, 49999, &grouped);
    assert_int_equal(singly.owed[0], 50000);
    assert_int_equal(singly.calls, 50000);
    assert_int_equal(grouped.owed[0], 50000);
    assert_int_equal(grouped.calls, 1001);
    assert_int_equal(grouped.first_ns, START_NS);
    assert_true(grouped.last_ns - singly.last_ns < 100 * NS_PER_MS);
}

static const struct hist *series_of(const struct rig *rig, uint32_t phase, enum series series)
{
    return recorder_cell(rig->recorder, 0, phase)->series[series];
}

/* A broker that takes nothing from the start: a message each ms for 50 ms, given up after 1 s. */
static void begin_stuck(struct rig *rig)
{
    rig_begin(rig, 1, LOAD_RATE, per_ms);
    rig->fixture.phases[0].duration_ns = 50 * NS_PER_MS;
    (void)fixture_phase(&rig->fixture, LOAD_NONE, no_rate, 950 * NS_PER_MS);
}

static void run_stuck(struct rig *rig)
{
    rig_open(rig, &fake_backend);
    fake_script()->client_blocked[0] = true;
    rig_start(rig, t0_ns);
    rig_run_to(rig, t0_ns + 40 * NS_PER_MS, 100000);
}

static void end_stuck(struct rig *rig)
{
    rig_run_to(rig, t0_ns + NS_PER_S, 100000);
    sender_count_due(rig->sender, t0_ns + NS_PER_S);
    sender_give_up(rig->sender, t0_ns + NS_PER_S);
}

static void messages_that_were_never_sent_wait_until_the_segment_ends(void **state)
{
    struct rig rig;
    const struct hist *publish;

    (void)state;
    begin_stuck(&rig);
    run_stuck(&rig);
    end_stuck(&rig);
    publish = series_of(&rig, 0, SERIES_PUBLISH);
    assert_int_equal(rig_counters(&rig, 0).due, 50);
    assert_int_equal(hist_count(publish), 50);
    assert_int_equal(hist_censored(publish), 50);
    assert_int_equal(hist_max(publish), NS_PER_S);
    assert_int_equal(hist_min(publish), NS_PER_S - 49 * NS_PER_MS);
    assert_int_equal(hist_count(series_of(&rig, 0, SERIES_PUBLISH_SERVICE)), 0);
    assert_int_equal(hist_count(series_of(&rig, 0, SERIES_E2E)), 0); /* Nobody reads. */
    rig_done(&rig);
}

static void messages_that_were_never_sent_are_missing_in_every_subscription(void **state)
{
    struct rig rig;

    (void)state;
    begin_stuck(&rig);
    for (uint32_t subscription = 0; subscription < 3; subscription++) {
        fixture_consumer(&rig.fixture, subscription);
    }
    rig.fixture.flows[0].delivery.publish_ack = PUBLISH_ACK_NONE;
    run_stuck(&rig);
    end_stuck(&rig);
    assert_int_equal(hist_censored(series_of(&rig, 0, SERIES_E2E)), 150);
    assert_int_equal(hist_max(series_of(&rig, 0, SERIES_E2E)), NS_PER_S);
    assert_int_equal(hist_count(series_of(&rig, 0, SERIES_PUBLISH)), 0); /* No confirms. */
    rig_done(&rig);
}

/* After Ctrl-C nobody would have sent them: what they waited later is not the broker's. */
static void messages_that_were_never_sent_wait_until_sending_is_stopped(void **state)
{
    struct rig rig;

    (void)state;
    begin_stuck(&rig);
    run_stuck(&rig);
    sender_stop(rig.sender, t0_ns + 40 * NS_PER_MS);
    end_stuck(&rig);
    assert_int_equal(rig_counters(&rig, 0).due, 40);
    assert_int_equal(hist_censored(series_of(&rig, 0, SERIES_PUBLISH)), 40);
    assert_int_equal(hist_max(series_of(&rig, 0, SERIES_PUBLISH)), 40 * NS_PER_MS);
    rig_done(&rig);
}

static void skipped_messages_are_not_owed(void **state)
{
    struct rig rig;

    (void)state;
    begin_stuck(&rig);
    rig.fixture.phases[0].pacing.skip_ns = 980 * NS_PER_MS;
    run_stuck(&rig);
    end_stuck(&rig);
    assert_int_equal(rig_counters(&rig, 0).skipped, 20);
    assert_int_equal(hist_censored(series_of(&rig, 0, SERIES_PUBLISH)), 30);
    rig_done(&rig);
}

static void a_segment_that_sent_all_owes_nothing(void **state)
{
    struct rig rig;

    (void)state;
    begin_stuck(&rig);
    run_stuck(&rig);
    fake_script()->client_blocked[0] = false;
    fake_script()->confirms = true;
    end_stuck(&rig);
    assert_int_equal(rig_counters(&rig, 0).sent, 50);
    assert_int_equal(hist_count(series_of(&rig, 0, SERIES_PUBLISH)), 50);
    assert_int_equal(hist_censored(series_of(&rig, 0, SERIES_PUBLISH)), 0);
    rig_done(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_came_due_was_sent_skipped_or_is_owed),
        cmocka_unit_test(what_is_owed_in_groups_spans_the_same_time),
        cmocka_unit_test(messages_that_were_never_sent_wait_until_the_segment_ends),
        cmocka_unit_test(messages_that_were_never_sent_are_missing_in_every_subscription),
        cmocka_unit_test(messages_that_were_never_sent_wait_until_sending_is_stopped),
        cmocka_unit_test(skipped_messages_are_not_owed),
        cmocka_unit_test(a_segment_that_sent_all_owes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
