#include "check.h"
#include "enrol_bench.h"
#include "secret_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_file_of_its_owner_is_read_whole(void **state)
{
    char *path = enrol_bench_file("key", "a secret\n", 0400);
    struct errinfo error = {""};
    char *bytes = NULL;
    size_t bytes_count = 0;

    (void)state;
    assert_int_equal(secret_file_read(path, &bytes, &bytes_count, &error), 0);
    assert_int_equal(bytes_count, 9);
    assert_string_equal(bytes, "a secret\n");
    secret_file_free(bytes, bytes_count);
    assert_int_equal(chmod(path, 0600), 0);
    free(path);
}

static void assert_refused(const char *path, int code, const char *why)
{
    struct errinfo error = {""};
    char *bytes = NULL;
    size_t bytes_count = 0;

    assert_int_equal(secret_file_read(path, &bytes, &bytes_count, &error), code);
    assert_null(bytes);
    assert_int_equal(strncmp(error.text, path, strlen(path)), 0);
    if (strstr(error.text, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    }
}

/* What comes after it is a leash's, or whoever reads next's. */
static void the_first_line_of_stdin_is_read_and_nothing_beyond_it(void **state)
{
    int before = dup(STDIN_FILENO);
    int ends[2];
    char *bytes = NULL;
    size_t bytes_count = 0;
    char rest = '\0';

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "a secret\nx", 10), 10);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(secret_file_read_line(&bytes, &bytes_count, NULL), 0);
    assert_string_equal(bytes, "a secret\n");
    assert_int_equal(bytes_count, 9);
    secret_file_free(bytes, bytes_count);
    assert_int_equal(read(STDIN_FILENO, &rest, 1), 1);
    assert_int_equal(rest, 'x');
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(secret_file_read_line(&bytes, &bytes_count, NULL), -ENODATA);
    assert_int_equal(dup2(before, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(before), 0);
    assert_int_equal(close(ends[0]), 0);
}

static void folders_empty_and_large_files_are_refused(void **state)
{
    char *empty = enrol_bench_file("empty", "", 0600);
    char *text = malloc(SECRET_FILE_BYTES_MAX + 2);
    char *large;

    (void)state;
    memset(text, 'x', SECRET_FILE_BYTES_MAX + 1);
    text[SECRET_FILE_BYTES_MAX + 1] = '\0';
    large = enrol_bench_file("large", text, 0600);
    assert_refused(empty, -ENODATA, "is empty");
    assert_refused(large, -EFBIG, "larger than 65536 bytes");
    assert_refused(bench.folder, -EISDIR, "Is a directory");
    free(text);
    free(large);
    free(empty);
}

static void what_systemd_keeps_may_look_as_if_a_group_could_read_it(void **state)
{
    char *path = enrol_bench_file("agent.join", "a secret\n", 0440);
    struct errinfo error = {""};
    char *bytes = NULL;
    size_t bytes_count = 0;

    (void)state;
    assert_refused(path, -EPERM, "others than its owner can read it (mode 0440): chmod 600 ");
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", bench.folder, 1), 0);
    assert_int_equal(secret_file_read(path, &bytes, &bytes_count, &error), 0);
    secret_file_free(bytes, bytes_count);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp/test_enrol", 1), 0);
    assert_refused(path, -EPERM, "chmod 600 ");
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_its_owner_is_read_whole),
        cmocka_unit_test(folders_empty_and_large_files_are_refused),
        cmocka_unit_test(the_first_line_of_stdin_is_read_and_nothing_beyond_it),
        cmocka_unit_test(what_systemd_keeps_may_look_as_if_a_group_could_read_it)};

    return cmocka_run_group_tests(tests, enrol_bench_begin, enrol_bench_end);
}
