#include "check.h"

#include "error_counts.h"

#include <stdio.h>
#include <string.h>

#define ROOM 4

static void each_text_has_its_count_and_its_place(void **state)
{
    struct error_delta errors[ROOM];
    uint32_t count = 0;

    (void)state;
    assert_int_equal(error_counts_add(errors, &count, ROOM, "refused", 1), 0);
    assert_int_equal(error_counts_add(errors, &count, ROOM, "no leader", 2), 1);
    assert_int_equal(error_counts_add(errors, &count, ROOM, "refused", 3), 0);
    assert_int_equal(count, 2);
    assert_string_equal(errors[0].text, "refused");
    assert_int_equal(errors[0].count, 4);
    assert_int_equal(errors[1].count, 2);
}

/* They were counted under the last text that had fitted: twelve million times "no leader", for an
 * error that came once. */
static void what_does_not_fit_is_counted_as_other_errors(void **state)
{
    struct error_delta errors[ROOM];
    uint32_t count = 0;
    char text[32];

    (void)state;
    for (int i = 0; i < 10; i++) {
        (void)snprintf(text, sizeof text, "error %d", i);
        (void)error_counts_add(errors, &count, ROOM, text, 1);
    }
    assert_int_equal(count, ROOM);
    for (uint32_t i = 0; i + 1 < ROOM; i++) {
        (void)snprintf(text, sizeof text, "error %u", i);
        assert_string_equal(errors[i].text, text);
        assert_int_equal(errors[i].count, 1);
    }
    assert_string_equal(errors[ROOM - 1].text, ERRORS_OTHER);
    assert_int_equal(errors[ROOM - 1].count, 7);
}

/* An agent's own "other errors" may come before the list is full. */
static void other_errors_stay_one_text(void **state)
{
    struct error_delta errors[ROOM];
    uint32_t count = 0;

    (void)state;
    (void)error_counts_add(errors, &count, ROOM, ERRORS_OTHER, 5);
    (void)error_counts_add(errors, &count, ROOM, "a", 1);
    (void)error_counts_add(errors, &count, ROOM, "b", 1);
    assert_int_equal(error_counts_add(errors, &count, ROOM, "c", 1), 0);
    assert_int_equal(count, 3);
    assert_int_equal(errors[0].count, 6);
}

static void a_text_that_is_too_long_is_known_by_its_beginning(void **state)
{
    struct error_delta errors[ROOM];
    uint32_t count = 0;
    char text[2 * REASON_BYTES];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)error_counts_add(errors, &count, ROOM, text, 1);
    (void)error_counts_add(errors, &count, ROOM, text, 1);
    assert_int_equal(count, 1);
    assert_int_equal(strlen(errors[0].text), REASON_BYTES - 1);
    assert_int_equal(errors[0].count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text_has_its_count_and_its_place),
        cmocka_unit_test(what_does_not_fit_is_counted_as_other_errors),
        cmocka_unit_test(other_errors_stay_one_text),
        cmocka_unit_test(a_text_that_is_too_long_is_known_by_its_beginning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
