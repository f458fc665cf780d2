#include "check.h"
#include "host_entry_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NOW_S INT64_C(1796000000) /* 2026-11-30 00:53:20 UTC. */

static struct host_entry usual(void)
{
    return (struct host_entry){.name = "load1",
                               .secret = {1, 2, 3},
                               .added_s = NOW_S,
                               .valid_from_s = NOW_S - 86400,
                               .valid_until_s = NOW_S + 86400,
                               .weight = 4,
                               .labels = {{"zone=a"}, {"disk=nvme"}},
                               .labels_count = 2,
                               .addresses = {{"coord.example:7700"}},
                               .addresses_count = 1,
                               .fleet_count = 20,
                               .processes_count = 3};
}

/* The usual one; the caller frees. */
static uint8_t *written(uint32_t *ret_bytes)
{
    struct host_entry entry = usual();
    struct errinfo error = {""};
    uint8_t *document = NULL;

    assert_int_equal(host_entry_write(&entry, &document, ret_bytes, &error), 0);
    return document;
}

static void an_entry_comes_back_as_it_was_written(void **state)
{
    struct host_entry wanted = usual();
    struct host_entry read = {.is_damaged = true};
    struct errinfo error = {""};
    uint32_t document_bytes = 0;
    uint8_t *document = written(&document_bytes);

    (void)state;
    assert_int_equal(host_entry_read(document, document_bytes, &read, &error), 0);
    assert_memory_equal(&read, &wanted, sizeof read);
    for (uint32_t length = 0; length < document_bytes; length++) {
        uint8_t *cut = malloc(length + 1);

        memcpy(cut, document, length);
        read.weight = 9;
        assert_int_equal(host_entry_read(cut, length, &read, &error), -EBADMSG);
        assert_int_equal(read.weight, 9); /* Untouched. */
        free(cut);
    }
    free(document);
}

static void another_version_of_the_store_is_refused(void **state)
{
    struct host_entry read = {.is_damaged = true};
    struct errinfo error = {""};
    uint32_t document_bytes = 0;
    uint8_t *document = written(&document_bytes);

    (void)state;
    assert_memory_equal(document + 4, "\x10version\0\x01", 10);
    document[13] = 2;
    assert_int_equal(host_entry_read(document, document_bytes, &read, &error), -EBADMSG);
    assert_string_equal(error.text, "version is out of range");
    free(document);
}

static void addresses_are_what_somebody_else_can_dial(void **state)
{
    static const char *const good[] = {"coord.example:7700", "10.0.0.1:1", "[::1]:65535"};
    static const char *const bad[] = {"",       "coord.example", "tcp://a:1", "a:0",   "a:65536",
                                      "a:http", "0.0.0.0:7700",  "[::]:7700", ":7700", "a:1x"};
    struct errinfo error = {""};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(host_address_check(good[i], &error), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(host_address_check(bad[i], &error), -EINVAL);
    }
}

static void one_that_ended_or_is_damaged_says_how_to_go_on(void **state)
{
    struct host_entry entry = usual();
    struct errinfo error = {""};

    (void)state;
    assert_int_equal(host_entry_check(&entry, entry.valid_until_s, &error), 0);
    assert_int_equal(host_entry_check(&entry, entry.valid_until_s + 1, &error), -EKEYEXPIRED);
    assert_string_equal(
        error.text,
        "load1: certificate ended 2026-12-01 00:53 UTC: millrace hosts add load1 --again");
    entry.is_damaged = true;
    assert_int_equal(host_entry_check(&entry, NOW_S, &error), -EBADMSG);
    assert_string_equal(error.text, "load1: its entry is damaged: millrace hosts add load1 --again "
                                    "--at HOST:PORT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_comes_back_as_it_was_written),
        cmocka_unit_test(another_version_of_the_store_is_refused),
        cmocka_unit_test(addresses_are_what_somebody_else_can_dial),
        cmocka_unit_test(one_that_ended_or_is_damaged_says_how_to_go_on)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
