#include "check.h"

#include "file.h"
#include "report_text.h"
#include "result_fixture.h"
#include "temp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HTML_BYTES_MAX 1500000

static struct result *make(uint32_t seconds, bool all)
{
    const struct fixture_options options = {
        .seconds = seconds, .all_measured = all, .faults = true, .seed = 3};

    return result_fixture(&options);
}

/* Puts something nasty wherever foreign text can come from. */
static struct result *make_hostile(const char *nasty)
{
    struct result *result = make(20, false);
    struct result_trial *trial = &result->cases[1].trials[0];

    for (uint32_t i = 0; i < 2; i++) {
        struct result_case *result_case = &result->cases[i == 0 ? 0 : 3];

        (void)snprintf(result_case->name, NAME_BYTES, "%s", nasty);
        (void)snprintf(result_case->target, NAME_BYTES, "%s", nasty);
        (void)snprintf(result_case->reason, REASON_BYTES, "%s", nasty);
        (void)snprintf(result_case->broker_version, NAME_BYTES, "%s", nasty);
        (void)snprintf(result_case->address, REASON_BYTES, "%s", nasty);
    }
    (void)snprintf(result->cases[1].phases[3].name, NAME_BYTES, "%s", nasty);
    (void)snprintf(trial->phases[3].name, NAME_BYTES, "%s", nasty);
    (void)snprintf(trial->errors[0].text, REASON_BYTES, "%s", nasty);
    (void)snprintf(trial->audit[0].topic, TOPIC_NAME_BYTES, "%s", nasty);
    (void)snprintf(trial->audit[0].detail, ERRINFO_BYTES, "%s", nasty);
    (void)snprintf(trial->parties[2].name, TOPIC_NAME_BYTES, "%s", nasty);
    (void)snprintf(trial->outages[0].text, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->marks[0].text, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->agents[0].name, NAME_BYTES, "%s", nasty);
    (void)snprintf(result->agents[1].lost_reason, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->objectives[0].text, NAME_BYTES, "%s", nasty);
    (void)snprintf(result->objectives[1].reason, REASON_BYTES, "%s", nasty);
    (void)snprintf(result->versions[0].value, NAME_BYTES, "%s", nasty);
    result->agents[1].lost = true;
    result_fixture_reason(result, nasty, nasty, nasty);
    result_fixture_set(&result->name, nasty);
    result_fixture_set(&result->description, nasty);
    result_fixture_set(&result->command, nasty);
    result_fixture_set(&result->scenario, nasty);
    return result;
}

static void html_of_an_hour_of_four_targets_is_small(void **state)
{
    struct result *result = make(3600, true);
    char *html = report_text(result, "html");

    (void)state;
    assert_true(strlen(html) < HTML_BYTES_MAX);
    assert_true(report_text_count(html, "<figure class=\"chart\"") >= 20);
    free(html);
    result_free(result);
}

static void html_escapes_whatever_comes_from_outside(void **state)
{
    static const char nasty[] = "<script>alert(1)</script>\"'&{{content}}";
    struct result *result = make_hostile(nasty);
    char *html = report_text(result, "html");

    (void)state;
    assert_int_equal(report_text_count(html, "<script>alert"), 0);
    assert_true(report_text_count(html, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;") >
                20);
    assert_true(report_text_count(html, "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e") > 5);
    /* Scripts of the page: one per chart, uPlot and report.js. */
    assert_int_equal(report_text_count(html, "</script>"),
                     report_text_count(html, "<figure class=\"chart\"") + 2);
    free(html);
    result_free(result);
}

static void html_asks_nothing_of_the_network(void **state)
{
    struct result *result = make(20, false);
    char *html = report_text(result, "html");

    (void)state;
    assert_int_equal(report_text_count(html, "src=\"http"), 0);
    assert_int_equal(report_text_count(html, "href=\"http"), 0);
    assert_int_equal(report_text_count(html, "@import"), 0);
    assert_int_equal(report_text_count(html, "{{"), 0);
    assert_int_equal(report_text_count(html, "default-src 'none'"), 1);
    free(html);
    result_free(result);
}

static void html_has_no_empty_sections(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_FAILED);
    char *html = report_text(result, "html");

    (void)state;
    assert_int_equal(report_text_count(html, "<section id="),
                     2); /* Headline and how to repeat it. */
    assert_int_equal(report_text_count(html, "<figure class=\"chart\""), 0);
    assert_non_null(strstr(html, "No values were measured"));
    free(html);
    result_free(result);
}

