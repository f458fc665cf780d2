/*
 * The schema and the key reference are made from the table of keys, so they can't say something
 * else than the program does. After a change of the table:
 *   bin/test_scenario_docs scenarios/schema.json scenarios/README.md write
 */
#include "check.h"
#include "file.h"
#include "scenario_docs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX ((size_t)1024 * 1024)
#define REFERENCE_BEGIN "<!-- keys: made from the table of keys, see tests/unit/scenario -->\n"
#define REFERENCE_END "<!-- end of keys -->\n"

static const char *schema_path;
static const char *readme_path;

/* The caller frees *ret. Not a return value: gcc 12 then takes pointers into it for dangling ones.
 */
static void read_file(const char *path, char **ret)
{
    size_t bytes_count = 0;

    *ret = NULL;
    assert_int_equal(file_read_all(path, BYTES_MAX, ret, &bytes_count, NULL), 0);
}

static void the_schema_is_that_of_the_table_of_keys(void **state)
{
    char *is;
    struct text should_be = {0};

    (void)state;
    read_file(schema_path, &is);
    docs_schema(&should_be);
    assert_string_equal(is, should_be.bytes);
    text_done(&should_be);
    free(is);
}

static void the_reference_is_that_of_the_table_of_keys(void **state)
{
    struct text should_be = {0};
    char *is;
    char *begin;
    char *end;

    (void)state;
    read_file(readme_path, &is);
    begin = strstr(is, REFERENCE_BEGIN);
    end = strstr(is, REFERENCE_END);
    assert_true(begin != NULL && end != NULL && begin < end);
    *end = '\0';
    docs_reference(&should_be);
    assert_string_equal(begin + strlen(REFERENCE_BEGIN), should_be.bytes);
    text_done(&should_be);
    free(is);
}

static void write_both(void)
{
    struct text schema = {0};
    struct text readme = {0};
    char *is;
    char *begin;
    char *end;

    read_file(readme_path, &is);
    begin = strstr(is, REFERENCE_BEGIN);
    end = strstr(is, REFERENCE_END);
    docs_schema(&schema);
    assert_int_equal(file_write_all(schema_path, schema.bytes, schema.bytes_count, NULL), 0);
    assert_true(begin != NULL && end != NULL);
    text_add_bytes(&readme, is, (size_t)(begin - is) + strlen(REFERENCE_BEGIN));
    docs_reference(&readme);
    text_add(&readme, end);
    assert_int_equal(file_write_all(readme_path, readme.bytes, readme.bytes_count, NULL), 0);
    text_done(&schema);
    text_done(&readme);
    free(is);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_is_that_of_the_table_of_keys),
        cmocka_unit_test(the_reference_is_that_of_the_table_of_keys),
    };

    if (argc < 3) {
        (void)fprintf(stderr, "usage: %s SCHEMA README [write]\n", argv[0]);
        return 1;
    }
    schema_path = argv[1];
    readme_path = argv[2];
    if (argc == 4 && strcmp(argv[3], "write") == 0) {
        write_both();
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
