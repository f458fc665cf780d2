/* Findings as the page draws them. */
#include "check.h"

#include "report_text.h"
#include "result_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct result *make(void)
{
    const struct fixture_options options = {
        .seconds = 10, .all_measured = true, .faults = false, .seed = 9};

    return result_fixture(&options);
}

static void a_sweep_of_clients_is_drawn_with_the_law_that_was_fitted(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_scaling(result);
    text = report_text(result, "html");
    report_text_has(text,
                    "throughput (received_rate) by topology.producers: predicted peak 3,570/s "
                    "with 9");
    report_text_has(text, "\"marks\":[{\"at\":9.4868,\"kind\":\"predicted peak\"");
    report_text_has(text, "\"style\":\"points\",\"values\":[1000,1785.7,2816.9,3265.3]");
    report_text_has(text, "\"style\":\"low\",\"values\":[970,");
    /* Between the points, where nothing was measured, and beyond the last of them. */
    report_text_has(
        text, "{\"x\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],\"series\":[{\"label\":\"fitted "
              "law\",\"style\":\"curve\",\"values\":[1000,1785.7,2381,2816.9,");
    report_text_has(text, "{\"x\":[16,17,18,19,20],\"series\":[{\"label\":\"beyond what was "
                          "measured\",\"style\":\"beyond\"");
    free(text);
    text = report_text(result, "md");
    report_text_has(text,
                    "topology.producers | steady | 1,000/s | 0.1 | 0.01 | 9 clients | 3,570/s | "
                    "0.0 %");
    free(text);
    result_free(result);
}

/* Journals of earlier versions don't tell: then there is no column, rather than zeroes. */
static void what_each_agent_was_given_stands_in_the_table_of_agents(void **state)
{
    struct result *result = make();
    struct result_agent *agent = &result->agents[0];
    char *text = report_text(result, "html");

    (void)state;
    assert_null(strstr(text, "Clients at most, and percent"));
    assert_null(strstr(text, "Client libraries differ"));
    free(text);
    agent->usable_cpus_milli = 1500;
    agent->clients = 1200;
    agent->share = 0.25;
    (void)snprintf(agent->libraries, sizeof agent->libraries, "librdkafka 2.3.0");
    text = report_text(result, "html");
    report_text_has(text, "Clients at most, and percent");
    report_text_has(text, "1,200 (25.0 %)");
    report_text_has(text, "1.5 of 8");
    report_text_has(text, "Client libraries differ");
    report_text_has(text, "librdkafka 2.3.0");
    free(text);
    result_free(result);
}

static void points_that_no_law_fits_are_drawn_without_one(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_scaling(result);
    result->cases[1].figures[0].median = 9000.0;
    text = report_text(result, "html");
    report_text_has(text, "by topology.producers: no law fits");
    report_text_has(text, "something else decides");
    assert_null(strstr(text, "\"style\":\"curve\""));
    assert_null(strstr(text, "predicted peak\""));
    free(text);
    result_free(result);
}

/* They were a box with one dot each. */
static void comparisons_stand_in_one_picture_by_phase(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_findings(result);
    (void)snprintf(result->findings.comparisons[1].phase, NAME_BYTES, "ramp");
    text = report_text(result, "html");
    assert_int_equal(report_text_count(text, "<svg class=\"answer forest\""), 1);
    assert_int_equal(report_text_count(text, "class=\"phase\">steady</text>"), 1);
    assert_int_equal(report_text_count(text, "class=\"phase\">ramp</text>"), 1);
    report_text_has(text, "rabbit-3.10 throughput</text>");
    report_text_has(text, "✗ worse -12.0 %</text>");
    assert_null(strstr(text, "change against the baseline, 95"));
    free(text);
    result_free(result);
}

/* It had a table only. */
static void a_sweep_over_two_keys_has_charts_for_each_value_of_the_second(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_sweep(result);
    for (uint32_t i = 0; i < 3; i++) {
        struct result_case *of = &result->cases[i];
        struct result_parameter *both = calloc(2, sizeof *both);

        assert_non_null(both);
        both[0] = of->parameters[0];
        (void)snprintf(both[1].key, NAME_BYTES, "topology.topics");
        (void)snprintf(both[1].value, NAME_BYTES, "%s", i == 2 ? "4" : "1");
        both[1].number = i == 2 ? 4.0 : 1.0;
        free(of->parameters);
        of->parameters = both;
        of->parameters_count = 2;
    }
    text = report_text(result, "html");
    report_text_has(text,
                    "<figcaption>latency over payload.size, topology.topics=1, steady: median");
    report_text_has(text,
                    "<figcaption>latency over payload.size, topology.topics=4, steady: median");
    assert_int_equal(report_text_count(text, "<figcaption>rate over payload.size"), 2);
    report_text_has(text, "\"tables\":[{\"x\":[64,1024],");
    free(text);
    result_free(result);
}