static void html_tells_a_cut_off_run(void **state)
{
    struct result *result = make(20, false);
    char *html;

    (void)state;
    result->cut_off = true;
    result->cut_off_ns = result->started_unix_ns;
    html = report_text(result, "html");
    assert_non_null(strstr(html, "INCOMPLETE</span>"));
    free(html);
    result_free(result);
}

static void every_format_bears_huge_and_missing_numbers(void **state)
{
    struct result *result = make(20, false);
    struct result_phase *phase = &result->cases[0].phases[3];

    (void)state;
    phase->delivery.sent = UINT64_MAX;
    phase->delivery.lost = UINT64_MAX;
    phase->sent_per_s = 1e300;
    phase->asked_per_s = 0.0 / 1.0;
    for (int series = 0; series < SERIES_COUNT; series++) {
        hist_free(phase->latency[series]);
        phase->latency[series] = NULL;
    }
    result->cases[0].trials[0].intervals[3].length_s = 0.0;
    result->cases[0].trials[0].intervals[4].e2e.max = INT64_MAX;
    result->cases[0].trials[0].intervals[5].backlog = UINT64_MAX;
    result->cases[0].trials[0].agent_intervals[0].agent = 4711;
    for (const struct export_format *format = export_formats(); format->name != NULL; format++) {
        char *bytes = format->write != NULL ? report_text(result, format->file_name) : NULL;

        assert_true(bytes != NULL || format->write == NULL);
        free(bytes);
    }
    result_free(result);
}

static void markdown_has_sentence_tables_and_folded_scenario(void **state)
{
    struct result *result = make(20, false);
    char *markdown = report_text(result, "md");

    (void)state;
    assert_int_equal(strncmp(markdown, "# steady-20k\n", 13), 0);
    assert_non_null(strstr(markdown, "\n**FAIL** - "));
    assert_non_null(strstr(markdown, "\n| rabbit-3.10 | 20,000/s | 20,000/s |"));
    assert_non_null(strstr(markdown, "\n| mosquitto | skipped: "));
    assert_non_null(strstr(markdown, "<details><summary>Effective scenario"));
    assert_non_null(strstr(markdown, "## Delivery audit"));
    free(markdown);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        for (uint32_t j = 0; j < result->cases[i].phases_count; j++) {
            struct result_phase *phase = &result->cases[i].phases[j];

            phase->measured = phase->measured && phase->flow[0] == '\0';
        }
    }
    markdown = report_text(result, "md");
    assert_null(strstr(markdown, "## How late")); /* Charts only, but for a table of flows. */
    free(markdown);
    result_free(result);
}

static void flows_have_latencies_of_their_own(void **state)
{
    struct result *result = make(20, false);
    char *markdown = report_text(result, "md");
    const char *table = strstr(markdown, "*Each flow by itself");

    (void)state;
    assert_non_null(table);
    assert_non_null(strstr(table, "\n| memory | steady | orders | "));
    assert_non_null(strstr(table, "\n| kafka | steady | exports | "));
    assert_null(strstr(table, "\n| memory | warm-up | orders | ")); /* Not measured. */
    free(markdown);
    result_free(result);
}

/* A third of a case's messages in one phase never came. */
static void what_never_came_is_told_beside_latencies_that_are_lower_bounds(void **state)
{
    struct result *result = make(20, false);
    char *markdown;
    char *table;

    (void)state;
    for (uint32_t i = 0; i < result->cases[0].phases_count; i++) {
        struct result_phase *phase = &result->cases[0].phases[i];
        struct hist *e2e = phase->latency[SERIES_E2E];

        if (phase->measured && e2e != NULL) {
            assert_int_equal(hist_allow_censored(e2e, NULL), 0);
            hist_record_censored(e2e, INT64_C(7200000000), hist_count(e2e) / 2);
        }
    }
    markdown = report_text(result, "md");
    table = strstr(markdown, "| never came |");
    assert_non_null(table);
    assert_non_null(strstr(table, "| \\> 7.20 s |"));
    assert_null(strstr(strstr(table, "\n\n"), "| never came |")); /* Of the other cases all came. */
    assert_non_null(strstr(markdown, "\\> 7.20 s |"));
    free(markdown);
    result_free(result);
}

