#include "check.h"

#include "escape.h"

#include <string.h>

static void expect(void (*escape)(const char *from, struct text *out), const char *from,
                   const char *wanted)
{
    struct text out = {0};

    text_add(&out, "");
    escape(from, &out);
    assert_string_equal(out.bytes == NULL ? "" : out.bytes, wanted);
    text_done(&out);
}

static void escape_markup_leaves_no_markup(void **state)
{
    (void)state;
    expect(escape_markup, "<script>alert(\"1\") & 'x'</script>",
           "&lt;script&gt;alert(&quot;1&quot;) &amp; &#39;x&#39;&lt;/script&gt;");
    expect(escape_markup, "a\x01\x1b[31m\tb", "a\xEF\xBF\xBD\xEF\xBF\xBD[31m\tb");
}

static void escape_replaces_what_is_not_utf8(void **state)
{
    (void)state;
    expect(escape_markup, "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\xA2",
           "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x90\xA2");
    expect(
        escape_markup, "\xFF|\xC3|\xC0\x80|\xED\xA0\x80|\xE2\x82",
        "\xEF\xBF\xBD|\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|"
        "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void escape_json_can_stand_in_a_script_element(void **state)
{
    (void)state;
    expect(escape_json, "</script><!-- \"\\\n",
           "\"\\u003c/script\\u003e\\u003c!-- \\\"\\\\\\u000a\"");
}

static void escape_markdown_keeps_a_table_cell_whole(void **state)
{
    (void)state;
    expect(escape_markdown, "a|b\n*c* [d](e) <f> @g", "a\\|b \\*c\\* \\[d\\](e) &lt;f\\> &#64;g");
}

static void escape_csv_quotes_only_where_it_has_to(void **state)
{
    (void)state;
    expect(escape_csv, "plain text", "plain text");
    expect(escape_csv, "a,b", "\"a,b\"");
    expect(escape_csv, "say \"no\"\r\n", "\"say \"\"no\"\"\r\n\"");
    expect(escape_csv, " padded", "\" padded\"");
    expect(escape_csv, "", "");
}

static void escape_tag_has_no_separators(void **state)
{
    (void)state;
    expect(escape_tag, "rabbit 3.10, eu/west", "rabbit_3.10__eu_west");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape_markup_leaves_no_markup),
        cmocka_unit_test(escape_replaces_what_is_not_utf8),
        cmocka_unit_test(escape_json_can_stand_in_a_script_element),
        cmocka_unit_test(escape_markdown_keeps_a_table_cell_whole),
        cmocka_unit_test(escape_csv_quotes_only_where_it_has_to),
        cmocka_unit_test(escape_tag_has_no_separators),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
