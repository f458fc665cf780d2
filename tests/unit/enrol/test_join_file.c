#include "check.h"
#include "enrol_bench.h"
#include "join_line_inner.h"
#include "secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *line_of(const struct join_file *join)
{
    struct text line = {.secret = true};

    assert_int_equal(join_file_write(join, &line), 0);
    return text_take(&line);
}

static char *usual_line(void)
{
    struct join_file join = enrol_bench_join();
    char *line = line_of(&join);

    join_file_done(&join);
    return line;
}

static void what_was_written_is_read_again(void **state)
{
    struct join_file written = enrol_bench_join();
    struct join_file read = {0};
    char *line = line_of(&written);
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(strncmp(line, "millrace-join-1:", 16), 0);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    assert_int_equal(join_file_parse(line, strlen(line), &read, &error), 0);
    assert_string_equal(read.name, "load1");
    assert_false(read.fleet);
    assert_int_equal(read.processes_count, 3);
    assert_int_equal(read.addresses_count, 2);
    assert_string_equal(read.addresses[1].text, "[::1]:7700");
    assert_string_equal(read.authority_pem, written.authority_pem);
    assert_string_equal(read.certificate_pem, written.certificate_pem);
    assert_string_equal(read.key_pem, written.key_pem);
    assert_memory_equal(read.secret, written.secret, HMAC_BYTES);
    assert_int_equal(read.valid_from_s, BENCH_BEGIN_S);
    assert_int_equal(read.valid_until_s, BENCH_END_S);
    free(line);
    join_file_done(&written);
    join_file_done(&read);
}

static void blanks_and_line_ends_around_the_line_are_passed_over(void **state)
{
    char *line = usual_line();
    struct text padded = {0};
    struct join_file read = {0};
    struct errinfo error = {""};

    (void)state;
    text_addf(&padded, "\n  %.*s \r\n\n", (int)strlen(line) - 1, line);
    assert_int_equal(join_file_parse(padded.bytes, padded.bytes_count, &read, &error), 0);
    join_file_done(&read);
    text_done(&padded);
    free(line);
}

static void assert_refused(const char *line, const char *why)
{
    struct join_file read = {.fleet = true};
    struct errinfo error = {""};

    assert_int_equal(join_file_parse(line, strlen(line), &read, &error), -EBADMSG);
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
    assert_true(read.fleet); /* Untouched. */
}

static void what_is_no_join_file_is_said_to_be_none(void **state)
{
    static const char why[] = "is no join file: its line would begin with \"millrace-join-1:\"";

    (void)state;
    assert_refused("", why);
    assert_refused("hello", why);
    assert_refused("-----BEGIN CERTIFICATE-----\n", why);
    assert_refused("millrace-join-x1:AAAA.0123456789abcdef", why);
    assert_refused("millrace-join-:AAAA.0123456789abcdef", why);
    assert_refused("MILLRACE-JOIN-1:AAAA.0123456789abcdef", why);
}

static void another_version_names_both(void **state)
{
    char *line = usual_line();

    (void)state;
    line[14] = '2';
    assert_refused(line, "is a join file of version 2, and this build (" MILLRACE_VERSION
                         ") reads version 1: install the coordinator's version");
    free(line);
}

static void a_line_that_was_cut_off_anywhere_is_said_to_be(void **state)
{
    char *line = usual_line();

    (void)state;
    for (size_t length = strlen(line) - 2; length > 14; length -= length > 100 ? 61 : 1) {
        line[length] = '\0';
        assert_refused(line, "is cut off: make a copy of the whole line");
    }
    free(line);
}

static void any_changed_character_is_found(void **state)
{
    char *line = usual_line();

    (void)state;
    for (size_t at = 16; at < strlen(line) - 1; at += 7) {
        char kept = line[at];

        line[at] = kept == 'A' ? 'B' : 'A';
        if (kept != '.') {
            assert_refused(line, "is damaged");
        }
        line[at] = kept;
    }
    free(line);
}

static void two_lines_are_refused(void **state)
{
    char *line = usual_line();
    struct text twice = {0};

    (void)state;
    text_addf(&twice, "%s%s", line, line);
    assert_refused(twice.bytes, "has more than one line");
    text_done(&twice);
    free(line);
}

static void assert_document_refused(const struct join_file *join, const char *why)
{
    char *line = line_of(join);

    assert_refused(line, why);
    free(line);
}

/* A line whose check is right: by one who makes them. */
static void documents_that_can_not_be_right_are_refused(void **state)
{
    struct join_file join = enrol_bench_join();
    struct text line = {0};
    char *key = join.key_pem;

    (void)state;
    join.addresses_count = 0;
    assert_document_refused(&join, "is damaged: join_file: addresses has 0 items (1 to 8)");
    join.addresses_count = 1;
    join.key_pem = bench.coordinator.key_pem;
    assert_document_refused(&join, "is damaged: the key is not that of the certificate");
    join.key_pem = key;
    (void)strcpy(join.addresses[0].text, "nowhere");
    assert_document_refused(&join, "is damaged: an address is not HOST:PORT");
    join_file_done(&join);
    assert_int_equal(join_line_write((const uint8_t *)"nothing", 7, &line), 0);
    assert_refused(line.bytes, "is damaged: the document is damaged");
    text_done(&line);
}

