/*
 * Scenario files as they are: tests/regress/scenarios holds wrong ones, each with the messages that
 * it must give, and scenarios/ holds those that are shipped, which must give none.
 */
#include "check.h"
#include "file.h"
#include "scenario_load.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 500

static void load(const char *path, struct text *ret_problems, int *ret_code)
{
    const struct scenario_sources sources = {.path = path};
    struct scenario *scenario = NULL;
    struct text warnings = {0};

    *ret_code = scenario_load(&sources, &scenario, ret_problems, &warnings);
    scenario_free(scenario);
    text_done(&warnings);
}

static void gives_the_expected_messages(void **state)
{
    const char *path = *state;
    char expected_path[300];
    char *expected = NULL;
    size_t expected_bytes = 0;
    struct text problems = {0};
    int code = 0;

    (void)snprintf(expected_path, sizeof expected_path, "%.*s.expected", (int)strlen(path) - 5,
                   path);
    assert_int_equal(
        file_read_all(expected_path, SCENARIO_BYTES_MAX, &expected, &expected_bytes, NULL), 0);
    load(path, &problems, &code);
    assert_int_equal(code, -EINVAL);
    assert_string_equal(problems.bytes, expected);
    text_done(&problems);
    free(expected);
}

static void has_no_problem(void **state)
{
    struct text problems = {0};
    int code = 0;

    load(*state, &problems, &code);
    if (code != 0) {
        fail_msg("%s", problems.bytes);
    }
    text_done(&problems);
}

static int is_scenario(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot != NULL && strcmp(dot, ".yaml") == 0;
}

/* argv: the folder of wrong scenarios, the folder of shipped ones. */
int main(int argc, char **argv)
{
    static struct CMUnitTest tests[FILES_MAX];
    struct dirent **files = NULL;
    int failed = 0;

    (void)setenv("TEST_NAME", "world", 1);
    (void)setenv("TEST_EMPTY", "", 1);
    (void)unsetenv("TEST_UNSET");
    for (int i = 1; i < argc; i++) {
        int count;

        /* Messages begin with the path, so it must be the same everywhere. */
        if (chdir(argv[i]) != 0) {
            perror(argv[i]);
            return 1;
        }
        count = scandir(".", &files, is_scenario, alphasort);
        if (count <= 0 || count > FILES_MAX) {
            (void)fprintf(stderr, "%s: %d scenarios\n", argv[i], count);
            return 1;
        }
        for (int f = 0; f < count; f++) {
            tests[f] = (struct CMUnitTest){.name = files[f]->d_name,
                                           .test_func = i == 1 ? gives_the_expected_messages
                                                               : has_no_problem,
                                           .initial_state = files[f]->d_name};
        }
        failed += _cmocka_run_group_tests(argv[i], tests, (size_t)count, NULL, NULL);
        for (int f = 0; f < count; f++) {
            free(files[f]);
        }
        free(files);
    }
    return failed;
}
