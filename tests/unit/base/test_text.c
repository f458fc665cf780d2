#include "check.h"

#include "errinfo.h"
#include "file.h"
#include "log.h"
#include "temp.h"
#include "text.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_strangers_move_no_cursor),
        cmocka_unit_test(a_line_of_the_log_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
