#include "check.h"
#include "executor_fixture.h"
#include "mono.h"
#include "timeline.h"

#include <pthread.h>

static const struct rate per_ms = {1, NS_PER_MS};

struct bench {
    struct fixture fixture;
    struct timeline timeline;
};

static struct assigned_writer writer = {.agent = 1};

/* Agent 0, three phases of a second; agent 1 writes. */
static void begin(struct bench *bench)
{
    fixture_init(&bench->fixture);
    bench->fixture.assignment.writers = &writer;
    bench->fixture.assignment.writers_count = 1;
    for (int i = 0; i < 3; i++) {
        (void)fixture_phase(&bench->fixture, LOAD_RATE, per_ms, NS_PER_S);
    }
    assert_int_equal(timeline_init(&bench->timeline, &bench->fixture.assignment, NULL), 0);
}

static void the_own_clock_needs_no_line(void **state)
{
    struct bench bench;
    int64_t bound_ns = -1;

    (void)state;
    begin(&bench);
    assert_true(timeline_is_told(&bench.timeline, 0));
    assert_false(timeline_is_told(&bench.timeline, 1));
    assert_int_equal(timeline_own_ns(&bench.timeline, 0, 123456789, &bound_ns), 123456789);
    assert_int_equal(bound_ns, 0);
    timeline_done(&bench.timeline);
}

static void the_line_that_was_told_last_holds(void **state)
{
    struct clock_line line = {.agent = 1, .own_ns = 1000, .peer_ns = 51000, .bound_ns = 7};
    struct bench bench;
    int64_t bound_ns;

    (void)state;
    begin(&bench);
    timeline_tell(&bench.timeline, &line);
    assert_int_equal(timeline_own_ns(&bench.timeline, 1, 52000, &bound_ns), 2000);
    assert_int_equal(bound_ns, 7);
    line.peer_ns = 61000;
    line.bound_ns = 9;
    timeline_tell(&bench.timeline, &line);
    assert_int_equal(timeline_own_ns(&bench.timeline, 1, 52000, &bound_ns), -8000);
    assert_int_equal(bound_ns, 9);
    timeline_done(&bench.timeline);
}

/* T0 is told anew with each segment, as it is known then. */
static void intended_times_count_from_the_writers_t0_of_their_segment(void **state)
{
    /* The last agent of all writes nothing: there is no place for it. */
    struct peer_start first[] = {{.agent = 1, .t0_ns = 5000},
                                 {.agent = AGENTS_MAX - 1, .t0_ns = 6000}};
    struct peer_start second = {.agent = 1, .t0_ns = 5070};
    struct segment segment = {.phase_last = 1, .t0_ns = 100, .peers = first, .peers_count = 2};
    struct bench bench;

    (void)state;
    begin(&bench);
    timeline_set(&bench.timeline, &segment);
    segment.phase_first = 2;
    segment.phase_last = 2;
    segment.start_ns = 2 * NS_PER_S;
    segment.t0_ns = 130;
    segment.peers = &second;
    segment.peers_count = 1;
    timeline_set(&bench.timeline, &segment);
    assert_int_equal(timeline_intended_ns(&bench.timeline, 1, 1, 10), 5010);
    assert_int_equal(timeline_intended_ns(&bench.timeline, 1, 2, 10), 5080);
    assert_int_equal(timeline_intended_ns(&bench.timeline, 0, 1, 10), 110);
    assert_int_equal(timeline_intended_ns(&bench.timeline, 0, 2, 10), 140);
    timeline_done(&bench.timeline);
}

#define LINES 200000

static void *tell_lines(void *argument)
{
    struct bench *bench = argument;

    for (int64_t i = 1; i <= LINES; i++) {
        struct clock_line line = {.agent = 1, .own_ns = i, .peer_ns = i, .bound_ns = i};

        timeline_tell(&bench->timeline, &line);
    }
    return NULL;
}

/* Of any line 0 is 0: one that was put together of two would say something else. */
static void a_line_is_never_read_half_and_half(void **state)
{
    struct bench bench;
    pthread_t teller;
    int64_t before_ns = 0;
    int64_t bound_ns = 0;

    (void)state;
    begin(&bench);
    assert_int_equal(pthread_create(&teller, NULL, tell_lines, &bench), 0);
    while (bound_ns < LINES) {
        assert_int_equal(timeline_own_ns(&bench.timeline, 1, 0, &bound_ns), 0);
        assert_true(bound_ns >= before_ns);
        before_ns = bound_ns;
    }
    assert_int_equal(pthread_join(teller, NULL), 0);
    timeline_done(&bench.timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_own_clock_needs_no_line),
        cmocka_unit_test(the_line_that_was_told_last_holds),
        cmocka_unit_test(intended_times_count_from_the_writers_t0_of_their_segment),
        cmocka_unit_test(a_line_is_never_read_half_and_half),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
