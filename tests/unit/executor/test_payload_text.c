#include "check.h"
#include "payload_text_inner.h"

#include <stdbool.h>
#include <string.h>

#define BYTES_MAX 3000
#define DEPTH_MAX 4

static const char *read_string(const char *at, const char *end)
{
    if (at == end || *at != '"') {
        return NULL;
    }
    for (at++; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20 || *at == '\\') {
            return NULL;
        }
    }
    return at < end ? at + 1 : NULL;
}

static const char *read_number(const char *at)
{
    size_t whole = strspn(at, "0123456789");

    if (whole == 0 || (whole > 1 && at[0] == '0')) {
        return NULL;
    }
    at += whole;
    if (*at == '.') {
        size_t places = strspn(at + 1, "0123456789");

        at = places > 0 ? at + 1 + places : NULL;
    }
    return at;
}

static const char *read_scalar(const char *at, const char *end)
{
    if (at < end && *at == '"') {
        return read_string(at, end);
    }
    if (end - at > 4 && strncmp(at, "true", 4) == 0) {
        return at + 4;
    }
    if (end - at > 5 && strncmp(at, "false", 5) == 0) {
        return at + 5;
    }
    return at < end ? read_number(at) : NULL;
}

/* A name and its colon, within an object; nothing within a list. */
static const char *read_name(const char *at, const char *end, char close)
{
    if (close == ']') {
        return at;
    }
    at = read_string(at, end);
    return at != NULL && at < end && *at == ':' ? at + 1 : NULL;
}

/* Is it one JSON document, by its grammar, but for escapes, exponents and null? */
static bool is_json(const char *at, const char *end)
{
    char closes[DEPTH_MAX];
    int depth = 0;

    while (at != NULL && at < end) {
        bool opens = *at == '[' || *at == '{';

        if (opens) {
            assert_true(depth < DEPTH_MAX);
            closes[depth++] = *at == '[' ? ']' : '}';
            at++;
            at += strspn(at, " ");
            if (at >= end || *at != closes[depth - 1]) {
                at = read_name(at, end, closes[depth - 1]);
                continue;
            }
        } else {
            at = read_scalar(at, end);
        }
        while (at != NULL && at < end && depth > 0 && *at == closes[depth - 1]) {
            at++;
            depth--;
        }
        if (depth == 0) {
            return at == end;
        }
        at =
            at != NULL && at < end && *at == ',' ? read_name(at + 1, end, closes[depth - 1]) : NULL;
    }
    return false;
}

static void the_check_of_json_knows_what_is_none(void **state)
{
    static const char *const good[] = {"0", "{}", "{   }", "[]",
                                       "[{\"a\":1.5},{\"b\":[\"c\",true]}]"};
    static const char *const bad[] = {"",      "{",         "[1,]",   "{\"a\"}", "{\"a\":}",
                                      "[1 2]", "[\"a]",     "[01]",   "[1.]",    "{}{}",
                                      "[1],",  "{\"a\":1]", "[1],[2]"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(is_json(good[i], good[i] + strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(is_json(bad[i], bad[i] + strlen(bad[i])));
    }
}

static void json_is_valid_at_every_length(void **state)
{
    static char text[BYTES_MAX + 2];
    struct random random;

    (void)state;
    random_seed(&random, 1);
    for (size_t bytes = 1; bytes <= BYTES_MAX; bytes++) {
        memset(text, '#', sizeof text);
        payload_fill_json(text, bytes, &random);
        assert_int_equal(text[bytes], '#');
        assert_true(is_json(text, text + bytes));
    }
    text[0] = '#';
    payload_fill_json(text, 0, &random);
    assert_int_equal(text[0], '#');
}

static void text_is_of_printable_characters_in_lines(void **state)
{
    static char text[BYTES_MAX + 1];
    struct random random;
    size_t line = 0;

    (void)state;
    random_seed(&random, 1);
    text[BYTES_MAX] = '#';
    payload_fill_text(text, BYTES_MAX, &random);
    assert_int_equal(text[BYTES_MAX], '#');
    for (size_t i = 0; i < BYTES_MAX; i++) {
        assert_true(text[i] == ' ' || text[i] == '\n' || (text[i] >= 'a' && text[i] <= 'z'));
        line = text[i] == '\n' ? 0 : line + 1;
        assert_true(line < 100);
    }
}

static void contents_depend_on_the_numbers_alone(void **state)
{
    static char texts[3][500];
    struct random random;

    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        random_seed(&random, i / 2);
        payload_fill_json(texts[i], sizeof texts[i], &random);
    }
    assert_memory_equal(texts[0], texts[1], sizeof texts[0]);
    assert_memory_not_equal(texts[0], texts[2], sizeof texts[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_of_json_knows_what_is_none),
        cmocka_unit_test(json_is_valid_at_every_length),
        cmocka_unit_test(text_is_of_printable_characters_in_lines),
        cmocka_unit_test(contents_depend_on_the_numbers_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
