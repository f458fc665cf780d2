#include "check.h"
#include "nearest.h"

#include <string.h>

static void nearest_distance_counts_edits_and_swaps(void **state)
{
    (void)state;
    assert_int_equal(nearest_distance("topics", "topics"), 0);
    assert_int_equal(nearest_distance("topcis", "topics"), 1);
    assert_int_equal(nearest_distance("topic", "topics"), 1);
    assert_int_equal(nearest_distance("tropics", "topics"), 1);
    assert_int_equal(nearest_distance("topigs", "topics"), 1);
    assert_int_equal(nearest_distance("", "abc"), 3);
    assert_int_equal(nearest_distance("kitten", "sitting"), 3);
}

static void nearest_distance_of_words_beyond_bounds_is_endless(void **state)
{
    char longest[66];

    (void)state;
    memset(longest, 'a', 65);
    longest[65] = '\0';
    assert_true(nearest_distance(longest, longest) == UINT32_MAX);
    longest[64] = '\0';
    assert_int_equal(nearest_distance(longest, longest), 0);
}

static const char *nearest_of(const char *word)
{
    static const char *const known[] = {"name", "rate", "topology", "publish_ack", "for"};
    struct nearest nearest;

    nearest_init(&nearest, word);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        nearest_offer(&nearest, known[i]);
    }
    return nearest.best;
}

static void nearest_offers_only_what_looks_like_a_typing_error(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("nmae"), "name");
    assert_string_equal(nearest_of("topologie"), "topology");
    assert_string_equal(nearest_of("publsh_akc"), "publish_ack");
    assert_string_equal(nearest_of("form"), "for");
    assert_null(nearest_of("note"));
    assert_null(nearest_of("consumers"));
    assert_null(nearest_of(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_distance_counts_edits_and_swaps),
        cmocka_unit_test(nearest_distance_of_words_beyond_bounds_is_endless),
        cmocka_unit_test(nearest_offers_only_what_looks_like_a_typing_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
