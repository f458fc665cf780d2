/* The summary in the terminal. */
#include "check.h"

#include "result_fixture.h"
#include "summary.h"

#include <stdio.h>
#include <string.h>

static struct result *make(bool faults, bool all)
{
    const struct fixture_options options = {
        .seconds = 30, .all_measured = all, .faults = faults, .seed = 5};

    return result_fixture(&options);
}

/* Columns of the widest line. */
static int widest(const char *text)
{
    int widest_line = 0;
    int width = 0;

    for (; *text != '\0'; text++) {
        width = *text == '\n' ? 0 : width + (((unsigned char)*text & 0xC0) != 0x80 ? 1 : 0);
        widest_line = width > widest_line ? width : widest_line;
    }
    return widest_line;
}

static void summary_fits_every_width(void **state)
{
    (void)state;
    for (int width = 40; width <= 140; width += 7) {
        struct result *result = make(true, false);
        struct text out = {0};

        (void)snprintf(result->cases[0].name, NAME_BYTES, "a-label-that-is-far-too-long-to-fit");
        assert_int_equal(summary_write(result, width, &out), 0);
        assert_true(widest(out.bytes) <= width);
        text_done(&out);
        result_free(result);
    }
}

static void summary_has_a_line_per_target_with_the_reason_of_the_skipped(void **state)
{
    struct result *result = make(true, false);
    struct text out = {0};

    (void)state;
    assert_int_equal(summary_write(result, 110, &out), 0);
    assert_non_null(strstr(out.bytes, "\n  rabbit-3.10 "));
    assert_non_null(strstr(out.bytes, "\n  mosquitto    skipped: 127.0.0.1:1883: connection"));
    text_done(&out);
    result_free(result);
}

static void summary_lists_a_reason_that_phases_share_once(void **state)
{
    struct result *result = make(false, true);
    struct text out = {0};
    const char *first;

    (void)state;
    result_fixture_reason(result, "x", "kafka", "nobody was there");
    result_fixture_reason(result, "x", "kafka", "nobody was there");
    assert_int_equal(summary_write(result, 110, &out), 0);
    first = strstr(out.bytes, "nobody was there");
    assert_non_null(first);
    assert_null(strstr(first + 1, "nobody was there"));
    text_done(&out);
    result_free(result);
}

/* Three cases of a sweep over two keys were cut to the same name. */
static void summary_keeps_the_end_of_a_long_name(void **state)
{
    struct result *result = make(true, false);
    struct text out = {0};

    (void)state;
    (void)snprintf(result->cases[0].name, NAME_BYTES, "memory/size=16KiB/producers=4");
    assert_int_equal(summary_write(result, 110, &out), 0);
    assert_non_null(strstr(out.bytes, "\n  …/size=16KiB/producers=4 "));
    text_done(&out);
    result_free(result);
}

/* At 80 columns "reord." and "corrupt" were given up for a long name and the largest latency. */
static void summary_shows_faults_of_messages_at_eighty_columns(void **state)
{
    struct result *result = make(true, true);
    struct text out = {0};

    (void)state;
    (void)snprintf(result->cases[0].name, NAME_BYTES, "a-label-that-is-far-too-long-to-fit");
    result->cases[0].phases[0].delivery.corrupted = 3;
    assert_int_equal(summary_write(result, 80, &out), 0);
    assert_non_null(strstr(out.bytes, "dupl.  reord.  corrupt"));
    assert_true(widest(out.bytes) <= 80);
    text_done(&out);
    result_free(result);
}

static void summary_lists_the_cases_of_a_target_together(void **state)
{
    struct result *result = make(false, true);
    struct text out = {0};

    (void)state;
    (void)snprintf(result->cases[0].target, NAME_BYTES, "last");
    (void)snprintf(result->cases[3].target, NAME_BYTES, "last");
    (void)snprintf(result->cases[3].name, NAME_BYTES, "last/b");
    assert_int_equal(summary_write(result, 110, &out), 0);
    assert_true(strstr(out.bytes, "\n  last/b ") < strstr(out.bytes, "\n  kafka "));
    text_done(&out);
    result_free(result);
}

static void summary_sends_no_control_characters_to_the_terminal(void **state)
{
    struct result *result = make(true, false);
    struct text out = {0};

    (void)state;
    (void)snprintf(result->cases[0].name, NAME_BYTES, "a\x1b[31mb\r");
    (void)snprintf(result->cases[3].reason, REASON_BYTES, "x\x1b]0;evil\x07y");
    result_fixture_reason(result, "x", "c\x1b[2J", "text\x1b[2J");
    assert_int_equal(summary_write(result, 110, &out), 0);
    assert_null(strchr(out.bytes, '\x1b'));
    assert_null(strchr(out.bytes, '\x07'));
    assert_null(strchr(out.bytes, '\r'));
    text_done(&out);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(summary_fits_every_width),
        cmocka_unit_test(summary_has_a_line_per_target_with_the_reason_of_the_skipped),
        cmocka_unit_test(summary_lists_a_reason_that_phases_share_once),
        cmocka_unit_test(summary_keeps_the_end_of_a_long_name),
        cmocka_unit_test(summary_shows_faults_of_messages_at_eighty_columns),
        cmocka_unit_test(summary_lists_the_cases_of_a_target_together),
        cmocka_unit_test(summary_sends_no_control_characters_to_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