static void no_error_says_a_word_of_what_is_in_it(void **state)
{
    char *line = usual_line();
    struct join_file read = {0};
    struct errinfo error = {""};

    (void)state;
    for (size_t length = 1; length + 1 < strlen(line); length += 13) {
        char kept = line[length];

        line[length] = '\0';
        assert_true(join_file_parse(line, length, &read, &error) < 0);
        line[length] = kept;
        for (size_t at = 20; at + 8 < strlen(line); at += 8) {
            char word[9] = "";

            memcpy(word, line + at, 8);
            assert_null(strstr(error.text, word));
        }
    }
    free(line);
}

static void it_is_valid_from_its_begin_to_its_end(void **state)
{
    struct join_file join = enrol_bench_join();
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(join_file_check_time(&join, BENCH_BEGIN_S, &error), 0);
    assert_int_equal(join_file_check_time(&join, BENCH_END_S, &error), 0);
    assert_int_equal(join_file_check_time(&join, BENCH_END_S + 1, &error), -EKEYEXPIRED);
    assert_string_equal(error.text,
                        "certificate ended 2026-12-30 00:53 UTC: millrace hosts add load1 --again "
                        "(on the coordinator's host; here it is 2026-12-30 00:53 UTC)");
    assert_int_equal(join_file_check_time(&join, BENCH_BEGIN_S - 1, &error), -EAGAIN);
    assert_string_equal(error.text,
                        "certificate is not yet valid: it begins 2026-11-30 00:53 UTC, and it is "
                        "2026-11-30 00:53 UTC here: set this host's clock, or the coordinator's");
    assert_int_equal(join_file_check_time(&join, 0, &error), -EAGAIN);
    assert_non_null(strstr(error.text, "it is 1970-01-01 00:00 UTC here"));
    assert_int_equal(join_file_check_time(&join, INT64_MAX, &error), -EKEYEXPIRED);
    join_file_done(&join);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
    static const unsigned int modes[] = {0604, 0640, 0644, 0666, 0620};
    char *line = usual_line();
    struct join_file read = {0};
    struct errinfo error = {""};
    char *path;

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct text hint = {0};

        path = enrol_bench_file("load1.join", line, modes[i]);
        text_addf(&hint, ": chmod 600 %s", path);
        assert_int_equal(join_file_read(path, &read, &error), -EPERM);
        assert_non_null(strstr(error.text, hint.bytes));
        text_done(&hint);
        free(path);
    }
    path = enrol_bench_file("load1.join", line, 0600);
    assert_int_equal(join_file_read(path, &read, &error), 0);
    join_file_done(&read);
    free(path);
    free(line);
}

static void what_is_wrong_in_a_file_is_said_with_its_path(void **state)
{
    struct join_file read = {0};
    struct errinfo error = {""};
    char *path = enrol_bench_file("wrong.join", "hello\n", 0600);

    (void)state;
    assert_int_equal(join_file_read(path, &read, &error), -EBADMSG);
    assert_int_equal(strncmp(error.text, path, strlen(path)), 0);
    free(path);
    assert_int_equal(join_file_read("/nowhere/load1.join", &read, &error), -ENOENT);
    assert_string_equal(error.text,
                        "/nowhere/load1.join: can't be read: No such file or directory");
}

static void a_dash_reads_stdin(void **state)
{
    char *line = usual_line();
    struct join_file read = {0};
    struct errinfo error = {""};
    int kept = dup(STDIN_FILENO);
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], line, strlen(line)), (ssize_t)strlen(line));
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(join_file_read("-", &read, &error), 0);
    assert_string_equal(read.name, "load1");
    join_file_done(&read);
    assert_int_equal(join_file_read("-", &read, &error), -ENODATA);
    assert_string_equal(error.text, "stdin: is empty");
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(kept), 0);
    free(line);
}

static void nothing_is_left_of_one_that_is_done(void **state)
{
    struct join_file join = enrol_bench_join();
    const struct join_file nothing = {0};

    (void)state;
    join_file_done(&join);
    assert_memory_equal(&join, &nothing, sizeof nothing);
    join_file_done(&join);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(blanks_and_line_ends_around_the_line_are_passed_over),
        cmocka_unit_test(what_is_no_join_file_is_said_to_be_none),
        cmocka_unit_test(another_version_names_both),
        cmocka_unit_test(a_line_that_was_cut_off_anywhere_is_said_to_be),
        cmocka_unit_test(any_changed_character_is_found),
        cmocka_unit_test(two_lines_are_refused),
        cmocka_unit_test(documents_that_can_not_be_right_are_refused),
        cmocka_unit_test(no_error_says_a_word_of_what_is_in_it),
        cmocka_unit_test(it_is_valid_from_its_begin_to_its_end),
        cmocka_unit_test(a_file_that_others_can_read_is_refused),
        cmocka_unit_test(what_is_wrong_in_a_file_is_said_with_its_path),
        cmocka_unit_test(a_dash_reads_stdin),
        cmocka_unit_test(nothing_is_left_of_one_that_is_done)};

    return cmocka_run_group_tests(tests, enrol_bench_begin, enrol_bench_end);
}
