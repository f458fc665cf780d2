#include "check.h"
#include "deadlines.h"
#include "queue.h"
#include "stall.h"

/* So many pieces wait, the oldest since then. */
static enum stall_turn look(struct stall *stall, uint64_t pieces, int64_t since_ns, int64_t now_ns,
                            struct stall *ret)
{
    const struct queue_state state = {.pieces = pieces, .bytes = 10 * pieces, .since_ns = since_ns};

    return stall_follow(stall, &state, now_ns, ret);
}

static void what_waits_for_less_is_no_stall(void **state)
{
    struct stall stall = {0};
    struct stall over;

    (void)state;
    assert_int_equal(look(&stall, 0, 0, 1, &over), STALL_NONE);
    assert_int_equal(look(&stall, 9, 1, STANDSTILL_NS, &over), STALL_NONE);
    assert_int_equal(look(&stall, 0, 0, STANDSTILL_NS + 1, &over), STALL_NONE);
    assert_int_equal(stall.pieces_max, 0);
}

static void a_stall_begins_lasts_and_is_over(void **state)
{
    const int64_t begun_ns = 1 + STANDSTILL_NS;
    struct stall stall = {0};
    struct stall over;

    (void)state;
    assert_int_equal(look(&stall, 1, 1, begun_ns, &over), STALL_BEGINS);
    assert_int_equal(look(&stall, 7, 1, begun_ns + 5, &over), STALL_LASTS);
    assert_int_equal(look(&stall, 0, 0, begun_ns + 6, &over), STALL_IS_OVER);
    assert_int_equal(over.since_ns, 1);
    assert_int_equal(over.moved_ns, begun_ns + 6);
    assert_int_equal(over.pieces_max, 7);
    assert_int_equal(over.bytes_max, 70);
    assert_int_equal(look(&stall, 0, 0, begun_ns + 7, &over), STALL_NONE);
}

/* Of 256 MiB that piled up the rest may take a slow disk a minute, and may never be written. */
static void it_is_not_over_while_something_of_it_waits(void **state)
{
    const int64_t begun_ns = 1 + STANDSTILL_NS;
    struct stall stall = {0};
    struct stall over;

    (void)state;
    assert_int_equal(look(&stall, 9, 1, begun_ns, &over), STALL_BEGINS);
    assert_int_equal(look(&stall, 8, begun_ns - 2, begun_ns + 1, &over), STALL_LASTS);
    assert_int_equal(look(&stall, 7, begun_ns, begun_ns + 2, &over), STALL_LASTS);
    /* What came after it moved again is not of this stall. */
    assert_int_equal(look(&stall, 3, begun_ns + 1, begun_ns + 3, &over), STALL_IS_OVER);
    assert_int_equal(over.moved_ns, begun_ns + 1);
    assert_int_equal(over.pieces_max, 9);
}

static void one_that_stalls_anew_before_it_was_over_is_the_same_stall(void **state)
{
    const int64_t begun_ns = 1 + STANDSTILL_NS;
    const int64_t again_ns = begun_ns + STANDSTILL_NS;
    struct stall stall = {0};
    struct stall over;

    (void)state;
    assert_int_equal(look(&stall, 9, 1, begun_ns, &over), STALL_BEGINS);
    assert_int_equal(look(&stall, 8, begun_ns, begun_ns + 1, &over), STALL_LASTS);
    assert_int_equal(look(&stall, 12, begun_ns, again_ns, &over), STALL_LASTS);
    assert_int_equal(look(&stall, 0, 0, again_ns + 1, &over), STALL_IS_OVER);
    assert_int_equal(over.since_ns, 1);
    assert_int_equal(over.moved_ns, again_ns + 1);
    assert_int_equal(over.pieces_max, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_for_less_is_no_stall),
        cmocka_unit_test(a_stall_begins_lasts_and_is_over),
        cmocka_unit_test(it_is_not_over_while_something_of_it_waits),
        cmocka_unit_test(one_that_stalls_anew_before_it_was_over_is_the_same_stall),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