static void markdown_rows_have_as_many_cells_as_their_head(void **state)
{
    struct result *result = make_hostile("a|b `c` <d>\n|e|");
    char *markdown = report_text(result, "md");
    char *save = NULL;
    uint32_t wanted = 0;
    bool code = false;

    (void)state;
    for (char *line = strtok_r(markdown, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save)) {
        code ^= strncmp(line, "```", 3) == 0;
        if (code || line[0] != '|') {
            wanted = 0;
            continue;
        }
        {
            uint32_t cells = report_text_count(line, "|") - report_text_count(line, "\\|");

            assert_true(wanted == 0 || cells == wanted);
            wanted = cells;
        }
    }
    free(markdown);
    result_free(result);
}

/* Fields of one record, by RFC 4180; *at moves behind it. Returns how many. */
static uint32_t csv_record(const char **at)
{
    uint32_t fields = 1;
    bool quoted = false;

    while (**at != '\0') {
        const char c = *(*at)++;

        if (c == '"') {
            quoted = !quoted; /* A doubled quote leaves it as it was. */
        } else if (c == ',' && !quoted) {
            fields++;
        } else if (c == '\r' && !quoted) {
            assert_int_equal(*(*at)++, '\n');
            break;
        } else {
            assert_true(quoted || c != '\n');
        }
    }
    return fields;
}

static void csv_is_rectangular_whatever_is_in_it(void **state)
{
    struct result *result = make_hostile("a,\"b\"\r\nc");
    char *csv = report_text(result, "csv");
    const char *at = csv;
    uint32_t wanted = csv_record(&at);
    uint32_t records = 1;
    uint32_t phases = 0;

    (void)state;
    while (*at != '\0') {
        assert_int_equal(csv_record(&at), wanted);
        records++;
    }
    for (uint32_t i = 0; i < result->cases_count; i++) {
        phases += result->cases[i].phases_count == 0 ? 1 : result->cases[i].phases_count;
    }
    assert_int_equal(records, phases + 1);
    assert_non_null(strstr(csv, "\"a,\"\"b\"\"\r\nc\""));
    free(csv);
    result_free(result);
}

static void csv_has_no_figure_where_there_is_none(void **state)
{
    struct result *result = make(20, false);
    char *csv;

    (void)state;
    result->cases[0].phases[0].is_max = true;
    csv = report_text(result, "csv");
    /* asked_per_s, due and sent_in_time of `max` are empty. */
    assert_non_null(strstr(csv, "warm-up,,false,0,5000000000,,4999.75,"));
    free(csv);
    result_free(result);
}

/* Two copies in 258 µs made "7,760/s" beside 0 messages. */
static void a_short_drain_has_no_rates_in_any_format(void **state)
{
    struct result *result = make(20, false);
    struct result_phase *drain = &result->cases[0].phases[result->cases[0].phases_count - 1];
    char *text;

    (void)state;
    assert_string_equal(drain->name, "drain");
    drain->duration_ns = 258000;
    drain->received_per_s = 7761.25;
    text = report_text(result, "csv");
    assert_null(strstr(text, "7761.25"));
    assert_non_null(strstr(text, "258000,,,,,,,0,0,"));
    free(text);
    text = report_text(result, "md");
    assert_null(strstr(text, "7,760/s"));
    free(text);
    text = report_text(result, "json");
    assert_null(strstr(text, "7761.25"));
    free(text);
    result_free(result);
}

static void junit_has_failures_and_skips_with_figures(void **state)
{
    struct result *result = make(20, false);
    char *junit = report_text(result, "junit");

    (void)state;
    assert_int_equal(report_text_count(junit, "<testcase "), 1 + 4 + 12);
    assert_non_null(strstr(junit, "message=\"e2e.p99 &lt; 10ms in steady: "));
    assert_non_null(strstr(junit, "<skipped type=\"skipped\" message=\"127.0.0.1:1883"));
    assert_int_equal(report_text_count(junit, "<failure "), 1 + 3);
    free(junit);
    result_free(result);
}

static void junit_of_an_invalid_run_is_an_error(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_INVALID);
    char *junit = report_text(result, "junit");

    (void)state;
    assert_non_null(strstr(junit, "errors=\"1\""));
    assert_non_null(strstr(junit, "<error type=\"invalid\""));
    free(junit);
    result_free(result);
}