static void the_timeline_says_which_trial_it_shows(void **state)
{
    struct result *result = make();
    struct result_case *first = &result->cases[0];
    struct result_trial *trials = realloc(first->trials, 2 * sizeof *trials);
    char *text;

    (void)state;
    assert_non_null(trials);
    first->trials = trials;
    trials[1] = (struct result_trial){.number = 99};
    first->trials_count = 2;
    text = report_text(result, "html");
    report_text_has(text, "trial 1 of 2");
    report_text_has(text, ", trial 1 of 2: at most ");
    report_text_has(text, ", trial 1 of 2: p99 at most ");
    free(text);
    result_free(result);
}

static void each_trial_can_be_chosen_for_the_charts_over_time(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result_fixture_repeat(result, 3);
    text = report_text(result, "html");
    /* Without scripts there is no choice, so it is the script that shows it. */
    report_text_has(text,
                    "<p class=\"choice\" hidden><label>Trial in the charts of this section <select "
                    "data-section=\"timeline\"><option>1</option><option>2</option>"
                    "<option>3</option></select></label></p>");
    report_text_has(text, "<figcaption>memory, trial 1 of 3: at most 20,100/s sent");
    report_text_has(text, "\"others\":[{\"caption\":\"memory, trial 2 of 3: at most 40,200/s sent");
    report_text_has(text, ",{\"caption\":\"memory, trial 3 of 3: at most 60,300/s sent");
    /* Two trials only: it goes on to show the first. */
    report_text_has(text, "{\"caption\":\"rabbit-3.10, trial 1 of 2: at most 20,");
    free(text);
    text = report_text(result, "md");
    assert_null(strstr(text, "Trial in the charts"));
    free(text);
    result_free(result);
}

static void one_trial_leaves_no_choice(void **state)
{
    struct result *result = make();
    char *text = report_text(result, "html");

    (void)state;
    assert_null(strstr(text, "<select"));
    assert_null(strstr(text, "\"others\":"));
    free(text);
    result_free(result);
}

/* Of two hundred trials of an hour each not all are in the page, and none in full. */
static void trials_to_choose_from_do_not_make_the_page_large(void **state)
{
    const struct fixture_options options = {.seconds = 3600, .all_measured = true, .seed = 9};
    struct result *few = result_fixture(&options);
    struct result *many = result_fixture(&options);
    char *text;

    (void)state;
    result_fixture_repeat(few, 5);
    text = report_text(few, "html");
    assert_true(strlen(text) < 1500000);
    report_text_has(text, "Of trials that are chosen a point stands for 25 s.");
    free(text);
    result_fixture_repeat(many, 50);
    text = report_text(many, "html");
    assert_true(strlen(text) < 1500000);
    report_text_has(text, "The last 25 trials can not be chosen.");
    assert_int_equal(report_text_count(text, "<option>"), 25);
    free(text);
    result_free(few);
    result_free(many);
}

static void trials_of_a_search_are_chosen_by_their_rates(void **state)
{
    struct result *result = make();
    struct result_case *of;
    char *text;

    (void)state;
    result_fixture_search(result);
    result_fixture_keep(result, 0);
    result_fixture_repeat(result, 2);
    of = &result->cases[0];
    for (uint32_t i = 0; i < of->trials[1].phases_count; i++) {
        of->trials[1].phases[i].asked_per_s = 40000.0;
    }
    text = report_text(result, "html");
    report_text_has(text, "<option>1, 20,000/s asked</option><option>2, 40,000/s asked</option>");
    free(text);
    result_free(result);
}

/* Charts of trials of half a second had one point, and "at most 5,000/s" was that of a second. */
static void trials_of_a_moment_are_not_drawn_over_time(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    result->cases[0].trials[0].intervals_count = 2;
    text = report_text(result, "html");
    report_text_has(text, "1 case is not drawn: too short to be seen second by second.");
    assert_null(strstr(text, "<figcaption>memory: at most"));
    assert_null(strstr(text, "<figcaption>memory: CPU at most"));
    report_text_has(text, "<figcaption>kafka: at most");
    free(text);
    for (uint32_t i = 0; i < result->cases_count; i++) {
        result->cases[i].trials[0].intervals_count = 2;
    }
    text = report_text(result, "html");
    assert_null(strstr(text, "Timeline"));
    free(text);
    result_free(result);
}

