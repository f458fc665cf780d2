#include "base64_inner.h"
#include "check.h"
#include "join_line_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 4648, 10, without padding. */
static void base64_is_that_of_the_standard(void **state)
{
    static const char *const examples[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        const char *plain = examples[i][0];
        const char *coded = examples[i][1];
        struct text out = {0};
        uint8_t bytes[16];
        size_t bytes_count = 99;

        text_add(&out, "");
        base64_write((const uint8_t *)plain, strlen(plain), &out);
        assert_string_equal(out.bytes, coded);
        assert_int_equal(base64_read(coded, strlen(coded), bytes, &bytes_count), 0);
        assert_int_equal(bytes_count, strlen(plain));
        assert_memory_equal(bytes, plain, bytes_count);
        text_done(&out);
    }
}

static void base64_refuses_what_no_bytes_are_written_as(void **state)
{
    static const char *const wrong[] = {"A", "Zg==", "Zm9v!", "Zm+v", "Zm/v", "Zh", "Zm9", "Zm9vY"};
    uint8_t bytes[16];
    size_t bytes_count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(base64_read(wrong[i], strlen(wrong[i]), bytes, &bytes_count), -EBADMSG);
    }
    assert_int_equal(base64_read("Zm9\0", 4, bytes, &bytes_count), -EBADMSG);
}

static void documents_of_every_byte_and_length_come_back(void **state)
{
    uint8_t document[300];

    (void)state;
    for (size_t i = 0; i < sizeof document; i++) {
        document[i] = (uint8_t)(i * 37);
    }
    for (size_t length = 1; length <= sizeof document; length++) {
        struct text line = {0};
        struct errinfo error = {""};
        uint8_t *read = NULL;
        size_t read_bytes = 0;

        assert_int_equal(join_line_write(document, length, &line), 0);
        assert_int_equal(join_line_read(line.bytes, line.bytes_count, &read, &read_bytes, &error),
                         0);
        assert_int_equal(read_bytes, length);
        assert_memory_equal(read, document, length);
        free(read);
        text_done(&line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_the_standard),
        cmocka_unit_test(base64_refuses_what_no_bytes_are_written_as),
        cmocka_unit_test(documents_of_every_byte_and_length_come_back)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
