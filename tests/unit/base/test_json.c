#include "check.h"
#include "json.h"
#include "random.h"
#include "utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct json *json, bool indented, struct text *out)
{
    *out = (struct text){0};
    json_begin(json, indented, out);
}

static void assert_document(struct json *json, const char *expected)
{
    json_end(json);
    assert_false(text_failed(json->out));
    assert_string_equal(json->out->bytes, expected);
    text_done(json->out);
}

static void one_line_has_no_blanks(void **state)
{
    struct json json;
    struct text out;

    (void)state;
    begin(&json, false, &out);
    json_text(&json, "name", "a b");
    json_open_array(&json, "list");
    json_i64(&json, NULL, -1);
    json_null(&json, NULL);
    json_close(&json);
    json_open(&json, "nothing");
    json_close(&json);
    json_bool(&json, "yes", true);
    assert_document(&json, "{\"name\":\"a b\",\"list\":[-1,null],\"nothing\":{},\"yes\":true}\n");
}

static void what_is_short_and_flat_stays_on_one_line(void **state)
{
    struct json json;
    struct text out;

    (void)state;
    begin(&json, true, &out);
    json_open(&json, "short");
    json_count(&json, "a", 1);
    json_count(&json, "b", 2);
    json_close(&json);
    json_open_array(&json, "nests");
    json_open_array(&json, NULL);
    json_close(&json);
    json_close(&json);
    json_open(&json, "long");
    json_text(&json, "a", "0123456789012345678901234567890123456789");
    json_text(&json, "b", "0123456789012345678901234567890123456789");
    json_close(&json);
    assert_document(&json, "{\n"
                           "  \"short\": { \"a\": 1, \"b\": 2 },\n"
                           "  \"nests\": [\n"
                           "    []\n"
                           "  ],\n"
                           "  \"long\": {\n"
                           "    \"a\": \"0123456789012345678901234567890123456789\",\n"
                           "    \"b\": \"0123456789012345678901234567890123456789\"\n"
                           "  }\n"
                           "}\n");
}

static void a_line_holds_101_characters(void **state)
{
    char longest[97];
    struct json json;
    struct text out;

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0'; /* With its quotes and the list's "[  ]" it takes 102. */
    begin(&json, true, &out);
    json_open_array(&json, "a");
    json_text(&json, NULL, longest + 1);
    json_close(&json);
    json_open_array(&json, "b");
    json_text(&json, NULL, longest);
    json_close(&json);
    json_end(&json);
    assert_non_null(strstr(out.bytes, "\"a\": [ \""));
    assert_non_null(strstr(out.bytes, "\"b\": [\n    \""));
    text_done(&out);
}

static void numbers_are_what_a_double_can_hold(void **state)
{
    struct json json;
    struct text out;

    (void)state;
    begin(&json, false, &out);
    json_double(&json, "tenth", 0.1);
    json_double(&json, "one", 1.0);
    json_double(&json, "third", 1.0 / 3);
    json_double(&json, "none", (double)NAN);
    json_double(&json, "endless", (double)INFINITY);
    json_count(&json, "exact", UINT64_C(1) << 53);
    json_count(&json, "beyond", (UINT64_C(1) << 53) + 1);
    json_count(&json, "largest", UINT64_MAX);
    json_i64(&json, "least", INT64_MIN);
    assert_document(&json, "{\"tenth\":0.1,\"one\":1,\"third\":0.3333333333333333,"
                           "\"exact\":9007199254740992,\"beyond\":\"9007199254740993\","
                           "\"largest\":\"18446744073709551615\","
                           "\"least\":\"-9223372036854775808\"}\n");
}

static void a_double_has_the_digits_that_give_it_again(void **state)
{
    struct random random = {0};

    (void)state;
    random_seed(&random, 1);
    for (int i = 0; i < 1000; i++) {
        double value = (double)random_next(&random) / (double)(1 + random_next(&random) % 1000000);
        struct json json;
        struct text out;

        begin(&json, false, &out);
        json_double(&json, "v", value);
        json_end(&json);
        assert_true(strtod(out.bytes + strlen("{\"v\":"), NULL) == value);
        text_done(&out);
    }
}

static void a_strangers_text_is_a_string(void **state)
{
    struct json json;
    struct text out;

    (void)state;
    begin(&json, false, &out);
    json_text(&json, "\"", "\"\\/\b\f\n\r\t\x01\x1F\x7F");
    json_text(&json, "utf8", "\xC3\xA9 \xFF \xC3");
    json_text(&json, "surrogate", "\xED\xA0\x80");
    json_text_or_null(&json, "empty", "");
    assert_document(&json, "{\"\\\"\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\","
                           "\"utf8\":\"\xC3\xA9 ? ?\",\"surrogate\":\"???\",\"empty\":null}\n");
}

static void nothing_in_a_script_element_can_end_it(void **state)
{
    struct json json;
    struct json within;
    struct text out = {0};
    struct text members = {0};

    (void)state;
    json_begin_in_script(&within, &members);
    json_rounded(&within, "near", 1234567.0, 5);
    json_rounded(&within, "none", NAN, 5);
    json_close(&within);
    json_begin_in_script(&json, &out);
    json_text(&json, "text", "</script><!-- \"\xFF");
    json_add_members(&json, &members);
    json_close(&json);
    assert_string_equal(out.bytes, "{\"text\":\"\\u003c/script\\u003e\\u003c!-- \\\"\xEF\xBF\xBD\","
                                   "\"near\":1.2346e+06,\"none\":null}");
    text_done(&members);
    text_done(&out);
}

static void what_is_no_character_becomes_a_question_mark(void **state)
{
    char *clean = utf8_clean("a\xC3\xA9\xC3(\xF0\x9F\x98\x80\xE2\x82", 11);

    (void)state;
    assert_string_equal(clean, "a\xC3\xA9?(\xF0\x9F\x98\x80??");
    free(clean);
    assert_int_equal(utf8_length("\xC0\x80", 2), 0);
    assert_int_equal(utf8_length("\xF4\x90\x80\x80", 4), 0);
    assert_int_equal(utf8_length("\xE2\x82\xAC", 3), 3);
    assert_int_equal(utf8_length("\xE2\x82\xAC", 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_has_no_blanks),
        cmocka_unit_test(what_is_short_and_flat_stays_on_one_line),
        cmocka_unit_test(a_line_holds_101_characters),
        cmocka_unit_test(numbers_are_what_a_double_can_hold),
        cmocka_unit_test(a_double_has_the_digits_that_give_it_again),
        cmocka_unit_test(a_strangers_text_is_a_string),
        cmocka_unit_test(nothing_in_a_script_element_can_end_it),
        cmocka_unit_test(what_is_no_character_becomes_a_question_mark),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
