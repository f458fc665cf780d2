#include "check.h"
#include "clock_probing_inner.h"
#include "mono.h"

static void bursts_keep_their_beat(void **state)
{
    (void)state;
    assert_int_equal(clock_probing_next_ns(5 * NS_PER_S, 5 * NS_PER_S + 30 * NS_PER_MS, NS_PER_S),
                     6 * NS_PER_S);
}

/* An outage of 15 s was followed by 15 bursts without a pause. */
static void bursts_that_were_missed_are_not_caught_up(void **state)
{
    int64_t due_ns = 5 * NS_PER_S;
    int64_t now_ns = 20 * NS_PER_S;

    (void)state;
    due_ns = clock_probing_next_ns(due_ns, now_ns, NS_PER_S);
    assert_int_equal(due_ns, 21 * NS_PER_S);
    due_ns = clock_probing_next_ns(due_ns, due_ns + 30 * NS_PER_MS, NS_PER_S);
    assert_int_equal(due_ns, 22 * NS_PER_S);
}

static void a_pause_that_no_coordinator_means_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(clock_probing_next_ns(0, 1, INT64_MIN), 50 * NS_PER_MS);
    assert_int_equal(clock_probing_next_ns(0, 1, INT64_MAX), 60 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bursts_keep_their_beat),
        cmocka_unit_test(bursts_that_were_missed_are_not_caught_up),
        cmocka_unit_test(a_pause_that_no_coordinator_means_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
