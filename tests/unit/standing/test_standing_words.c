/* What a standing agent says of weeks of waiting. */
#include "check.h"

#include "standing_words_inner.h"

#include <stdio.h>

static void a_sentence_is_said_once_however_often_it_is_met(void **state)
{
    struct standing_words words = {0};

    (void)state;
    assert_true(standing_words_are_news(&words, "refused", 0));
    for (int64_t hour = 1; hour < 100; hour++) {
        assert_false(standing_words_are_news(&words, "refused", hour * 3600 * NS_PER_S));
    }
}

static void two_that_take_turns_are_said_again_after_a_while(void **state)
{
    struct standing_words words = {0};
    uint32_t said = 0;

    (void)state;
    for (int64_t second = 0; second < 1200; second++) {
        said += standing_words_are_news(&words, second % 2 == 0 ? "a" : "b", second * NS_PER_S);
    }
    assert_int_equal(said, 4); /* Each at its begin, and after ten minutes. */
}

static void after_a_run_all_is_news_again(void **state)
{
    struct standing_words words = {0};

    (void)state;
    assert_true(standing_words_are_news(&words, "waiting", 0));
    standing_words_forget(&words);
    assert_true(standing_words_are_news(&words, "waiting", 1));
}

static void of_more_than_are_kept_the_oldest_is_forgotten(void **state)
{
    struct standing_words words = {0};
    char text[32];

    (void)state;
    for (int i = 0; i < STANDING_WORDS_MAX + 1; i++) {
        (void)snprintf(text, sizeof text, "reason %d", i);
        assert_true(standing_words_are_news(&words, text, i));
    }
    assert_false(standing_words_are_news(&words, "reason 1", STANDING_WORDS_MAX + 1));
    assert_true(standing_words_are_news(&words, "reason 0", STANDING_WORDS_MAX + 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sentence_is_said_once_however_often_it_is_met),
        cmocka_unit_test(two_that_take_turns_are_said_again_after_a_while),
        cmocka_unit_test(after_a_run_all_is_news_again),
        cmocka_unit_test(of_more_than_are_kept_the_oldest_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
