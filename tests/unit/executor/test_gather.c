/* How long what arrives may gather, with times that are given. */
#include "gather_inner.h"

#include "check.h"

#define US INT64_C(1000)
#define MS (1000 * US)

/* Polls of so many events each, at that distance, that took so long; returns when the last was. */
static int64_t poll_many(struct gather *gather, uint32_t events, int64_t gap_ns, int64_t took_ns,
                         uint32_t bytes)
{
    int64_t now_ns = gather->last_ns;

    for (uint32_t i = 0; i < 200; i++) {
        now_ns += gap_ns;
        for (uint32_t e = 0; e < events; e++) {
            gather_note(gather, took_ns, bytes);
        }
        gather_polled(gather, now_ns, false);
    }
    return now_ns;
}

/* How long after its last poll nobody is to look. */
static int64_t wait_ns(const struct gather *gather)
{
    struct gather_sum sum;
    int64_t until_ns;

    gather_sum_init(&sum);
    gather_sum_add(&sum, gather);
    until_ns = gather_sum_until_ns(&sum);
    return until_ns == 0 ? 0 : until_ns - gather->last_ns;
}

static void what_is_under_way_for_long_gathers_for_a_64th_of_it(void **state)
{
    struct gather gather = {0};

    (void)state;
    (void)poll_many(&gather, 1, 20 * US, 32 * MS, 100);
    assert_true(wait_ns(&gather) > 490 * US && wait_ns(&gather) <= 500 * US);
    (void)poll_many(&gather, 1, 20 * US, 500 * MS, 100); /* There is an end to it. */
    assert_int_equal(wait_ns(&gather), GATHER_NS_MAX);
}

static void what_is_fast_is_looked_at_at_once_at_any_rate(void **state)
{
    struct gather gather = {0};

    (void)state;
    (void)poll_many(&gather, 1, US, 3 * MS, 0); /* Less than a wait on the clock takes. */
    assert_int_equal(wait_ns(&gather), 0);
    (void)poll_many(&gather, 1, 20 * US, 100 * US, 0);
    assert_int_equal(wait_ns(&gather), 0);
    (void)poll_many(&gather, 1, 20 * US, -32 * MS, 0); /* Clocks that disagree. */
    assert_int_equal(wait_ns(&gather), 0);
}

static void nothing_gathers_where_little_would_come(void **state)
{
    struct gather gather = {0};

    (void)state;
    (void)poll_many(&gather, 1, MS, 200 * MS, 0); /* 1,000/s. */
    assert_int_equal(wait_ns(&gather), 0);
    (void)poll_many(&gather, 5, MS, 200 * MS, 0); /* The same wakes bring enough. */
    assert_int_equal(wait_ns(&gather), GATHER_NS_MAX);
}

static void the_fastest_decides_at_once_and_slower_ones_after_a_while(void **state)
{
    struct gather gather = {0};

    (void)state;
    (void)poll_many(&gather, 2, 20 * US, 32 * MS, 0);
    assert_true(wait_ns(&gather) > 0);
    gather_note(&gather, 32 * MS, 0);
    gather_note(&gather, 200 * US, 0);
    gather_polled(&gather, gather.last_ns + 20 * US, false);
    assert_int_equal(wait_ns(&gather), 0);
    gather_note(&gather, 32 * MS, 0);
    gather_polled(&gather, gather.last_ns + 20 * US, false);
    assert_int_equal(wait_ns(&gather), 0);
    (void)poll_many(&gather, 2, 20 * US, 32 * MS, 0);
    assert_true(wait_ns(&gather) > 0);
}

static void no_more_gathers_than_there_is_room_for(void **state)
{
    struct gather gather = {0};

    (void)state;
    (void)poll_many(&gather, 20, 50 * US, 500 * MS, 0); /* 128 events take 320 us. */
    assert_true(wait_ns(&gather) > 315 * US && wait_ns(&gather) < 325 * US);
    gather = (struct gather){0};
    (void)poll_many(&gather, 1, 10 * US, 500 * MS, 1024); /* 32 KiB do. */
    assert_true(wait_ns(&gather) > 315 * US && wait_ns(&gather) < 325 * US);
    gather = (struct gather){0};
    (void)poll_many(&gather, 1, 10 * US, 500 * MS, 16384); /* Two of these fill it. */
    assert_int_equal(wait_ns(&gather), 0);
}

static void what_was_left_is_fetched_at_once(void **state)
{
    struct gather gather = {0};

    (void)state;
    (void)poll_many(&gather, 2, 20 * US, 32 * MS, 0);
    gather_note(&gather, 32 * MS, 0);
    gather_polled(&gather, gather.last_ns + 20 * US, true);
    assert_int_equal(wait_ns(&gather), 0);
    gather_polled(&gather, gather.last_ns + 20 * US, false); /* There was nothing after all. */
    assert_true(wait_ns(&gather) > 0);
}

static void a_fast_endpoint_is_not_kept_waiting_by_a_slow_one(void **state)
{
    struct gather slow = {0};
    struct gather fast = {0};
    struct gather silent = {0};
    struct gather_sum sum;

    (void)state;
    (void)poll_many(&slow, 2, 20 * US, 64 * MS, 0);
    (void)poll_many(&fast, 1, 20 * US, 6400 * US, 0);
    gather_sum_init(&sum);
    gather_sum_add(&sum, &slow);
    gather_sum_add(&sum, &fast);
    assert_true(gather_sum_until_ns(&sum) > slow.last_ns + 95 * US);
    assert_true(gather_sum_until_ns(&sum) <= slow.last_ns + 100 * US);
    gather_sum_add(&sum, &silent); /* Nobody knows how fast it is. */
    assert_int_equal(gather_sum_until_ns(&sum), 0);
}

static void without_endpoints_nothing_gathers(void **state)
{
    struct gather_sum sum;

    (void)state;
    gather_sum_init(&sum);
    assert_int_equal(gather_sum_until_ns(&sum), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_under_way_for_long_gathers_for_a_64th_of_it),
        cmocka_unit_test(what_is_fast_is_looked_at_at_once_at_any_rate),
        cmocka_unit_test(nothing_gathers_where_little_would_come),
        cmocka_unit_test(the_fastest_decides_at_once_and_slower_ones_after_a_while),
        cmocka_unit_test(no_more_gathers_than_there_is_room_for),
        cmocka_unit_test(what_was_left_is_fetched_at_once),
        cmocka_unit_test(a_fast_endpoint_is_not_kept_waiting_by_a_slow_one),
        cmocka_unit_test(without_endpoints_nothing_gathers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