/* 0 if xmllint parses it, 77 if there is no xmllint. */
static int run_xmllint(const char *path)
{
    char command[512];

    if (system("command -v xmllint >/dev/null 2>&1") != 0) {
        return 77;
    }
    (void)snprintf(command, sizeof command, "xmllint --noout '%s'", path);
    return system(command);
}

static void junit_is_well_formed_whatever_is_in_it(void **state)
{
    char folder[TEMP_BYTES];
    struct result *result = make_hostile("<a>&\x01\xFF\"'");
    struct errinfo err;
    char path[TEMP_BYTES + 16];
    int r;

    (void)state;
    assert_non_null(mkdtemp(temp_name(folder, "report")));
    assert_int_equal(export_write(result, export_format_find("junit"), folder, &err), 0);
    (void)snprintf(path, sizeof path, "%s/junit.xml", folder);
    r = run_xmllint(path);
    (void)unlink(path);
    (void)rmdir(folder);
    result_free(result);
    if (r == 77) {
        skip(); /* No xmllint (Debian: libxml2-utils). */
    }
    assert_int_equal(r, 0);
}

static void export_write_all_names_the_path_that_fails(void **state)
{
    struct result *result = result_fixture_empty(VERDICT_PASS);
    struct errinfo err = {0};

    (void)state;
    assert_int_equal(export_write_all(result, "/nonexistent/folder", &err), -ENOENT);
    assert_non_null(strstr(err.text, "/nonexistent/folder/"));
    result_free(result);
}

static void formats_are_found_by_name(void **state)
{
    (void)state;
    assert_string_equal(export_format_find("html")->file_name, "report.html");
    assert_null(export_format_find("pdf"));
}

static void each_format_is_named_once_and_writes_a_file_of_its_own(void **state)
{
    const struct export_format *formats = export_formats();
    struct text names = {0};

    (void)state;
    export_format_names(&names);
    assert_false(text_failed(&names));
    assert_string_equal(names.bytes, "json, md, html, intervals, csv, junit or hlog");
    text_done(&names);
    for (size_t i = 0; formats[i].name != NULL; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(formats[i].file_name, formats[j].file_name);
        }
    }
}

static void verdicts_have_the_names_and_codes_of_the_contract(void **state)
{
    (void)state;
    assert_int_equal(verdict_exit_code(VERDICT_PASS), 0);
    assert_int_equal(verdict_exit_code(VERDICT_FAIL), 1);
    assert_int_equal(verdict_exit_code(VERDICT_INVALID), 3);
    assert_int_equal(verdict_exit_code(VERDICT_FAILED), 4);
    assert_int_equal(verdict_exit_code(VERDICT_REGRESSION), 5);
    assert_int_equal(verdict_exit_code(VERDICT_INTERRUPTED), 130);
    assert_string_equal(verdict_name(VERDICT_INTERRUPTED), "interrupted");
    assert_string_equal(mark_kind_name(MARK_BROKER_DOWN), "broker down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_of_an_hour_of_four_targets_is_small),
        cmocka_unit_test(html_escapes_whatever_comes_from_outside),
        cmocka_unit_test(html_asks_nothing_of_the_network),
        cmocka_unit_test(html_has_no_empty_sections),
        cmocka_unit_test(html_tells_a_cut_off_run),
        cmocka_unit_test(every_format_bears_huge_and_missing_numbers),
        cmocka_unit_test(markdown_has_sentence_tables_and_folded_scenario),
        cmocka_unit_test(flows_have_latencies_of_their_own),
        cmocka_unit_test(what_never_came_is_told_beside_latencies_that_are_lower_bounds),
        cmocka_unit_test(markdown_rows_have_as_many_cells_as_their_head),
        cmocka_unit_test(csv_is_rectangular_whatever_is_in_it),
        cmocka_unit_test(csv_has_no_figure_where_there_is_none),
        cmocka_unit_test(a_short_drain_has_no_rates_in_any_format),
        cmocka_unit_test(junit_has_failures_and_skips_with_figures),
        cmocka_unit_test(junit_of_an_invalid_run_is_an_error),
        cmocka_unit_test(junit_is_well_formed_whatever_is_in_it),
        cmocka_unit_test(export_write_all_names_the_path_that_fails),
        cmocka_unit_test(formats_are_found_by_name),
        cmocka_unit_test(each_format_is_named_once_and_writes_a_file_of_its_own),
        cmocka_unit_test(verdicts_have_the_names_and_codes_of_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
