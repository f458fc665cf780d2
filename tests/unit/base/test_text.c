#include "check.h"

#include "errinfo.h"
#include "file.h"
#include "log.h"
#include "random.h"
#include "temp.h"
#include "text.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void words_of_strangers_move_no_cursor(void **state)
{
    char text[] = "a\x1b[2J\x07 \xc3\xa9\t\xc2\x9b"
                  "31m\r\nb\x7f";
    char lines[] = "a\x1b\n\tb\r";

    (void)state;
    text_tame(text, false);
    assert_string_equal(text, "a?[2J? \xc3\xa9 ??31m? b?");
    text_tame(lines, true);
    assert_string_equal(lines, "a?\n\tb?");
}

static void no_bytes_at_all_keep_a_control_character(void **state)
{
    struct random random;
    char raw[] = "\x9b"
                 "31m \xe2\x80\xae"
                 "abc \xe2\x82\xac \xc3";

    (void)state;
    text_tame(raw, false);
    assert_string_equal(raw, "?31m ???abc \xe2\x82\xac ?");
    random_seed(&random, 1);
    for (int i = 0; i < 20000; i++) {
        char text[32] = "";
        char once[sizeof text];
        size_t length = (size_t)(random_next(&random) % (sizeof text - 1));

        for (size_t at = 0; at < length; at++) {
            /* Often one of those that matter. */
            static const unsigned char often[] = {0x1b, 0xc2, 0x9b, 0xe2, 0x80, 0xae, 0x81, 0xa7};
            uint64_t draw = random_next(&random);

            text[at] = (char)(draw % 2 == 0 ? often[draw / 2 % sizeof often] : 1 + draw / 2 % 255);
        }
        text_tame(text, i % 2 == 0);
        assert_int_equal(strlen(text), length);
        for (size_t at = 0; at < length;) {
            size_t bytes = utf8_length(text + at, length - at);
            unsigned char c = (unsigned char)text[at];

            assert_true(bytes > 0 && c != 0x7f);
            assert_true(c >= ' ' || (i % 2 == 0 && (c == '\n' || c == '\t')));
            assert_false(c == 0xc2 && (unsigned char)text[at + 1] < 0xa0);
            at += bytes;
        }
        memcpy(once, text, sizeof text);
        text_tame(text, i % 2 == 0);
        assert_string_equal(text, once);
    }
}

/* A text with a line feed made a second line, which could look like one of the log's own. */
static void a_line_of_the_log_is_one_line(void **state)
{
    char path[TEMP_BYTES];
    char *log = NULL;
    size_t bytes = 0;
    int fd = mkstemp(temp_name(path, "log"));

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(log_open(path, NULL), 0);
    log_info("refused: %s", "x\n2026-01-01T00:00:00.000Z error   not ours\x1b[31m");
    log_close();
    assert_int_equal(file_read_all(path, 4096, &log, &bytes, NULL), 0);
    assert_ptr_equal(strchr(log, '\n'), log + bytes - 1);
    assert_null(strchr(log, '\x1b'));
    free(log);
    (void)close(fd);
    (void)unlink(path);
}

static void what_is_too_long_ends_after_its_last_whole_word(void **state)
{
    static const char sentence[] = "memory: the host was too busy, or it was stopped";
    char exact[sizeof sentence];
    char text[24];
    char most[10];

    (void)state;
    assert_string_equal(text_fitf(exact, sizeof exact, "%s", sentence), sentence);
    assert_string_equal(text_fitf(text, sizeof text, "%s", sentence), "memory: the host …");
    assert_string_equal(text_fitf(text, sizeof text, "a %s", "host: too busy, or stopped"),
                        "a host: too busy …");
    /* A word alone is broken, but no character of it. */
    assert_string_equal(text_fitf(most, sizeof most,
                                  "ab\xc3\xa9\xc3\xa9"
                                  "cdefgh"),
                        "ab\xc3\xa9 …");
    for (size_t bytes = TEXT_FIT_BYTES_MIN; bytes <= sizeof exact; bytes++) {
        assert_true(strlen(text_fitf(exact, bytes, "%s", sentence)) < bytes);
        assert_true(text_columns(exact) > 0);
    }
}

static void an_error_is_never_cut_within_a_word(void **state)
{
    struct errinfo err;
    char *name = calloc(1, 2 * ERRINFO_BYTES);

    (void)state;
    assert_non_null(name);
    for (int i = 0; i < ERRINFO_BYTES / 8; i++) {
        memcpy(name + strlen(name), "counted ", sizeof "counted ");
    }
    assert_int_equal(errinfo_set(&err, -EIO, "it %s", name), -EIO);
    assert_string_equal(err.text + strlen(err.text) - strlen("counted …"), "counted …");
    assert_int_equal(errinfo_prefix(&err, -EIO, "target %s", "kafka"), -EIO);
    assert_string_equal(err.text + strlen(err.text) - strlen("counted …"), "counted …");
    free(name);
}

static void columns_are_characters(void **state)
{
    struct text text = {0};

    (void)state;
    assert_int_equal(text_columns("25.6 µs"), 7);
    text_add_padded(&text, 9, "25.6 µs");
    text_add_padded(&text, -9, "25.6 µs");
    text_add_padded(&text, 3, "25.6 µs");
    text_add(&text, "|");
    assert_string_equal(text.bytes, "  25.6 µs25.6 µs  25.6 µs|");
    text_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_strangers_move_no_cursor),
        cmocka_unit_test(no_bytes_at_all_keep_a_control_character),
        cmocka_unit_test(a_line_of_the_log_is_one_line),
        cmocka_unit_test(what_is_too_long_ends_after_its_last_whole_word),
        cmocka_unit_test(an_error_is_never_cut_within_a_word),
        cmocka_unit_test(columns_are_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
