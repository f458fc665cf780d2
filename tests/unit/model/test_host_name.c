/* Names and labels of hosts. */
#include "check.h"
#include "host_label.h"
#include "host_name.h"

#include <errno.h>

static void expect(int (*check)(const char *text, struct errinfo *reterr), const char *const *texts,
                   size_t count, int code)
{
    for (size_t i = 0; i < count; i++) {
        struct errinfo error = {""};

        assert_int_equal(check(texts[i], &error), code);
    }
}

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

    (void)state;
    expect(host_name_check, good, sizeof good / sizeof good[0], 0);
    expect(host_name_check, bad, sizeof bad / sizeof bad[0], -EINVAL);
}

static void labels_are_a_key_and_a_value(void **state)
{
    static const char *const good[] = {"zone=a", "a=b=c"};
    static const char *const bad[] = {
        "", "zone", "=a", "zone=", "zone=a b", "zone=a,b", "z=\x1b[1m"};

    (void)state;
    expect(host_label_check, good, sizeof good / sizeof good[0], 0);
    expect(host_label_check, bad, sizeof bad / sizeof bad[0], -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_words_that_files_and_lists_can_have),
        cmocka_unit_test(labels_are_a_key_and_a_value)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