/* They had one colour and no dash. */
static void lines_of_one_targets_cases_can_be_told_apart(void **state)
{
    struct result *result = make();
    char *text;

    (void)state;
    for (uint32_t i = 1; i < 3; i++) {
        (void)snprintf(result->cases[i].target, NAME_BYTES, "%s", result->cases[0].target);
    }
    text = report_text(result, "html");
    report_text_has(text, "{\"label\":\"rabbit-3.10\",\"target\":0,\"style\":\"dash\"");
    report_text_has(text, "{\"label\":\"kafka\",\"target\":0,\"style\":\"dot\"");
    report_text_has(text, "{\"label\":\"mosquitto\",\"target\":1,\"style\":\"solid\"");
    free(text);
    result_free(result);
}

static void sections_stand_in_the_order_of_a_readers_questions(void **state)
{
    static const char *const headings[] = {"<h2>Timeline",
                                           "<h2>Latency distribution",
                                           "<h2>Results against the baseline",
                                           "<h2>Delivery audit",
                                           "<h2>Measurement quality",
                                           "<h3>Agents",
                                           "<h2>Findings and advice",
                                           "<h2>Reproduce this run"};
    struct result *result = make();
    const char *before;
    char *text;

    (void)state;
    result_fixture_findings(result);
    text = report_text(result, "html");
    before = text;
    for (size_t i = 0; i < sizeof headings / sizeof headings[0]; i++) {
        report_text_has(before, headings[i]);
        before = strstr(before, headings[i]);
    }
    free(text);
    result_free(result);
}

/* They stood in the order in which they had joined, which is another one each time. */
static void agents_stand_by_their_names(void **state)
{
    struct result *result = make();
    char *text;
    char *table;

    (void)state;
    assert_true(result->agents_count >= 2);
    (void)snprintf(result->agents[0].name, sizeof result->agents[0].name, "load10");
    (void)snprintf(result->agents[1].name, sizeof result->agents[1].name, "load2");
    text = report_text(result, "md");
    table = strstr(text, "Agents");
    assert_non_null(table);
    assert_non_null(strstr(table, "load10"));
    assert_true(strstr(table, "load2") < strstr(table, "load10"));
    free(text);
    result_free(result);
}

/* Nobody reads a thousand rows: those first that are worth a look. */
static void of_a_large_fleet_the_worst_agents_are_shown_and_the_rest_on_request(void **state)
{
    struct result *result = make();
    uint32_t made = result->agents_count;
    struct result_agent *agents = realloc(result->agents, 50 * sizeof *agents);
    char *text;

    (void)state;
    assert_non_null(agents);
    result->agents = agents;
    for (uint32_t i = made; i < 50; i++) {
        agents[i] = agents[0];
        (void)snprintf(agents[i].name, sizeof agents[i].name, "another-%u", i);
    }
    result->agents_count = 50;
    agents[49].lost = true;
    text = report_text(result, "html");
    report_text_has(text, "<details><summary>The other 30 agents</summary>");
    assert_true(strstr(text, "another-49") < strstr(text, "The other 30 agents"));
    assert_non_null(strstr(strstr(text, "The other 30 agents"), "another-48"));
    free(text);
    text = report_text(result, "md");
    report_text_has(text, "another-49");
    report_text_has(text, "The other 30 agents: in report.html.");
    assert_null(strstr(text, "another-48"));
    free(text);
    result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_of_clients_is_drawn_with_the_law_that_was_fitted),
        cmocka_unit_test(agents_stand_by_their_names),
        cmocka_unit_test(what_each_agent_was_given_stands_in_the_table_of_agents),
        cmocka_unit_test(of_a_large_fleet_the_worst_agents_are_shown_and_the_rest_on_request),
        cmocka_unit_test(points_that_no_law_fits_are_drawn_without_one),
        cmocka_unit_test(comparisons_stand_in_one_picture_by_phase),
        cmocka_unit_test(a_sweep_over_two_keys_has_charts_for_each_value_of_the_second),
        cmocka_unit_test(the_timeline_says_which_trial_it_shows),
        cmocka_unit_test(each_trial_can_be_chosen_for_the_charts_over_time),
        cmocka_unit_test(one_trial_leaves_no_choice),
        cmocka_unit_test(trials_to_choose_from_do_not_make_the_page_large),
        cmocka_unit_test(trials_of_a_search_are_chosen_by_their_rates),
        cmocka_unit_test(trials_of_a_moment_are_not_drawn_over_time),
        cmocka_unit_test(lines_of_one_targets_cases_can_be_told_apart),
        cmocka_unit_test(sections_stand_in_the_order_of_a_readers_questions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
