/* Names and labels of hosts. */
#include "check.h"
#include "host_label.h"
#include "host_name.h"

#include <errno.h>

static void names_are_words_that_files_and_lists_can_have(void **state)
{
    static const char *const good[] = {"load1", "a", "10.0.0.7", "rack-2_host.example", "ALL"};
    static const char *const bad[] = {
        "",
        ".host",
        "-x",
        "a/b",
        "a,b",
        "a b",
        "../x",
        "all",
        "a\n",
        "\xc3\xa4",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    struct errinfo error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(host_name_check(good[i], &error), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(host_name_check(bad[i], &error), -EINVAL);
    }
}

static void labels_are_a_key_and_a_value(void **state)
{
    static const char *const good[] = {"zone=a", "a=b=c"};
    static const char *const bad[] = {
        "", "zone", "=a", "zone=", "zone=a b", "zone=a,b", "z=\x1b[1m"};
    struct errinfo error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(host_label_check(good[i], &error), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(host_label_check(bad[i], &error), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_words_that_files_and_lists_can_have),
        cmocka_unit_test(labels_are_a_key_and_a_value)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
