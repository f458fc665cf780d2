#include "check.h"

#include "mono.h"
#include "report_text.h"
#include "result_fixture.h"
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One case, its first trial without outages. */
static struct result *quiet(struct result_trial **ret_trial)
{
    const struct fixture_options options = {
        .seconds = 10, .all_measured = true, .faults = false, .seed = 9};
    struct result *result = result_fixture(&options);

    *ret_trial = &result->cases[0].trials[0];
    assert_int_equal((*ret_trial)->outages_count, 0);
    return result;
}

static void give_outages(struct result_trial *trial, uint32_t count)
{
    free(trial->outages);
    trial->outages = calloc(count, sizeof *trial->outages);
    assert_non_null(trial->outages);
    trial->outages_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct result_outage *outage = &trial->outages[i];

        outage->kind = OUTAGE_CLIENT;
        outage->down_ns = (i + 1) * NS_PER_S;
        outage->up_ns = outage->down_ns + 400 * NS_PER_MS;
        (void)snprintf(outage->client, sizeof outage->client, "producer %u of main", i);
        (void)strcpy(outage->text, "the broker disconnected: Packet too large");
    }
}

/* Each closed client made the whole broker "away". */
static void a_clients_outage_names_the_client_and_not_the_broker(void **state)
{
    struct result_trial *trial = NULL;
    struct result *result = quiet(&trial);
    char *text;

    (void)state;
    give_outages(trial, 2);
    text = report_text(result, "md");
    report_text_has(text, "producer 1 of main");
    report_text_has(text, "the broker disconnected: Packet too large");
    assert_null(strstr(text, "| the broker |"));
    assert_null(strstr(text, "broker away for"));
    free(text);
    trial->outages[1].kind = OUTAGE_BROKER;
    trial->outages[1].client[0] = '\0';
    text = report_text(result, "md");
    report_text_has(text, "| the broker |");
    free(text);
    result_free(result);
}

/* They stood at +0.0 s of a trial that may never have begun. */
static void requests_that_were_refused_have_no_time(void **state)
{
    struct result_trial *trial = NULL;
    struct result *result = quiet(&trial);
    const struct result_mark refused = {
        .kind = MARK_REFUSED, .trial = trial->number, .text = "3 requests came from strangers"};
    char *text;

    (void)state;
    free(result->marks);
    result->marks = malloc(sizeof *result->marks);
    assert_non_null(result->marks);
    result->marks[0] = refused;
    result->marks_count = 1;
    text = report_text(result, "md");
    report_text_has(text, "in the whole run: refused, 3 requests came from strangers");
    free(text);
    text = report_text(result, "html");
    assert_null(strstr(text, "\"kind\":\"refused\""));
    free(text);
    text = report_text(result, "json");
    report_text_has(text, "\"mark\": \"refused\", \"text\": \"3 requests");
    free(text);
    result_free(result);
}

static void lost_connections_beyond_the_list_are_counted(void **state)
{
    struct result_trial *trial = NULL;
    struct result *result = quiet(&trial);
    char *text;

    (void)state;
    give_outages(trial, 25);
    trial->outages_untold = 100;
    text = report_text(result, "md");
    report_text_has(text, "producer 19 of main");
    assert_null(strstr(text, "producer 20 of main"));
    report_text_has(text, "105 more lost connections are not listed.");
    free(text);
    result_free(result);
}

/* An alarm that was raised and kept was named nowhere. */
static void what_the_broker_said_stands_with_its_times(void **state)
{
    struct result_trial *trial = NULL;
    struct result *result = quiet(&trial);
    char *text;

    (void)state;
    free(trial->notices);
    trial->notices = calloc(2, sizeof *trial->notices);
    assert_non_null(trial->notices);
    trial->notices_count = 2;
    trial->notices[0] =
        (struct notice_delta){.first_ns = 3 * NS_PER_S, .last_ns = 4 * NS_PER_S, .count = 12};
    (void)strcpy(trial->notices[0].text, "blocked: low on memory");
    trial->notices[1] =
        (struct notice_delta){.first_ns = 9 * NS_PER_S, .last_ns = 9 * NS_PER_S, .count = 1};
    (void)strcpy(trial->notices[1].text, "no longer blocked");
    text = report_text(result, "md");
    report_text_has(text, "said 12 times, from +3.0 s to +4.0 s: blocked: low on memory");
    report_text_has(text, "said at +9.0 s: no longer blocked");
    free(text);
    result_free(result);
}

static void the_summary_tells_of_clients_that_were_closed(void **state)
{
    struct result_trial *trial = NULL;
    struct result *result = quiet(&trial);
    struct text out = {0};
    char *text;

    (void)state;
    give_outages(trial, 25);
    trial->outages_untold = 100;
    assert_int_equal(summary_write(result, 200, &out), 0);
    text = text_take(&out);
    report_text_has(text, "! memory: 125 connections of single clients were lost, the first of "
                          "producer 0 of main: the broker disconnected: Packet too large");
    free(text);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clients_outage_names_the_client_and_not_the_broker),
        cmocka_unit_test(requests_that_were_refused_have_no_time),
        cmocka_unit_test(lost_connections_beyond_the_list_are_counted),
        cmocka_unit_test(the_summary_tells_of_clients_that_were_closed),
        cmocka_unit_test(what_the_broker_said_stands_with_its_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
