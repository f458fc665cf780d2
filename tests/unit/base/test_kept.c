#include "check.h"

#include "kept.h"

#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#define BYTES_MAX 8192

static void assert_waiting(const struct kept *kept, const char *expected)
{
    assert_int_equal(kept->end - kept->begin, strlen(expected));
    assert_memory_equal(kept->bytes + kept->begin, expected, strlen(expected));
}

static void kept_bytes_are_taken_from_the_front(void **state)
{
    struct kept kept;

    (void)state;
    assert_int_equal(kept_init(&kept, BYTES_MAX), 0);
    kept_put(&kept, "abcdef", 6);
    kept_took(&kept, 2);
    assert_waiting(&kept, "cdef");
    kept_took(&kept, 4);
    assert_int_equal(kept.end, 0);
    kept_done(&kept);
}

static void kept_bytes_are_added_behind_those_that_wait(void **state)
{
    struct kept kept;

    (void)state;
    assert_int_equal(kept_init(&kept, BYTES_MAX), 0);
    kept_add(&kept, "abc", 3);
    kept_add(&kept, "", 0);
    memcpy(kept_room(&kept, 3), "def", 3);
    kept_grow(&kept, 3);
    assert_waiting(&kept, "abcdef");
    kept_done(&kept);
}

static void kept_bytes_stay_where_room_grows(void **state)
{
    struct kept kept;

    (void)state;
    assert_int_equal(kept_init(&kept, BYTES_MAX), 0);
    kept_put(&kept, "abcdef", 6);
    kept_took(&kept, 2);
    assert_int_equal(kept_widen(&kept, (size_t)2 * BYTES_MAX), 0);
    assert_waiting(&kept, "cdef");
    kept_add(&kept, "gh", 2);
    assert_waiting(&kept, "cdefgh");
    assert_int_equal(kept.bytes_max, 2 * BYTES_MAX);
    kept_done(&kept);
}

static void kept_bytes_move_to_the_front_where_there_is_no_room_behind_them(void **state)
{
    static const char many[BYTES_MAX - 10];
    struct kept kept;

    (void)state;
    assert_int_equal(kept_init(&kept, BYTES_MAX), 0);
    kept_put(&kept, many, sizeof many);
    kept_add(&kept, "0123456789", 10);
    kept_took(&kept, sizeof many);
    kept_add(&kept, "abcdef", 6);
    assert_waiting(&kept, "0123456789abcdef");
    assert_int_equal(kept.begin, 0);
    kept_done(&kept);
}

static bool is_real(const struct kept *kept)
{
    unsigned char page = 0;

    assert_int_equal(mincore(kept->bytes, 1, &page), 0);
    return (page & 1) != 0;
}

static void kept_pages_go_back_only_when_nothing_waits(void **state)
{
    struct kept kept;

    (void)state;
    assert_int_equal(kept_init(&kept, BYTES_MAX), 0);
    kept_put(&kept, "abc", 3);
    kept_shrink(&kept);
    assert_waiting(&kept, "abc");
    kept_drop(&kept);
    assert_true(is_real(&kept));
    kept_shrink(&kept);
    assert_false(is_real(&kept));
    assert_int_equal(kept.touched, 0);
    assert_int_equal(kept.bytes[0], 0);
    kept_done(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_bytes_are_taken_from_the_front),
        cmocka_unit_test(kept_bytes_are_added_behind_those_that_wait),
        cmocka_unit_test(kept_bytes_stay_where_room_grows),
        cmocka_unit_test(kept_bytes_move_to_the_front_where_there_is_no_room_behind_them),
        cmocka_unit_test(kept_pages_go_back_only_when_nothing_waits),
    };

    return cmocka_run_group_tests_name("kept", tests, NULL, NULL);
}
